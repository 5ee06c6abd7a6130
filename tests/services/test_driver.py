"""services/engine/runs.py: places, turns and effects, over a real store: what is begun, when, and never twice."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from services.core.board import Action, Wish
from services.core.lengths import Sample
from services.core.plan import DEFAULT_TIMEOUT
from services.core.repairs import Repair
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.engine import Engine
from services.errors import StoreBusy, StoreError, Unreachable
from services.store.db import Database
from tests.kit.driving import PATIENCE, Stage, driving
from tests.kit.plans import NOW, check, pull, task

DONE = Outcome(happened=(Happening(kind="merged", sha="c" * 40),))
FAILED = Outcome(happened=(Happening(kind="broke", text="it broke"),))


# Turns and places.


async def test_a_run_that_frees_a_place_does_not_take_it_again_before_others_had_their_turn(one: Stage) -> None:
    big = await one.begin(*(task(f"big-{n}", title="Long", timeout=86_400) for n in range(3)))
    await one.hands.until(lambda: one.hands.at_work == ["r1 big-0"])
    await one.begin(task("small-0"), task("small-1"))
    for ends, follows in (("r1 big-0", "r2 small-0"), ("r2 small-0", "r1 big-1"), ("r1 big-1", "r2 small-1")):
        one.hands.end(ends, DONE)
        await one.hands.until(lambda ends=ends: one.hands.at_work not in ([], [ends]))  # type: ignore[misc]
        assert one.hands.at_work == [follows]
    assert (await one.stored(big)).tasks["big-2"].state == "ready"


async def test_what_is_told_ahead_counts_the_places_that_there_are(one: Stage) -> None:
    """Three workers of four places each, then none; what a conductor itself is set to counts only while none is there."""
    engine = Engine(one.parts)
    run_id = await one.begin(*(task(f"t{n}") for n in range(24)))
    run = await one.stored(run_id)
    for slots, places in ((12, 12), (0, 1)):
        engine.driver.resize(slots)
        assert one.parts.ahead(run.plan, run).seconds == 24 / places * DEFAULT_TIMEOUT
        assert (await engine.simulate(run.repo, run.number)).workers == places
        outlook = await Engine(one.parts).outlook(NOW)
        assert outlook(run.plan, run).seconds == 24 / places * DEFAULT_TIMEOUT


async def test_a_task_that_waits_holds_neither_a_coroutine_nor_a_place(one: Stage) -> None:
    before = asyncio.all_tasks()
    run_id = await one.in_review(task("waits"), task("needs", "waits"), task("goes", title="Go"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 goes"])
    one.hands.end("r1 goes", FAILED)
    await one.stored(run_id, lambda now: now.tasks["goes"].state == "failed")
    async with asyncio.timeout(PATIENCE):
        while left := asyncio.all_tasks() - before:
            await asyncio.wait(left)
    states = {each.id: each.state for each in (await one.stored(run_id)).tasks.values()}
    assert states == {"waits": "in_review", "needs": "blocked", "goes": "failed"}


async def test_priority_counts_over_all_runs(one: Stage) -> None:
    await one.begin(task("first"), task("later"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 first"])
    await one.begin(task("urgent", priority=5.0))
    one.hands.end("r1 first", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r2 urgent"])


async def test_a_held_run_keeps_no_place_from_others(one: Stage) -> None:
    first = await one.begin(task("a"), task("b", priority=9.0))
    await one.hands.until(lambda: one.hands.at_work)
    await one.begin(task("c"))
    await one.driver.happen(first, wish=Wish(state="paused"))
    one.hands.end(one.hands.at_work[0], FAILED)
    await one.hands.until(lambda: one.hands.at_work == ["r2 c"])
    one.hands.end("r2 c", DONE)
    await one.driver.happen(first, wish=Wish(state="running"))
    await one.hands.until(lambda: one.hands.at_work and one.hands.at_work[0].startswith("r1"))


async def test_a_cancelled_attempt_is_stopped_and_its_place_is_free(one: Stage) -> None:
    run_id = await one.begin(task("a"), task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    await one.say(run_id, "cancelled", "a")
    await one.hands.until(lambda: one.hands.at_work == ["r1 b"])
    assert (await one.stored(run_id)).tasks["a"].state == "cancelled"


def tried_again_in(minutes: int) -> Outcome:
    """It came to nothing, and is tried again then."""
    repair = Repair(
        n=1, strategy="retry", cls="rate_limited", sha="", attempt=1, about=("",), checks=(),
        due=NOW + timedelta(minutes=minutes),
    )  # fmt: skip
    return Outcome(happened=(Happening(kind="fixing", text="asked too often", repair=repair),))


async def test_a_task_whose_time_has_not_come_holds_no_place_and_takes_its_turn_after_that(
    database: Database,
) -> None:
    async with driving(database, workers=1) as before:
        run_id = await before.begin(task("a"), task("b"), task("c"))
        await before.hands.until(lambda: before.hands.at_work == ["r1 a"])
        before.hands.end("r1 a", tried_again_in(minutes=10))
        await before.hands.until(lambda: before.hands.at_work == ["r1 b"])
        before.hands.end("r1 b", tried_again_in(minutes=20))
        await before.hands.until(lambda: before.hands.at_work == ["r1 c"])
        before.hands.end("r1 c", FAILED)
        await before.stored(run_id, lambda now: now.tasks["c"].state == "failed")
        assert before.hands.at_work == [], "nobody's time has come"
    async with driving(database, workers=1) as after:  # a process that begins anew knows it too
        await after.driver.sweep()
        await after.hands.until(lambda: any(seconds == 600 for seconds, _ in after.timers.waiting))
        assert after.hands.at_work == []
        after.later(minutes=25)
        after.timers.fire()
        await after.hands.until(lambda: after.hands.at_work == ["r1 a"])
        await after.driver.sweep()
        assert after.hands.at_work == ["r1 a"], "there is one place"
        after.hands.end("r1 a", FAILED)
        await after.hands.until(lambda: after.hands.at_work == ["r1 b"])


async def test_what_was_to_begin_when_its_run_was_let_go_of_does_not(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    begun = list(one.hands.begun)
    one.driver.carry_out(run_id, [Action(key="o/r1/a/1/label", kind="label", task="a")])
    assert await one.lose(run_id)
    assert one.hands.begun == begun


async def test_a_task_whose_time_comes_while_the_store_can_not_be_read_is_not_forgotten(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.hands.end("r1 a", tried_again_in(minutes=10))
    await one.stored(run_id, lambda now: now.tasks["a"].state == "ready")
    assert one.driver.lacking(run_id, "a") is None, "it lacks time, and no place"
    reading, gate = one.runs.samples, asyncio.Event()

    async def away() -> list[Sample]:
        await gate.wait()
        raise StoreBusy("away")

    one.runs.samples = away  # type: ignore[method-assign]
    sweep = asyncio.create_task(one.driver.sweep())
    await asyncio.sleep(0)
    one.later(minutes=11)
    one.timers.fire()
    gate.set()
    with pytest.raises(StoreBusy):
        await sweep
    one.runs.samples = reading  # type: ignore[method-assign]
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])


async def test_what_an_earlier_process_began_holds_its_place(database: Database) -> None:
    async with driving(database, workers=1) as before:
        await before.begin(task("a"), task("b"))
        await before.hands.until(lambda: before.hands.at_work == ["r1 a"])
    async with driving(database, workers=1) as after:
        await after.hands.until(lambda: after.hands.at_work == ["r1 a"])
        await after.stored("o/r1")
        assert after.hands.at_work == ["r1 a"]


async def test_a_run_that_can_not_be_read_holds_up_no_other(database: Database) -> None:
    """An older version of the bot is put back, or a disk was at fault: the others go on, and it does when it can."""
    async with driving(database) as before:
        for _ in range(2):
            await before.in_review(task("a"))
    [(data,)] = await database.read(lambda c: c.execute("SELECT data FROM task WHERE run_id = 'o/r1'").fetchall())

    async def write(stored: bytes) -> None:
        await database.write(lambda c: c.execute("UPDATE task SET data = ? WHERE run_id = 'o/r1'", (stored,)).rowcount)

    await write(data.replace(b'"in_review"', b'"in_orbit"'))
    with capture_logs() as logs:
        async with driving(database) as after:
            assert await after.driver.sweep() == 1
            await after.hands.until(lambda: ("o/r2", ("a",)) in after.hands.asked)
            with pytest.raises(StoreError):
                await after.driver.happen("o/r1")
            await write(data)
            assert await after.driver.sweep() == 2
            await after.hands.until(lambda: ("o/r1", ("a",)) in after.hands.asked)
    assert [line["run"] for line in logs if "left out" in line["event"]] == ["o/r1"], "it is said once"


async def test_what_a_run_left_that_could_not_be_read_is_done_also_once_it_is_over(database: Database) -> None:
    async with driving(database) as before:
        await before.begin(task("a"))
        await before.hands.until(lambda: before.hands.at_work == ["r1 a"])
    [(data,)] = await database.read(lambda c: c.execute("SELECT data FROM task").fetchall())
    await database.write(lambda c: c.execute("UPDATE task SET data = ?", (b"{",)).rowcount)
    async with driving(database) as after:
        assert await after.driver.sweep() == 0
        await database.write(lambda c: c.execute("UPDATE task SET data = ?", (data,)).rowcount)
        await database.write(lambda c: c.execute("UPDATE run SET state = 'cancelled'").rowcount)
        await after.driver.sweep()
        await after.hands.until(lambda: after.hands.at_work == ["r1 a"])


async def test_effects_that_can_not_be_read_hold_up_no_other_run(database: Database) -> None:
    async with driving(database) as before:
        for name in ("a", "b"):
            await before.begin(task(name))
    await database.write(lambda c: c.execute("UPDATE outbox SET action = ? WHERE run_id = 'o/r1'", (b"{",)).rowcount)
    async with driving(database) as after:
        await after.hands.until(lambda: after.hands.at_work == ["r2 b"])


# A store that is too busy.


async def test_a_start_that_could_not_be_stored_is_made_again_and_holds_no_place_until_then(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    other = await one.begin(task("b"))
    one.runs.busy = 1
    one.hands.end("r1 a", DONE)
    await one.hands.until(lambda: one.timers.waiting or one.hands.at_work == ["r2 b"])
    one.timers.fire()
    await one.hands.until(lambda: one.hands.at_work == ["r2 b"])
    assert (await one.stored(run_id)).state == "done"
    one.hands.end("r2 b", DONE)
    assert (await one.stored(other, lambda now: now.finished_at)).state == "done"
    assert one.hands.begun.count("o/r1/a/1/attempt") == 1
    assert one.hands.begun.count("o/r2/b/1/attempt") == 1


async def test_an_end_that_could_not_be_stored_is_not_forgotten_and_its_effect_not_repeated(one: Stage) -> None:
    await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.runs.busy = 1
    one.hands.end("r1 a", DONE)
    await one.hands.until(lambda: one.timers.waiting)
    await one.driver.sweep()  # it finds the row of an effect that was begun and not settled
    one.timers.fire()
    await one.stored("o/r1", lambda now: now.state == "done")
    assert one.hands.begun.count("o/r1/a/1/attempt") == 1


# Effects.


async def test_what_is_under_way_is_never_begun_again(one: Stage) -> None:
    run_id = await one.begin(task("a"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    for _ in range(3):
        await one.driver.sweep()
        await one.say(run_id, "prioritised", "a")
    assert one.hands.begun.count("o/r1/a/1/attempt") == 1


async def test_what_was_handed_over_hears_of_its_priority_too(one: Stage) -> None:
    run_id = await one.begin(task("a"), task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    await one.driver.happen(run_id, [(each, Happening(kind="prioritised", value=5.0)) for each in ("a", "b")])
    assert one.hands.urged == [("o/r1/a/1/attempt", 5.0)]  # the other one is not under way


async def test_a_merge_that_is_to_be_tried_again_is_decided_once_and_looked_at_once(one: Stage) -> None:
    """GitHub says that the head was another one a moment ago: look, and try again in two seconds."""
    one.hands.facts_of = {"a": pull()}
    run_id = await one.in_review(task("a"))
    one.driver.wake(run_id, ["a"])
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    looks = len(one.hands.asked)
    one.hands.end("r1 a", Outcome(again_in=2.0, look=True))
    await one.hands.until(lambda: len(one.hands.asked) > looks)
    await one.stored(run_id)
    merges = [key for key in one.hands.begun if "/merge/" in key]
    assert len(merges) == 1, "nothing until its time has come"
    assert len([seconds for seconds, _ in one.timers.waiting if seconds >= 2.0]) == 1
    one.later(seconds=400)
    one.timers.fire()
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    assert len([key for key in one.hands.begun if "/merge/" in key]) == 2


async def test_a_merge_that_holds_itself_back_is_overtaken_by_a_look_meanwhile(one: Stage) -> None:
    """Its own reading began before the event that made everything green, and nobody would look again."""
    one.hands.facts_of = {"a": pull()}
    run_id = await one.in_review(task("a"))
    one.driver.wake(run_id, ["a"])
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    looks = len(one.hands.asked)
    one.driver.wake(run_id, ["a"])
    await one.hands.until(lambda: len(one.hands.asked) > looks)
    one.hands.end("r1 a", Outcome(forget=True))
    await one.hands.until(lambda: len([key for key in one.hands.begun if "/merge/" in key]) == 2)


async def test_github_that_does_not_answer_is_asked_again_by_one_timer_for_each_run(one: Stage) -> None:
    run_id = await one.in_review(task("a"))
    one.hands.error = Unreachable(502, "Bad Gateway")
    one.timers.waiting.clear()
    one.hands.asked.clear()
    for count in range(1, 6):
        one.driver.wake(run_id, ["a"])
        await one.hands.until(partial(one.hands.was_asked, count))
        await one.stored(run_id)
    assert len(one.timers.waiting) == 1
    one.hands.error, one.hands.facts_of = None, {"a": pull(checks=(check("test"),))}
    one.timers.fire()
    await one.stored(run_id, lambda now: now.tasks["a"].reason == "waits for check `test`")
    assert one.timers.waiting == []


# Sweep and patience.


async def test_every_live_run_is_looked_at_in_each_sweep_though_no_event_ever_comes(one: Stage) -> None:
    runs = [await one.in_review(task("a"))]
    one.hands.facts_of = {"b": pull(), "c": pull()}
    for name in ("b", "c"):
        runs.append(await one.in_review(task(name)))
        await one.stored(runs[-1])
    await one.driver.happen(runs[1], wish=Wish(state="paused"))
    one.hands.asked.clear()
    assert await one.driver.sweep() == 3
    await one.hands.until(lambda: {run_id for run_id, _ in one.hands.asked} == set(runs))


async def test_an_attempt_without_end_is_stopped_by_a_sweep_and_a_person_is_asked(one: Stage) -> None:
    run_id = await one.begin(task("a"), task("b"))
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])
    one.later(days=2.9)
    await one.driver.sweep()
    assert (await one.stored(run_id)).tasks["a"].state == "running"
    one.later(days=0.2)
    await one.driver.sweep()
    await one.hands.until(lambda: one.hands.at_work == ["r1 b"])
    late = (await one.stored(run_id)).tasks["a"]
    assert (late.state, late.reason) == (
        "needs_human",
        "it has not come to an end in 3 days: `/lockstep retry a` begins it anew",
    )
    await one.say(run_id, "retried", "a")
    one.hands.end("r1 b", DONE)
    await one.hands.until(lambda: one.hands.at_work == ["r1 a"])


async def test_a_restart_finds_what_is_late_too(database: Database) -> None:
    async with driving(database) as before:
        before.hands.facts_of = {"a": pull(checks=(check("test"),))}
        run_id = await before.in_review(task("a"))
    async with driving(database) as after:
        after.hands.facts_of = {"a": pull(checks=(check("test"),))}
        after.clock.at += timedelta(days=31)
        await after.driver.sweep()
        late = await after.stored(run_id, lambda now: now.tasks["a"].state == "needs_human")
        assert late.tasks["a"].late
        await after.say(run_id, "released", "a")
        await after.stored(run_id, lambda now: now.tasks["a"].state == "in_review")
