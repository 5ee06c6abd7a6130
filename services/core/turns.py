"""Turns, as far as they are foreseen: of two tasks that may change the same files one starts, and the other waits until
that has merged, or where it is stacked, until there is a pull request (overlap.py).

Nodes are those of acting.py. Who goes first is no need of the plan's; but once it is known, chains are measured as if
it were.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from services.core import graph

Holds = Mapping[str, Sequence[tuple[str, str]]]
"""id -> whom it keeps waiting while it is under way, each with the node with whose end that is over."""


class Turns:
    """Who is kept waiting now. after: id -> the nodes that it has waited for."""

    def __init__(self, holds: Holds) -> None:
        self.after: dict[str, list[str]] = {}
        self._holds = holds
        self._begun: set[str] = set()
        self._kept: Counter[str] = Counter()
        self._until: dict[str, list[str]] = {}

    def keeps(self, task_id: str) -> bool:
        return self._kept[task_id] > 0

    def begin(self, task_id: str) -> list[str]:
        """Whom it keeps waiting from now on."""
        self._begun.add(task_id)
        kept = []
        for other, until in self._holds.get(task_id, ()):
            if other not in self._begun:
                self._kept[other] += 1
                self._until.setdefault(until, []).append(other)
                kept.append(other)
        return kept

    def end(self, node: str) -> list[str]:
        """Whom nothing keeps waiting any more, now that this is over."""
        kept = self._until.pop(node, [])
        for other in kept:
            self._kept[other] -= 1
            self.after.setdefault(other, []).append(node)
        return [other for other in kept if not self._kept[other]]


def in_turn(
    needs: graph.Needs, lengths: Mapping[str, float], holds: Holds, rank: Callable[[str], object]
) -> dict[str, tuple[str, ...]]:
    """The needs, and for each task those that it will have waited for, where whoever ranks lowest goes first."""
    turns, behind = Turns(holds), graph.dependants(needs)
    waiting = {node: sum(need in needs for need in wanted) for node, wanted in needs.items()}
    free, kept = [node for node, count in waiting.items() if not count], set[str]()
    coming: list[tuple[float, str]] = []  # when, and what is over then
    at = 0.0
    while free or coming:
        for node in sorted(free, key=rank):  # type: ignore[arg-type]
            if turns.keeps(node):
                kept.add(node)
                continue
            turns.begin(node)
            heapq.heappush(coming, (at + lengths[node], node))
        at, over = heapq.heappop(coming)
        free = [node for node in turns.end(over) if node in kept]
        kept.difference_update(free)
        for node in behind[over]:
            waiting[node] -= 1
            if not waiting[node]:
                free.append(node)
    return {node: (*wanted, *turns.after.get(node, ())) for node, wanted in needs.items()}
