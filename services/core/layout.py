"""Where the boxes of a plan's graph go: left to right by what needs what, lines that bend around boxes.

Our own, because the same plan must give the same picture in every process: neither the order in which tasks were
written nor their state moves a box. The steps are the usual ones: columns by the longest way, an empty place wherever a
line passes a column, an order with few crossings (untangle.py), then rows as near to their neighbours as that order
allows. Distances are in boxes; whoever draws multiplies them.
"""

from collections.abc import Sequence

import msgspec

from services.core import graph
from services.core.untangle import untangle

PASSES = 12
STIFF = 8.0
"""How much more a line wants to stay straight than a box wants to be in the middle."""
LONE_COLUMNS = 6
GAP = 0.5
"""Rows between parts that touch nowhere."""

Needs = graph.Needs


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A task's place: `column` from 0 at the left, `row` from 0.0 at the top."""

    id: str
    column: int
    row: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """From a need to the task that needs it; `rows`: where it passes the columns in between."""

    source: str
    target: str
    rows: tuple[float, ...] = ()


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """All boxes and lines, and how many columns and rows they take."""

    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    columns: int = 0
    rows: float = 0.0


def lay_out(needs: Needs) -> Drawing:
    """Place every task of a plan without circles. Parts that touch nowhere stand below each other, lone tasks in a
    grid.
    """
    known = {task: tuple(sorted({need for need in needs[task] if need in needs})) for task in sorted(needs)}
    boxes: list[Box] = []
    lines: list[Line] = []
    lone: list[str] = []
    top = 0.0
    for part in _parts(known):
        if len(part) == 1:
            lone.append(part[0])
            continue
        drawn = _Part({task: known[task] for task in part}).drawing()
        boxes += [msgspec.structs.replace(box, row=box.row + top) for box in drawn.boxes]
        lines += [msgspec.structs.replace(line, rows=tuple(row + top for row in line.rows)) for line in drawn.lines]
        top += drawn.rows + GAP
    boxes += [
        Box(id=task, column=at % LONE_COLUMNS, row=top + at // LONE_COLUMNS) for at, task in enumerate(sorted(lone))
    ]
    lowest = max([-1.0, *(box.row for box in boxes), *(row for line in lines for row in line.rows)])
    columns = max((box.column for box in boxes), default=-1) + 1
    return Drawing(boxes=tuple(boxes), lines=tuple(lines), columns=columns, rows=lowest + 1)


def _parts(needs: Needs) -> list[list[str]]:
    """The sets of tasks that hang together, largest first."""
    touching: dict[str, set[str]] = {task: set(wanted) for task, wanted in needs.items()}
    for task, wanted in needs.items():
        for need in wanted:
            touching[need].add(task)
    left, found = set(needs), []
    for start in needs:
        if start in left:
            part = {start, *graph.reach(touching, start)}
            left -= part
            found.append(sorted(part))
    return sorted(found, key=lambda part: (-len(part), part[0]))


class _Part:
    """One part in the making. Nodes are numbers: the tasks in order of their ids, then the places that lines pass."""

    def __init__(self, needs: Needs) -> None:
        self._ids = list(needs)
        number = {task: n for n, task in enumerate(self._ids)}
        self._column = _columns(needs)
        self._before: list[list[int]] = [[] for _ in self._ids]
        self._after: list[list[int]] = [[] for _ in self._ids]
        self._passed: dict[tuple[int, int], list[int]] = {}
        for task, wanted in needs.items():
            for need in wanted:
                self._connect(number[need], number[task])

    def drawing(self) -> Drawing:
        order = untangle(self._first_order(), self._before, self._after)
        rows = self._rows(order)
        top = min(rows)
        rows = [round(row - top, 2) for row in rows]
        boxes = [Box(id=task, column=self._column[n], row=rows[n]) for n, task in enumerate(self._ids)]
        lines = [
            Line(source=self._ids[source], target=self._ids[target], rows=tuple(rows[n] for n in passed))
            for (source, target), passed in self._passed.items()
        ]
        return Drawing(boxes=tuple(boxes), lines=tuple(lines), columns=len(order), rows=max(rows) + 1)

    def _connect(self, source: int, target: int) -> None:
        """A line, with a place of its own in every column it passes."""
        passed: list[int] = []
        last = source
        for column in range(self._column[source] + 1, self._column[target]):
            node = len(self._column)
            self._column.append(column)
            self._before.append([])
            self._after.append([])
            self._join(last, node)
            passed.append(node)
            last = node
        self._join(last, target)
        self._passed[source, target] = passed

    def _join(self, left: int, right: int) -> None:
        self._after[left].append(right)
        self._before[right].append(left)

    def _first_order(self) -> list[list[int]]:
        """Depth first from the left, so that what belongs together starts together."""
        order: list[list[int]] = [[] for _ in range(max(self._column) + 1)]
        seen: set[int] = set()
        waiting = [node for node in reversed(range(len(self._column))) if not self._before[node]]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                order[self._column[node]].append(node)
                waiting += reversed(self._after[node])
        return order

    def _rows(self, order: Sequence[Sequence[int]]) -> list[float]:
        """By node: every one as near to its neighbours as the order allows, from left and right in turn."""
        rows = [0.0] * len(self._column)
        for nodes in order:
            for at, node in enumerate(nodes):
                rows[node] = float(at)
        for turn in range(PASSES):
            side = (self._before, self._after)[turn % 2]
            for nodes in order if turn % 2 == 0 else reversed(order):
                wishes = [_middle([rows[other] for other in side[node]], rows[node]) for node in nodes]
                weights = [STIFF if node >= len(self._ids) else 1.0 for node in nodes]
                for node, row in zip(nodes, spread(wishes, weights), strict=True):
                    rows[node] = row
        return rows


def _columns(needs: Needs) -> list[int]:
    """Each task's column, in the order of `needs`: behind all it needs; one that needs nothing stands right before its
    first dependant."""
    layers = graph.layers(needs)
    column = {task: at for at, layer in enumerate(layers) for task in layer}
    behind = graph.dependants(needs)
    for task in layers[0]:
        column[task] = min(column[other] for other in behind[task]) - 1
    return [column[task] for task in needs]


def _middle(rows: Sequence[float], otherwise: float) -> float:
    return sum(rows) / len(rows) if rows else otherwise


def spread(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Places in the given order, at least 1 apart, as near to the wishes as can be (weighted least squares, by pooling
    neighbours that would overlap)."""
    pools: list[tuple[float, float, int]] = []  # (mean of wishes with the distances taken off, weight, members)
    for at, (wish, weight) in enumerate(zip(wishes, weights, strict=True)):
        mean, total, members = wish - at, weight, 1
        while pools and pools[-1][0] > mean:
            other, heavy, many = pools.pop()
            mean = (mean * total + other * heavy) / (total + heavy)
            total, members = total + heavy, members + many
        pools.append((mean, total, members))
    flat = [mean for mean, _, members in pools for _ in range(members)]
    return [mean + at for at, mean in enumerate(flat)]
