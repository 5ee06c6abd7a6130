"""The tasks that could start, kept in order of urgency: choosing among ten thousand costs what choosing among ten does.

The same answer as `schedule.choose` over all of them (a property test holds the two together), but nothing is sorted
anew: one sorted list for each set of lanes, and only their heads are compared.
"""

import heapq
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from services.core.schedule import Candidate, Limits, Use, lanes_of, urgency

Rank = tuple[float, float, datetime, str]
Place = tuple[Rank, Candidate]


class ReadyQueue:
    """Candidates by their lanes, each list most urgent first."""

    def __init__(self) -> None:
        self._lists: dict[Use, list[Place]] = {}
        self._places: dict[str, Candidate] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, candidate: Candidate) -> None:
        """Put a task in; one that is there already takes its new place."""
        self.remove(candidate.id)
        self._places[candidate.id] = candidate
        insort(self._lists.setdefault(candidate.use, []), (urgency(candidate), candidate), key=_rank)

    def remove(self, task_id: str) -> None:
        """Take a task out; nothing happens when it is not there."""
        candidate = self._places.pop(task_id, None)
        if candidate is None:
            return
        places = self._lists[candidate.use]
        del places[bisect_left(places, urgency(candidate), key=_rank)]
        if not places:
            del self._lists[candidate.use]

    def pick(
        self, running: Iterable[Use], limits: Limits, *, fresh: Sequence[Candidate] = (), gone: Collection[str] = ()
    ) -> list[str]:
        """The ids to start now, most urgent first. `fresh` counts as if it were in, `gone` as if it were not."""
        taken = Counter(lane for use in running for lane, _ in lanes_of(use, limits))
        heads: list[tuple[Rank, int, Candidate, Iterator[Place]]] = []
        for number, (use, places) in enumerate(self._lists_with(fresh, gone)):
            if all(taken[lane] < room for lane, room in lanes_of(use, limits)):
                _push(heads, number, places)
        chosen = []
        while heads:
            _, number, candidate, rest = heapq.heappop(heads)
            lanes = list(lanes_of(candidate.use, limits))
            if any(taken[lane] >= room for lane, room in lanes):
                continue  # this set of lanes is full, and only gets fuller
            taken.update(lane for lane, _ in lanes)
            chosen.append(candidate.id)
            _push(heads, number, rest)
        return chosen

    def _lists_with(self, fresh: Sequence[Candidate], gone: Collection[str]) -> Iterator[tuple[Use, Iterator[Place]]]:
        """Each set of lanes with its places in order: those held but for the gone, and the fresh ones; lazily."""
        by_use: dict[Use, list[Place]] = {}
        for candidate in fresh:
            by_use.setdefault(candidate.use, []).append((urgency(candidate), candidate))
        for use in self._lists.keys() | by_use.keys():
            held = (place for place in self._lists.get(use, ()) if place[1].id not in gone)
            yield use, heapq.merge(held, sorted(by_use.get(use, ()), key=_rank), key=_rank)


def _rank(place: Place) -> Rank:
    return place[0]


def _push(heads: list[tuple[Rank, int, Candidate, Iterator[Place]]], number: int, rest: Iterator[Place]) -> None:
    if (head := next(rest, None)) is not None:
        heapq.heappush(heads, (head[0], number, head[1], rest))
