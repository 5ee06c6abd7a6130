"""What the needs between tasks say: an order, layers, circles, the critical path and who waits for whom.

Functions take `needs` (id -> ids it needs; ids that are no key are ignored) or a plan with the duration of each task.
All walk the graph without recursion in O(tasks + needs) and answer in the order of the input, so equal plans give
equal answers.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from services.core.plan import Plan, Task

Needs = Mapping[str, Sequence[str]]
Duration = Callable[[Task], float]


def _each_counts_one(task: Task) -> float:
    return 1.0


def needs_of(tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
    return {task.id: task.needs for task in tasks}


def dependants(needs: Needs) -> dict[str, list[str]]:
    """id -> ids that need it directly."""
    found: dict[str, list[str]] = {task: [] for task in needs}
    for task, wanted in needs.items():
        for need in wanted:
            if need in found:
                found[need].append(task)
    return found


def roots(needs: Needs) -> tuple[str, ...]:
    """Tasks that need nothing."""
    return tuple(task for task, wanted in needs.items() if not any(need in needs for need in wanted))


def layers(needs: Needs) -> list[tuple[str, ...]]:
    """Tasks by depth: each layer needs only earlier layers. Tasks in or behind a circle are left out."""
    waiting = {task: sum(need in needs for need in wanted) for task, wanted in needs.items()}
    behind = dependants(needs)
    place = {task: at for at, task in enumerate(needs)}
    found = []
    layer = [task for task, count in waiting.items() if not count]
    while layer:
        found.append(tuple(layer))
        freed = []
        for task in layer:
            for other in behind[task]:
                waiting[other] -= 1
                if not waiting[other]:
                    freed.append(other)
        layer = sorted(freed, key=place.__getitem__)
    return found


def order(needs: Needs) -> tuple[str, ...]:
    """A topological order: every task after all it needs. Tasks in or behind a circle are left out."""
    return tuple(task for layer in layers(needs) for task in layer)


def reach(edges: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    """All ids that can be reached from `start` (without it, unless it lies on a circle)."""
    found: set[str] = set()
    open_ids = [start]
    while open_ids:
        for other in edges.get(open_ids.pop(), ()):
            if other in edges and other not in found:
                found.add(other)
                open_ids.append(other)
    return frozenset(found)


def all_dependants(needs: Needs, task: str) -> frozenset[str]:
    """Every task that has to wait for `task`, directly or through others."""
    return reach(dependants(needs), task)


def longest_remaining(plan: Plan, duration: Duration = _each_counts_one) -> dict[str, float]:
    """id -> length of the longest chain from the task on, itself included, in the unit of `duration` (>= 0)."""
    needs = needs_of(plan.tasks)
    return longest_behind(order(needs), dependants(needs), _lengths(plan, duration))


def _lengths(plan: Plan, duration: Duration) -> dict[str, float]:
    return {task.id: duration(task) for task in plan.tasks}


def longest_behind(
    ordered: Sequence[str], behind: Mapping[str, Sequence[str]], lengths: Mapping[str, float]
) -> dict[str, float]:
    """The same for tasks in a topological order whose dependants are known."""
    left: dict[str, float] = {}
    for task in reversed(ordered):
        chain = 0.0
        for other in behind[task]:
            if left[other] > chain:
                chain = left[other]
        left[task] = chain + lengths[task]
    return left


def critical_path(plan: Plan, duration: Duration = _each_counts_one) -> tuple[str, ...]:
    """The longest chain of the plan, first task first: by number of tasks, or by the durations given (>= 0)."""
    return longest_chain(needs_of(plan.tasks), _lengths(plan, duration))


def longest_chain(needs: Needs, lengths: Mapping[str, float]) -> tuple[str, ...]:
    """The same by the length of each."""
    behind = dependants(needs)
    left = longest_behind(order(needs), behind, lengths)
    path: list[str] = []
    choices: Sequence[str] = [task for task in needs if task in left]
    while choices:
        path.append(max(choices, key=left.__getitem__))
        choices = behind[path[-1]]
    return tuple(path)


def slack(plan: Plan, duration: Duration = _each_counts_one) -> dict[str, float]:
    """id -> how much later than it could a task may end without the plan ending later; 0.0 on a longest chain."""
    return leeway(needs_of(plan.tasks), _lengths(plan, duration))


def leeway(needs: Needs, lengths: Mapping[str, float]) -> dict[str, float]:
    """The same by the length of each."""
    ordered = order(needs)
    left = longest_behind(ordered, dependants(needs), lengths)
    longest = max(left.values(), default=0.0)
    before: dict[str, float] = {}
    for task in ordered:
        ends = (before[need] + lengths[need] for need in needs[task] if need in before)
        before[task] = max(ends, default=0.0)
    return {task: max(longest - before[task] - left[task], 0.0) for task in before}


def cycles(needs: Needs) -> list[tuple[str, ...]]:
    """One shortest circle of each knot: every id needs the next, the last needs the first. Self-needs don't count."""
    return [_circle(needs, knot) for knot in knots(needs)]


def knots(needs: Needs) -> list[tuple[str, ...]]:
    """Sets of two or more tasks that all reach each other; disjoint, in the order of the input."""
    place = {task: at for at, task in enumerate(needs)}
    search = _Tarjan(needs)
    for task in needs:
        search.visit(task)
    found = [tuple(sorted(knot, key=place.__getitem__)) for knot in search.found]
    return sorted(found, key=lambda knot: place[knot[0]])


class _Tarjan:
    """Strongly connected components by Tarjan's algorithm, with its own stack of calls."""

    def __init__(self, needs: Needs) -> None:
        self.found: list[list[str]] = []
        self._needs = needs
        self._index: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._trail: list[str] = []
        self._on_trail: set[str] = set()
        self._calls: list[tuple[str, Iterator[str]]] = []

    def visit(self, start: str) -> None:
        if start not in self._index:
            self._enter(start)
        while self._calls:
            task, rest = self._calls[-1]
            fresh = self._look(task, rest)
            if fresh is not None:
                self._enter(fresh)
            else:
                self._leave(task)

    def _enter(self, task: str) -> None:
        self._index[task] = self._low[task] = len(self._index)
        self._trail.append(task)
        self._on_trail.add(task)
        self._calls.append((task, iter(self._needs[task])))

    def _look(self, task: str, rest: Iterator[str]) -> str | None:
        for need in rest:
            if need in self._on_trail:
                self._low[task] = min(self._low[task], self._index[need])
            elif need in self._needs and need not in self._index:
                return need
        return None

    def _leave(self, task: str) -> None:
        self._calls.pop()
        if self._calls:
            caller = self._calls[-1][0]
            self._low[caller] = min(self._low[caller], self._low[task])
        if self._low[task] == self._index[task]:
            knot = [self._trail.pop()]
            while knot[-1] != task:
                knot.append(self._trail.pop())
            self._on_trail.difference_update(knot)
            if len(knot) > 1:
                self.found.append(knot)


def _circle(needs: Needs, knot: Sequence[str]) -> tuple[str, ...]:
    """A shortest way from the knot's first member back to itself, breadth first."""
    inside = set(knot)
    start = knot[0]
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while start not in came_from:
        task = waiting.popleft()
        for need in needs[task]:
            if need in inside and need != task and need not in came_from:
                came_from[need] = task
                waiting.append(need)
    path = [came_from[start]]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
