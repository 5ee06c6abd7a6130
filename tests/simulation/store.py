"""The database of a simulated process: the real schema and SQL on one SQLite in memory, written to in groups.

A disk outlives processes. A write waits for its group, the group for the disk; the process may die before the commit
(then nothing happened) or after it and before the answer (then it happened, and nobody was told).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from services.errors import LockstepError, StoreError
from services.store.db import Connection
from services.store.migrate import migrate_sqlite
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.life import Life

T = TypeVar("T")


NEWS = "CREATE TEMP TRIGGER news AFTER INSERT ON main.event BEGIN SELECT told(new.seq); END"


@cache
def _empty() -> sqlite3.Connection:
    """A database with the schema and nothing in it: migrating takes longer than copying."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(connection)
    return connection


class _Shared(sqlite3.Connection):
    """One that understands the only words of PostgreSQL's that what a fleet asks has in it."""

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        return super().execute(sql.removesuffix(" FOR SHARE").removesuffix(" FOR UPDATE"), values)


class Disk:
    """What survives a crash. `on_commit` is called after each commit, `on_ring` with what was said in it; `kill` ends the
    process that is writing.
    """

    def __init__(self, chance: Stream, faults: Faults, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        kind = _Shared if is_shared else sqlite3.Connection
        self.connection = sqlite3.connect(":memory:", isolation_level=None, factory=kind)
        _empty().backup(self.connection)
        self.connection.execute("PRAGMA foreign_keys=ON")
        self._said: dict[tuple[str, str], None] = {}
        said = self._said.setdefault  # no method of ours, or nothing would ever be freed
        self.connection.create_function("pg_notify", 2, lambda channel, message: said((channel, message)))
        self.on_ring: Callable[[str, str], None] = lambda channel, message: None
        self.news: list[int] = []  # rows of the history that nobody has looked at
        self.connection.create_function(
            "told", 1, self.news.append
        )  # no method of ours, or nothing would ever be freed
        self.connection.execute(NEWS)
        self.chance = chance
        self.faults = faults
        self.on_commit: Callable[[], None] = lambda: None
        self.kill: Callable[[str, Life], None] = lambda why, life: None
        self.failed_at = -1.0  # when a process was last told that something is not there, or not stored

    def failed(self, why: str) -> StoreError:
        self.failed_at = asyncio.get_running_loop().time()
        return StoreError(why)

    def carry_out(self, group: "list[_Write]") -> bool:
        """All of it in one transaction; False when one of several is refused, and then nothing is done."""
        self.connection.execute("BEGIN")
        try:
            for write in group:
                write.result = write.act(self.connection)
        except (sqlite3.Error, LockstepError) as error:
            self.connection.execute("ROLLBACK")
            self._said.clear()
            if len(group) == 1:
                ours = isinstance(error, LockstepError)
                group[0].error = error if ours else StoreError(f"the database refused: {error}")
            return len(group) == 1
        self.connection.execute("COMMIT")
        for said in self._said:
            self.on_ring(*said)
        self._said.clear()
        return True

    def ask(self, sql: str, *values: object) -> list[Any]:
        """Look at what is stored; for invariants, not for the bot."""
        return self.connection.execute(sql, values).fetchall()


class SimDatabase:
    """A `services.store.db.Database` without a file and without threads."""

    def __init__(self, disk: Disk, life: Life) -> None:
        self._disk = disk
        self._life = life
        self._group: list[_Write] = []
        self._last = 0.0

    @property
    def waiting(self) -> int:
        return len(self._group)

    def heard_by(self, call: Callable[[str], None]) -> None:
        """Nobody looks on here."""

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    async def write(self, act: Callable[[Connection], T]) -> T:
        if self._life.is_over:
            await self._life.never()
        loop = asyncio.get_running_loop()
        write = _Write(act, loop.create_future())
        self._group.append(write)
        if len(self._group) == 1:
            loop.call_later(self._delay(), self._flush)
        result: T = await write.future
        return result

    async def read(self, act: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        there: asyncio.Future[None] = asyncio.Future(loop=loop)
        loop.call_later(self._delay(), _come, there)
        await there
        if self._life.is_over:
            await self._life.never()
        if self._disk.chance.hits(self._disk.faults.disk_error):
            raise self._disk.failed("the disk could not be read")
        return act(self._disk.connection)

    def _delay(self) -> float:
        low, high = self._disk.faults.disk_delay
        return (low + (high - low) * self._disk.chance.random()) / 2

    def _flush(self) -> None:
        """One group: all of it or nothing, but a write that raises is undone alone."""
        disk, group, self._group = self._disk, self._group, []
        if self._life.is_over:
            return
        if dies := disk.chance.hits(disk.faults.crash_commit):
            if disk.chance.hits(0.5):
                disk.kill("before a commit", self._life)
                return
        elif disk.chance.hits(disk.faults.disk_error):
            self._fail(group, "nothing was committed: the disk is full")
            return
        if not disk.carry_out(group):
            for write in group:
                disk.carry_out([write])
        disk.on_commit()
        if disk.chance.hits(disk.faults.disk_doubt):
            why = "the connection broke while the commit was awaited"
            if disk.is_shared and disk.chance.hits(0.5):  # a server far away is given up late
                asyncio.get_running_loop().call_later(disk.chance.spread(0.1, 15.0), self._fail, group, why)
            else:
                self._fail(group, why)
        elif dies:
            disk.kill("after a commit", self._life)
        else:
            loop = asyncio.get_running_loop()
            self._last = max(self._last + 1e-6, loop.time() + self._delay())  # one writer answers in order
            loop.call_at(self._last, self._answer, group)

    def _fail(self, group: "list[_Write]", why: str) -> None:
        for write in group:
            write.error = self._disk.failed(why)
        self._answer(group)

    def _answer(self, group: "list[_Write]") -> None:
        if not self._life.is_over:
            for write in group:
                write.answer()


def _come(there: "asyncio.Future[None]") -> None:
    if not there.done():
        there.set_result(None)


class _Write:
    def __init__(self, act: Callable[[Connection], Any], future: "asyncio.Future[Any]") -> None:
        self.act = act
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None

    def answer(self) -> None:
        if self.future.done():  # the caller gave up waiting
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
