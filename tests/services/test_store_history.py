"""services/store/history.py: what finished tasks took, as the history has it, on both databases."""

from datetime import timedelta

import pytest

from services.core.board import Decision, Moment
from services.core.lengths import Sample
from services.core.task_state import TaskState
from services.store import history
from services.store.db import Database
from services.store.runs import Runs
from tests.kit.plans import NOW
from tests.kit.stored import stored_run


async def merge(
    database: Database, *names: str, run_id: str = "r1", number: int = 1, repo: str = "acme/platform"
) -> None:
    """A run whose tasks were merged one after the other, each a minute longer than the one before."""
    run = await stored_run(database, *(TaskState(id=name) for name in names), run_id=run_id, number=number, repo=repo)
    for minutes, name in enumerate(names, 1):
        end = NOW + timedelta(minutes=minutes)
        done = TaskState(id=name, state="done", worked=9.0, started_at=NOW, finished_at=end)
        told = Moment(task=name, kind="merged", before="in_review", after="done")
        decision = Decision(run_id=run.id, state="running", changed=(done,), history=(told,))
        await Runs(database).commit(run.plan_id, decision, end)


async def test_merged_tasks_are_found_oldest_first(database: Database) -> None:
    assert await Runs(database).samples() == []
    await merge(database, "one", "two")
    expected = [
        Sample(repo="acme/api", agent="script", timeout=1_800.0, work=9.0, whole=minutes * 60.0) for minutes in (1, 2)
    ]
    assert await Runs(database).samples() == expected


async def test_what_can_not_be_read_is_left_out(database: Database) -> None:
    await merge(database, "one", "two")
    await merge(database, "three", run_id="r2", number=2)
    await database.write(lambda c: c.execute("UPDATE task SET data = ? WHERE id = 'one'", (b'{"id":"\xff"}',)).rowcount)
    await database.write(
        lambda c: c.execute("UPDATE run SET plan = ? WHERE id = 'r2'", (b'{"title":"\xff"}',)).rowcount
    )
    assert [sample.whole for sample in await Runs(database).samples()] == [120.0]


async def test_only_the_newest_are_read(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "TASKS", 3)
    monkeypatch.setattr(history, "RUNS", 1)
    await merge(database, "one", "two", "three")
    await merge(database, "four", "five", run_id="r2", number=2)
    assert [sample.whole for sample in await Runs(database).samples()] == [60.0, 120.0], "of the newest run only"
    monkeypatch.setattr(history, "RUNS", 2)
    assert [sample.whole for sample in await Runs(database).samples()] == [180.0, 60.0, 120.0]
    monkeypatch.setattr(history, "MOMENTS", 1)
    assert [sample.whole for sample in await Runs(database).samples()] == [120.0]


async def test_the_plans_of_a_busy_owner_leave_room_for_those_of_all_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "TASKS", 4)
    monkeypatch.setattr(history, "RUNS", 2)
    await merge(database, "one", "two", run_id="r1", repo="zeta/platform")
    for number in (2, 3):
        await merge(database, "three", "four", "five", run_id=f"r{number}", number=number)
    found = [sample.whole for sample in await Runs(database).samples()]
    assert found == [60.0, 120.0, 120.0, 180.0], "two of each, oldest first"
