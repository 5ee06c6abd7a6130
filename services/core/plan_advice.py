"""What is allowed in a plan but probably not meant: warnings that are shown before the approval and stop nothing.

They are given for checked plans only. The search for tasks that may get in each other's way is bounded, because
patterns are foreign text and every pair of tasks would have to be looked at.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from services.core import graph
from services.core.plan import Plan, Task
from services.core.plan_paths import literal_start, overlap
from services.core.plan_text import quote
from services.core.problems import Findings, Spot

LONG_CHAIN = 8
RESERVED = frozenset({"all", "failed"})
MAX_OVERLAPS = 10
MAX_STEPS = 300_000
"""Bounds the search for overlapping paths, in compared characters."""


def advise(plan: Plan, findings: Findings) -> None:
    """Note every warning about a plan that has no errors."""
    _long_chain(plan, findings)
    _lone_groups(plan, findings)
    _reserved(plan, findings)
    for one, other, path, other_path in _overlapping(plan):
        both = quote(path) if path == other_path else f"{quote(path)} and {quote(other_path)}"
        tasks = f"{quote(one.id)} and {quote(other.id)}"
        message = f"{tasks} may change the same files at the same time ({both}); let one need the other."
        findings.add("overlapping_paths", message, _spot(other))


def _spot(task: Task) -> Spot:
    return Spot("", task.line, 1)


def _long_chain(plan: Plan, findings: Findings) -> None:
    path = graph.critical_path(plan)
    if len(path) >= LONG_CHAIN and len(path) * 4 >= len(plan.tasks) * 3:
        chain = f"{len(path)} of {len(plan.tasks)} tasks wait for each other in one line"
        findings.add(
            "long_chain",
            f"{chain}, from {quote(path[0])} to {quote(path[-1])}; remove needs that are only habit.",
            _spot(plan.by_id[path[0]]),
        )


def _lone_groups(plan: Plan, findings: Findings) -> None:
    members = Counter(task.group for task in plan.tasks)
    for task in plan.tasks:
        if task.group and members[task.group] == 1:
            message = f"{quote(task.id)} is alone in its group {quote(task.group)}, so the group changes nothing."
            findings.add("lone_group", message, _spot(task))


def _reserved(plan: Plan, findings: Findings) -> None:
    for task in plan.tasks:
        if task.id.lower() in RESERVED:
            word = task.id.lower()
            message = f"`{task.id}` is also a word of the commands (`/lockstep retry {word}`); another id is clearer."
            findings.add("reserved_id", message, _spot(task))


def _overlapping(plan: Plan) -> list[tuple[Task, Task, str, str]]:
    """Pairs of tasks of one repository that may run in parallel, each with two patterns that can mean the same file."""
    place = {task.id: at for at, task in enumerate(plan.tasks)}
    ancestors = _ancestors(plan, place)
    found: dict[tuple[int, int], tuple[Task, Task, str, str]] = {}
    for pair in _shared_patterns(plan):
        (one, path), (other, other_path) = sorted(pair, key=lambda side: place[side[0].id])
        at, behind = place[one.id], place[other.id]
        related = (ancestors[at] >> behind | ancestors[behind] >> at) & 1
        if at != behind and not related:
            found.setdefault((at, behind), (one, other, path, other_path))
        if len(found) >= MAX_OVERLAPS:
            break
    return list(found.values())


def _ancestors(plan: Plan, place: Mapping[str, int]) -> list[int]:
    """For each task the set of all it has to wait for, as the bits of a number."""
    sets = [0] * len(plan.tasks)
    by_id = plan.by_id
    for task in graph.order(graph.needs_of(plan.tasks)):
        for need in by_id[task].needs:
            sets[place[task]] |= sets[place[need]] | 1 << place[need]
    return sets


def _shared_patterns(plan: Plan) -> Iterator[tuple[tuple[Task, str], tuple[Task, str]]]:
    """Pairs of (task, pattern) that can mean the same file; patterns that begin differently are never compared."""
    entries = sorted(
        (task.repo, literal_start(path), path, at)
        for at, task in enumerate(plan.tasks)
        if not task.done
        for path in task.paths
    )
    steps = MAX_STEPS
    for at, (repo, start, path, one) in enumerate(entries):
        for behind in range(at + 1, len(entries)):
            other_repo, other_start, other_path, other = entries[behind]
            if other_repo != repo or not other_start.startswith(start) or steps <= 0:
                break
            steps -= 1 if path == other_path else len(path) * len(other_path)
            if path == other_path or overlap(path, other_path):
                yield (plan.tasks[one], path), (plan.tasks[other], other_path)
