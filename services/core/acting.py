"""The needs of a plan as they act: what needs one of a group waits for all of it, and within one work begins as soon as
there is a pull request (groups.py).

So that chains can be measured as in any other graph, a plan with groups is one of more nodes: the work at each task,
which goes by its id, what is still to come of it then, and the end of each group, which takes no time.
"""

from collections.abc import Collection, Iterable, Mapping

from services.core.plan import Plan, Task

Left = Mapping[str, tuple[float, float]]
"""id -> seconds of work, and in all, that are still to come of a task."""


def acting(plan: Plan, ids: Collection[str], *, split: bool = False) -> dict[str, tuple[str, ...]]:
    """node -> nodes it needs, of these tasks of a plan. split: each is two nodes also where there are no groups."""
    if not (split or plan.groups):
        return {task.id: task.needs for task in plan.tasks if task.id in ids}
    found: dict[str, tuple[str, ...]] = {}
    for task in plan.tasks:
        if task.id in ids:
            found[task.id] = tuple(dict.fromkeys(_until(plan, task, need) for need in task.needs))
            found[rest_of(task.id)] = (task.id,)
    found.update({_end_of(name): tuple(map(rest_of, members)) for name, members in plan.groups.items()})
    return found


def spread(plan: Plan, left: Left, *, split: bool = False) -> dict[str, float]:
    """node -> seconds of it, of the same nodes."""
    if not (split or plan.groups):
        return {task_id: whole for task_id, (_, whole) in left.items()}
    found = dict.fromkeys(map(_end_of, plan.groups), 0.0)
    for task_id, (work, whole) in left.items():
        found[task_id], found[rest_of(task_id)] = work, whole - work
    return found


def rest_of(task_id: str) -> str:
    """The node of what follows the work at a task; no id has a space."""
    return f"{task_id} rest"


def _end_of(group: str) -> str:
    return f" {group}"


def _until(plan: Plan, task: Task, need: str) -> str:
    """What has to be over of a need before the task begins."""
    spec = plan.by_id.get(need)
    if spec is None or spec.group not in plan.groups:
        return rest_of(need)
    return need if spec.group == task.group else _end_of(spec.group)


def only(ids: Collection[str], nodes: Iterable[str]) -> tuple[str, ...]:
    """Those of the nodes that are tasks."""
    return tuple([node for node in nodes if node in ids])
