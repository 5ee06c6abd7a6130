"""What earlier versions left is brought up to the newest schema, is all there, and its run goes on to the end."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from bot.clock import SystemClock
from bot.loops import Beside
from services.core.board import Board
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.store import migrate
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.inbox import Inbox
from services.store.opening import database_at
from services.store.outbox import Due
from services.store.plans import Plans
from services.store.runs import Runs
from tests.kit import postgres
from tests.kit.dumps import DUMPS
from tests.kit.store import KINDS
from tests.services.test_store_migrations import numbers

EVERY = sorted(DUMPS.rglob("*.sql"))
PLAN, RUN = "acme/schema#1", "acme/schema-1-r1"


Held = dict[str, list[tuple[Any, ...]]]
"""By a query that asks for a whole table, as it was then: its rows in an order of their own."""


@contextmanager
def loaded(dump: Path, folder: Path) -> Iterator[tuple[Database, Held]]:
    """A database with nothing but this dump, not opened yet, and what it holds."""
    text = dump.read_text()
    if dump.parent.name == "sqlite":
        with closing(sqlite3.connect(folder / "lockstep.sqlite")) as file:
            file.executescript(text)
            held = holds(file, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        yield database_at("", folder), held
        return
    with postgres.server().fresh() as url:
        with psycopg.connect(url) as server:
            server.execute(text.encode())
            server.execute("SET search_path TO public")
            held = holds(server, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        yield database_at(url, folder), held


def holds(connection: Any, tables: str) -> Held:
    """All but how far the schema has come, and the queue, which is not ours."""
    found: Held = {}
    for (table,) in connection.execute(tables).fetchall():
        if table != "schema_version" and not table.startswith("lockstep_queue"):
            cursor = connection.execute(f"SELECT * FROM {table}")
            query = f"SELECT {', '.join(column[0] for column in cursor.description)} FROM {table}"
            found[query] = sorted(cursor.fetchall(), key=repr)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_newest_schema_has_a_dump(kind: str) -> None:
    """Made by `python -m tests.kit.dumps`, with the migration: what follows it is tried on that."""
    dumped = [int(each.stem) for each in EVERY if each.parent.name == kind]
    assert max(dumped) == numbers(migrate.MIGRATIONS / kind)[-1]


class Quick:
    """Effects that are over at once; `begun` tells which were carried out, `over` that the run's last one was."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.over = asyncio.Event()

    async def carry_out(self, board: Board, due: Due) -> Outcome:
        action = due.action
        self.begun.append(f"{action.task} {action.kind}{' again' if due.tries else ''}")
        if action.kind == "finish":
            self.over.set()
        done = Happening(kind="merged", sha="b" * 40)
        return Outcome(happened=(done,)) if action.kind == "attempt" else Outcome()

    def touch(self, repo: str, number: int) -> None:
        """No comment to show it in."""


async def driven_to_its_end(database: Database) -> list[str]:
    """What was carried out from the start of the process to the end of the run."""
    quick = Quick()
    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        parts = Parts(
            settings=EngineSettings(workers=2), plans=Plans(database), runs=Runs(database),
            checkpoints=Checkpoints(database), github=cast("Any", None), workers=cast("Any", None),
            clock=SystemClock(), spawn=beside, timers=beside,
        )  # fmt: skip
        assert await Driver(parts, quick, cast("Any", None), quick).sweep() == 1
        await quick.over.wait()
    return quick.begun


@pytest.mark.parametrize("dump", EVERY, ids=[f"{path.parent.name}-{path.stem}" for path in EVERY])
async def test_an_earlier_database_goes_on_where_it_was_left(dump: Path, tmp_path: Path) -> None:
    with loaded(dump, tmp_path) as (database, held):
        await database.open()
        for query, rows in held.items():
            found = await database.read(lambda c, query=query: [tuple(row) for row in c.execute(query).fetchall()])  # type: ignore[misc]
            assert sorted(found, key=repr) == rows, query
        newest = max(int(file.name[:3]) for file in migrate.SQLITE.iterdir())
        assert await database.read(migrate.version) == newest

        plan, run = await Plans(database).get(PLAN), await Runs(database).load(RUN)
        assert plan is not None
        assert run is not None
        assert (plan.title, plan.is_approved, plan.parsed.plan == run.plan) == ("Orders carry a currency", True, True)
        assert {task.id: task.state for task in run.tasks.values()} == {
            "schema": "done", "api": "running", "docs": "blocked",
        }  # fmt: skip
        assert run.tasks["schema"].pull == 3
        history = await Runs(database).history(PLAN)
        assert [moment.kind for moment in reversed(history)][:2] == ["approved", "started"]
        assert [(each.event, each.body) for each in await Inbox(database).waiting(10)] == [("ping", b'{"zen": "ok"}\n')]
        assert await Plans(database).was_heard(await heard(database))

        begun = await driven_to_its_end(database)
        assert "api attempt again" in begun[:2], "what was cut off is done again, with a look first"
        assert not [effect for effect in begun if effect.startswith("schema attempt")]
        over = await Runs(database).load(RUN)
        assert over is not None
        assert (over.state, {task.state for task in over.tasks.values()}) == ("done", {"done"})
        after = await Runs(database).history(PLAN)
        assert after[-len(history) :] == history
        await database.close()


async def heard(database: Database) -> str:
    """A comment whose commands were carried out."""
    row = await database.read(lambda c: c.execute("SELECT comment_id FROM command").fetchone())
    return str(row[0])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_there_is_something_to_look_at_in_each_table(kind: str, tmp_path: Path) -> None:
    newest = [path for path in EVERY if path.parent.name == kind][-1]
    with loaded(newest, tmp_path) as (_, held):
        assert [query.rpartition(" ")[2] for query, rows in held.items() if not rows] == ["cache"]
