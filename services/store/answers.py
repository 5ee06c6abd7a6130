"""Bodies of GitHub's answers, kept beyond the process: written behind in groups, read when they are first asked for.

Nothing depends on them. What can't be written is dropped, what can't be read soon is not there, and either costs no
more than an answer that is asked for in full. Keys say who may see a body; this module never looks inside.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import zstandard

from services.core.clock import Clock, to_text
from services.errors import StoreError
from services.store.db import Connection, Database

SOON = 0.5
"""Seconds a reader waits for the database at most."""
GATHER = 2.0
"""Seconds in which what is to be written comes together."""
GROUP = 64
"""Bodies written in one go."""
PENDING = 16_000_000
"""Bytes that may wait to be written; more is dropped."""
LARGEST = 4_000_000
"""Bytes of a body that is kept; larger ones are rare and would push out hundreds of others."""
PRUNE = 100

_PUT = """
INSERT INTO cache (key, etag, next, modified, used_at, size, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET etag = excluded.etag, next = excluded.next, modified = excluded.modified,
    used_at = excluded.used_at, size = excluded.size, body = excluded.body
"""
_TOUCH = "UPDATE cache SET etag = ?, used_at = ? WHERE key = ?"
_GET = "SELECT body, etag, next, modified FROM cache WHERE key = ?"
_TOTAL = "SELECT coalesce(sum(size), 0) FROM cache"
_DROP_OLD = "DELETE FROM cache WHERE key IN (SELECT key FROM cache WHERE used_at < ? ORDER BY used_at LIMIT ?)"
_DROP_LAST = "DELETE FROM cache WHERE key IN (SELECT key FROM cache ORDER BY used_at LIMIT ?)"


class Answer(NamedTuple):
    """A body and what is needed to ask whether it still holds."""

    body: bytes
    etag: str
    next: str
    modified: str


class Answers:
    """The table `cache`. `run` has to run for anything to be written."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._puts: dict[str, Answer] = {}
        self._touched: dict[str, str] = {}
        self._pending = 0
        self._some = asyncio.Event()

    async def load(self, key: str) -> Answer | None:
        """None when there is none, or it can't be read soon."""
        if key in self._puts:
            return self._puts[key]
        try:
            async with asyncio.timeout(SOON):
                row = await self._database.read(lambda c: c.execute(_GET, (key,)).fetchone())
        except (StoreError, TimeoutError):
            return None
        if row is None:
            return None
        try:
            return Answer(zstandard.ZstdDecompressor().decompress(row[0], max_output_size=LARGEST), *row[1:])
        except zstandard.ZstdError:
            return None

    def put(self, key: str, body: bytes, etag: str, next_: str, modified: str) -> None:
        """Keep this answer, soon."""
        waits = self._pending - len(self._puts[key].body if key in self._puts else b"") + len(body)
        if len(body) <= LARGEST and waits <= PENDING:
            self._puts[key] = Answer(body, etag, next_, modified)
            self._pending = waits
            self._some.set()

    def touch(self, key: str, etag: str) -> None:
        """This answer still holds, with that ETag."""
        self._touched[key] = etag
        self._some.set()

    async def run(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Write what comes, for ever; `pause` waits so many seconds, in which a group comes together."""
        while True:
            await self._some.wait()
            await pause(GATHER)
            self._some.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write all that waits; what the database refuses is dropped."""
        while self._puts or self._touched:
            puts = {key: self._puts.pop(key) for key in list(self._puts)[:GROUP]}
            touched, self._touched = self._touched, {}
            self._pending -= sum(len(answer.body) for answer in puts.values())
            rows = await asyncio.to_thread(_packed, puts, to_text(self._clock.now()))
            used = [(etag, to_text(self._clock.now()), key) for key, etag in touched.items()]
            try:
                await self._database.write(lambda c, rows=rows, used=used: _write(c, rows, used))  # type: ignore[misc]
            except StoreError:
                continue


def drop(c: Connection, before: str, max_bytes: int) -> int:
    """One step of retention: what was not used since then goes, and while it is too much, what waited longest."""
    touched = c.execute(_DROP_OLD, (before, PRUNE)).rowcount
    if touched == 0 and c.execute(_TOTAL).fetchone()[0] > max_bytes:
        touched = c.execute(_DROP_LAST, (PRUNE,)).rowcount
    return touched


def _packed(puts: dict[str, Answer], at: str) -> list[tuple[str, str, str, str, str, int, bytes]]:
    packer = zstandard.ZstdCompressor(level=3)
    rows = []
    for key, answer in puts.items():
        body = packer.compress(answer.body)
        rows.append((key, answer.etag, answer.next, answer.modified, at, len(body), body))
    return rows


def _write(c: Connection, rows: list[tuple[object, ...]], used: list[tuple[str, str, str]]) -> None:
    c.executemany(_TOUCH, used)
    c.executemany(_PUT, rows)
