"""The read cache: an answer is used again until it is too old, or until a webhook or a write of ours says it may be
wrong.

Invalidating deletes nothing: it notes a moment, and an answer *begun* before that moment must be asked for again with
its ETag, which is free when nothing has changed. So a call that was under way during an event can never pass for
fresh, whatever order answers arrive in. A webhook may also carry the new answer, whole (`prime`) or in part (`patch`):
it takes the place of the old one if GitHub's own times say that it is newer, and else it only invalidates.

A read has one subject, `kind` or `kind:detail` (`pull:7`, `checks:<sha>`); lists have the detail `*`. Invalidating
`pull:7` reaches pull 7 and the lists of pulls, `pull` every read of that kind, and the empty subject everything in
the repository.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from cachetools import LRUCache
from msgspec.structs import replace

from services.core.admission import Rank
from services.core.clock import Clock
from services.core.shards import shard_of
from services.errors import ApiError, NotFound, Unreachable
from services.github.entries import LONG_AGO, OVERHEAD, Entries, Entry, Key, Read, Shelf, shelf_key
from services.github.exchange import Answer, Request, Sender, Stats, decode
from services.github.flights import Flights
from services.github.lifetimes import SECONDS

__all__ = ["LIST", "Cache", "Read"]

Shape = TypeVar("Shape")

ALWAYS_KEPT = frozenset({"app", "installation"})
"""Kept even with saving turned off and never counted as saved: a client without a cache gets these with each event."""
BY_DATE = frozenset({"file", "repository"})
"""What may be asked for by its date when its ETag is of no use: its date changes whenever it does."""

OFTEN_ABSENT = frozenset({"file"})
"""That there is none is remembered too: most repositories have no settings of their own."""

DEFAULT_BYTES = 64 * 1024 * 1024
MAX_NOTES = 50_000
"""Of each kind: what was heard, what was seen and what we wrote. Fewer where there is no room for as many answers."""
AHEAD = timedelta(minutes=10)
"""How far GitHub's clock may be before ours; a time beyond that orders nothing."""
ON_ITS_WAY = timedelta(minutes=1)
"""How long after our own change, whose time GitHub did not say, a webhook about the time before may come."""
LIST = "*"


class Cache:
    """Typed reads over a `Sender`: memory, then somebody else's call, then our own with an ETag.

    seconds: how long answers last, by kind.  shelf: where bodies outlive the process.
    """

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        stats: Stats,
        *,
        enabled: bool = True,
        max_bytes: int = DEFAULT_BYTES,
        seconds: Mapping[str, int] = SECONDS,
        shelf: Shelf | None = None,
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._stats = stats
        self._enabled = enabled
        self._seconds = seconds
        self._shelf = shelf if enabled else None
        self._entries = Entries(max_bytes, self._evicted)
        self._flights: Flights[Entry] = Flights()
        self._notes: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._newest: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._most_notes = min(MAX_NOTES, max_bytes // OVERHEAD)
        self._written: LRUCache[tuple[str, str], datetime] = LRUCache(self._most_notes)
        self._forgotten = 0
        self._inherited: dict[int, tuple[int, datetime]] = {}  # shard -> since when we have it

    @property
    def size(self) -> int:
        """Bytes that the answers in memory take."""
        return int(self._entries.currsize)

    async def get(
        self,
        read: Read[Shape],
        *,
        fresh: bool = False,
        wanted: Callable[[Shape], bool] | None = None,
        rank: Rank = "event",
    ) -> tuple[Shape, str]:
        """The value and the path of the next page (or empty).

        fresh: as GitHub has it now, by a call begun after this one.  wanted: is what is held of use? All is without it.
        """
        counts = read.kind not in ALWAYS_KEPT
        if not self._enabled and counts:
            entry = await self._ask(read, None, 0, rank)
            return entry.value(read.shape), entry.next
        after = self._flights.moment() if fresh else self._doubtful_until(read)
        held = self._entries.held(read.key)
        if held is not None and held.began > after and self._clock.now() < held.expires:
            value = held.value(read.shape)
            if wanted is None or wanted(value):
                self._stats.hits += counts
                return value, held.next
            after = self._flights.moment()

        async def work(began: int) -> Entry:
            entry = await self._ask(read, await self._held(read), began, rank, by_date=not fresh)
            return self._keep(read, entry, fresh=fresh)

        entry, was_shared = await self._flights.run(read.key, work, after=after)
        self._stats.coalesced += was_shared and counts
        return entry.value(read.shape), entry.next

    async def past(self, request: Request) -> Answer:
        """Ask past the cache: for what is too large to keep, or wanted once."""
        return await self._sender.send(request)

    def known(self, read: Read[Shape]) -> Shape | None:
        """What is held and not in doubt, even if it is too old to be used without asking."""
        held = self._entries.held(read.key)
        return held.value(read.shape) if held is not None and held.began > self._doubtful_until(read) else None

    def now(self, read: Read[Shape]) -> Shape | None:
        """What `get` would answer from memory, for what is asked so often that being asked costs."""
        held = self._entries.held(read.key)
        if held is None or held.began <= self._doubtful_until(read) or self._clock.now() >= held.expires:
            return None
        return held.value(read.shape)

    def has(self, read: Read[Any]) -> bool:
        """Would `get` answer from memory?"""
        return self._enabled and self._is_valid(read)

    def is_certain(self, read: Read[Any], began: int) -> bool:
        """Has nothing been heard of this since that moment?"""
        return self._doubtful_until(read) < began

    def begin(self) -> int:
        """A moment at which somebody begins to ask in another way, for `put`."""
        return self._flights.moment()

    def put(self, read: Read[Any], body: bytes, began: int) -> None:
        """Keep what was asked for in another way, as if `get` had asked at that moment."""
        expires = self._clock.now() + timedelta(seconds=self._seconds[read.kind])
        held = self._entries.held(read.key)
        if held is not None and held.began >= began and held.body != body:  # something was told of it meanwhile
            self.invalidate(read.repo, read.subject)
            return
        version = _version(decode(body, read.shape))
        self._keep(read, Entry(body, "", "", began, expires, version=version), fresh=False)

    def invalidate(self, repo: str, subject: str = "") -> None:
        """Something about this changed: no answer begun before now counts any more.

        `repo` may be empty for App-wide reads.
        """
        name = repo.lower()
        kind, colon, detail = subject.partition(":")
        for what in {subject, f"{kind}:{LIST}"} if colon and detail != LIST else {subject}:
            self._notes[name, what] = self._flights.moment()
            self._notes.move_to_end((name, what))
        while len(self._notes) > self._most_notes:
            # What is forgotten counts for everything: an old answer is asked for once more, never wrongly trusted.
            self._forgotten = self._notes.popitem(last=False)[1]

    def wrote(self, repo: str, subject: str, at: datetime | None) -> None:
        """We have changed this ourselves, or may have: what a webhook tells of the time before is old.  at: by GitHub's
        clock; None where it did not say.
        """
        self.invalidate(repo, subject)
        self._written[repo.lower(), subject] = at or self._clock.now() + ON_ITS_WAY

    def doubt_all(self) -> None:
        """Anything may have changed, and nobody has told us: no answer begun before now counts any more."""
        self._forgotten = self._flights.moment()

    def inherit(self, shards: Iterable[int]) -> None:
        """Others have changed things in these shards in our name until now: no answer begun before counts any more, and
        what a webhook tells of the time before is old.
        """
        moment = self._flights.moment(), self._clock.now() + ON_ITS_WAY
        self._inherited.update(dict.fromkeys(shards, moment))

    def prime(self, read: Read[Shape], body: bytes, version: datetime) -> bool:
        """A webhook told the whole object as it was at `version`; False when it can't be put in order.

        All else about the subject is in doubt afterwards, and the object too unless this answers for it. An answer that
        is on its way may be newer than what is told, so then it can't be put in order either.
        """
        held, valid, now = self._entries.held(read.key), self._is_valid(read), self._clock.now()
        newest = self._newest_of(read)
        self.invalidate(read.repo, read.subject)
        if not self._enabled or version > now + AHEAD or self._flights.is_flying(read.key):
            return False
        self._saw(read, max(version, newest))
        known = (held.version if held is not None else None) or LONG_AGO
        if held is not None and (version < known or (version == known and _same(held, body, read))):
            if valid:
                self._entries[read.key] = replace(held, began=self._flights.moment())
                self._stats.skipped += 1
            return valid
        expires = min(now, version) + timedelta(seconds=self._seconds[read.kind])
        if version <= max(newest, known, *self._written_of(read)) or expires <= now:
            return False
        self._put(read.key, Entry(body, "", "", self._flights.moment(), expires, version, version))
        self._stats.primed += 1
        return True

    def patch(
        self,
        read: Read[Shape],
        change: Callable[[Shape, datetime | None], bytes | None],
        *,
        version: datetime | None = None,
    ) -> bool:
        """A webhook told a part of a list; False when that can't be put in order, or there is nothing to put it into.

        change: from the value held and GitHub's time of it to the new body, the empty one for no change; None when it
        can't tell. How long the list lasts stays as it was: another part may have been lost.  version: GitHub's time of
        the whole from then on, where what is told is all there is.
        """
        held, valid = self._entries.held(read.key), self._is_valid(read)
        self.invalidate(read.repo, read.subject)
        if held is None or not valid or held.next or self._flights.is_flying(read.key):
            return False
        body = change(held.value(read.shape), held.asof)
        if body is None:
            return False
        began, asof = self._flights.moment(), held.asof
        if version is not None:
            asof = max(asof or version, version)
        if body:
            self._put(read.key, Entry(body, "", "", began, held.expires, asof, held.version))
            self._stats.patched += 1
        else:
            self._entries[read.key] = replace(held, began=began, asof=asof)
            self._stats.skipped += 1
        return True

    def is_news(self, read: Read[Shape]) -> bool:
        """Has nobody asked for it, and nobody said anything about it?"""
        return read.key not in self._entries and (read.repo.lower(), read.subject) not in self._notes

    def _is_valid(self, read: Read[Shape]) -> bool:
        held = self._entries.held(read.key)
        return held is not None and held.began > self._doubtful_until(read) and self._clock.now() < held.expires

    def _newest_of(self, read: Read[Shape]) -> datetime:
        return self._newest.get((read.repo.lower(), read.subject), LONG_AGO)

    def _written_of(self, read: Read[Shape]) -> list[datetime]:
        name = read.repo.lower()
        found = [self._written.get((name, what), LONG_AGO) for what in (read.kind, read.subject)]
        return [*found, self._inherited[shard_of(name)][1]] if shard_of(name) in self._inherited else found

    def _saw(self, read: Read[Shape], version: datetime) -> None:
        place = (read.repo.lower(), read.subject)
        self._newest[place] = version
        self._newest.move_to_end(place)
        while len(self._newest) > self._most_notes:
            self._newest.popitem(last=False)

    def _doubtful_until(self, read: Read[Shape]) -> int:
        name, noted = read.repo.lower(), self._notes.get
        found = max(self._forgotten, noted((name, ""), 0), noted((name, read.kind), 0), noted((name, read.subject), 0))
        if self._inherited and (taken := self._inherited.get(shard_of(name))) is not None:
            found = max(found, taken[0])
        if read.also:
            found = max(found, noted((name, read.also), 0), noted((name, read.also.partition(":")[0]), 0))
        return found

    async def _held(self, read: Read[Shape]) -> Entry | None:
        """What we know of it: in memory, or from an earlier process, and then never to be used without asking."""
        held = self._entries.held(read.key)
        if held is not None or self._shelf is None or read.kind in ALWAYS_KEPT:
            return held
        found = await self._shelf.load(shelf_key(read.key))
        if found is None:
            return None
        body, etag, more, modified = found
        return Entry(body, etag, more, 0, LONG_AGO, modified=modified)

    async def _ask(
        self, read: Read[Shape], held: Entry | None, began: int, rank: Rank, *, by_date: bool = False
    ) -> Entry:
        """One call; with an ETag if there is an older answer. What does not decode is an error and is never kept."""
        request = Request("GET", read.path, read.identity, accept=read.accept, rank=rank)
        if held is not None and held.etag:
            since = held.modified if by_date and read.kind in BY_DATE else ""
            request = replace(request, etag=held.etag, since=since, held=held.body, holder=held.holder)
        expires = self._clock.now() + timedelta(seconds=self._seconds[read.kind])
        try:
            answer = await self._sender.send(request)
        except ApiError as error:
            self._stats.misses += 1
            if isinstance(error, NotFound) and read.kind in OFTEN_ABSENT:
                return Entry(b"", "", "", began, expires, absent=True)
            raise
        if answer.status == 304:
            if held is None or not request.etag:
                raise Unreachable(304, "it says nothing has changed, but nobody asked")
            self._stats.predicted += answer.predicted
            self._stats.revalidated += not answer.predicted
            return self._confirmed(read, held, answer, began, expires)
        self._stats.changed += held is not None
        self._stats.misses += held is None
        value = decode(answer.body, read.shape)
        modified = answer.headers.get("last-modified", "")
        if self._shelf is not None and answer.etag and read.kind not in ALWAYS_KEPT:
            self._shelf.put(shelf_key(read.key), answer.body, answer.etag, answer.next, modified)
        version, asof = _version(value), answer.date
        return Entry(answer.body, answer.etag, answer.next, began, expires, asof, version, answer.holder, modified)

    def _confirmed(self, read: Read[Shape], held: Entry, answer: Answer, began: int, expires: datetime) -> Entry:
        etag = answer.etag or held.etag
        if self._shelf is not None and read.kind not in ALWAYS_KEPT:
            self._shelf.touch(shelf_key(read.key), etag)
        holder = answer.holder if answer.etag else held.holder
        return replace(held, etag=etag, began=began, expires=expires, asof=answer.date or held.asof, holder=holder)

    def _keep(self, read: Read[Shape], entry: Entry, *, fresh: bool) -> Entry:
        """Keep an answer unless a newer one is there; the one to hand out.

        GitHub may answer with an older state than it has told by a webhook: that is only for who asked for just that.
        """
        held = self._entries.held(read.key)
        if held is not None and held.began >= entry.began:
            return entry
        if held is not None and self._is_older(entry, held):
            return entry if fresh else held
        if held is not None and held.body != entry.body and held.began > self._doubtful_until(read):
            self._stats.stale += not _same(held, entry.body, read)
        self._put(read.key, replace(entry, began=0) if self._lags(read, entry) else entry)
        return entry

    def _is_older(self, entry: Entry, held: Entry) -> bool:
        if entry.version is None or held.version is None or self._clock.now() >= held.expires:
            return False
        return entry.version < held.version

    def _lags(self, read: Read[Shape], entry: Entry) -> bool:
        """Have we been told of a newer state than this, not long ago? Then the next reader asks again."""
        newest = self._newest_of(read)
        lasts = timedelta(seconds=self._seconds[read.kind])
        return entry.version is not None and entry.version < newest and self._clock.now() - lasts < newest

    def _put(self, key: Key, entry: Entry) -> None:
        if entry.size <= self._entries.maxsize:
            self._entries[key] = entry
        else:
            self._entries.pop(key, None)

    def _evicted(self) -> None:
        self._stats.evictions += 1


def _version(value: object) -> datetime | None:
    """The time of an object that a webhook may tell too: such say what is `steady` in them, to compare two tellings."""
    found = getattr(value, "updated_at", None) if hasattr(value, "steady") else None
    return found if found is not None and found.tzinfo is not None else None


def _same(held: Entry, body: bytes, read: Read[Shape]) -> bool:
    """Do two tellings of one object say the same?"""
    if read.shape is msgspec.Raw:
        return held.body == body
    return bool(_steady(held.value(read.shape)) == _steady(decode(body, read.shape)))


def _steady(value: object) -> object:
    """What two tellings of the same have in common: lists may come in any order."""
    steady = getattr(value, "steady", None)
    if steady is not None:
        return steady()
    return sorted(map(repr, value)) if isinstance(value, list) else value
