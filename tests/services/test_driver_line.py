"""services/engine/under_way.py: an attempt between two tries holds no place, and stands in line for its next one, over a
real store.
"""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.board import Decision
from services.core.elsewhere import ACTIONS, Away
from services.core.places import BRAKED, PATIENT, TOTAL
from services.core.plan import Task
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.outcome import sent
from services.engine.runs import STORE_AGAIN
from services.errors import StoreBusy
from services.store.db import Database
from services.store.outbox import Due, Settle
from tests.kit.driving import Stage, driving
from tests.kit.plans import NOW, task

DONE = Outcome(happened=(Happening(kind="merged", sha="c" * 40),))


async def between_tries(one: Stage, *after: Task) -> str:
    """A run whose task `a` lets its next try wait for a minute, while `b`, which comes next, has its place."""
    run_id = await one.begin(task("a"), task("b"), *after)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.hands.end("r1 a", Outcome(again_in=60.0))
    await one.hands.until(lambda: one.hands.at_work == ["r1 b"])
    await one.stored(run_id)
    return run_id


async def comes_due(one: Stage) -> None:
    """The time of the next try has come, and by the end of a sweep the attempt stands in line."""
    one.later(minutes=7)
    one.timers.fire()
    await one.driver.sweep()


def tries_of_a(one: Stage) -> int:
    return one.hands.begun.count("o/r1/a/1/attempt")


async def test_an_attempt_between_two_tries_holds_no_place_and_goes_on_before_what_has_not_begun(one: Stage) -> None:
    run_id = await between_tries(one, task("c"))
    assert one.driver.lacking(run_id, "a") is None, "it lacks time, and no place"
    await comes_due(one)
    assert (one.hands.at_work, one.driver.lacking(run_id, "a")) == (["r1 b"], TOTAL), "there is one place"
    one.hands.end("r1 b", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    assert (await one.stored(run_id)).tasks["c"].state == "ready"
    assert (tries_of_a(one), one.driver.lacking(run_id, "a")) == (2, None)
    one.hands.end("r1 a", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 c"])


async def test_an_attempt_that_stands_in_line_has_the_priority_that_people_give_it(one: Stage) -> None:
    run_id = await between_tries(one)
    await comes_due(one)
    await one.begin(task("c", priority=2.0))
    await one.driver.happen(run_id, [("a", Happening(kind="prioritised", value=3.0))])
    await one.hands.until(lambda: one.hands.urged == [("o/r1/a/1/attempt", 3.0)])
    await one.stored(run_id)
    one.hands.end("r1 b", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.hands.end("r1 a", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r2 c"])


@pytest.mark.parametrize("minutes", [0, 7])
async def test_a_cancelled_attempt_between_two_tries_is_not_tried_again(one: Stage, minutes: int) -> None:
    """Before its time has come, and while it stands in line."""
    run_id = await between_tries(one)
    one.later(minutes=minutes)
    one.timers.fire()
    await one.driver.sweep()
    await one.driver.happen(run_id, [("a", Happening(kind=kind, actor="ana")) for kind in ("cancelled", "retried")])
    one.hands.end("r1 b", DONE)
    await one.hands.until(lambda: "o/r1/a/2/attempt" in one.hands.begun)
    one.hands.end("r1 a", DONE)
    assert (await one.stored(run_id, lambda now: now.finished_at)).state == "done"


async def test_what_an_earlier_process_left_between_two_tries_holds_no_place(database: Database) -> None:
    async with driving(database, workers=1) as before:
        await between_tries(before, task("c"))
    async with driving(database, workers=1) as after:
        await after.hands.until(lambda: after.hands.at_work == ["r1 b"])
        after.later(minutes=7)
        await after.driver.sweep()
        await after.stored("o/r1")
        assert after.hands.at_work == ["r1 b"], "there is one place"
    async with driving(database, workers=1) as last:
        last.later(minutes=7)
        await last.driver.sweep()
        await last.hands.until(lambda: last.hands.at_work == ["r1 b"])
        last.hands.end("r1 b", DONE)
        await last.hands.until(lambda: last.hands.at_work == ["r1 a"])


async def test_a_run_that_others_conduct_leaves_its_places_and_the_line(one: Stage) -> None:
    run_id = await between_tries(one)
    await comes_due(one)
    assert await one.lose(run_id)
    await one.begin(task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r2 b"])
    assert tries_of_a(one) == 1


async def test_a_place_that_could_not_be_taken_is_somebody_elses_and_the_attempt_comes_back(one: Stage) -> None:
    """The store is too busy to note that it begins."""
    run_id = await between_tries(one, task("c"))
    await comes_due(one)
    begins = one.runs.begin_again

    async def busy(run_id: str, keys: Collection[str]) -> list[Due]:
        one.runs.begin_again = begins  # type: ignore[method-assign]
        raise StoreBusy("4096 writes wait already")

    one.runs.begin_again = busy  # type: ignore[method-assign]
    one.hands.end("r1 b", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 c"])
    one.later(seconds=2)
    one.timers.fire()
    await one.stored(run_id)
    one.hands.end("r1 c", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])


async def test_a_run_that_is_lost_while_it_is_read_anew_leaves_nothing_behind(one: Stage) -> None:
    run_id = await one.begin(task("a"), task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    await one.stored(run_id)
    line, reads, there, gate = one.driver._line(run_id), one.runs.waiting, asyncio.Event(), asyncio.Event()

    async def slow(run_id: str) -> set[str]:
        found = await reads(run_id)
        there.set()
        await gate.wait()
        return found

    one.runs.waiting = slow  # type: ignore[method-assign]
    line.is_doubtful = True
    reading = asyncio.create_task(one.driver._board(run_id))
    await there.wait()
    assert await one.lose(run_id)
    gate.set()
    assert await reading is None
    one.runs.waiting = reads  # type: ignore[method-assign]
    assert not one.parts.places.taken
    await one.begin(task("c"))
    await one.hands.until(lambda: one.hands.at_work == ["r2 c"])


async def test_what_is_made_elsewhere_keeps_the_place_of_its_agent_whatever_a_look_comes_to(database: Database) -> None:
    async with driving(database, workers=4, per_agent=1) as stage:
        run_id = await stage.begin(task("a", agent=ACTIONS), task("b", agent=ACTIONS))
        await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
        stage.hands.end("r1 a", sent(Away(agent=ACTIONS, fence=1, until=NOW + timedelta(hours=2), run="77"), "it runs"))
        await stage.stored(run_id, lambda now: now.tasks["a"].away)
        stage.later(minutes=7)
        stage.timers.fire()
        await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
        stage.hands.end("r1 a", Outcome(again_in=600.0, free=True, note="a limit"))
        await stage.hands.until(lambda: not stage.hands.at_work)
        await stage.stored(run_id)
        assert stage.parts.places.taken == {("agent", ACTIONS): 1}
        assert (await stage.stored(run_id)).tasks["b"].state == "ready"


async def test_what_is_due_comes_back_soon_when_the_store_was_too_busy_for_it(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.hands.end("r1 a", Outcome(again_in=60.0, keeps=True))
    await one.hands.until(lambda: not one.hands.at_work)
    await one.stored(run_id)
    begins, failed = one.runs.begin_again, asyncio.Event()

    async def busy(run_id: str, keys: Collection[str]) -> list[Due]:
        one.runs.begin_again = begins  # type: ignore[method-assign]
        failed.set()
        raise StoreBusy("4096 writes wait already")

    one.runs.begin_again = busy  # type: ignore[method-assign]
    one.later(minutes=7)
    one.timers.waiting, due = [], one.timers.waiting
    for _, call in due:
        call()
    await failed.wait()
    await one.hands.until(lambda: one.timers.waiting)
    one.later(seconds=2)
    one.timers.fire()
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])


async def test_a_cancel_that_the_store_had_taken_all_the_same_leaves_no_place_held(database: Database) -> None:
    """Its end was in doubt, and the run is read anew."""
    async with driving(database, workers=4, per_agent=1) as stage:
        run_id = await stage.begin(task("a", agent=ACTIONS), task("b", agent=ACTIONS))
        await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
        stage.hands.end("r1 a", Outcome(again_in=7_200.0, free=True, is_away=True))
        await stage.hands.until(lambda: not stage.hands.at_work)
        await stage.stored(run_id)
        commits = stage.runs.commit

        async def doubtful(
            plan_id: str, decision: Decision, now: datetime, settles: Iterable[Settle] = ()
        ) -> list[Any]:
            stage.runs.commit = commits  # type: ignore[method-assign]
            await commits(plan_id, decision, now, settles)
            raise StoreBusy("the answer was lost")

        stage.runs.commit = doubtful  # type: ignore[method-assign]
        saying = asyncio.create_task(stage.say(run_id, "cancelled", "a"))
        await stage.hands.until(lambda: any(seconds == STORE_AGAIN for seconds, _ in stage.timers.waiting))
        board = stage.driver._line(run_id).board
        assert board is not None
        assert board.is_doubtful, "nothing is merged meanwhile"
        stage.timers.fire()
        await saying
        assert not board.is_doubtful
        await stage.hands.until(lambda: stage.hands.at_work == ["r1 b"])


async def test_an_attempt_that_a_worker_may_still_be_at_keeps_its_places(one: Stage) -> None:
    run_id = await one.begin(task("a"), task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.hands.end("r1 a", Outcome(again_in=60.0, keeps=True))
    await one.hands.until(lambda: not one.hands.at_work)
    assert (await one.stored(run_id)).tasks["b"].state == "ready"
    one.later(minutes=7)
    one.timers.fire()
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])


async def test_an_outage_does_not_let_everything_begin(one: Stage) -> None:
    names = [f"t{n}" for n in range(PATIENT + 2)]
    run_id = await one.begin(*map(task, names))
    for name in names[:PATIENT]:
        await one.hands.until(lambda name=name: one.hands.at_work == [f"r1 {name}"])  # type: ignore[misc]
        one.hands.end(f"r1 {name}", Outcome(again_in=60.0))
    await one.stored(run_id)
    await one.hands.until(lambda: not one.hands.at_work)
    assert one.driver.lacking(run_id, names[PATIENT]) == (BRAKED, "acme")
    other = await one.begin(task("x", repo="zeta/x"))
    await one.hands.until(lambda: one.hands.at_work == ["r2 x"])
    one.hands.end("r2 x", DONE)
    await one.stored(other, lambda now: now.finished_at)
    one.later(minutes=7)
    one.timers.fire()
    await one.hands.until(lambda: one.hands.at_work == ["r1 t0"])
    one.hands.end("r1 t0", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 t1"])
