"""Which boxes a plan's graph is drawn with when it has too many tasks to read.

Tasks that stand in the same layer of the graph can be one box: lines still go from left to right, so folding never
makes a circle. First those of one repository and state are taken together, then those of one state. What a person looks
for is never folded: what is stuck or running, and the critical path.
"""

from collections.abc import Callable, Collection, Mapping

import msgspec

from services.core import graph
from services.core.plan import Plan, Task

MAX_BOXES = 150


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One box: a single task, or several of one state. `id` is a task's own, or `+` and a number, which no task has."""

    id: str
    tasks: tuple[Task, ...]
    state: str


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """The boxes by id, and which boxes each of them needs. Empty when the graph can't be drawn with so few boxes."""

    boxes: Mapping[str, Fold] = msgspec.field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def box_of(self) -> dict[str, str]:
        """Task id -> id of its box."""
        return {task.id: box.id for box in self.boxes.values() for task in box.tasks}


Key = Callable[[Task, int], tuple[object, ...]]


def fold(plan: Plan, states: Mapping[str, str], keep: Collection[str], limit: int = MAX_BOXES) -> Folded:
    """At most `limit` boxes for the plan; `states` by task id; tasks in `keep` stay boxes of their own."""
    layer = {task: at for at, tasks in enumerate(graph.layers(graph.needs_of(plan.tasks))) for task in tasks}

    def alike(task: Task, *more: str) -> tuple[object, ...]:
        return (task.id,) if task.id in keep else (layer[task.id], states[task.id], *more)

    ways: tuple[Callable[[Task], tuple[object, ...]], ...] = (
        lambda task: (task.id,),
        lambda task: alike(task, task.repo),
        alike,
    )
    for way in ways:
        groups: dict[tuple[object, ...], list[Task]] = {}
        for task in plan.tasks:
            groups.setdefault(way(task), []).append(task)
        if len(groups) <= limit:
            return _folded(list(groups.values()), states)
    return Folded()


def _folded(groups: list[list[Task]], states: Mapping[str, str]) -> Folded:
    boxes = {}
    for number, tasks in enumerate(groups):
        box = Fold(id=tasks[0].id if len(tasks) == 1 else f"+{number}", tasks=tuple(tasks), state=states[tasks[0].id])
        boxes[box.id] = box
    box_of = {task.id: box.id for box in boxes.values() for task in box.tasks}
    needs = {
        box.id: tuple(dict.fromkeys(box_of[need] for task in box.tasks for need in task.needs))
        for box in boxes.values()
    }
    return Folded(boxes=boxes, needs=needs)
