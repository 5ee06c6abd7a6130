"""services/engine/engine.py: a pull request that is meant for a task of another owner's plan, on many machines."""

from collections.abc import AsyncIterator, Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.core.board import Decision
from services.core.names import issue_key, pull_key
from services.core.shards import shard_of
from services.core.task_state import Happening, TaskState
from services.engine.engine import Engine
from services.store.db import Connection, Database
from services.store.fence import Fence
from services.store.news import PULL, News
from services.store.runs import Runs
from services.store.sqlite import SqliteDatabase
from tests.kit.closing import Closing
from tests.kit.plans import NOW
from tests.kit.stored import stored_run

HOME = "acme/platform"


class Wire:
    """Takes what is rung instead of a database."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []

    async def write(self, act: Callable[[Connection], None]) -> None:
        act(cast("Connection", self))

    def execute(self, _: str, parameters: tuple[str, str]) -> None:
        self.rung.append(parameters)


class Side(Engine):
    """A process that holds the shards of these owners."""

    def __init__(self, database: Database, wire: Wire, *owners: str) -> None:
        self.news = News(cast("Database", wire), str(owners))
        self.work: list[Coroutine[Any, Any, None]] = []
        self.told: list[tuple[str, str]] = []
        github: Any = SimpleNamespace(reads=Closing())
        self._parts = cast("Any", SimpleNamespace(
            runs=Runs(database, Fence({shard_of(owner): 1 for owner in owners})), github=github, others=self.news,
            spawn=lambda _, work: self.work.append(work),
        ))  # fmt: skip
        self.driver = cast("Any", SimpleNamespace(happen=self._happen))

    async def _happen(self, run_id: str, happened: list[tuple[str, Happening]]) -> None:
        self.told += [(run_id, happening.kind) for _, happening in happened]

    async def hears(self, wire: Wire) -> None:
        for channel, message in wire.rung:
            assert channel == PULL
            self.news.on_pull(self.hear_of_pull)(message)
        for work in self.work:
            await work


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """A task of a plan of acme, whose issue and pull requests stand in beta/app."""
    database = SqliteDatabase(":memory:")
    await database.open()
    run = await stored_run(database, TaskState(id="a", state="ready", issue=9))
    waits = (("a", (issue_key("beta/app", 9), pull_key("beta/app", 20))),)
    await Runs(database).commit(run.plan_id, Decision(run_id=run.id, state="running", waits=waits), NOW)
    yield database
    await database.close()


@pytest.mark.parametrize("kind", ["attached", "dequeued"])
async def test_whoever_conducts_the_plan_hears_of_it(database: Database, kind: str) -> None:
    wire = Wire()
    here, there = Side(database, wire, "beta"), Side(database, wire, "acme")
    for side, rings in ((here, 1), (there, 1)):
        if kind == "attached":
            await side.attach("beta/app", 20, is_new=True)
        else:
            await side.left_queue("beta/app", 20, "a" * 40, "CI_FAILURE")
        assert len(wire.rung) == rings, "only where another process is meant"
        if side is here:
            await here.hears(wire)
            await there.hears(wire)
            assert (here.told, there.told) == ([], [("r1", kind)])
    assert there.told == [("r1", kind)] * 2
