"""What became of attempts that workers carry out, until whoever asked has taken it over.

A worker claims an attempt before it begins, and what it comes to counts only while the claim is its own: of two that
carry out the same attempt, because one was taken for dead, only the later one may push and tell. Whoever asks for an
attempt looks here first, so asking again, after a crash or from another process, brings the answer that is there.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from services.store.db import Connection, Database
from services.store.news import RESULT, ring

Claim = Literal["ours", "answered", "unwanted"]
OVER = """
SELECT key FROM result WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.key = result.key AND o.state <> 'done')
"""


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempt: the key of its effect, its task and the task's fence."""

    key: str
    run_id: str
    task: str
    fence: int


class _Task(msgspec.Struct):
    fence: int = 0


class Results:
    """The table `result`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, which: Attempted, holder: str) -> Claim:
        """Carry it out as `holder` from now on, whoever did before; not when it has an answer or nobody wants one."""

        def write(c: Connection) -> Claim:
            if not _is_wanted(c, which):
                return "unwanted"
            query = (
                "INSERT INTO result (key, holder) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET holder = excluded.holder"
                " WHERE result.body IS NULL"
            )
            if c.execute(query, (which.key, holder)).rowcount:
                return "ours"
            ring(c, RESULT, which.key)
            return "answered"

        return await self._database.write(write)

    async def is_held(self, key: str, holder: str) -> bool:
        """Is the claim still this holder's, and not answered yet?"""
        query = "SELECT 1 FROM result WHERE key = ? AND holder = ? AND body IS NULL"
        return await self._database.read(lambda c: c.execute(query, (key, holder)).fetchone() is not None)

    async def tell(self, key: str, holder: str, body: bytes, finish: Callable[[Connection], None]) -> bool:
        """Answer, and do what else belongs to its end, in one transaction; False when the claim was lost."""

        def write(c: Connection) -> bool:
            query = "UPDATE result SET body = ? WHERE key = ? AND holder = ? AND body IS NULL"
            if not c.execute(query, (body, key, holder)).rowcount:
                return False
            finish(c)
            ring(c, RESULT, key)
            return True

        return await self._database.write(write)

    async def answer(self, key: str) -> bytes | None:
        """The answer, when there is one."""
        query = "SELECT body FROM result WHERE key = ?"
        row = await self._database.read(lambda c: c.execute(query, (key,)).fetchone())
        return bytes(row[0]) if row is not None and row[0] is not None else None

    async def forget(self, key: str) -> None:
        """Ask anew next time: what was answered was only that it could not be tried."""
        await self._database.write(lambda c: c.execute("DELETE FROM result WHERE key = ?", (key,)).rowcount)

    async def is_wanted(self, which: Attempted) -> bool:
        """Does the attempt still count?"""
        return await self._database.read(lambda c: _is_wanted(c, which))

    async def prune(self) -> int:
        """Drop what belongs to attempts that are over; how many there were."""

        def write(c: Connection) -> int:
            keys = [(row[0],) for row in c.execute(OVER).fetchall()]
            c.executemany("DELETE FROM result WHERE key = ?", keys)
            return len(keys)

        return await self._database.write(write)


def _is_wanted(c: Connection, which: Attempted) -> bool:
    if c.execute("SELECT 1 FROM outbox WHERE key = ? AND state <> 'done'", (which.key,)).fetchone() is None:
        return False
    row = c.execute("SELECT data FROM task WHERE run_id = ? AND id = ?", (which.run_id, which.task)).fetchone()
    return row is not None and msgspec.json.decode(row[0], type=_Task).fence == which.fence
