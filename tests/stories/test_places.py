"""Commands on a task's own issue and pull request: they mean that task, and are answered there."""

from inline_snapshot import snapshot

from tests.kit.sight import BOT
from tests.kit.story import Story
from tests.stories.test_by_hand import PAIR, waiting_for_a_review
from tests.stories.test_explain import broken
from tests.stories.test_private import PLANS, begin


def tracking(story: Story, title: str, repo: str = "") -> int:
    """The number of a task's tracking issue."""
    return next(issue.number for issue in story.issues(repo) if issue.user == BOT and issue.title == title)


async def test_commands_on_a_pull_request_and_a_tracking_issue_mean_their_task(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep hold why=freeze\n/lockstep status", number=number) == "+1"
    await story.until(lambda: "Held: `one`." in story.comment_on(number=number))
    assert await story.ask("/lockstep resume\n/lockstep explain", number=tracking(story, "Go on")) == "+1"
    await story.until(lambda: "needs `one`" in story.comment_on(number=tracking(story, "Go on")))
    assert "`ana` `/lockstep hold" not in story.plan_comment(), "it is answered where it was asked"
    assert story.comment_on(number=tracking(story, "Go on")) == snapshot("""\
#### Answers

> `ana` `/lockstep resume`

None of those tasks was held.

> `ana` `/lockstep explain`

⏸ `two` (acme/api) is blocked.

- needs `one` (acme/api#4), which is in review:
  - is held — whoever has the triage permission on acme/api: `/lockstep resume one`
  - waits for a review or a required check — whoever has the write permission on acme/api


<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>
<!-- lockstep:sticky -->\
""")
    assert len([each for each in story.comments(number=number) if each.user == BOT]) == 1
    assert await story.ask("/lockstep retry two", number=number) == "+1"
    await story.until(lambda: "Nothing to retry" in story.comment_on(number=number))


async def test_a_task_that_is_over_is_found_by_its_mark_and_a_copied_mark_leads_nowhere(story: Story) -> None:
    await story.begin()
    await story.run(PAIR.replace("echo 1 > one.txt", "exit 1"))
    await story.until("**Stopped:")
    issue = tracking(story, "Write")
    assert await story.ask("/lockstep cancel", number=issue) == "+1"
    await story.until("🚫 cancelled")
    await story.settled()
    body = next(each.body for each in story.issues() if each.number == issue) or ""
    home = story.number
    copied = await story.issue(body, labels=(), by="mallory")
    story.number = home
    assert await story.ask("/lockstep retry", number=copied) == "confused"
    await story.until(lambda: "This issue holds no plan" in story.comment_on(number=copied))
    assert await story.ask("/lockstep retry", number=issue) == "+1"
    await story.until("**Stopped:", lambda: "Trying again: `one`." in story.comment_on(number=issue))


async def test_what_is_about_the_whole_plan_is_said_on_its_issue(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep approve", number=number) == "confused"
    await story.until(
        lambda: "is about the plan as a whole; say it on the plan's issue" in story.comment_on(number=number)
    )


async def test_a_command_needs_its_permission_in_every_repository_it_touches(story: Story) -> None:
    await broken(story)
    await story.hub.do(lambda: story.hub.scenario.collaborator(story.repo("acme/api"), "ann", "write"))
    await story.hub.do(lambda: story.hub.scenario.collaborator(story.repo("acme/schema"), "sam", "write"))
    assert await story.ask("/lockstep retry schema", by="ann") == "confused"
    await story.until("That needs the write permission on `acme/schema`, which it would change; you have read.")
    assert await story.ask("/lockstep cancel", by="ann") == "confused"
    issue = tracking(story, "Add a field", "acme/schema")
    assert await story.ask("/lockstep retry", by="sam", on="acme/schema", number=issue) == "+1"
    await story.until(lambda: "Trying again: `schema`." in story.comment_on("acme/schema", issue))
    await story.settled()


async def test_explain_on_a_public_plan_tells_nothing_of_a_private_repository(story: Story) -> None:
    plan = """\
- [ ] **lib** Rotate the key (acme/hidden-lib) · run: echo the vault is at 10.0.0.7; exit 1
- [ ] **pub** Adopt it (acme/public) · needs: lib · run: echo 2 > b
"""
    await begin(story, "acme/public", "acme/hidden-lib", private=("acme/hidden-lib",))
    await story.run(plan)
    await story.until("**Stopped:")
    assert await story.ask("/lockstep explain\n/lockstep explain lib", by="eve") == "+1"
    said = await story.until("`eve` `/lockstep explain lib`")
    assert said[said.index("#### Answers") :].split("\n\n\n")[0] == snapshot("""\
#### Answers

> `ana` `/lockstep approve`

Approved as `9a6cd7cd2803`. `/lockstep run` starts it.

> `ana` `/lockstep run`

Started: 2 tasks. The table above shows how far it is.

> `eve` `/lockstep explain`

⏸ `pub` (acme/public) is blocked.

- needs work elsewhere
  - waits there

> `eve` `/lockstep explain lib`

❌ `lib` failed.

- waits there\
""")


async def test_an_answer_in_a_public_repository_names_no_private_one(story: Story) -> None:
    plan = """\
- [ ] **lib** Rotate the key (acme/hidden-lib) · run: exit 1
- [ ] **pub** Adopt it (acme/public) · needs: lib · run: echo 2 > b
"""
    await begin(story, "acme/secret-plans", "acme/hidden-lib", "acme/public", private=PLANS)
    await story.run(plan)
    await story.until("**Stopped:")
    await story.settled()
    issue = tracking(story, "Adopt it", "acme/public")
    ask = "/lockstep explain\n/lockstep status\n/lockstep explain lib\n/lockstep retry lib\n/lockstep approve"
    assert await story.ask(ask, by="eve", on="acme/public", number=issue) == "confused"
    await story.until(lambda: "maintain permission" in story.comment_on("acme/public", issue))
    said = story.comment_on("acme/public", issue)
    assert said == snapshot("""\
#### Answers

> `eve` `/lockstep explain`

⏸ `pub` (acme/public) is blocked.

- needs work elsewhere
  - waits there

> `eve` `/lockstep status`

0 of 2 tasks done; the run has stopped.
- ⏸ `pub` blocked

> `eve` `/lockstep explain lib`

Here I speak of `pub` alone; ask about other tasks on the plan's issue.

> `eve` `/lockstep retry lib`

`/lockstep retry` needs the write permission on this repository; you have read.

> `eve` `/lockstep approve`

`/lockstep approve` needs the maintain permission on this repository; you have read.


<sub>Lockstep keeps this up to date. `/lockstep help` lists the commands.</sub>
<!-- lockstep:sticky -->\
""")
    answers = [line for line in said.splitlines() if not line.startswith("> ")]
    assert not [line for line in answers if "secret-plans" in line or "hidden-lib" in line or "`lib`" in line]
