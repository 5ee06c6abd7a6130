"""What people ask of a plan and its pull requests: unapprove, refresh, merge, override, rebase, recreate, assign."""

from datetime import datetime

import pytest
from inline_snapshot import snapshot

from services.core.board import Wish
from services.core.task_state import Happening
from tests.kit.pipe import Pipe
from tests.kit.story import Story
from tests.stories.test_by_hand import HOLD, PAIR, waiting_for_a_review
from tests.stories.test_control import history
from tests.stories.test_places import tracking
from tests.stories.test_scripts import row

ONE = "- [ ] **one** Write · run: echo 1 > one.txt\n"
RED = "- [ ] **one** Write · run: echo 1 > broken\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"


def summary(story: Story, sha: str) -> str:
    """What `lockstep/gate` says on a commit."""
    runs = story.hub.sandbox.state.check_runs.values()
    return next((run.summary or "" for run in runs if run.name == "lockstep/gate" and run.head_sha == sha), "")


async def test_an_approval_that_is_taken_back_holds_the_run_until_it_is_given_again(story: Story, pipe: Pipe) -> None:
    await story.begin()
    await story.run(PAIR.replace("echo 1", f"{pipe.wait}; echo 1"))
    await pipe.reached()
    assert await story.ask("/lockstep unapprove") == "+1"
    await story.until("Next: `/lockstep approve` (needs maintain permission), then `/lockstep resume`.")
    pipe.let_one_pass()
    await story.until("👀 in review")
    assert await story.ask("/lockstep resume") == "confused"
    await story.until("The approval of this plan was taken back.")
    await story.settled()
    assert not story.merges
    assert await story.ask("/lockstep unapprove") == "confused"
    await story.until("there is nothing to take back")
    assert await story.ask("/lockstep approve\n/lockstep resume") == "+1"
    await story.until("**Done.**", "The run is held; `/lockstep resume` goes on.")


async def test_taking_an_approval_back_is_finished_where_it_was_cut_off(story: Story) -> None:
    """Whatever was done of it by then: the approval is gone and the run goes on, or the run is held and it is there."""
    await waiting_for_a_review(story)
    plans = story.bot.engine._parts.plans
    assert await plans.unapprove(f"acme/api#{story.number}", "ana", story.bot.engine._parts.clock.now())
    assert await story.ask("/lockstep unapprove") == "+1"
    await story.until("**Paused.**", "The approval is taken back, and the run is held")
    assert await story.ask("/lockstep approve\n/lockstep resume\n/lockstep hold") == "+1"
    assert await story.ask("/lockstep unapprove") == "+1"
    assert await story.ask("/lockstep resume") == "confused"
    await story.until("The approval of this plan was taken back.")


@pytest.mark.parametrize("meanwhile", ["resumed", "retried"])
async def test_who_lets_a_run_go_on_while_its_approval_is_taken_back_comes_too_late(
    story: Story, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    await waiting_for_a_review(story)
    if meanwhile == "retried":
        assert await story.ask("/lockstep cancel all") == "+1"
        await story.until("**Cancelled.**")
    engine = story.bot.engine
    plans, write = engine._parts.plans, engine._parts.plans.unapprove

    async def late(plan_id: str, actor: str, now: datetime) -> bool:
        run = await engine._parts.runs.of_plan(plan_id)
        assert run is not None
        happened = [("one", Happening(kind="retried", actor="ana"))] if meanwhile == "retried" else []
        decision = await engine.driver.happen(run.id, happened, wish=Wish(state="running", actor="ana"))
        assert decision.state == "running"
        return await write(plan_id, actor, now)

    monkeypatch.setattr(plans, "unapprove", late)
    assert await story.ask("/lockstep unapprove") == "+1"
    await story.until("**Paused.**")
    assert await story.ask("/lockstep resume") == "confused"


async def test_an_approval_is_taken_back_before_anything_runs(story: Story) -> None:
    await story.begin()
    await story.issue(ONE)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve\n/lockstep unapprove\n/lockstep run") == "confused"
    await story.until("**Waits for approval:**", "The plan is not approved yet.")


async def test_refresh_finds_what_no_webhook_told(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep refresh") == "+1"
    await story.until("The plan's text is as I knew it.", "I looked at 1 open pull request.", "Nothing has changed.")
    await story.hub.fault("lose", event="issues", count=9)
    await story.hub.ok("POST", f"/repos/acme/api/issues/{number}/labels", {"labels": [HOLD]}, who="ana")
    await story.hub.fault("lose", event="pull_request", count=9)
    await story.edit(PAIR.replace("Go on", "Go further"))
    assert await story.ask("/lockstep refresh") == "+1"
    await story.until("The plan's text has changed since I last read it.")


async def test_merge_says_what_is_missing_and_merges_what_may_be_merged(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep merge", number=number) == "confused"
    await story.until(lambda: "Not merged. 👀 `one`" in story.comment_on(number=number))
    assert await story.ask("/lockstep merge two") == "confused"
    await story.until("Not merged. ⏸ `two` (acme/api) is blocked.")
    assert await story.ask("/lockstep merge") == "confused"
    await story.until("Name the task to merge")
    await story.hub.fault("lose", event="pull_request_review", count=9)
    await story.review(number, by="bea")
    await story.settled()
    assert not story.merges
    assert await story.ask("/lockstep merge one") == "+1"
    await story.until(lambda: story.merges == [f"acme/api#{number}"], "Merging `one`.")


async def test_a_check_that_was_overridden_counts_no_more_and_the_gate_says_who_did_it(story: Story) -> None:
    await story.begin()
    await story.run(RED)
    await story.until("check `test` failed")
    (pull,) = story.pulls()
    assert pull.pull is not None
    head = pull.pull.head_sha
    assert await story.ask("/lockstep override one lint") == "confused"
    await story.until("That is none of what is missing here: `test`.")
    assert await story.ask("/lockstep override all test") == "confused"
    await story.until("That means 2 tasks (`one`, `two`); name one of them.")
    assert await story.ask("/lockstep override one chek=test") == "confused"
    await story.until("`override` has no option `chek`")
    assert await story.ask("/lockstep override") == "confused"
    assert await story.ask("/lockstep override two test") == "confused"
    await story.until("That task has no open pull request")
    assert await story.ask("/lockstep hold one\n/lockstep override check=test why=flaky", number=pull.number) == "+1"
    await story.until(lambda: "says `ana`: flaky" in summary(story, head))
    assert await story.ask("/lockstep explain one") == "+1"
    await story.until(f"- check `test` does not count for {head[:7]}, says `ana`: flaky")
    assert await story.ask("/lockstep resume one") == "+1"
    await story.until(lambda: story.merges == [f"acme/api#{pull.number}"])
    assert summary(story, head).replace(head[:7], "0000000") == snapshot("""\
This task needs no other task.

**Overridden:**
- check `test` does not count for 0000000, says `ana`: flaky\
""")


async def test_rebase_brings_the_branch_up_to_date_and_its_new_head_is_ours(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep rebase", number=number) == "+1"
    await story.settled()
    assert "its branch holds everything of its base already" in await history(story)
    base = await story.commit("acme/api", {"new.txt": "new\n"}, by="boss")
    (pull,) = story.pulls()
    assert pull.pull is not None
    before = pull.pull.head_sha
    assert await story.ask("/lockstep rebase one") == "+1"
    await story.until(lambda: pull.pull is not None and pull.pull.head_sha != before)
    await story.settled()
    head = pull.pull.head_sha
    assert (await story.git("acme/api", "log", "-1", "--format=%P", head)).split() == [before, base]
    assert story.checks("acme/api", head)["lockstep/gate"] == "success"
    assert "in review" in row(story, "one")
    await story.review(number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{number}"])


async def test_rebase_after_a_crash_or_a_lost_answer_happens_once(story: Story) -> None:
    await waiting_for_a_review(story)
    await story.commit("acme/api", {"new.txt": "new\n"}, by="boss")
    await story.hub.fault("late_drop", method="PUT", path=r"/update-branch$", count=1)
    assert await story.ask("/lockstep rebase one") == "+1"
    await story.settled()
    (pull,) = story.pulls()
    assert pull.pull is not None
    assert (await story.git("acme/api", "rev-list", "--merges", "--count", pull.pull.head_sha)) == "1"
    assert "in review" in row(story, "one")


async def test_somebody_elses_merge_of_the_base_is_still_somebody_elses(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.commit("acme/api", {"new.txt": "new\n"}, by="boss")
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{number}/update-branch", {}, who="bea")
    await story.until("needs a person: somebody else pushed")
    assert await story.ask("/lockstep rebase one") == "+1"
    await story.until("Nothing to bring up to date")


async def test_recreate_closes_deletes_and_begins_anew(story: Story) -> None:
    number = await waiting_for_a_review(story)
    base = await story.commit("acme/api", {"new.txt": "new\n"}, by="boss")
    assert await story.ask("/lockstep recreate", number=number) == "+1"
    await story.until(lambda: len(story.pulls()) == 2, "waits for a review or a required check")
    await story.settled()
    old, new = story.pulls()
    assert (old.state, new.state) == ("closed", "open")
    assert old.pull is not None
    assert new.pull is not None
    assert not old.pull.merged
    assert (await story.git("acme/api", "log", "-1", "--format=%P", new.pull.head_sha)) == base
    await story.review(new.number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{new.number}"])


async def test_recreate_leaves_somebody_elses_work_alone(story: Story) -> None:
    await waiting_for_a_review(story)
    sha = await story.commit("acme/api", {"work.txt": "hours\n"}, branch="lockstep/api-1/one", by="bea")
    await story.until("somebody else pushed")
    assert await story.ask("/lockstep recreate one") == "+1"
    await story.until("delete that branch yourself, then `/lockstep retry one`")
    await story.settled()
    assert await story.git("acme/api", "rev-parse", "lockstep/api-1/one") == sha
    assert [pull.state for pull in story.pulls()] == ["open"]


async def test_a_task_goes_to_a_person_and_back(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep assign one") == "confused"
    await story.until("Say to whom")
    assert await story.ask("/lockstep assign one @nobodyhere") == "confused"
    await story.until("GitHub knows nobody called `nobodyhere`")
    await story.hub.fault("error", path=r"/users/unheard$", status=403)
    assert await story.ask("/lockstep assign one @unheard") == "+1"
    await story.until("Handed to `unheard`: `one`.")
    assert await story.ask("/lockstep assign one @bea") == "+1"
    await story.until("Handed to `bea`: `one`.", "🙋 needs a person: it is with `bea`")
    issue = next(each for each in story.issues() if each.number == tracking(story, "Write"))
    await story.until(lambda: issue.assignees == ["bea"])
    await story.review(number, by="bea")
    await story.settled()
    assert not story.merges, "it is not ours to merge any more"
    assert await story.ask("/lockstep assign one agent") == "+1"
    await story.until("Back with the agent: `one`.", lambda: bool(story.merges))


async def test_the_gate_waits_again_when_a_need_that_was_skipped_is_taken_up(story: Story, pipe: Pipe) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "maintain", "boss": "admin"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(RED.replace("echo 1", f"{pipe.wait}; echo 1"))
    await pipe.reached()
    assert await story.ask("/lockstep skip one") == "+1"
    await story.until("waits for a review or a required check")
    (pull,) = story.pulls()
    assert pull.pull is not None
    head = pull.pull.head_sha
    assert story.checks("acme/api", head)["lockstep/gate"] == "success"
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until(lambda: story.checks("acme/api", head)["lockstep/gate"] != "success")
    assert summary(story, head) == "Not merged yet: `one`."
    assert await story.ask("/lockstep skip one") == "+1"
    await story.until(lambda: story.checks("acme/api", head)["lockstep/gate"] == "success")
    await story.review(pull.number, by="bea")
    await story.until("**Done.**")
