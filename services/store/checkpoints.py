"""What attempts have finished, step by step, so that after a crash nothing finished is done again.

A step is written when it has ended, with when and for how long; what it left (a log, a commit as a pack) goes with it,
compressed and bounded. Every write asks for the task's fence in its own transaction: an attempt that is over, but does
not know it yet, can neither read itself back nor leave a trace.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import zstandard

from services.core.clock import from_text, to_text
from services.core.steps import BEGUN, TALK, Effect, Step, Talked
from services.store.db import Connection, Database

MAX_BLOB = 8_000_000
"""Bytes of one blob as it is stored; a bigger one is left out, and what needs it does without."""
MAX_UNPACKED = 64_000_000
AT_ONCE = 200_000
"""Bytes that are packed and unpacked in less time than it takes to hand them to a thread."""
_POINTS = "step, at, seconds, data, size, blob"
_PUT = """
INSERT INTO checkpoint (run_id, task, fence, step, attempt, at, seconds, data, size, blob) VALUES (?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (run_id, task, fence, step) DO UPDATE
SET at = excluded.at, seconds = excluded.seconds, data = excluded.data, size = excluded.size, blob = excluded.blob
"""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Whose steps: one attempt of one task, under one fence."""

    run_id: str
    task: str
    attempt: int
    fence: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A finished step. at: when it ended; seconds: how long it took; data: small JSON.

    blob: what it left; None when that is nothing, was too big to keep, is gone, or is damaged.
    """

    step: str
    at: datetime
    seconds: float = 0.0
    data: bytes = b"{}"
    blob: bytes | None = None


class _Task(msgspec.Struct):
    fence: int = 0


class Checkpoints:
    """Reads and writes of the table `checkpoint`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, spot: Spot, now: datetime) -> dict[str, Point] | None:
        """Write down that the attempt is carried out from now on; what it has finished before, by step.

        None when it is over: its task has another fence.
        """

        def write(c: Connection) -> list[tuple[str, str, float, bytes, int, bytes | None]] | None:
            if not _is_current(c, spot):
                return None
            c.execute(_PUT, _row(spot, Point(step=BEGUN, at=now), None))
            query = f"SELECT {_POINTS} FROM checkpoint WHERE run_id = ? AND task = ? AND fence = ? AND step <> ?"  # noqa: S608 - our own column list
            return c.execute(query, (spot.run_id, spot.task, spot.fence, BEGUN)).fetchall()

        rows = await self._db.write(write)
        if rows is None:
            return None
        return {
            step: Point(step=step, at=from_text(at), seconds=seconds, data=data, blob=await _unpacked(blob, size))
            for step, at, seconds, data, size, blob in rows
        }

    async def append(self, spot: Spot, *points: Point) -> bool:
        """Store finished steps, all of them or none; False when the attempt is over. A step done again replaces."""
        rows = [_row(spot, point, await _packed(point.blob)) for point in points]

        def write(c: Connection) -> bool:
            if not _is_current(c, spot):
                return False
            c.executemany(_PUT, rows)
            return True

        return await self._db.write(write)

    async def undo(self, spot: Spot, steps: Collection[str]) -> bool:
        """These steps have to be done again; False when the attempt is over."""

        def write(c: Connection) -> bool:
            if not _is_current(c, spot):
                return False
            query = "DELETE FROM checkpoint WHERE run_id = ? AND task = ? AND fence = ? AND step = ?"
            c.executemany(query, [(spot.run_id, spot.task, spot.fence, step) for step in steps])
            return True

        return await self._db.write(write)

    async def is_current(self, spot: Spot) -> bool:
        """Does the attempt still count?"""
        return await self._db.read(lambda c: _is_current(c, spot))

    async def newest(self, run_id: str, tasks: Sequence[str]) -> dict[str, list[Step]]:
        """The steps of each task's newest attempt in the order in which they ended; `begun` is among them."""
        if not tasks:
            return {}
        marks = ",".join("?" * len(tasks))
        query = (
            "SELECT task, fence, step, at, seconds, CASE WHEN step = ? THEN data END FROM checkpoint c"  # noqa: S608 - only question marks
            f" WHERE run_id = ? AND task IN ({marks}) AND fence ="
            " (SELECT max(fence) FROM checkpoint n WHERE n.run_id = c.run_id AND n.task = c.task) ORDER BY at"
        )
        found: dict[str, list[Step]] = {}
        for task, fence, step, at, seconds, data in await self._db.read(
            lambda c: c.execute(query, (TALK, run_id, *tasks)).fetchall()
        ):
            turns = msgspec.json.decode(data, type=Talked).turns if data is not None else 0
            found.setdefault(task, []).append(
                Step(name=step, ended=from_text(at), seconds=seconds, fence=fence, turns=turns)
            )
        return found

    async def left(self, run_id: str, task: str, step: str) -> bytes | None:
        """The data of a step as the newest attempt that finished it left it."""
        query = "SELECT data FROM checkpoint WHERE run_id = ? AND task = ? AND step = ? ORDER BY fence DESC LIMIT 1"
        row = await self._db.read(lambda c: c.execute(query, (run_id, task, step)).fetchone())
        return bytes(row[0]) if row is not None else None

    async def each_left(self, run_id: str, task: str, step: str) -> list[bytes]:
        """The same of each attempt that finished it."""
        query = "SELECT data FROM checkpoint WHERE run_id = ? AND task = ? AND step = ?"
        rows = await self._db.read(lambda c: c.execute(query, (run_id, task, step)).fetchall())
        return [bytes(row[0]) for row in rows]

    async def text(self, run_id: str, task: str, step: str) -> str:
        """What a step left, as text, of the newest attempt that has it; "" when nothing is kept."""
        query = (
            "SELECT blob, size FROM checkpoint WHERE run_id = ? AND task = ? AND step = ? AND blob IS NOT NULL"
            " ORDER BY fence DESC LIMIT 1"
        )
        row = await self._db.read(lambda c: c.execute(query, (run_id, task, step)).fetchone())
        left = await _unpacked(bytes(row[0]), int(row[1])) if row is not None else None
        return left.decode("utf-8", "replace") if left is not None else ""

    async def effects(self, keys: Sequence[str]) -> dict[str, Effect]:
        """Rows of the outbox by key, as far as they are there: when they were begun, and how they stand."""
        if not keys:
            return {}
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, state, tries, due, note, created_at, settled_at FROM outbox WHERE key IN ({marks})"  # noqa: S608 - only question marks
        rows = await self._db.read(lambda c: c.execute(query, tuple(keys)).fetchall())
        return {
            key: Effect(
                state=state,
                tries=tries,
                due=from_text(due or ended),
                note=note,
                began=from_text(began),
                ended=from_text(ended) if ended else None,
            )
            for key, state, tries, due, note, began, ended in rows
        }


class Kept:
    """The steps of one attempt, for whoever carries it out. None and False: it is over."""

    def __init__(self, checkpoints: Checkpoints, spot: Spot) -> None:
        self._checkpoints, self._spot = checkpoints, spot

    async def begin(self, now: datetime, /) -> dict[str, Point] | None:
        return await self._checkpoints.begin(self._spot, now)

    async def append(self, *points: Point) -> bool:
        return await self._checkpoints.append(self._spot, *points)

    async def undo(self, *steps: str) -> bool:
        return await self._checkpoints.undo(self._spot, steps)

    async def is_current(self) -> bool:
        return await self._checkpoints.is_current(self._spot)


def _is_current(c: Connection, spot: Spot) -> bool:
    row = c.execute("SELECT data FROM task WHERE run_id = ? AND id = ?", (spot.run_id, spot.task)).fetchone()
    return row is not None and msgspec.json.decode(row[0], type=_Task).fence == spot.fence


def _row(spot: Spot, point: Point, blob: bytes | None) -> tuple[object, ...]:
    size = len(point.blob or b"")
    at = to_text(point.at)
    return (
        spot.run_id, spot.task, spot.fence, point.step, spot.attempt, at, point.seconds, point.data, size, blob,
    )  # fmt: skip


async def _packed(blob: bytes | None) -> bytes | None:
    if not blob or len(blob) > MAX_UNPACKED:
        return None
    compress = zstandard.ZstdCompressor(level=3, write_checksum=True).compress
    packed = compress(blob) if len(blob) <= AT_ONCE else await asyncio.to_thread(compress, blob)
    return packed if len(packed) <= MAX_BLOB else None


async def _unpacked(blob: bytes | None, size: int) -> bytes | None:
    """What was packed; None when it is not there or not what it was."""
    if blob is None:
        return None
    try:
        if not 0 < zstandard.frame_content_size(blob) <= MAX_UNPACKED:
            return None
        unpack = zstandard.ZstdDecompressor().decompress
        unpacked = unpack(blob) if size <= AT_ONCE else await asyncio.to_thread(unpack, blob)
    except zstandard.ZstdError:
        return None
    return unpacked if len(unpacked) == size else None
