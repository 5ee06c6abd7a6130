"""People change their minds: hold, resume, cancel, retry, skip and priority, at every moment, and the history says who
and why."""

import re

from tests.kit.pipe import Pipe
from tests.kit.sight import BOT
from tests.kit.story import Story
from tests.stories.test_by_hand import waiting_for_a_review
from tests.stories.test_scripts import page, row

PAIR = "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"


async def history(story: Story) -> str:
    """The history on the plan's page, in words."""
    _, _, told = (await page(story)).partition('id="_history"')
    return " ".join(re.sub(r"<[^>]+>", " ", told).split())


def standing(story: Story) -> str:
    """The plan's comment without the answers, which repeat the command."""
    return story.plan_comment().partition("#### Answers")[0]


def tracking(story: Story, title: str) -> tuple[str, str | None]:
    """(state, why it is closed) of a task's tracking issue."""
    found = next(issue for issue in story.issues() if issue.user == BOT and issue.title == title)
    return found.state, found.state_reason


async def test_a_run_that_is_held_lets_its_attempt_end_and_merges_only_when_it_goes_on(
    story: Story, pipe: Pipe
) -> None:
    """What runs is what was approved, also when the issue is edited in between."""
    await story.begin()
    await story.run(PAIR.replace("echo 1", f"{pipe.wait}; echo 1"))
    await pipe.reached()
    assert await story.ask("/lockstep hold why=freeze") == "+1"
    await story.edit(PAIR.replace("echo 2", "echo evil"))
    pipe.let_one_pass()
    await story.until("👀 in review", "**Paused.**")
    await story.settled()
    assert not story.merges
    assert "lockstep:blocked" in story.issues()[0].labels
    assert await story.ask("/lockstep resume why=thawed", by="ana") == "+1"
    await story.until("**Done.**")
    assert await story.file("acme/api", "two.txt") == "2\n"
    told = await history(story)
    assert "run paused freeze by ana" in told
    assert "run running thawed by ana" in told


async def test_a_held_task_waits_alone_and_goes_on_with_all(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep hold one") == "+1"
    await story.review(number, by="bea")
    await story.until("is held; `/lockstep resume one` lets it go")
    await story.settled()
    assert not story.merges
    assert await story.ask("/lockstep hold\n/lockstep resume all") == "+1"
    await story.until(lambda: story.merges == [f"acme/api#{number}"])


async def test_a_cancel_while_github_merges_comes_too_late_and_says_so(story: Story) -> None:
    number = await waiting_for_a_review(story, "- [ ] **one** Write · run: echo 1 > one.txt\n")
    slow = await story.hub.fault("latency", method="PUT", path=r"/merge$", count=1, seconds=3.0)
    await story.review(number, by="bea")
    while slow.count:  # until the request is there
        assert await story.ask("/lockstep ping") == "+1"
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("✅ done")
    assert story.merges == [f"acme/api#{number}"]
    assert tracking(story, "Write") == ("closed", "completed")


async def test_retry_all_leaves_alone_what_was_skipped_and_takes_up_the_rest(story: Story) -> None:
    await story.begin()
    plan = "- [ ] **one** Fails · run: exit 1\n- [ ] **two** Stops · run: exit 1\n- [ ] **three** Left · run: exit 1\n"
    await story.run(plan)
    await story.until("**Stopped:", lambda: "🔵" not in story.plan_comment())
    assert await story.ask('/lockstep skip three why="not now, @eve"\n/lockstep cancel two why=replaced') == "+1"
    await story.until("⏭ skipped", "🚫 cancelled", lambda: tracking(story, "Left") == ("closed", "not_planned"))
    assert "replaced" not in standing(story), "who reads the plan may not be who could read the place where that stood"
    assert await story.ask("/lockstep retry all why=mended") == "+1"
    await story.until("Trying again: `one`, `two`.")
    await story.settled()
    assert row(story, "three").startswith("⏭ skipped")
    assert await story.ask("/lockstep retry three") == "+1"
    await story.until("Trying again: `three`.")
    await story.until(lambda: row(story, "three").startswith("❌ failed"))
    await story.settled()
    assert tracking(story, "Left") == ("open", "reopened")
    told = await history(story)
    for said in ("left out failed → skipped not now, @eve", "cancelled failed → cancelled replaced"):
        assert f"{said} by ana" in told
    assert told.count("to be tried again") == 3
    assert told.count("mended by ana") == 2


async def test_what_is_cancelled_and_in_the_way_can_be_left_out(story: Story) -> None:
    await story.begin()
    await story.run(PAIR.replace("echo 1 > one.txt", "exit 1"))
    await story.until("**Stopped:")
    assert await story.ask("/lockstep cancel one\n/lockstep skip one") == "+1"
    await story.until("**Done.**")
    assert await story.file("acme/api", "two.txt") == "2\n"


async def test_priority_decides_what_takes_the_next_place(story: Story, pipe: Pipe) -> None:
    await story.begin(workers=1)
    names = ("first", "second", "third")
    await story.run("".join(f"- [ ] **{name}** Do {name} · run: {pipe.wait}; echo > {name}\n" for name in names))
    await pipe.reached()
    assert await story.ask('/lockstep priority third p=5 why="a customer waits"', by="ana") == "+1"
    pipe.let_one_pass()
    await pipe.reached()
    await story.until(lambda: row(story, "third").startswith("🔵 running"))
    assert row(story, "second").startswith("▶ ready")
    for _ in range(2):
        pipe.let_one_pass()
    await story.until("**Done.**")
    assert "p=5: a customer waits by ana" in await history(story)


async def test_a_run_that_is_over_is_only_taken_up_by_a_retry(story: Story) -> None:
    await story.begin()
    await story.run(PAIR.replace("echo 1 > one.txt", "exit 1"))
    await story.until("**Stopped:")
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("**Cancelled.**")
    assert await story.ask("/lockstep skip one\n/lockstep hold\n/lockstep hold two\n/lockstep priority one p=3") == "+1"
    await story.until("Those tasks are over already.", "Nothing to skip:", "Nothing to hold back: the run is over")
    assert "**Cancelled.**" in await story.settled()
    assert await story.ask("/lockstep retry all") == "+1"
    await story.until("**Stopped:", "Trying again: `one`, `two`.")


async def test_a_pull_request_that_waits_too_long_asks_for_a_person_and_can_wait_on(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.stop()
    await story.start(review_patience=0.000_001, sweep_seconds=0.3)
    await story.until("its pull request has waited for 1e-06 days: merge or close it, or let it wait on with")
    await story.stop()
    await story.start(review_patience=30.0, sweep_seconds=600.0)
    assert await story.ask("/lockstep resume one") == "+1"
    await story.until(lambda: row(story, "one").startswith("👀 in review: waits for a review"))
    await story.review(number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{number}"])
    assert "has taken too long" in await history(story)
