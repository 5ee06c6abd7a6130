"""The read cache: an answer is used again until it is too old, or until a webhook or a write of ours says it may be
wrong.

Invalidating deletes nothing: it notes a moment, and an answer *begun* before that moment must be asked for again with
its ETag, which is free when nothing has changed. So a call that was under way during an event can never pass for
fresh, whatever order answers arrive in. Bodies are kept as bytes and decoded for each reader, so no reader can change
another's value.

A read has one subject, `kind` or `kind:detail` (`pull:7`, `checks:<sha>`); lists have the detail `*`. Invalidating
`pull:7` reaches pull 7 and the lists of pulls, `pull` every read of that kind, and the empty subject everything in
the repository.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cachetools import LRUCache

from services.core.clock import Clock
from services.errors import ApiError, Unreachable
from services.github.exchange import JSON, Identity, Request, Sender, Stats, decode
from services.github.flights import Flights

Shape = TypeVar("Shape")

SECONDS: Mapping[str, int] = {
    "app": 3_600,
    "installation": 900,
    "installed": 300,
    "repository": 900,
    "permission": 300,
    "issue": 900,
    "comments": 900,
    "pull": 900,
    "checks": 900,
    "statuses": 900,
    "branch": 900,
    "commit": 3_600,
    "file": 900,
    "workflows": 900,
}
"""How long an answer is used without asking, by kind, when no event says otherwise."""

ALWAYS_KEPT = frozenset({"app", "installation"})
"""Kept even with saving turned off and never counted as saved: a client without a cache gets these with each event."""

DEFAULT_BYTES = 64 * 1024 * 1024
OVERHEAD = 600
MAX_NOTES = 50_000
LIST = "*"


@dataclass(frozen=True, slots=True)
class Read(Generic[Shape]):
    """What to read: `shape` is the type its JSON must have; `repo` and `subject` say what makes it wrong."""

    identity: Identity
    path: str
    shape: type[Shape]
    repo: str
    subject: str
    accept: str = JSON

    @property
    def kind(self) -> str:
        return self.subject.partition(":")[0]

    @property
    def key(self) -> tuple[Identity, str, str]:
        return self.identity, self.path, self.accept


@dataclass(frozen=True, slots=True)
class _Entry:
    body: bytes = field(repr=False)
    etag: str
    next: str
    began: int
    expires: datetime


class Cache:
    """Typed reads over a `Sender`: memory, then somebody else's call, then our own with an ETag."""

    def __init__(
        self, sender: Sender, clock: Clock, stats: Stats, *, enabled: bool = True, max_bytes: int = DEFAULT_BYTES
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._stats = stats
        self._enabled = enabled
        self._entries: LRUCache[tuple[Identity, str, str], _Entry] = LRUCache(max_bytes, getsizeof=_size)
        self._flights: Flights[_Entry] = Flights()
        self._notes: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._forgotten = 0

    async def get(self, read: Read[Shape], *, fresh: bool = False) -> tuple[Shape, str]:
        """The value and the path of the next page (or empty).

        `fresh` = as GitHub has it now, by a call begun after this one.
        """
        if not self._enabled and read.kind not in ALWAYS_KEPT:
            entry = await self._ask(read, None, 0)
            return decode(entry.body, read.shape), entry.next
        after = self._flights.moment() if fresh else self._doubtful_until(read)
        held = self._entries.get(read.key)
        if held is not None and held.began > after and self._clock.now() < held.expires:
            self._stats.hits += read.kind not in ALWAYS_KEPT
            return decode(held.body, read.shape), held.next

        async def work(began: int) -> _Entry:
            entry = await self._ask(read, self._entries.get(read.key), began)
            self._keep(read, entry)
            return entry

        entry, was_shared = await self._flights.run(read.key, work, after=after)
        self._stats.coalesced += was_shared and read.kind not in ALWAYS_KEPT
        return decode(entry.body, read.shape), entry.next

    def invalidate(self, repo: str, subject: str = "") -> None:
        """Something about this changed: no answer begun before now counts any more.

        `repo` may be empty for App-wide reads.
        """
        name = repo.lower()
        kind, colon, detail = subject.partition(":")
        for what in {subject, f"{kind}:{LIST}"} if colon and detail != LIST else {subject}:
            self._notes[name, what] = self._flights.moment()
            self._notes.move_to_end((name, what))
        while len(self._notes) > MAX_NOTES:
            # What is forgotten counts for everything: an old answer is asked for once more, never wrongly trusted.
            self._forgotten = self._notes.popitem(last=False)[1]

    def _doubtful_until(self, read: Read[Shape]) -> int:
        name = read.repo.lower()
        noted = (self._notes.get((name, what), 0) for what in ("", read.kind, read.subject))
        return max(self._forgotten, *noted)

    async def _ask(self, read: Read[Shape], held: _Entry | None, began: int) -> _Entry:
        """One call; with an ETag if there is an older answer. What does not decode is an error and is never kept."""
        etag = held.etag if held is not None else ""
        try:
            answer = await self._sender.send(Request("GET", read.path, read.identity, accept=read.accept, etag=etag))
        except ApiError:
            self._stats.misses += 1
            raise
        expires = self._clock.now() + timedelta(seconds=SECONDS[read.kind])
        if answer.status == 304:
            if held is None or not etag:
                raise Unreachable(304, "it says nothing has changed, but nobody asked")
            self._stats.revalidated += 1
            return _Entry(held.body, answer.etag or held.etag, held.next, began, expires)
        self._stats.misses += 1
        decode(answer.body, read.shape)
        return _Entry(answer.body, answer.etag, answer.next, began, expires)

    def _keep(self, read: Read[Shape], entry: _Entry) -> None:
        held = self._entries.get(read.key)
        if (held is None or held.began < entry.began) and _size(entry) <= self._entries.maxsize:
            self._entries[read.key] = entry


def _size(entry: _Entry) -> int:
    return len(entry.body) + OVERHEAD
