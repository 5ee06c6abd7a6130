"""The bot ends in the middle and starts again on its data: nothing is done twice, nothing is left undone.

That nothing is there twice is judged at the end of every story. Named pipes hold scripts and checks at a known place,
so each story stops exactly where it says.
"""

from functools import partial

import aiohttp
import pytest

from bot.app import serving
from bot.clock import SystemClock
from bot.porch import opened
from tests.kit.pipe import Pipe
from tests.kit.story import FILES, NOWHERE, Story

CHAIN = "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"


async def test_stopped_before_the_approval(story: Story) -> None:
    await story.begin()
    await story.issue(CHAIN)
    await story.until("Waits for approval")
    await story.stop()
    await story.start()
    assert await story.ask("/lockstep approve") == "+1"
    await story.stop()
    await story.start()
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Done.**")


async def test_stopped_while_an_attempt_runs(story: Story, pipe: Pipe) -> None:
    await story.begin()
    await story.run(f"- [ ] **one** Wait · run: {pipe.wait}; echo $line > one.txt\n")
    await story.until("🔵 running")
    await story.stop()
    await story.start()
    pipe.let_one_pass()  # the first attempt's reader is gone, or it might take this line
    await story.until("**Done.**")
    await story.settled()
    assert await story.file("acme/api", "one.txt") == "go on\n"
    assert len(story.pulls()) == 1


async def test_stopped_while_a_pull_request_waits_for_its_check(story: Story, pipe: Pipe) -> None:
    """The check ends while nobody listens, so its webhook is lost."""
    await story.begin({"acme/api": {**FILES, "test.sh": f"test -e two.txt || {pipe.wait}\n"}})
    await story.run(CHAIN)
    await story.until("`one` | Write (acme/api) | 👀 in review")
    await story.stop()
    pipe.let_one_pass()
    await story.settled()
    assert set(story.checks("acme/api", story.pulls()[0].pull.head_sha).values()) >= {"success"}  # type: ignore[union-attr]
    assert not story.merges
    await story.start()
    await story.until("**Done.**")
    assert len(story.pulls()) == 2


async def test_merged_by_hand_while_the_bot_was_away(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "boss": "admin"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(CHAIN)
    await story.until("waits for a review")
    await story.stop()
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{story.pulls()[0].number}/merge", {}, who="boss")
    await story.start()
    await story.until("`two` | Go on (acme/api) | 👀 in review")


async def test_commands_given_while_the_bot_was_away_are_heard_when_they_are_sent_again(story: Story) -> None:
    await story.begin()
    await story.issue(CHAIN)
    await story.until("Waits for approval")
    await story.stop()
    comment = await story.comment("/lockstep approve\n/lockstep run")
    await story.settled()
    await story.start()
    await story.redeliver(story.deliveries("issue_comment")[-1])
    await story.until("**Done.**")
    assert story.reactions(comment) == ["eyes", "+1"]


async def test_stopped_in_the_middle_of_a_command(story: Story) -> None:
    """👀 is there, 👍 is not: the command comes once more after the start."""
    await story.begin()
    await story.issue(CHAIN)
    await story.until("Waits for approval")
    comment = await story.comment("/lockstep approve\n/lockstep run")
    await story.until(lambda: story.reactions(comment))
    await story.stop()
    await story.start()
    await story.until("**Done.**", lambda: len(story.reactions(comment)) == 2)


@pytest.mark.parametrize("event", ["issues", "push", "pull_request", "check_run"])
async def test_stopped_again_and_again(story: Story, event: str) -> None:
    """Stop and start right after each of the first five webhooks of one kind that a run causes."""
    await story.begin()
    await story.run(CHAIN)
    seen = len(story.deliveries(event))

    def more(than: int) -> bool:
        return len(story.deliveries(event)) > than or story.issues()[0].state == "closed"

    for _ in range(5):
        await story.until(partial(more, seen))
        seen = len(story.deliveries(event))
        await story.stop()
        await story.start()
    await story.until("**Done.** 2 of 2 tasks done")
    await story.settled()
    assert len(story.pulls()) == len(story.merges) == 2
    assert len(story.issues()) == 3


async def test_webhooks_are_taken_before_the_rest_of_the_process_is_there(story: Story) -> None:
    await story.begin()
    await story.issue("- [ ] **one** Do it (acme/api) · agent: human\n")
    await story.until("Waits for approval")
    await story.settled()
    await story.stop()
    async with opened(story.settings, "all", SystemClock()) as porch, aiohttp.ClientSession() as session:
        await story.hears(f"{porch.url}/webhook")
        comment = await story.comment("/lockstep approve")
        await story.hub.running.idle()
        assert story.deliveries("issue_comment")[-1].status_code == 202
        async with session.get(f"{porch.url}/readyz") as answer:
            assert answer.status == 503
        async with serving(porch):
            await story.until(lambda: "+1" in story.reactions(comment))
            async with session.get(f"{porch.url}/readyz") as answer:
                assert (await answer.json())["parts"]["disk"] == "ok"
            async with session.get(f"{porch.url}/webhook") as answer:
                assert answer.status == 405
        await story.hears(NOWHERE)
