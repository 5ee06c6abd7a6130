"""Deliveries that were answered, in the order in which they came, until every handler has seen them.

The unique key (hook id, GUID) is the whole defence against redelivery: a row that is there already costs less to refuse
than to look up. Bodies are kept compressed and for a short time, the GUID for much longer, so an old replay stays a
doubled delivery.
"""

import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Literal

import msgspec
import zstandard

from services.core.backoff import once_more
from services.core.clock import from_text, to_text
from services.core.shards import shard_of_payload
from services.store.db import Connection, Database
from services.store.fence import Fence
from services.store.news import INBOX, ring

Outcome = Literal["handled", "failed", "ignored"]

NOTE = 500
"""Characters of a note that are kept."""
PAGE_BYTES = 32 * 1024 * 1024
"""Bodies `waiting` holds in memory at once; a page has at least one row."""
UNCUT_BYTES = PAGE_BYTES - 25 * 1024 * 1024
"""A page of no more than this was not cut short by its size: GitHub sends no body that would not have fitted too."""
PRUNE = 500
"""Rows one retention step touches, so that deliveries don't queue behind it."""

INSERT = """
INSERT INTO inbox (hook_id, guid, event, received_at, size, shard, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
WAITING = "SELECT id, size FROM inbox WHERE outcome IS NULL{shards} ORDER BY id LIMIT ?"
AGAIN = """
UPDATE inbox SET outcome = NULL, note = '', again_at = ''
WHERE again_at <> '' AND again_at <= ? AND body IS NOT NULL{shards}
"""
BEYOND = "UPDATE inbox SET again_at = '' WHERE again_at <> '' AND lane = ? AND id < ?"
ROW = "SELECT id, hook_id, guid, event, received_at, size, shard, body FROM inbox WHERE id = ?"
DROP_BODIES = """
UPDATE inbox SET body = NULL WHERE id IN (
    SELECT id FROM inbox WHERE body IS NOT NULL AND received_at < ? AND outcome IN ('handled', 'ignored') LIMIT ?
)
"""
DROP_ROWS = """
DELETE FROM inbox WHERE id < (SELECT max(id) FROM inbox) AND outcome IS NOT NULL AND received_at < ? AND id IN (
    SELECT id FROM inbox ORDER BY id LIMIT ?
)
"""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One POST by GitHub as it was signed: the body is not parsed. `row` is 0 until it is stored."""

    hook_id: str
    guid: str
    event: str
    received_at: datetime
    body: bytes
    row: int = 0
    shard: int = 0


def packing() -> Callable[[bytes], bytes]:
    """What makes bodies what is kept of them. One for the writer's thread alone."""
    return zstandard.ZstdCompressor(level=1).compress


def values_of(delivery: Delivery, shard: int, packed: bytes) -> tuple[object, ...]:
    """A row to be: what INSERT names, in its order."""
    received = to_text(delivery.received_at)
    return delivery.hook_id, delivery.guid, delivery.event, received, len(delivery.body), shard, packed


class Inbox:
    """The table `inbox`. Nothing here looks into a body, but for whose it is where many processes share one table.

    fence: then tells the shards whose deliveries are handed out here; None: this process is alone.
    """

    def __init__(self, database: Database, fence: Fence | None = None) -> None:
        self._database = database
        self._fence = fence
        self._pack = packing()

    async def put(self, delivery: Delivery, beside: Callable[[Connection], None] | None = None) -> bool:
        """Store a delivery durably; False when (hook_id, guid) is known. StoreError (StoreBusy) when it is not. beside:
        is stored with a new one, or neither is.
        """

        def insert(connection: Connection) -> bool:
            shard = shard_of_payload(delivery.body) if self._fence is not None else 0
            values = values_of(delivery, shard, self._pack(delivery.body))
            is_new = connection.execute(INSERT, values).rowcount == 1
            if is_new and beside is not None:
                beside(connection)
            if is_new and self._fence is not None:
                ring(connection, INBOX, str(shard))
            return is_new

        return await self._database.write(insert)

    async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        """Up to `limit` unsettled deliveries that are not in these rows, oldest first; fewer when bodies are large.

        Not "those after the last one": where several processes write, a lower row may be committed later.
        """
        only = self._ours
        if only is None:
            return []
        query = WAITING.format(shards=only)

        def select(connection: Connection) -> list[Delivery]:
            found = connection.execute(query, (limit + len(without),)).fetchall()
            page: list[Delivery] = []
            room = PAGE_BYTES
            for row, size in [each for each in found if each[0] not in without][:limit]:
                room -= size
                if page and room < 0:
                    break
                page.append(_delivery(*connection.execute(ROW, (row,)).fetchone()))
            return page

        return await self._database.read(select)

    @property
    def _ours(self) -> str | None:
        """The condition that a row is of this process's shards; None when it has none."""
        shards = self._fence.shards if self._fence is not None else None
        if shards is None:
            return ""
        return f" AND shard IN ({','.join(map(str, sorted(shards)))})" if shards else None

    async def settle(self, row: int, outcome: Outcome, note: str = "", *, beyond: str = "") -> None:
        """Say what became of a delivery; it will not be handed out again. beyond: who has gone on where, so that what
        came to nothing of theirs before is not, either.
        """
        query, values = "UPDATE inbox SET outcome = ?, note = ? WHERE id = ?", (outcome, note[:NOTE], row)

        def write(connection: Connection) -> None:
            connection.execute(query, values)
            if beyond:
                connection.execute(BEYOND, (beyond, row))

        await self._database.write(write)

    async def let_down(self, row: int, note: str, lane: str, now: datetime) -> None:
        """An outage outlasted a delivery: it has failed, and is handed out once more when `once_more` says so."""
        query = "UPDATE inbox SET outcome = 'failed', note = ?, lane = ?, let_down = ?, again_at = ? WHERE id = ?"

        def write(connection: Connection) -> None:
            times = connection.execute("SELECT let_down FROM inbox WHERE id = ?", (row,)).fetchone()[0] + 1
            rest = once_more(times)
            at, said = "", note[: NOTE - 40]
            if rest is not None:
                at, said = to_text(now + rest), f"{said} (once more from {now + rest:%H:%M} UTC on)"
            connection.execute(query, (said, lane, times, at, row))

        await self._database.write(write)

    async def hand_out_again(self, now: datetime) -> int:
        """Those whose time has come wait again; how many."""
        only = self._ours
        if only is None:
            return 0
        query = AGAIN.format(shards=only)
        return await self._database.write(lambda connection: connection.execute(query, (to_text(now),)).rowcount)

    async def again(self, row: int) -> bool:
        """Hand a settled delivery out once more; False when it waits already, or its body is gone."""

        def write(connection: Connection) -> bool:
            found = connection.execute("SELECT shard, outcome, body IS NULL FROM inbox WHERE id = ?", (row,)).fetchone()
            if found is None or found[1] is None or found[2]:
                return False
            connection.execute("UPDATE inbox SET outcome = NULL, note = '', again_at = '' WHERE id = ?", (row,))
            if self._fence is not None:
                ring(connection, INBOX, str(found[0]))
            return True

        return await self._database.write(write)

    async def how_many_wait(self) -> int:
        """Unsettled deliveries. Costs what waits, however much is kept: those have an index of their own."""
        query = "SELECT count(*) FROM inbox WHERE outcome IS NULL"
        return int(await self._database.read(lambda connection: connection.execute(query).fetchone()[0]))

    async def oldest_waiting_age(self, now: datetime) -> float:
        """Seconds since the oldest unsettled delivery came in; 0.0 when nothing waits."""
        query = "SELECT received_at FROM inbox WHERE outcome IS NULL ORDER BY id LIMIT 1"
        row = await self._database.read(lambda connection: connection.execute(query).fetchone())
        return max(0.0, (now - from_text(row[0])).total_seconds()) if row else 0.0

    async def prune(self, *, bodies_before: datetime, rows_before: datetime) -> int:
        """One bounded step of retention; the number of rows it touched, 0 when there is nothing left to do.

        Bodies of handled and ignored deliveries go first (a failed one keeps its body, for whoever looks into it), rows
        later. What waits is never touched, and the newest row stays so that no row number is given out twice.
        """

        def delete(connection: Connection) -> int:
            rows = connection.execute(DROP_ROWS, (to_text(rows_before), PRUNE)).rowcount
            return rows + connection.execute(DROP_BODIES, (to_text(bodies_before), PRUNE)).rowcount

        return await self._database.write(delete)


class _Unpack(threading.local):
    """One a thread: making it takes longer than unpacking a body, and it is for one thread at a time."""

    def __init__(self) -> None:
        self.pressed = zstandard.ZstdDecompressor()


_UNPACK = _Unpack()


def _delivery(
    row: int, hook_id: str, guid: str, event: str, received_at: str, size: int, shard: int, body: bytes
) -> Delivery:
    try:
        unpacked = _UNPACK.pressed.decompress(body, max_output_size=max(size, 1))
    except zstandard.ZstdError:  # a damaged row must not hold up those behind it: it is read as an empty body
        unpacked = b""
    return Delivery(
        row=row,
        hook_id=hook_id,
        guid=guid,
        event=event,
        received_at=from_text(received_at),
        body=unpacked,
        shard=shard,
    )
