"""The order of the nodes in each layer of a drawing, so that few lines cross.

Layers are lists of node numbers; lines join neighbouring layers only. Sweeps put each layer in the order of its
neighbours' middles (first means, which settle quickly, then medians, which cross less); what is left is done by
swapping two that stand side by side. Equal input gives equal output: ties keep the order they had.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from itertools import pairwise

SWEEPS = 24
MEANS = 8
"""The first sweeps go by the mean, the others by the median."""
PATIENCE = 6
"""Sweeps, or rounds of swapping, without fewer crossings before it is enough."""

Layers = list[list[int]]
Joined = Sequence[Sequence[int]]
"""By node number: the nodes it is joined to in one direction."""


def untangle(layers: Layers, before: Joined, after: Joined) -> Layers:
    """The same nodes in a better order; `before` and `after` are each node's neighbours to the left and right."""
    order = _swept(layers, before, after)
    for _ in range(PATIENCE):
        if not any([_swap(order, layer, before, after) for layer in range(len(order))]):  # noqa: C419  # every layer has its turn
            break
    return order


def crossings(layers: Layers, after: Joined) -> int:
    """How many pairs of lines cross, over all layers."""
    return sum(_between(left, right, after) for left, right in pairwise(layers))


def _between(left: Sequence[int], right: Sequence[int], after: Joined) -> int:
    place = {node: at for at, node in enumerate(right)}
    seen: list[int] = []
    found = 0
    for node in left:
        ends = sorted(place[other] for other in after[node])
        found += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return found


def _swept(layers: Layers, before: Joined, after: Joined) -> Layers:
    order = [list(layer) for layer in layers]
    best, fewest, idle = order, crossings(order, after), 0
    for sweep in range(SWEEPS):
        if not fewest or idle == PATIENCE:
            break
        order = [list(layer) for layer in order]
        centre: Callable[[list[int]], float] = _mean if sweep < MEANS else _median
        if sweep % 2 == 0:
            for layer in range(1, len(order)):
                _sort(order[layer], order[layer - 1], before, centre)
        else:
            for layer in range(len(order) - 2, -1, -1):
                _sort(order[layer], order[layer + 1], after, centre)
        count = crossings(order, after)
        idle = 0 if count < fewest else idle + 1
        if count < fewest:
            best, fewest = order, count
    return [list(layer) for layer in best]


def _mean(places: list[int]) -> float:
    return sum(places) / len(places)


def _median(places: list[int]) -> float:
    ordered, half = sorted(places), len(places) // 2
    return ordered[half] if len(places) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _sort(layer: list[int], fixed: Sequence[int], joined: Joined, centre: Callable[[list[int]], float]) -> None:
    """Order one layer by its neighbours in `fixed`; a node without any stays near where it was."""
    place = {node: at for at, node in enumerate(fixed)}
    scale = len(fixed) / len(layer)
    wish = {
        node: centre([place[other] for other in joined[node]]) if joined[node] else at * scale
        for at, node in enumerate(layer)
    }
    layer.sort(key=wish.__getitem__)


def _swap(order: Layers, layer: int, before: Joined, after: Joined) -> bool:
    """Swap neighbours of one layer that would cross less the other way round; whether any did."""
    sides = [
        (joined, {node: at for at, node in enumerate(order[other])})
        for joined, other in ((before, layer - 1), (after, layer + 1))
        if 0 <= other < len(order)
    ]
    nodes, swapped = order[layer], False
    for at in range(len(nodes) - 1):
        upper, lower = nodes[at], nodes[at + 1]
        gain = 0
        for joined, place in sides:
            ours, theirs = [place[node] for node in joined[upper]], [place[node] for node in joined[lower]]
            gain += sum((one > other) - (one < other) for one in ours for other in theirs)
        if gain > 0:
            nodes[at], nodes[at + 1] = lower, upper
            swapped = True
    return swapped
