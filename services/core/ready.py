"""The tasks of all runs that could start, kept in order of urgency: choosing among ten thousand costs what choosing
among ten does.

The same answer as `schedule.choose` over all of them (a property test holds the two together), but nothing is sorted
anew: two sorted lists for each set of lanes, by urgency and by age, and only their heads are compared.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from services.core.places import Places, Use
from services.core.schedule import PATIENCE, Candidate, Taken, Urgency, is_overdue, urgency

Rank = tuple[float, float, datetime, str]
"""Urgency among tasks of one run none of which is overdue: that part of it never changes."""
Head = tuple[Urgency, int, Candidate, Iterator[Candidate]]


class _Row:
    """The candidates of one set of lanes, twice."""

    __slots__ = ("ages", "held", "ranks")

    def __init__(self) -> None:
        self.held: dict[str, Candidate] = {}
        self.ranks: list[Rank] = []
        self.ages: list[tuple[datetime, str]] = []

    def in_order(self, overdue_since: datetime, gone: Collection[str]) -> Iterator[Candidate]:
        for since, task_id in self.ages:
            if since > overdue_since:
                break
            if task_id not in gone:
                yield self.held[task_id]
        for _, _, since, task_id in self.ranks:
            if since > overdue_since and task_id not in gone:
                yield self.held[task_id]


class ReadyQueue:
    """Candidates by their lanes. A task is known by its run and its id."""

    def __init__(self) -> None:
        self._rows: dict[Use, _Row] = {}
        self._uses: dict[tuple[str, str], Use] = {}

    def __len__(self) -> int:
        return len(self._uses)

    def add(self, candidate: Candidate) -> None:
        """Put a task in; one that is there already takes its new place."""
        key = (candidate.use.run, candidate.id)
        if key in self._uses:
            self.remove(*key)
        self._uses[key] = candidate.use
        row = self._rows.get(candidate.use)
        if row is None:
            row = self._rows[candidate.use] = _Row()
        row.held[candidate.id] = candidate
        insort(row.ranks, _rank(candidate))
        insort(row.ages, (candidate.since, candidate.id))

    def remove(self, run: str, task_id: str) -> None:
        """Take a task out; nothing happens when it is not there."""
        use = self._uses.pop((run, task_id), None)
        if use is None:
            return
        row = self._rows[use]
        candidate = row.held.pop(task_id)
        del row.ranks[bisect_left(row.ranks, _rank(candidate))]
        del row.ages[bisect_left(row.ages, (candidate.since, task_id))]
        if not row.held:
            del self._rows[use]

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
        taken = Taken(places)
        heads = [] if taken.is_full else self._heads(taken, now, run, fresh, gone)
        chosen = []
        while heads and not taken.is_full:
            was, number, candidate, rest = heapq.heappop(heads)
            rank = urgency(candidate, now, taken.by_run(candidate))
            if rank != was:  # its run has come to hold more places since
                heapq.heappush(heads, (rank, number, candidate, rest))
            elif taken.take(candidate):
                chosen.append(candidate)
                _push(heads, number, rest, taken, now)
            elif is_overdue(candidate, now):  # this set of lanes is full, and only gets fuller
                taken.keep(candidate)
        return chosen

    def _heads(
        self, taken: Taken, now: datetime, run: str, fresh: Sequence[Candidate], gone: Collection[str]
    ) -> list[Head]:
        """The most urgent candidate of each set of lanes that matters, with those behind it."""
        heads: list[Head] = []
        overdue_since = now - PATIENCE
        own: dict[Use, list[Candidate]] = {}
        for candidate in fresh:
            own.setdefault(candidate.use, []).append(candidate)
        for number, (use, row) in enumerate(self._rows.items()):
            added = own.pop(use, ())
            # Without one that waits too long, a full set of lanes says nothing to anybody.
            if row.ages[0][0] > overdue_since and not added and not taken.fits(use):
                continue
            held = row.in_order(overdue_since, gone if use.run == run else ())
            _push(heads, number, _merged(held, added, now), taken, now)
        for number, added in enumerate(own.values(), len(self._rows)):
            _push(heads, number, _merged(iter(()), added, now), taken, now)
        return heads


def _merged(held: Iterator[Candidate], added: Sequence[Candidate], now: datetime) -> Iterator[Candidate]:
    if not added:
        return held
    return heapq.merge(held, sorted(added, key=lambda each: urgency(each, now)), key=lambda each: urgency(each, now))


def _push(heads: list[Head], number: int, rest: Iterator[Candidate], taken: Taken, now: datetime) -> None:
    head = next(rest, None)
    if head is not None:
        heapq.heappush(heads, (urgency(head, now, taken.by_run(head)), number, head, rest))


def _rank(candidate: Candidate) -> Rank:
    return (-candidate.priority, -candidate.remaining, candidate.since, candidate.id)
