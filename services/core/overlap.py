"""Which tasks of one repository would get in each other's way, and so are worked on one after the other, or stacked.

Before work begins only the declared `paths` tell; once a task has a pull request, the files that it really changed do,
whatever it declared. Of two that may change the same files one starts, and the other waits until that has merged, or
comes to nothing. It is no order of the plan's: whichever is more urgent goes first, and what stands still (failed,
held, with a person, or waiting for its group) keeps nobody back. What nobody declared is not foreseen. Where a
repository wants them stacked, the other waits only for the pull request, and begins on its head (stacks.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from services.core import graph, stacks
from services.core.acting import rest_of
from services.core.elsewhere import ELSEWHERE
from services.core.paths import matches
from services.core.plan import Parsed, Plan, Problem, Task
from services.core.plan_paths import literal_start, overlap
from services.core.plan_text import quote
from services.core.task_state import Stack, TaskState
from services.core.turns import Holds

Mode = Literal["serialise", "stack", "warn"]
Pair = tuple[Task, Task, str, str]
KIND = "overlapping_paths"
OTHERS = "overlapping_plans"
MOST_TOLD = 10
MOST_PAIRS = 5_000
"""Pairs that are foreseen in one plan; of more, the rest starts as if nothing was declared."""
MAX_STEPS = 300_000
"""Bounds the search for overlapping paths, in compared characters: patterns are foreign text."""
MOST_LOOKED_AT = 100
"""Tasks under way in one repository that a task is compared with by what they changed."""


def pairs(plan: Plan, most: int = MOST_PAIRS) -> list[Pair]:
    """Tasks of one repository that may run in parallel, each pair with two patterns that can mean the same file."""
    place = {task.id: at for at, task in enumerate(plan.tasks)}
    ancestors = _ancestors(plan, place)
    found: dict[tuple[int, int], Pair] = {}
    for pair in _shared_patterns(plan):
        (one, path), (other, other_path) = sorted(pair, key=lambda side: place[side[0].id])
        at, behind = place[one.id], place[other.id]
        related = (ancestors[at] >> behind | ancestors[behind] >> at) & 1
        if at != behind and not related:
            found.setdefault((at, behind), (one, other, path, other_path))
        if len(found) >= most:
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


def concerned(plan: Plan) -> tuple[str, ...]:
    """The repositories whose settings say what becomes of overlaps: those with several tasks, one of which declares
    what it changes.
    """
    many: dict[str, int] = {}
    for task in plan.tasks:
        many[task.repo] = many.get(task.repo, 0) + 1
    return tuple(sorted({task.repo for task in plan.tasks if task.paths and many[task.repo] > 1}))


def settled(parsed: Parsed, modes: Mapping[str, Mode]) -> Parsed:
    """The plan with what its repositories want of overlaps, and its warnings as that makes them."""
    plan = parsed.plan
    if plan is None:
        return parsed
    apart = tuple(sorted(repo for repo, mode in modes.items() if mode != "warn"))
    stacked = tuple([repo for repo in apart if modes[repo] == "stack"])
    whole = Plan(title=plan.title, tasks=plan.tasks, apart=apart, stacked=stacked, deploys=plan.deploys)
    told = [
        Problem(kind=KIND, message=message(*pair, mode=modes.get(pair[0].repo, "warn")), line=pair[1].line, column=1,
                severity="warning")
        for pair in pairs(plan, MOST_TOLD)
    ]  # fmt: skip
    others = [problem for problem in parsed.problems if problem.kind != KIND]
    return msgspec.structs.replace(parsed, plan=whole, problems=(*others, *told))


def message(one: Task, other: Task, path: str, other_path: str, *, mode: Mode = "warn") -> str:
    """The warning about a pair."""
    both = quote(path) if path == other_path else f"{quote(path)} and {quote(other_path)}"
    tasks = f"{quote(one.id)} and {quote(other.id)}"
    if mode == "serialise":
        return f"{tasks} may change the same files ({both}), so they are worked on one after the other."
    if mode == "stack":
        return (
            f"{tasks} may change the same files ({both}), so the later is stacked on the earlier, and merges after it."
        )
    return f"{tasks} may change the same files at the same time ({both}); let one need the other."


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A task of another plan that is under way. changed: the files it really changes, once that is known."""

    place: str
    task: Task
    changed: tuple[str, ...] = ()


class Rivals:
    """The pairs of a plan, for asking again and again who is kept waiting by whom."""

    def __init__(self, plan: Plan) -> None:
        self._specs = plan.by_id
        self._apart = frozenset(plan.apart)
        self._stacked = frozenset(plan.stacked)
        self._near: dict[str, dict[str, str]] = {}
        self._undeclared: dict[str, list[str]] = {}
        self._declared: dict[str, list[str]] = {}
        self._pair(plan)
        self.are_any = bool(self._near or (self._declared and self._undeclared))

    def _pair(self, plan: Plan) -> None:
        if not self._apart:
            return
        for one, other, path, other_path in pairs(plan):
            if one.repo in self._apart:
                self._near.setdefault(one.id, {})[other.id] = other_path
                self._near.setdefault(other.id, {})[one.id] = path
        for task in plan.tasks:
            if task.repo in self._apart:
                (self._declared if task.paths else self._undeclared).setdefault(task.repo, []).append(task.id)

    def of(self, task_id: str) -> Sequence[str]:
        """Whom it may keep waiting, or free, when it moves."""
        if not self.are_any:
            return ()
        spec = self._specs[task_id]
        near = [*self._near.get(task_id, ())]
        return near if spec.paths else [*near, *self._declared.get(spec.repo, ())]

    def holds(self, states: Mapping[str, TaskState]) -> Holds:
        """Whom each task keeps waiting while it is under way, by what is declared, and known by now."""
        specs = self._specs
        under_way = {
            task_id for task_id, now in states.items() if task_id in specs and _is_under_way(specs[task_id], now)
        }
        found: dict[str, list[tuple[str, str]]] = {}
        for task_id, spec in specs.items() if self.are_any else ():
            now = states.get(task_id)
            for other in self.of(task_id) if now is not None and now.changed else self._near.get(task_id, ()):
                if other not in under_way and self._meets(other, task_id, now):
                    is_short = bool(spec.group) or self._may_stack(other)
                    found.setdefault(task_id, []).append((other, task_id if is_short else rest_of(task_id)))
        return found

    def _meets(self, task_id: str, rival: str, now: TaskState | None) -> bool:
        """May a task change the same files as the rival does, or will do?"""
        pattern = self._near.get(task_id, {}).get(rival, "")
        if now is None or now.state not in {"running", "in_review"}:
            return bool(pattern)
        return _shared(self._specs[task_id], self._specs[rival], now, pattern) is not None

    @property
    def stacks(self) -> bool:
        """May tasks begin on the heads of others?"""
        return bool(self._stacked) and self.are_any

    def keeps(self, task_id: str, state: Callable[[str], TaskState]) -> tuple[str, str] | None:
        """Who keeps a task from starting now, and the file or pattern it is about."""
        if not self.are_any:
            return None
        if not self._may_stack(task_id):
            return next(self._met(task_id, state), None)
        met = list(self._met(task_id, state))
        return met[0] if met and stacks.top([rival for rival, _ in met], state) is None else None

    def base(self, task_id: str, state: Callable[[str], TaskState]) -> Stack | None:
        """On what a task begins that nobody keeps from starting; None: on the default branch."""
        if not self._may_stack(task_id):
            return None
        return stacks.top([rival for rival, _ in self._met(task_id, state)], state)

    def _may_stack(self, task_id: str) -> bool:
        """Who works elsewhere begins on the default branch."""
        spec = self._specs[task_id]
        return spec.repo in self._stacked and spec.agent not in ELSEWHERE

    def _met(self, task_id: str, state: Callable[[str], TaskState]) -> Iterator[tuple[str, str]]:
        """Who may change the same files and is under way, but for those that are stacked on the task itself."""
        spec = self._specs[task_id]
        if not self.are_any or not spec.paths:
            return
        for rival, pattern in self._near.get(task_id, {}).items():
            shared = _shared(spec, self._specs[rival], state(rival), pattern)
            if shared is not None and task_id not in stacks.below(rival, state):
                yield rival, shared
        looked_at = 0
        for rival in self._undeclared.get(spec.repo, ()):
            now = state(rival)
            if now.changed and _is_under_way(self._specs[rival], now):
                looked_at += 1
                if looked_at > MOST_LOOKED_AT:
                    break
                shared = _shared(spec, self._specs[rival], now, "")
                if shared is not None and task_id not in stacks.below(rival, state):
                    yield rival, shared


def _shared(task: Task, rival: Task, now: TaskState, pattern: str) -> str | None:
    """What both may change while the rival is under way; pattern: the one it declared that meets the task's."""
    if not _is_under_way(rival, now):
        return None
    if now.state == "in_review" and now.changed:
        return next((path for path in now.changed if any(matches(path, each) for each in task.paths)), None)
    return pattern or None


def _is_under_way(spec: Task, now: TaskState) -> bool:
    """A pull request of a group may wait for the very task that would wait for it."""
    return now.state == "running" or (now.state == "in_review" and not now.held and not spec.group)


def among(tasks: Sequence[Task], others: Sequence[Neighbour]) -> Iterator[tuple[Task, Neighbour, str]]:
    """A task and one of another plan that may change the same files, with the file or pattern it is about; each task
    once.
    """
    steps = MAX_STEPS
    for task in tasks:
        for other in others if not task.done else ():
            if other.task.repo != task.repo or steps <= 0:
                continue
            steps -= sum(len(path) for path in task.paths) * max(1, sum(map(len, other.task.paths)))
            if (path := _met_by(task, other)) is not None:
                yield task, other, path
                break


def _met_by(task: Task, other: Neighbour) -> str | None:
    if other.changed:
        return next((path for path in other.changed if any(matches(path, each) for each in task.paths)), None)
    both = ((path, each) for path in task.paths for each in other.task.paths)
    return next((path for path, each in both if path == each or overlap(path, each)), None)


def told_of(task: Task, other: Neighbour, path: str) -> str:
    """The warning about one of another plan; its place is "" where that must not be named."""
    whose = f"{quote(other.task.id)} of the plan {other.place}" if other.place else "a task of another plan"
    return f"{quote(task.id)} may change the same files as {whose}, which is under way ({quote(path)})."


def shared_files(one: TaskState, other: TaskState) -> tuple[str, ...]:
    """The files that two pull requests both change, as far as that is known."""
    return tuple(sorted(set(one.changed) & set(other.changed)))
