"""What is nobody's plan is none of the bot's business."""

from tests.kit.sight import BOT
from tests.kit.story import Story

LIST = "To buy:\n\n- [ ] milk\n- [x] bread\n- [ ] **butter** salted, from the shop (acme/api)\n"


async def nothing_was_said(story: Story) -> None:
    await story.settled()
    state = story.hub.sandbox.state
    assert not [comment for comment in state.comments.values() if comment.user == BOT]
    assert not [reaction for reaction in state.reactions.values() if reaction.user == BOT]
    assert not [issue for issue in state.issues.values() if issue.user == BOT]
    assert not [run for run in state.check_runs.values() if run.name.startswith("lockstep/")]


async def test_ordinary_task_lists_are_ordinary(story: Story) -> None:
    await story.begin()
    number = await story.issue(LIST, labels=["bug"])
    await story.comment("What about eggs?\n\n- [ ] **eggs** six")
    await story.edit(LIST.replace("[ ] milk", "[x] milk"))
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{number}", {"state": "closed"}, who="ana")
    await nothing_was_said(story)
    assert story.issues()[0].body == LIST.replace("[ ] milk", "[x] milk")


async def test_a_persons_own_pull_request_is_left_to_its_people(story: Story) -> None:
    await story.begin()
    await story.commit("acme/api", {"new.txt": "new\n"}, branch="feature", by="ana")
    asked = {"title": "A feature", "head": "feature", "base": "main", "body": LIST}
    made = await story.hub.ok("POST", "/repos/acme/api/pulls", asked, who="ana")
    await story.comment("Please look.", number=made["number"])
    await story.settled()
    assert story.checks("acme/api", made["head"]["sha"]) == {"test": "success"}
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{made['number']}/merge", {}, who="ana")
    await nothing_was_said(story)


async def test_the_label_makes_it_a_plan(story: Story) -> None:
    await story.begin()
    number = await story.issue(LIST, labels=[])
    await nothing_was_said(story)
    await story.hub.ok("POST", f"/repos/acme/api/issues/{number}/labels", {"labels": ["lockstep:plan"]}, who="ana")
    await story.until("Waits for approval", "`butter`")
    assert "milk" not in story.plan_comment()
