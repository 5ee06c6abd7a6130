"""services/store/checkpoints.py: finished steps are there again, and only for the attempt whose they are."""

import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.core.board import Action, Decision
from services.core.steps import TALK
from services.core.task_state import TaskState
from services.store import checkpoints
from services.store.checkpoints import Checkpoints, Kept, Point, Spot
from services.store.db import Database
from services.store.outbox import Settle
from services.store.runs import Runs
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.kit.stored import now_stand, stored_run

SPOT = Spot(run_id="r1", task="one", attempt=1, fence=1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def points(database: Database) -> Checkpoints:
    await stored_run(database, *(TaskState(id=name, state="running", attempt=1, fence=1) for name in ("one", "two")))
    return Checkpoints(database)


async def test_what_was_reached_is_there_at_the_next_begin(points: Checkpoints) -> None:
    assert await points.begin(SPOT, NOW) == {}
    worktree = Point(step="worktree", at=at(1), seconds=1.0, data=b'{"base":"ab"}')
    agent = Point(step="agent", at=at(60), seconds=59.5, data=b'{"ok":true}', blob=b"a log" * 1000)
    assert await points.append(SPOT, worktree)
    assert await points.append(SPOT, agent)
    assert await points.begin(SPOT, at(100)) == {"worktree": worktree, "agent": agent}


async def test_several_steps_are_stored_together(points: Checkpoints) -> None:
    assert await points.append(SPOT, Point(step="agent", at=NOW), Point(step="commit", at=NOW))
    assert set(await points.begin(SPOT, NOW) or ()) == {"agent", "commit"}


async def test_a_step_that_is_done_again_replaces_the_one_before(points: Checkpoints) -> None:
    await points.append(SPOT, Point(step="agent", at=NOW, blob=b"first"))
    again = Point(step="agent", at=at(9), seconds=2.0)
    await points.append(SPOT, again)
    assert await points.begin(SPOT, NOW) == {"agent": again}


async def test_steps_that_are_undone_are_gone(points: Checkpoints) -> None:
    await points.append(SPOT, *(Point(step=name, at=NOW) for name in ("worktree", "agent", "commit")))
    assert await Kept(points, SPOT).undo("agent", "commit", "verify")
    assert set(await points.begin(SPOT, NOW) or ()) == {"worktree"}


@pytest.mark.parametrize("fence", [0, 2])
async def test_another_fence_than_the_tasks_is_refused(points: Checkpoints, fence: int) -> None:
    other = Kept(points, Spot(run_id="r1", task="one", attempt=1, fence=fence))
    assert await other.begin(NOW) is None
    assert not await other.append(Point(step="agent", at=NOW))
    assert not await other.undo("agent")
    assert await points.newest("r1", ["one"]) == {}


@pytest.mark.parametrize("spot", [("r1", "nobody"), ("r9", "one")])
async def test_a_task_that_is_not_there_is_refused(points: Checkpoints, spot: tuple[str, str]) -> None:
    gone = Spot(run_id=spot[0], task=spot[1], attempt=1, fence=0)
    assert await points.begin(gone, NOW) is None
    assert not await points.append(gone, Point(step="agent", at=NOW))


async def test_the_fence_that_counts_is_the_one_that_is_stored(database: Database) -> None:
    run = await stored_run(database, TaskState(id="one", state="running", attempt=1, fence=1))
    points = Checkpoints(database)
    assert await points.append(SPOT, Point(step="agent", at=NOW))
    await now_stand(database, run, [TaskState(id="one", state="cancelled", attempt=1, fence=2)])
    assert not await points.append(SPOT, Point(step="push", at=NOW))
    assert await points.begin(SPOT, NOW) is None


async def test_the_newest_attempts_steps_are_read_for_many_tasks(database: Database) -> None:
    tasks = [TaskState(id=name, state="running", attempt=1, fence=1) for name in ("one", "two", "three")]
    run = await stored_run(database, *tasks)
    points = Checkpoints(database)
    for task in ("one", "two"):
        spot = Spot(run_id="r1", task=task, attempt=1, fence=1)
        await points.begin(spot, NOW)
        await points.append(spot, Point(step="worktree", at=at(1), seconds=1.0))
    await now_stand(database, run, [TaskState(id="two", state="running", attempt=2, fence=3)])
    later = Spot(run_id="r1", task="two", attempt=2, fence=3)
    await points.begin(later, at(50))
    await points.append(later, Point(step="agent", at=at(90), seconds=30.0, blob=b"x"))
    await points.append(later, Point(step="worktree", at=at(60), seconds=10.0))
    found = await points.newest("r1", ["one", "two", "three"])
    assert {task: [(step.name, step.seconds, step.fence) for step in steps] for task, steps in found.items()} == {
        "one": [("begun", 0.0, 1), ("worktree", 1.0, 1)],
        "two": [("begun", 0.0, 3), ("worktree", 10.0, 3), ("agent", 30.0, 3)],
    }
    await points.append(later, Point(step=TALK, at=at(89), data=b'{"turns":4}', blob=b"what was said"))
    (talked,) = [step for step in (await points.newest("r1", ["two"]))["two"] if step.name == TALK]
    assert (talked.turns, talked.fence) == (4, 3)
    assert await points.newest("r1", []) == {}
    assert await points.newest("r2", ["one"]) == {}
    await points.append(later, Point(step="commit", at=at(95), data=b'{"sha":"x"}'))
    assert await points.left("r1", "two", "commit") == b'{"sha":"x"}'
    assert await points.left("r1", "two", "worktree") == b"{}"
    assert await points.left("r1", "one", "commit") is None
    assert await points.each_left("r1", "two", "commit") == [b'{"sha":"x"}']
    assert await points.each_left("r1", "one", "commit") == []


async def test_a_blob_that_is_too_big_is_left_out_and_its_step_is_kept(
    points: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_BLOB", 1000)
    await points.append(
        SPOT, Point(step="agent", at=NOW, blob=b"a" * 50_000), Point(step="commit", at=NOW, blob=os.urandom(2000))
    )
    found = await points.begin(SPOT, NOW) or {}
    assert found["agent"].blob == b"a" * 50_000
    assert found["commit"] == Point(step="commit", at=NOW)


async def test_a_blob_that_would_unpack_to_too_much_is_not_unpacked(
    points: Checkpoints, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await points.append(SPOT, Point(step="commit", at=NOW, blob=b"\0" * 100_000))
    monkeypatch.setattr(checkpoints, "MAX_UNPACKED", 99_999)
    assert (await points.begin(SPOT, NOW) or {})["commit"].blob is None


async def test_effects_are_read_by_key(points: Checkpoints, database: Database) -> None:
    runs = Runs(database)
    actions = tuple(Action(key=f"r1/one/1/{kind}", kind=kind, task="one") for kind in ("attempt", "open_pull"))
    await runs.commit("acme/platform#1", Decision(run_id="r1", state="running", actions=actions), NOW)
    settle = Settle(key="r1/one/1/attempt", again_at=at(90), note="git push failed")
    await runs.commit("acme/platform#1", Decision(run_id="r1", state="running"), at(5), [settle])
    settle = Settle(key="r1/one/1/open_pull", note="")
    await runs.commit("acme/platform#1", Decision(run_id="r1", state="running"), at(7), [settle])
    found = await points.effects(["r1/one/1/attempt", "r1/one/1/open_pull", "r1/one/1/merge/ab"])
    assert found.keys() == {"r1/one/1/attempt", "r1/one/1/open_pull"}
    waits, opened = found.values() if next(iter(found)).endswith("attempt") else reversed(found.values())
    assert (waits.state, waits.due, waits.note, waits.ended) == ("waiting", at(90), "git push failed", None)
    assert (opened.state, opened.began, opened.due, opened.ended) == ("done", NOW, at(7), at(7))  # no more due
    assert await points.effects([]) == {}
