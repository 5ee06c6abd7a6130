"""A plan is edited while it runs, and the edit is approved: the run goes on as the new text. What is finished stays, what
changed is stopped and done again, what was removed is ended, what is new is begun.
"""

import re

import pytest

from tests.kit.pipe import Pipe
from tests.kit.sight import BOT
from tests.kit.story import FILES, Story
from tests.stories import test_sub_issues as sub_issues
from tests.stories.test_by_hand import waiting_for_a_review
from tests.stories.test_control import history, tracking

ONE, TWO = "- [ ] **one** Write · run: {one}\n", "- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"
PEOPLE = {"ana": "maintain", "bea": "maintain", "cem": "maintain"}


async def takes_over(story: Story, text: str, *, by: str = "ana") -> str:
    """The plan is edited and the edit approved; what the bot answers."""
    await story.edit(text)
    await story.until("**The issue has been edited since:**")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve", by=by) == "+1", story.plan_comment()
    said = await story.until("and the run has taken it over", lambda: "edited since" not in story.plan_comment())
    return str(re.findall(r"the run has taken it over: (.*)\.$", said, re.MULTILINE)[-1])


def said_of(story: Story, title: str) -> str:
    """The comments on a task's tracking issue."""
    (issue,) = [each for each in story.issues() if (each.user, each.title) == (BOT, title)]
    return "\n".join(comment.body for comment in story.comments(number=issue.number))


async def held(story: Story, pipe: Pipe, rest: str = TWO) -> str:
    """A plan whose first task is at work and waits; its text."""
    text = ONE.format(one=f"{pipe.wait}; echo 1 > one.txt") + rest
    await story.run(text)
    await pipe.reached()
    return text


async def test_a_task_is_added_to_a_plan_that_runs(story: Story, pipe: Pipe) -> None:
    await story.begin(["acme/api", "acme/web"])
    text = await held(story, pipe)
    more = "- [ ] **three** More (acme/web) · needs: two · run: echo 3 > three.txt\n- [ ] **four** Else · run: echo 4 > 4\n"
    assert await takes_over(story, text + more) == "2 tasks added, 2 as before"
    await story.until("| `three` | More (acme/web) | ⏸ blocked by `one` (running) |", "`four` | Else (acme/api) |")
    pipe.let_one_pass()
    await story.until("**Done.** 4 of 4 tasks done")
    assert await story.file("acme/web", "three.txt") == "3\n"
    assert tracking(story, "Else") == ("closed", "completed")
    assert len(story.pulls()) == 3, "what was at work was left alone"
    assert "the edited plan was taken over 2 tasks added, 2 as before by ana" in await history(story)


async def test_a_task_at_work_is_removed(story: Story, pipe: Pipe) -> None:
    await story.begin()
    await held(story, pipe)
    await takes_over(story, TWO.replace(" · needs: one", ""))
    await story.until("**Done.** 1 of 1 tasks done", "**In the plan no more:** `one` (cancelled).")
    await story.until(lambda: tracking(story, "Write") == ("closed", "not_planned"))
    assert "taken out of the plan in acme/api#1, so it is not planned any more." in said_of(story, "Write")
    assert [pull.title for pull in story.pulls()] == ["Go on"]
    assert await story.file("acme/api", "one.txt") is None


async def test_a_task_in_review_is_removed(story: Story) -> None:
    number = await waiting_for_a_review(story)
    said = await _shown(story, "- [ ] **two** Go on · run: echo 2 > two.txt\n")
    assert "- removed: `one` Write (acme/api) — *its work is stopped and acme/api#" in said
    assert await story.ask("/lockstep approve") == "+1"
    await story.until(lambda: tracking(story, "Write") == ("closed", "not_planned"))
    await story.settled()
    (pull,) = [each for each in story.pulls() if each.number == number]
    assert (pull.state, pull.pull and pull.pull.merged) == ("closed", False)
    assert "lockstep/api-1/one" not in await story.git("acme/api", "branch", "--format=%(refname:short)")
    assert not story.merges


async def _shown(story: Story, text: str) -> str:
    """The plan comment of an edit that could be approved now."""
    await story.edit(text)
    said = await story.until("**The issue has been edited since:**")
    await story.turn_clock(seconds=5)
    return said


async def test_a_pull_request_that_holds_somebody_elses_work_stays_open(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.commit("acme/api", {"mine.txt": "1\n"}, branch="lockstep/api-1/one", by="bea")
    await story.until("somebody else pushed")
    await takes_over(story, "- [ ] **two** Go on · run: echo 2 > two.txt\n")
    await story.until(lambda: tracking(story, "Write") == ("closed", "not_planned"))
    await story.settled()
    assert next(each for each in story.pulls() if each.number == number).state == "open"
    assert f"Its pull request #{number} stays open" in said_of(story, "Write")


async def test_work_that_changed_is_stopped_and_done_again(story: Story, pipe: Pipe) -> None:
    await story.begin()
    await held(story, pipe)
    assert await takes_over(story, ONE.format(one="echo new > one.txt") + TWO) == "1 task changed, 1 as before"
    pipe.let_one_pass()
    await story.until("**Done.** 2 of 2 tasks done")
    assert await story.file("acme/api", "one.txt") == "new\n"
    assert len(story.pulls()) == 2
    assert len(story.merges) == 2


async def test_work_in_review_that_changed_is_done_again_in_its_pull_request(story: Story) -> None:
    number = await waiting_for_a_review(story)
    old = story.pulls()[0].pull
    assert old is not None
    before = old.head_sha
    said = await _shown(story, ONE.format(one="echo new > one.txt") + TWO)
    assert f"— *its work is stopped and done again, in acme/api#{number}*" in said
    assert await story.ask("/lockstep approve") == "+1"
    await story.until(lambda: old.head_sha != before)
    await story.settled()
    assert [pull.number for pull in story.pulls()] == [number]
    await story.review(number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{number}"])
    assert await story.file("acme/api", "one.txt") == "new\n"


async def test_what_has_merged_stays_and_the_comment_says_that_it_was_another_text(story: Story, pipe: Pipe) -> None:
    await story.begin()
    text = ONE.format(one="echo 1 > one.txt") + TWO.replace("echo 2", f"{pipe.wait}; echo 2")
    await story.run(text)
    await pipe.reached()
    said = await _shown(story, text.replace("echo 1", "echo new"))
    assert "— *it stays as it has merged; a task with another id brings the rest*" in said
    assert await story.ask("/lockstep approve") == "+1"
    pipe.let_one_pass()
    await story.until("**Done.** 2 of 2", "**Merged as an earlier text asked:** `one`. A task with another id brings")
    assert await story.file("acme/api", "one.txt") == "1\n"
    assert len(story.merges) == 2


async def test_a_need_that_is_added_holds_back_what_is_in_review(story: Story) -> None:
    number = await waiting_for_a_review(story, ONE.format(one="echo 1 > one.txt"))
    head = story.pulls()[0].pull
    assert head is not None
    await takes_over(story, ONE.format(one="echo 1 > one.txt · needs: first") + "- [ ] **first** First · run: exit 1\n")
    await story.until(lambda: story.checks("acme/api", head.head_sha)["lockstep/gate"] == "in_progress")
    await story.review(number, by="bea")
    await story.until("`one` | Write (acme/api) | 👀 in review: waits for `first` to merge")
    assert not story.merges
    assert await story.ask("/lockstep skip first") == "+1"
    await story.until("**Done.**", lambda: story.merges == [f"acme/api#{number}"])


async def test_boxes_that_are_ticked_and_unticked_by_hand(story: Story, pipe: Pipe) -> None:
    await story.begin()
    text = await held(story, pipe, TWO + "- [x] **three** Before · run: echo 3 > three.txt\n")
    ticked = text.replace("- [ ] **one**", "- [x] **one**").replace("- [x] **three**", "- [ ] **three**")
    assert await takes_over(story, ticked) == "2 tasks changed, 1 as before"
    await story.until("**Done.** 3 of 3")
    assert await story.file("acme/api", "one.txt") is None
    assert await story.file("acme/api", "two.txt") == "2\n"
    assert await story.file("acme/api", "three.txt") == "3\n"
    await story.until(lambda: tracking(story, "Write") == ("closed", "completed"))


async def test_two_people_approve_the_edit_where_two_are_asked_for(story: Story, pipe: Pipe) -> None:
    await story.begin({"acme/api": {**FILES, ".github/lockstep.yml": "approvals:\n  required: 2\n"}}, roles=PEOPLE)
    text = ONE.format(one=f"{pipe.wait}; echo 1 > one.txt")
    await story.issue(text)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    assert await story.ask("/lockstep approve\n/lockstep run", by="ana") == "+1"
    await pipe.reached()
    await _shown(story, ONE.format(one="echo new > one.txt"))
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("1 of 2 approvals of", "makes it go on with the new one, approved by `bea` so far, which means:")
    assert "🔵 running" in story.plan_comment()
    assert await story.ask("/lockstep approve", by="cem") == "+1"
    await story.until("**Done.**")
    pipe.let_one_pass()
    assert await story.file("acme/api", "one.txt") == "new\n"


async def test_the_approver_has_to_be_able_to_write_where_tasks_are_removed_too(story: Story, pipe: Pipe) -> None:
    await story.begin(["acme/api", "acme/web"], roles=PEOPLE)
    await held(story, pipe, "- [ ] **there** There (acme/web) · needs: one · run: echo 1 > 1\n")
    await story.hub.do(story.hub.scenario.collaborator, story.repo("acme/web"), "bea", "read")
    await _shown(story, ONE.format(one=f"{pipe.wait}; echo 1 > one.txt"))
    assert await story.ask("/lockstep approve", by="bea") == "confused"
    await story.until("you have read on `acme/web`", "**The issue has been edited since:**")
    assert await story.ask("/lockstep approve", by="eve") == "confused"
    await story.until("`/lockstep approve` needs the maintain permission on this repository; you have read.")
    assert await story.ask("/lockstep approve", by="cem") == "+1"
    pipe.let_one_pass()
    await story.until("**Done.** 1 of 1")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (("Write ·", "Write (acme/web) ·"), "The run can't move the task `one` to another repository"),
        (("**two**", "**three**"), ""),
    ],
)
async def test_what_a_run_can_not_take_over_is_refused_in_one_sentence(
    story: Story, pipe: Pipe, edit: tuple[str, str], why: str
) -> None:
    await story.begin(["acme/api", "acme/web"])
    text = await held(story, pipe)
    if why:
        said = await _shown(story, text.replace(*edit))
        assert f"can't take the new one over. {why}" in said
    else:
        await takes_over(story, text.replace(*edit))
        why = "The task `two` was taken out of this run before; give it another id."
        await _shown(story, text)
    assert await story.ask("/lockstep approve") == "confused"
    await story.until(f"{why}", "Or cancel the run")
    pipe.let_one_pass()
    await story.until(lambda: len(story.merges) == 2)


async def test_a_public_task_is_not_added_to_a_run_that_names_a_private_home(story: Story, pipe: Pipe) -> None:
    await story.begin(["acme/api", "acme/web"])
    await story.hub.do(lambda: setattr(story.repo("acme/api"), "private", True))
    text = await held(story, pipe)
    await _shown(story, f"{text}- [ ] **open** Open (acme/web) · run: echo 1 > 1\n")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("The new text works in a public repository")
    pipe.let_one_pass()
    await story.until("**Done.** 2 of 2")
    assert not story.issues("acme/web")


async def test_a_pull_request_of_the_earlier_text_that_a_person_merges_counts_and_is_said_to_be_that(
    story: Story,
) -> None:
    number = await waiting_for_a_review(story, ONE.format(one="echo 1 > one.txt"))
    await story.hub.do(story.hub.scenario.collaborator, story.repo(), "boss", "admin")
    assert await story.ask("/lockstep hold one") == "+1"
    await takes_over(story, ONE.format(one="echo new > one.txt"))
    head = story.pulls()[0].pull
    assert head is not None
    await story.until(lambda: story.checks("acme/api", head.head_sha)["lockstep/gate"] == "in_progress")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{number}/merge", {}, who="boss")
    await story.until("**Done.**", "**Merged as an earlier text asked:** `one`.")
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_a_bot_that_ends_right_after_the_approval_goes_on_as_the_new_text(story: Story, pipe: Pipe) -> None:
    await story.begin()
    text = await held(story, pipe)
    new = ONE.format(one="echo new > one.txt") + "- [ ] **three** More · needs: one · run: echo 3 > three.txt\n"
    assert new != text
    await takes_over(story, new)
    await story.stop()
    await story.start()
    pipe.let_one_pass()
    await story.until("**Done.** 2 of 2 tasks done", "**In the plan no more:** `two` (cancelled).")
    assert await story.file("acme/api", "one.txt") == "new\n"
    await story.until(lambda: tracking(story, "Go on") == ("closed", "not_planned"))
    made = [issue.title for issue in story.issues() if issue.user == BOT]
    assert sorted(made) == ["Go on", "More", "Write"]


async def test_changed_relations_of_sub_issues_are_taken_over(story: Story, pipe: Pipe) -> None:
    await story.begin()
    await story.issue(sub_issues.PLAN)
    one = await sub_issues.child(story, "One", f"```lockstep\nrun: |\n  {pipe.wait}; echo one > one.txt\n```\n")
    two = await sub_issues.child(story, "Two", sub_issues.task("two"))
    gone = await sub_issues.child(story, "Gone", sub_issues.task("gone"))
    for each in (two, gone):
        await sub_issues.block(story, each, one)
    await story.until("3 tasks in 1 repository", f"`api-{one.number}` → `api-{two.number}`")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await pipe.reached()
    more = await sub_issues.child(story, "More", sub_issues.task("more"))
    await sub_issues.block(story, two, more)
    await sub_issues.link(story, gone.id, act="DELETE")
    await story.until("**The issue has been edited since:** 1 task added, 1 removed, 1 changed, 1 as before.")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve") == "+1", story.plan_comment()
    pipe.let_one_pass()
    await story.until(
        "**Done.** 3 of 3 tasks done", lambda: [each.state for each in (one, two, more)] == ["closed"] * 3
    )
    await story.settled()
    assert await story.file("acme/api", "gone.txt") is None
    assert (gone.state, story.comments(number=gone.number)) == ("open", [])
    assert len(story.merges) == 3
