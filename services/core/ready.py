"""The tasks of all runs that could start, kept in order of urgency: choosing among ten thousand of a run costs what
choosing among ten does.

The same answer as `schedule.choose` over all of them (a property test holds the two together), but nothing is sorted
anew: two sorted lists for each run and set of lanes, by urgency and by age, and only their heads are compared. Where
the lanes are full none are, but for the one that has waited too long. A task whose time has not come stands aside
until it has.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from services.core.places import Places, Use
from services.core.schedule import NOTHING, PATIENCE, Candidate, Rank, Taken, Urgency, rank_of, urgency_of

MOST_GONE = 64
"""Dues of tasks that rest no more, beyond as many as do, before they are cleared away."""


class _Row:
    """The candidates of one set of lanes, twice."""

    __slots__ = ("ages", "held", "ranks")

    def __init__(self) -> None:
        self.held: dict[str, Candidate] = {}
        self.ranks: list[Rank] = []
        self.ages: list[tuple[datetime, str]] = []

    def add(self, candidate: Candidate) -> None:
        self.held[candidate.id] = candidate
        insort(self.ranks, rank_of(candidate))
        insort(self.ages, (candidate.since, candidate.id))

    def remove(self, task_id: str) -> None:
        candidate = self.held.pop(task_id)
        del self.ranks[bisect_left(self.ranks, rank_of(candidate))]
        del self.ages[bisect_left(self.ages, (candidate.since, task_id))]

    def head(self, overdue_since: datetime) -> Rank:
        oldest = self.ages[0]
        return (0.0, 0.0, *oldest) if oldest[0] <= overdue_since else self.ranks[0]

    def in_order(self, overdue_since: datetime, gone: Collection[str] = ()) -> Iterator[Rank]:
        for since, task_id in self.ages:
            if since > overdue_since:
                break
            if task_id not in gone:
                yield (0.0, 0.0, since, task_id)
        for rank in self.ranks:
            if rank[2] > overdue_since and rank[3] not in gone:
                yield rank


def _lanes(use: Use) -> Use:
    """The same whoever's it is: runs share all lanes but those of their groups."""
    return use if use.group else msgspec.structs.replace(use, run="")


class ReadyQueue:
    """Candidates by their lanes. A task is known by its run and its id."""

    def __init__(self) -> None:
        self._rows: dict[Use, _Row] = {}
        self._shared: dict[Use, dict[Use, _Row]] = {}  # the rows by what runs share
        self._uses: dict[tuple[str, str], Use] = {}
        self._resting: dict[tuple[str, str], Candidate] = {}
        # A heap of when those are due, and some that are gone.
        self._dues: list[tuple[datetime, tuple[str, str]]] = []

    def __len__(self) -> int:
        return len(self._uses) + len(self._resting)

    @property
    def next_due(self) -> datetime | None:
        """When the time of one comes that rests."""
        dues, resting = self._dues, self._resting
        while dues and ((held := resting.get(dues[0][1])) is None or held.due != dues[0][0]):
            heapq.heappop(dues)
        return dues[0][0] if dues else None

    def is_resting(self, run: str, task_id: str) -> bool:
        """Does it wait for its time?"""
        return (run, task_id) in self._resting

    def add(self, candidate: Candidate) -> None:
        """Put a task in; one that is there already takes its new place."""
        key = (candidate.use.run, candidate.id)
        self.remove(*key)
        if candidate.due is not None:
            self._resting[key] = candidate
            heapq.heappush(self._dues, (candidate.due, key))
            if len(self._dues) > 2 * len(self._resting) + MOST_GONE:
                self._dues = [(each.due, key) for key, each in self._resting.items() if each.due is not None]
                heapq.heapify(self._dues)
        else:
            self._join(key, candidate)

    def _join(self, key: tuple[str, str], candidate: Candidate) -> None:
        self._uses[key] = candidate.use
        row = self._rows.get(candidate.use)
        if row is None:
            row = self._rows[candidate.use] = _Row()
            self._shared.setdefault(_lanes(candidate.use), {})[candidate.use] = row
        row.add(candidate)

    def remove(self, run: str, task_id: str) -> None:
        """Take a task out; nothing happens when it is not there."""
        self._resting.pop((run, task_id), None)
        use = self._uses.pop((run, task_id), None)
        if use is not None:
            row = self._rows[use]
            row.remove(task_id)
            if not row.held:
                del self._rows[use]
                rows = self._shared[_lanes(use)]
                del rows[use]
                if not rows:
                    del self._shared[_lanes(use)]

    def pick(
        self,
        places: Places,
        now: datetime,
        *,
        run: str = "",
        fresh: Sequence[Candidate] = (),
        gone: Collection[str] = (),
    ) -> list[Candidate]:
        """Who starts now, in that order. Of `run`, `fresh` counts as if it were in, and `gone` as if it were not."""
        while (due := self.next_due) is not None and due <= now:
            key = self._dues[0][1]
            self._join(key, self._resting.pop(key))
        fresh = [each for each in fresh if not each.rests(now)]
        taken = Taken(places)
        if taken.is_full or not (self._rows or fresh):
            return []
        pick = _Pick(taken, now - PATIENCE)
        pick.fill(self._shared, run, fresh, gone)
        return pick.choose()


class _Source:
    """A row as one choice sees it. `rest`: what stands behind its head, walked only once the head is taken."""

    __slots__ = ("fresh", "rest", "row", "use")

    def __init__(self, use: Use, row: _Row | None, fresh: Mapping[str, Candidate], rest: Iterator[Rank] | None) -> None:
        self.use, self.row, self.fresh, self.rest = use, row, fresh, rest

    def candidate(self, task_id: str) -> Candidate:
        if self.row is None or task_id in self.fresh:
            return self.fresh[task_id]
        return self.row.held[task_id]

    def next(self, overdue_since: datetime) -> Rank | None:
        if self.rest is None and self.row is not None:
            self.rest = self.row.in_order(overdue_since)
            next(self.rest)
        return next(self.rest, None) if self.rest is not None else None


Head = tuple[Urgency, int]
"""The most urgent of a row, and which row that is."""


class _Pick:
    """One choice in the making: a heap of the rows' heads for each set of lanes that runs share, in a heap of those."""

    def __init__(self, taken: Taken, overdue_since: datetime) -> None:
        self._taken = taken
        self._overdue_since = overdue_since
        self._heaps: list[list[Head]] = []
        self._sources: list[_Source] = []

    def fill(
        self, shared: Mapping[Use, Mapping[Use, _Row]], run: str, fresh: Sequence[Candidate], gone: Collection[str]
    ) -> None:
        """Every row with its head; those that changed in their new order."""
        own: dict[Use, list[Candidate]] = {}
        for candidate in fresh:
            own.setdefault(candidate.use, []).append(candidate)
        for lanes, rows in shared.items():
            is_full = len(rows) > 1 and not self._taken.has_room(lanes)
            heads: list[Head] = []
            late: list[tuple[datetime, str, str, Use]] = []
            for use, row in rows.items():
                if use.run == run and (gone or use in own):
                    self._add_changed(heads, use, row, own.pop(use, ()), gone)
                elif not is_full:
                    self._add(heads, _Source(use, row, {}, None), row.head(self._overdue_since))
                elif row.ages[0][0] <= self._overdue_since:
                    late.append((row.ages[0][0], use.run, row.ages[0][1], use))
            if late:  # nobody starts, but a place may be kept for the first of them
                use = min(late)[-1]
                self._add(heads, _Source(use, rows[use], {}, None), rows[use].head(self._overdue_since))
            self._close(heads)
        for use, added in own.items():
            heads = []
            self._add_changed(heads, use, None, added, ())
            self._close(heads)
        heapq.heapify(self._heaps)

    def _close(self, heads: list[Head]) -> None:
        if heads:
            heapq.heapify(heads)
            self._heaps.append(heads)

    def _add(self, heads: list[Head], source: _Source, head: Rank) -> None:
        heads.append((self._urgency(head, source.use.run), len(self._sources)))
        self._sources.append(source)

    def _add_changed(
        self, heads: list[Head], use: Use, row: _Row | None, added: Sequence[Candidate], gone: Collection[str]
    ) -> None:
        new = self._sorted(added)
        if row is None:
            rest = iter(new)
        else:
            held = row.in_order(self._overdue_since, gone)
            rest = heapq.merge(held, new, key=self._order) if new else held
        head = next(rest, None)
        if head is not None:
            self._add(heads, _Source(use, row, {each.id: each for each in added}, rest), head)

    def _sorted(self, added: Sequence[Candidate]) -> list[Rank]:
        ranks = sorted(map(rank_of, added))
        late = [rank for rank in ranks if rank[2] <= self._overdue_since]
        if not late:
            return ranks
        return [*sorted(late, key=itemgetter(2, 3)), *(rank for rank in ranks if rank[2] > self._overdue_since)]

    def _order(self, rank: Rank) -> Urgency:
        return urgency_of(rank, "", NOTHING, self._overdue_since)

    def _urgency(self, rank: Rank, run: str) -> Urgency:
        return urgency_of(rank, run, self._taken.share(run), self._overdue_since)

    def choose(self) -> list[Candidate]:
        """The most urgent head again and again, until nobody fits."""
        chosen: list[Candidate] = []
        heaps, taken = self._heaps, self._taken
        if len(self._sources) == 1:
            return self._in_a_row(heaps[0][0][0][-1], self._sources[0])
        while heaps and not taken.is_full:
            heads = heaps[0]
            was, number = heads[0]
            source = self._sources[number]
            share = taken.share(source.use.run)
            if was[0] and was[2] != share:  # its run has had another turn since
                heapq.heapreplace(heads, ((*was[:2], share, *was[3:]), number))
            elif taken.take(source.use):
                chosen.append(source.candidate(was[-1]))
                behind = source.next(self._overdue_since)
                if behind is None:
                    heapq.heappop(heads)
                else:
                    heapq.heapreplace(heads, (self._urgency(behind, source.use.run), number))
            else:  # this set of lanes is full, for all of them, and only gets fuller
                heads.clear()
                if not was[0]:
                    taken.keep(source.use)
            if heads:
                heapq.heapreplace(heaps, heads)
            else:
                heapq.heappop(heaps)
        return chosen

    def _in_a_row(self, first: str, source: _Source) -> list[Candidate]:
        """The same where all are in one set of lanes: one after the other, as long as they fit."""
        chosen: list[Candidate] = []
        task_id = first
        while not self._taken.is_full and self._taken.take(source.use):
            chosen.append(source.candidate(task_id))
            behind = source.next(self._overdue_since)
            if behind is None:
                break
            task_id = behind[3]
        return chosen
