"""One session with PostgreSQL that holds shards and says who is there: what it holds, it holds as long as it lives.

Everything is an advisory lock of this session, so nothing has to be cleaned up after a process that was killed: its
connection drops, its locks are free. The session is a lease too: the server ends one that says nothing for `LEASE`
seconds, so a machine that vanished or stands still gives its shards up. The holder hears of that end at once while it
rests, and when nothing answers it takes itself for gone after `PATIENCE` seconds, before the lease is over.
"""

import asyncio
import os
import select
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import psycopg

from services.errors import StoreError
from services.store.connect import PATIENCE, connected
from services.store.db import Database

LEASE = 3.5
"""Longer than a round of `bot/conducting.py` and PATIENCE together: who is cut off stops before others begin."""
CHANNEL = "lockstep_shards"
"""Rung when shards were let go and when somebody has come, so that nobody need wait for the next look."""

CONDUCTOR, WORKER, SHARD = 7_101, 7_102, 7_103
"""First halves of the advisory locks' keys. The second: 0 (shared), the worker's slots (shared), the shard."""

LOOK = """
SELECT classid::int, objid::int, pid = pg_backend_pid() FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND classid IN (7101, 7102, 7103)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
LOCK = "SELECT id FROM unnest(%s::int[]) AS wanted (id) WHERE pg_try_advisory_lock(%s, id)"
RAISE = """
WITH free AS (SELECT id, clean FROM shard WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED)
UPDATE shard SET epoch = epoch + 1, clean = 0 FROM free WHERE shard.id = free.id RETURNING shard.id, epoch, free.clean
"""
LEAVE = """
WITH free AS (SELECT id FROM shard WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED)
UPDATE shard SET clean = 1 FROM free WHERE shard.id = free.id
"""
"""Both skip rows that are held by a decision being stored (services/store/fence.py): whoever stores it may stand still
for long, and a session that waits for it says nothing and would lose all it has."""
RING = "SELECT pg_notify(%s, '')"
UNLOCK = "SELECT pg_advisory_unlock(%s, id) FROM unnest(%s::int[]) AS held (id)"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there: live conductors, the places of all live workers together, shards that somebody holds, and ours."""

    conductors: int
    slots: int
    taken: frozenset[int]
    mine: frozenset[int]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Shards that were just taken: shard -> its new epoch. `clean`: those whose last holder let go in good order."""

    epochs: dict[int, int]
    clean: frozenset[int]


class Tenure:
    """A session; StoreError from any method means that it is over, and with it all it held, until `open` again.

    conducts: counts as a conductor.  slots: attempts it can run at a time, counts as a worker when there are any.
    seconds: a clock that goes on while this process stands still.
    """

    def __init__(
        self, url: str, *, conducts: bool = False, slots: int = 0, seconds: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._url, self._conducts, self._slots = url, conducts, slots
        self._seconds, self._heard_of = seconds, 0.0
        self._connection: psycopg.AsyncConnection[Any] | None = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    @property
    def is_sure(self) -> bool:
        """Can the server not have ended this session yet for having heard nothing of it? What is found out from a
        clock is found out at once, also by a process that stood still.
        """
        return self.is_open and self._seconds() - self._heard_of < LEASE

    async def open(self) -> None:
        """A new session that holds nothing yet."""
        await self.close()
        with self._fatal():
            options = f"-c idle_session_timeout={LEASE * 1000:.0f} -c statement_timeout={PATIENCE * 1000:.0f}"
            self._connection = await connected(self._url, "tenure", options=options)
        await self._ask(f"LISTEN {CHANNEL}")
        if self._conducts:
            await self._ask("SELECT pg_advisory_lock_shared(%s, 0)", (CONDUCTOR,))
        if self._slots:
            await self._ask("SELECT pg_advisory_lock_shared(%s, %s)", (WORKER, self._slots))
        await self._ask(RING, (CHANNEL,))

    async def leave(self) -> None:
        """Let go of whatever is still held, say so, and end the session."""
        await self._ask("SELECT pg_advisory_unlock_all()")
        await self._ask(RING, (CHANNEL,))
        await self.close()

    async def close(self) -> None:
        """End the session: what it held is free."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def look(self) -> Standing:
        rows = await self._ask(LOOK)
        return Standing(
            conductors=sum(kind == CONDUCTOR for kind, _, _ in rows),
            slots=sum(number for kind, number, _ in rows if kind == WORKER),
            taken=frozenset(number for kind, number, _ in rows if kind == SHARD),
            mine=frozenset(number for kind, number, own in rows if kind == SHARD and own),
        )

    async def take(self, wanted: Sequence[int], room: int) -> Taken:
        """Take up to `room` of the wanted shards, in this order. Those that another was quicker to take are missing,
        and those in which the last holder is still storing a decision: they stay free for the next round.
        """
        got: list[int] = []
        while wanted and len(got) < room:
            some, wanted = wanted[: room - len(got)], wanted[room - len(got) :]
            got += [row[0] for row in await self._ask(LOCK, (list(some), SHARD))]
        raised = await self._ask(RAISE, (got,))
        taken = Taken(
            epochs={shard: epoch for shard, epoch, _ in raised},
            clean=frozenset(shard for shard, _, is_clean in raised if is_clean),
        )
        if busy := [shard for shard in got if shard not in taken.epochs]:
            await self._ask(UNLOCK, (SHARD, busy))
        return taken

    async def resign(self) -> None:
        """Count as a conductor no more, so that the others' shares grow before anything is let go."""
        await self._ask("SELECT pg_advisory_unlock_shared(%s, 0)", (CONDUCTOR,))

    async def release(self, shards: Sequence[int], *, clean: bool) -> None:
        """Let go of shards, and say so. clean: nothing of ours is under way in them any more."""
        if clean:
            await self._ask(LEAVE, (list(shards),))
        await self._ask(UNLOCK, (SHARD, list(shards)))
        await self._ask(RING, (CHANNEL,))

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until shards were let go; StoreError at once when the session ends."""
        connection = self._live()
        with self._fatal():
            async for _ in connection.notifies(timeout=seconds, stop_after=1):
                pass

    def _live(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            raise StoreError("the session with the database is over")
        return self._connection

    async def _ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[int, ...]]:
        connection, asked = self._live(), self._seconds()
        with self._fatal(), _in_time(connection):
            cursor = await connection.execute(query.encode(), values)
            found = await cursor.fetchall() if cursor.description else []
        self._heard_of = asked
        return found

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        """Any trouble ends the session: half a session would hold what nobody knows of."""
        try:
            yield
        except (psycopg.Error, OSError) as error:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.pgconn.finish()
            raise StoreError(f"the session with the database is over: {error}") from error


async def slots_of(database: Database) -> int:
    """The places of all live workers together, for who has no session to look with."""
    rows = await database.read(lambda c: c.execute(LOOK).fetchall())
    return sum(int(number) for kind, number, _ in rows if kind == WORKER)


@contextmanager
def _in_time(connection: psycopg.AsyncConnection[Any]) -> Iterator[None]:
    """A server that takes what is said and answers nothing, as one behind a proxy may, is given up after PATIENCE. Its
    socket is shut for that: to cancel the wait would ask that server first, and wait for it again.
    """
    loop, end, heard = asyncio.get_running_loop(), socket.socket(fileno=os.dup(connection.pgconn.socket)), select.poll()
    heard.register(end, select.POLLIN)
    timers: list[asyncio.TimerHandle] = []

    def look() -> None:
        if heard.poll(0):  # it did answer, while it was this process that stood still
            timers.append(loop.call_later(PATIENCE, look))
            return
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

    timers.append(loop.call_later(PATIENCE, look))
    try:
        yield
    finally:
        timers[-1].cancel()
        end.close()
