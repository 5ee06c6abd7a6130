"""The history of all plans as one sequence, for whoever looks on while it grows.

Rows are numbered when they are written and seen when they are committed. On a server, where several processes write, a
lower number may be seen later than a higher one: so a reader keeps the holes in what it has seen and asks for those
too (`Reader`). What it says to have seen is everything up to the first hole, and so nobody who goes on from there
misses one.
"""

from collections.abc import Collection

import msgspec

from services.store.db import Connection, Database

PAGE = 500
"""Rows in one read."""
YOUNG = 1_000
"""A hole so many numbers behind the newest row is one that nobody will fill: what was written there was undone."""

_COLUMNS = "seq, plan_id, run_id, task, at, kind, before, after, actor, text"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a plan's history. `at` is ISO 8601 in UTC; `run_id`, `task`: "" where it is about the plan."""

    seq: int
    plan_id: str
    run_id: str
    task: str
    at: str
    kind: str
    before: str
    after: str
    actor: str
    text: str

    @property
    def repo(self) -> str:
        """Where the plan is at home."""
        return self.plan_id.rpartition("#")[0]


class Events:
    """Reads of the table `event`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> int:
        """The number of the newest row, 0 when there is none."""
        query = "SELECT coalesce(max(seq), 0) FROM event"
        return int(await self._database.read(lambda c: c.execute(query).fetchone()[0]))

    async def after(self, seq: int, holes: Collection[int] = (), limit: int = PAGE) -> list[Event]:
        """Rows after this one, and those that fill holes before it; by their numbers, so many at most."""

        def read(c: Connection) -> list[Event]:
            marks = ",".join("?" * len(holes)) or "NULL"
            query = f"SELECT {_COLUMNS} FROM event WHERE seq > ? OR seq IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608 - only question marks
            return [_event(row) for row in c.execute(query, (seq, *holes, limit))]

        return await self._database.read(read)


class Reader:
    """Reads on from `seq`, each row once."""

    def __init__(self, events: Events, seq: int) -> None:
        self._events, self._last = events, seq
        self._holes: set[int] = set()

    @property
    def seen(self) -> int:
        """Everything up to here was seen."""
        return min(self._holes) - 1 if self._holes else self._last

    def is_new(self, event: Event) -> bool:
        """Note an event, however it was heard of; False when it was seen before."""
        if event.seq <= self._last and event.seq not in self._holes:
            return False
        self._holes.discard(event.seq)
        if event.seq > self._last:
            self._holes.update(range(max(self._last + 1, event.seq - YOUNG), event.seq))
            self._last = event.seq
            self._holes = {hole for hole in self._holes if hole > self._last - YOUNG}
        return True

    async def more(self) -> list[Event]:
        """What is new; less than PAGE rows when that is all for now. StoreError."""
        return [event for event in await self._events.after(self._last, self._holes) if self.is_new(event)]


def _event(row: tuple[object, ...]) -> Event:
    return Event(**dict(zip(_COLUMNS.split(", "), row, strict=True)))  # type: ignore[arg-type]  # as the table has them
