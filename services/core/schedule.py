"""Which ready tasks start now, over all runs: the most urgent first, as many as the lanes have room for.

Urgent means the priority that people gave; then, among runs, the one that holds the fewest places, and of those the one
whose last turn was longest ago, so that a run does not take each place again that it frees; then the longest chain
still behind a task, so the critical path never waits for a side branch; then how long it has been ready. A lane that is
full holds back only its own tasks.

Nobody starves: **who has been ready for longer than a day goes before everybody who has not, the longest waiting
first, and while the first of them lacks a place in one lane, the place it needs in each other lane is kept for it.**
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from services.core.places import TOTAL, Lane, Places, Use

PATIENCE = timedelta(days=1)
"""How long priority counts. Long enough that it never disturbs a run with enough places, short enough that whoever
waits is not forgotten."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task that could start. remaining: longest chain from it on, any unit; since: when it first could, so what it
    has lacked from then on is a place; due: not before.

    Of an attempt whose next try has come, `id` is its key.
    """

    id: str
    use: Use
    since: datetime
    priority: float = 0.0
    remaining: float = 0.0
    due: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Has its time not come?"""
        return self.due is not None and self.due > now


Rank = tuple[float, float, datetime, str]
"""What of a task's urgency never changes: less priority, less remaining, since when, and its id."""
Share = tuple[int, int]
"""What a run has had: how many places it holds, and when it last took one."""
NOTHING: Share = (0, 0)
Urgency = tuple[int, float, Share, float, datetime, str, str]
"""Sort key, most urgent first; 0 at its head: overdue."""


def rank_of(candidate: Candidate) -> Rank:
    return (-candidate.priority, -candidate.remaining, candidate.since, candidate.id)


def urgency_of(rank: Rank, run: str, share: Share, overdue_since: datetime) -> Urgency:
    """`share`: of its run; run and id settle what is left."""
    if rank[2] <= overdue_since:
        return (0, 0.0, NOTHING, 0.0, rank[2], run, rank[3])
    return (1, rank[0], share, rank[1], rank[2], run, rank[3])


def urgency(candidate: Candidate, now: datetime, share: Share = NOTHING) -> Urgency:
    """Of a candidate at a moment, when its run has had that."""
    return urgency_of(rank_of(candidate), candidate.use.run, share, now - PATIENCE)


def is_overdue(candidate: Candidate, now: datetime) -> bool:
    return candidate.since <= now - PATIENCE


def choose(ready: Iterable[Candidate], places: Places, now: datetime) -> list[Candidate]:
    """Who starts, in that order. Nothing that would still fit is left out, but for what is kept for one overdue."""
    taken, left = Taken(places), [each for each in ready if not each.rests(now)]
    chosen = []
    while left:
        candidate = min(left, key=lambda each: urgency(each, now, taken.share(each.use.run)))
        left.remove(candidate)
        if taken.take(candidate.use):
            chosen.append(candidate)
        elif is_overdue(candidate, now):
            taken.keep(candidate.use)
    return chosen


class Taken:
    """The places as they will be after a choice, while it is made."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._count: dict[Lane, int] = dict(places.taken)
        self._turns: dict[str, int] = {}
        self._turn = places.turn
        self._has_kept = False

    @property
    def is_full(self) -> bool:
        return self._count.get(TOTAL, 0) >= self._places.limits.total

    def share(self, run: str) -> Share:
        """What the run has had."""
        turn = self._turns.get(run) or self._places.turns.get(run, 0)
        return self._count.get(("run", run), 0), turn

    def has_room(self, use: Use) -> bool:
        """Is a place free in each of its lanes?"""
        return self._places.lacking(use, self._count) is None

    def take(self, use: Use) -> bool:
        """Take its places; False when a lane is full. One that does not fit now does not fit later either."""
        count = self._count
        if self._places.lacking(use, count) is not None:
            return False
        for lane, _ in self._places.lanes(use):
            count[lane] = count.get(lane, 0) + 1
        self._turn += 1
        self._turns[use.run] = self._turn
        return True

    def keep(self, use: Use) -> None:
        """Keep a place in each lane for the first one that waits too long, so that nobody overtakes it for ever where
        two lanes are never free at once.

        Not of the whole bot's places: whoever leaves a full lane leaves one of those too, and it is chosen first then.
        One whose lane has no places at all waits for other settings, and nothing is kept for it; nor where those who
        wait for their next try are in its way, who could want that very place.
        """
        lanes = self._places.lanes(use)
        if self._has_kept or any(room <= 0 for _, room in lanes) or self._places.brake(use) is not None:
            return
        self._has_kept = True
        for lane, _ in lanes:
            if lane[0] not in {"total", "run"}:
                self._count[lane] = self._count.get(lane, 0) + 1
