"""Branches with a merge queue: what is green goes through it, our gate is told there, and what it throws out is said."""

from datetime import timedelta

import pytest

from services.engine import looks
from services.sandbox.merge_queue import leave
from tests.kit.story import CI, FILES, NOWHERE, Story

PAIR = """\
- [ ] **one** Write · run: echo 1 > one.txt
- [ ] **two** Go on · needs: one · run: echo 2 > two.txt
"""
APART = """\
- [ ] **one** Write · run: echo 1 > one.txt
- [ ] **two** Write too · run: echo 2 > two.txt
"""


async def with_a_queue(story: Story, required: str, test: str = "true\n") -> None:
    workflow = CI.replace("on: pull_request", "on: [pull_request, merge_group]")
    await story.begin({"acme/api": {**FILES, "test.sh": test, ".github/workflows/ci.yml": workflow}})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), required, merge_queue=True))


async def test_a_plan_goes_through_the_queue_that_requires_our_gate(story: Story) -> None:
    await with_a_queue(story, "lockstep/gate")
    await story.run(PAIR)
    await story.until("**Done.**")
    assert len(story.merges) == 2


async def test_what_the_queue_throws_out_is_said_and_not_put_back(story: Story) -> None:
    await with_a_queue(story, "test", "! test -e one.txt || ! test -e two.txt\n")
    await story.run(APART)
    await story.until("the merge queue did not take it: its checks failed there")
    await story.settled()
    assert len(story.merges) == 1
    enqueued = [each for each in story.hub.sandbox.state.deliveries.values() if each.action == "enqueued"]
    assert len(enqueued) == 2


async def test_what_is_held_or_cancelled_leaves_the_queue(story: Story) -> None:
    await story.begin()  # its checks do not run on what the queue tries, so all stays there
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "test", merge_queue=True))
    await story.run(PAIR)
    await story.until("is in the merge queue of `main`")
    assert await story.ask("/lockstep hold one") == "+1"
    await story.until(lambda: not story.hub.sandbox.state.queue)
    await story.settled()
    assert await story.ask("/lockstep resume one") == "+1"
    await story.until(lambda: len(story.hub.sandbox.state.queue) == 1)
    assert await story.ask("/lockstep cancel all") == "+1"
    await story.until(lambda: not story.hub.sandbox.state.queue)
    await story.settled()
    assert not story.merges


async def test_what_waited_too_long_for_a_review_goes_through_the_queue_once_it_may(story: Story) -> None:
    """It stands still by then, and would be put in and taken out for ever."""
    workflow = CI.replace("on: pull_request", "on: [pull_request, merge_group]")
    roles = {"ana": "maintain", "bea": "maintain", "boss": "admin"}
    await story.begin({"acme/api": {**FILES, ".github/workflows/ci.yml": workflow}}, roles=roles)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "lockstep/gate", approvals=1, merge_queue=True))
    await story.run("- [ ] **one** Write \u00b7 run: echo 1 > one.txt\n")
    await story.until("waits for a review")
    (pull,) = story.pulls()
    await story.stop()
    await story.start(review_patience=0.000_001, sweep_seconds=0.3)
    await story.until("its pull request has waited for 1e-06 days")
    await story.stop()
    await story.start(review_patience=30.0, sweep_seconds=600.0)
    await story.review(pull.number, by="bea")
    await story.until("**Done.**")
    assert len(story.merges) == 1
    enqueued = [each for each in story.hub.sandbox.state.deliveries.values() if each.action == "enqueued"]
    assert len(enqueued) == 1


async def test_that_it_was_taken_out_is_seen_though_no_webhook_says_so(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SURE", timedelta(0))
    await story.begin(sweep_seconds=0.3)  # its checks do not run on what the queue tries, so it stays there
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "test", merge_queue=True))
    await story.run("- [ ] **one** Write \u00b7 run: echo 1 > one.txt\n")
    await story.until("is in the merge queue of `main`")
    sandbox = story.hub.sandbox
    await story.hears(NOWHERE)
    await story.hub.do(leave, sandbox, sandbox.state.queue[0], "MANUAL", "boss")
    await story.until("the merge queue did not take it: GitHub does not say why")
    assert not story.merges
