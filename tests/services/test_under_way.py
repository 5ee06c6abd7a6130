"""services/engine/under_way.py: who waits for long gives its places to others, and takes its turn after that."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.store.sqlite import SqliteDatabase
from tests.kit.driving import Stage, driving
from tests.kit.plans import task

LIMITED = Outcome(again_in=3_600.0, free=True, note="the limit is used up")


FAILED = Outcome(happened=(Happening(kind="broke", text="it went wrong"),))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def one(database: SqliteDatabase) -> AsyncIterator[Stage]:
    """One place."""
    async with driving(database, workers=1) as stage:
        yield stage


async def limited(one: Stage, *ids: str) -> str:
    """A run whose first task has met a limit, and whose next one is at work."""
    run_id = await one.begin(*map(task, ids))
    await one.hands.until(lambda: one.hands.at_work == [f"r1 {ids[0]}"])
    one.hands.end(f"r1 {ids[0]}", LIMITED)
    await one.hands.until(lambda: one.hands.at_work == [f"r1 {ids[1]}"])
    return run_id


async def test_what_meets_a_limit_for_an_hour_gives_its_place_to_others_and_goes_on_in_its_turn(one: Stage) -> None:
    run_id = await limited(one, "a", "b", "c")
    one.later(minutes=61)
    one.timers.fire()
    await one.stored(run_id)
    await one.driver.sweep()
    await one.stored(run_id)
    assert one.hands.at_work == ["r1 b"], "there is one place"
    one.hands.end("r1 b", LIMITED)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    assert [key for key in one.hands.begun if key.endswith("/c/1/attempt")] == []


async def test_it_takes_no_place_in_the_next_process_either(database: SqliteDatabase) -> None:
    async with driving(database, workers=1) as before:
        await limited(before, "a", "b")
        before.hands.end("r1 b", FAILED)
        await before.stored("o/r1", lambda now: now.tasks["b"].state == "failed")
    async with driving(database, workers=1) as after:
        await after.driver.sweep()
        await after.driver.happen("o/r1", [("b", Happening(kind="retried", actor="ana"))])
        await after.hands.until(lambda: after.hands.at_work == ["r1 b"])


async def test_what_lacks_a_place_and_is_cancelled_ends_at_once(one: Stage) -> None:
    run_id = await limited(one, "a", "b")
    one.later(minutes=61)
    one.timers.fire()
    await one.stored(run_id)
    await one.say(run_id, "cancelled", "a")
    await one.hands.until(lambda: sorted(one.hands.at_work) == ["r1 a", "r1 b"])
    one.hands.end("r1 a", Outcome(note="its attempt is over"))
    one.hands.end("r1 b", Outcome(again_in=60.0))
    await one.stored(run_id)


async def test_what_lacks_a_place_is_left_to_others_that_conduct_its_run_by_now(one: Stage) -> None:
    run_id = await limited(one, "a", "b")
    one.later(minutes=61)
    one.timers.fire()
    await one.stored(run_id)
    assert await one.lose(run_id)
    other = await one.begin(task("c"))
    await one.hands.until(lambda: one.hands.at_work == ["r2 c"])
    one.hands.end("r2 c", FAILED)
    await one.stored(other, lambda now: now.tasks["c"].state == "failed")
    assert one.hands.at_work == []
