"""The driver counts what a decision means once it is stored, and only then."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.core.task_state import Happening
from services.engine.effects import Outcome
from tests.kit.driving import Stage, driving
from tests.kit.plans import task
from tests.kit.store import KINDS, opened

BROKE = Outcome(happened=(Happening(kind="broke", text="it broke"),))
BEGUN, FAILED = ("tried", "script", "begun"), ("tried", "script", "failed")


@pytest.fixture(params=KINDS)
async def one(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened(request.param, tmp_path) as database, driving(database) as stage:
        yield stage


async def test_an_attempt_counts_when_it_begins_and_when_it_has_failed(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    assert one.counts.all == [BEGUN]
    one.hands.end("r1 a", BROKE)
    await one.stored(run_id, lambda now: now.tasks["a"].state == "failed")
    assert [each for each in one.counts.all if each[0] == "tried"] == [BEGUN, FAILED]


async def test_what_the_store_was_too_busy_for_counts_once(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.runs.busy = 2
    one.hands.end("r1 a", BROKE)
    await one.hands.until(lambda: one.runs.busy == 1 and one.timers.waiting)
    one.timers.fire()
    await one.hands.until(lambda: one.runs.busy == 0 and one.timers.waiting)
    assert FAILED not in one.counts.all
    one.timers.fire()
    await one.stored(run_id, lambda now: now.tasks["a"].state == "failed")
    assert one.counts.all.count(FAILED) == 1


async def test_what_is_stored_while_the_run_is_let_go_of_is_counted_by_who_stored_it(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    commit, is_stored, goes_on = one.runs.commit, asyncio.Event(), asyncio.Event()

    async def late(*decided: Any) -> list[Any]:
        new = await commit(*decided)
        is_stored.set()
        await goes_on.wait()
        return new

    one.runs.commit = late  # type: ignore[method-assign,assignment]
    one.hands.end("r1 a", BROKE)
    await is_stored.wait()
    assert await one.lose(run_id)
    assert FAILED not in one.counts.all
    goes_on.set()
    await one.hands.until(lambda: FAILED in one.counts.all)
    assert one.counts.all.count(FAILED) == 1
