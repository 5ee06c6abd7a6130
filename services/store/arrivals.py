"""Deliveries at the door, many in one statement: all that came while the last ones were on their way to the disk.

A write for each would cost its own steps in the writer's thread, which gives the interpreter's lock away and waits for
it again at each (SQLite), or a round trip for each (PostgreSQL). So the writer takes what is there when its turn has
come. They are stored or refused together: nothing that GitHub has signed is refused for what it is.
"""

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from services.core.shards import shard_of_payload
from services.errors import StoreBusy, StoreError
from services.store.db import Connection, Database
from services.store.fence import Fence
from services.store.inbox import Delivery, packing, values_of
from services.store.news import INBOX, ring
from services.store.rows import write_rows

INSERT = """
INSERT INTO inbox (hook_id, guid, event, received_at, size, shard, body) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING hook_id, guid
"""
MOST = 4_096
"""Deliveries that may wait for the writer."""
MOST_BYTES = 256 * 1024 * 1024
"""Of their bodies, also of those that nobody waits for any more."""
TOGETHER = 512
"""Deliveries in one write at most, so that a flood cannot hold back the first answer for long."""
TOGETHER_BYTES = 16 * 1024 * 1024
"""Of bodies, as they came, after which a write takes no more."""


class _Arrival(NamedTuple):
    delivery: Delivery
    stored: asyncio.Future[bool]


class Arrivals:
    """The way into the table `inbox` for who answers each delivery. fence: see `Inbox`."""

    def __init__(self, database: Database, fence: Fence | None = None) -> None:
        self._database, self._fence = database, fence
        self._pack = packing()
        self._came: deque[_Arrival] = deque()
        self._in = self._out = 0  # bytes of all that came and of all that were taken; each is counted in one thread
        self._is_asked = False  # does a write that has not begun come for them?
        self._asked: set[asyncio.Task[list[bool]]] = set()

    def put(self, delivery: Delivery) -> "asyncio.Future[bool]":
        """As `Inbox.put`, begun when this returns; whoever cancels it no longer wants to know. StoreBusy at once."""
        if len(self._came) >= MOST or self._in - self._out >= MOST_BYTES:
            raise StoreBusy(f"{len(self._came)} deliveries wait already")
        stored = asyncio.get_running_loop().create_future()
        self._came.append(_Arrival(delivery, stored))
        self._in += len(delivery.body)
        if not self._is_asked:
            self._ask()
        return stored

    def _ask(self) -> None:
        self._is_asked = True
        taken: list[_Arrival] = []
        write = self._database.write(partial(self._store, taken))
        task = asyncio.get_running_loop().create_task(write)
        self._asked.add(task)
        task.add_done_callback(partial(self._answer, taken))

    def _store(self, taken: list[_Arrival], connection: Connection) -> list[bool]:
        """In the writer's thread. What comes from here on asks anew; carried out again, it takes no more."""
        self._is_asked = False
        if not taken:
            self._take(taken)
        shards = [shard_of_payload(each.delivery.body) if self._fence is not None else 0 for each in taken]
        pairs = zip(taken, shards, strict=True)
        rows = [values_of(each.delivery, shard, self._pack(each.delivery.body)) for each, shard in pairs]
        new = set(write_rows(connection, INSERT, rows))
        told = [_told(new, (each.delivery.hook_id, each.delivery.guid)) for each in taken]
        if self._fence is not None:
            for shard in sorted({shard for shard, is_new in zip(shards, told, strict=True) if is_new}):
                ring(connection, INBOX, str(shard))
        return told

    def _take(self, taken: list[_Arrival]) -> None:
        room = TOGETHER_BYTES
        with suppress(IndexError):  # there are no more
            while room > 0 and len(taken) < TOGETHER:
                each = self._came.popleft()
                taken.append(each)
                room -= len(each.delivery.body)
                self._out += len(each.delivery.body)

    def _answer(self, taken: list[_Arrival], task: "asyncio.Task[list[bool]]") -> None:
        self._asked.discard(task)
        error = StoreError("the process ends") if task.cancelled() else task.exception()
        if error is not None and not taken:  # it was never carried out
            self._is_asked = False
            taken += self._came
            self._in -= sum(len(each.delivery.body) for each in self._came)
            self._came.clear()
        told = task.result() if error is None else [False] * len(taken)
        for each, is_new in zip(taken, told, strict=True):
            if each.stored.done():
                continue
            if error is not None:
                each.stored.set_exception(error)
            else:
                each.stored.set_result(is_new)
        if self._came and not self._is_asked:
            self._ask()


def _told(new: set[tuple[object, ...]], key: tuple[str, str]) -> bool:
    """Of two with one key, the first is new."""
    is_new = key in new
    new.discard(key)
    return is_new
