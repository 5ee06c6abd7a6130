"""What SQLite alone takes for what the engine had stored: the same statements once more, with nothing of ours around.

No engine that keeps the same rows can be quicker than that on the same disk.
"""

import contextlib
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import uvloop

from services.core.plan import Plan
from services.store.db import Database
from services.store.sqlite import SqliteDatabase, with_bell

Drive = Callable[[Database, Plan], Awaitable[object]]
Said = tuple[str, str, Any]
"""The method, the statement and its values."""


class _Noting:
    """A connection that notes what it is told. Its reads are of a transaction of their own, and are not noted."""

    def __init__(self, connection: Any, said: list[Said]) -> None:
        self._connection = connection
        self._said = said

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, values: Any = ()) -> Any:
        self._said.append(("execute", sql, values))
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        kept = list(rows)
        self._said.append(("executemany", sql, kept))
        return self._connection.executemany(sql, kept)


class _Noted(SqliteDatabase):
    """A database whose first connection, the writer's, notes what it is told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.said: list[Said] | None = None

    def _connect(self) -> Any:
        connection = super()._connect()
        if self.said is not None:
            return connection
        self.said = []
        return _Noting(connection, self.said)


def replayed(plan: Plan, drive: Drive) -> float:
    """Seconds for the statements with which `drive` has all tasks of a plan started and ended."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        path = Path(folder) / "lockstep.sqlite"
        prepared, measured = uvloop.run(_noted(path, plan, drive))
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        database = SqliteDatabase(Path(folder) / "lockstep.sqlite")
        uvloop.run(_made(database))
        with contextlib.closing(database._connect()) as connection:  # noqa: SLF001 - set as the writer's is
            with_bell(connection, lambda _: None)
            _say(connection, prepared)
            began = perf_counter()
            _say(connection, measured)
            return perf_counter() - began


async def _noted(path: Path, plan: Plan, drive: Drive) -> tuple[list[Said], list[Said]]:
    """What was said before the tasks were let go, and from then on; the schema is made by neither."""
    database = _Noted(path)
    await database.open()
    try:
        first = len(database.said or ())
        await drive(database, plan)
        said = (database.said or [])[first:]
    finally:
        await database.close()
    at = begins = 0
    for n, (_, sql, values) in enumerate(said):
        if sql.startswith("BEGIN"):
            begins = n
        elif sql.startswith("UPDATE run SET state") and values[0] == "running":
            at = begins
    return said[:at], said[at:]


async def _made(database: SqliteDatabase) -> None:
    await database.open()
    await database.close()


def _say(connection: Any, said: Iterable[Said]) -> None:
    for how, sql, values in said:
        getattr(connection, how)(sql, values).fetchall()
