"""Stacks: where a repository wants it, a task that may change the same files as one in review begins on its head.

Its pull request goes into the other's branch, so people see its own changes alone, and it never merges before that.
Once the other has merged, in whatever way, or comes to nothing, the later one is made anew: its own changes are carried
over onto whatever it then begins on, which is the default branch, or another head. Nothing is left then of commits that
a squash has made worthless, or that nobody wants any more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from services.core import names
from services.core.gate import PullFact, Ruling, rule
from services.core.overrides import counting, missing
from services.core.task_state import ENDED, Happening, Stack, TaskState, is_a_persons
from services.core.text import code

if TYPE_CHECKING:
    from services.core.conduct import Work
    from services.core.plan import Plan

DEEPEST = 5
"""Tasks in one stack: with each that merges all above it are made anew, and run their checks again."""
State = Callable[[str], TaskState]


class Standing(Protocol):
    """A run as it stands, stored or in the making."""

    @property
    def id(self) -> str: ...

    @property
    def plan(self) -> "Plan": ...

    @property
    def tasks(self) -> Mapping[str, TaskState]: ...


class Merged(Protocol):
    """A merged pull request, as far as it matters where it went."""

    @property
    def base_ref(self) -> str: ...

    @property
    def merge_sha(self) -> str: ...


def stands(stack: Stack, below: TaskState | None) -> bool:
    """Is what it was begun on still wanted, and on its way?"""
    return below is not None and below.state not in ENDED and stack.sha in below.heads


def below(task_id: str, state: State) -> tuple[str, ...]:
    """The tasks that one is stacked on, the nearest first."""
    found: list[str] = []
    stack = state(task_id).stack
    while stack is not None and stack.on not in found and len(found) < DEEPEST and stands(stack, state(stack.on)):
        found.append(stack.on)
        stack = state(stack.on).stack
    return tuple(found)


def top(rivals: Sequence[str], state: State) -> Stack | None:
    """The head that holds all of these, for another to begin on; None when there is none, or not yet."""
    for each in rivals:
        under = below(each, state)
        if set(rivals) <= {each, *under} and len(under) + 2 <= DEEPEST and _is_whole(each, under, state):
            return Stack(on=each, sha=state(each).head_sha)
    return None


def _is_whole(task_id: str, under: Sequence[str], state: State) -> bool:
    """Is its head made on the heads that those under it have now, and holds nobody's work that was made anew since?"""
    heads = [state(each).head_sha for each in under]
    forks = [state(each).fork for each in (task_id, *under)]
    return forks == [*heads, ""] and all(_can_carry(state(each)) for each in (task_id, *under))


def _can_carry(task: TaskState) -> bool:
    """Is its head one of ours, made of what is approved, and does it stay for now?"""
    is_ours = bool(task.pull) and task.head_sha in task.heads and not is_a_persons(task) and task.was is None
    return task.state == "in_review" and is_ours and not (task.renewing or task.discarding or task.handed)


def holder(run: Standing, task: TaskState) -> str:
    """The task that has to merge before this one, because it is stacked on that; "" for none."""
    stack = task.stack
    if stack is None or not task.pull:
        return ""
    return stack.on if task.fork or stands(stack, run.tasks.get(stack.on)) else ""


def hold(run: Standing, task: TaskState) -> str:
    """Why it is not merged yet, in words; "" when it is not stacked."""
    on = holder(run, task)
    if not on:
        return ""
    return f"is stacked on {code(on)}, and merges after it"


def seen(run: Standing, task: TaskState, fact: PullFact) -> PullFact:
    """The pull request as it is to be judged: into the branch of what it is stacked on it goes rightly."""
    is_right = task.stack is not None and fact.base_ref == names.branch(run.id, task.stack.on)
    return msgspec.structs.replace(fact, base_ok=True) if is_right and holder(run, task) else fact


def unseen(run: Standing, task: TaskState) -> str:
    """Why a head that somebody else pushed, and that was approved, is not merged for all that; "" when it may be.

    What was approved was shown without what it lies on. Only where exactly that has merged is nothing else in it. Nor
    can it be carried over by itself: what of it is its own, nobody knows.
    """
    stack = task.stack
    if stack is None or task.fork or not task.pull or task.head_sha not in task.heads:
        return ""
    other = run.tasks.get(stack.on)
    is_in = other is not None and _has_merged(other) and other.head_sha == stack.sha
    if is_in or stands(stack, other):
        return ""
    return (
        f"it was approved while it was stacked on {code(stack.on)}, whose commits {stack.sha[:7]} did not merge as "
        "they were and may be in it: look at all of it, then merge it yourself, or retry the task"
    )


def ruled(run: Standing, task: TaskState, fact: PullFact, unmet: Iterable[str]) -> Ruling:
    """What speaks against merging it, whatever its group says."""
    if why := unseen(run, task):
        return Ruling(verdict="needs_human", reason=why)
    ruling = rule(counting(task, seen(run, task, fact)), missing(task, unmet))
    said = hold(run, task) if ruling.verdict in {"merge", "behind"} or ruling.by_gate else ""
    return Ruling(verdict="wait", reason=said) if said else ruling


def went_into(run: Standing, task: TaskState, pull: Merged) -> str:
    """The task into whose branch somebody has merged it, and which has not merged with it; "" for none. Of a branch of
    ours that is no task's here, its name.
    """
    spec = run.plan.by_id.get(task.id)
    is_stacked = task.stack is not None or (spec is not None and spec.repo in run.plan.stacked)
    if not is_stacked or not pull.base_ref.startswith(names.BRANCHES):
        return ""
    on = next((each for each in run.tasks if names.branch(run.id, each) == pull.base_ref), "")
    other = run.tasks.get(on)
    is_in = other is not None and _has_merged(other) and pull.merge_sha in {other.head_sha, *other.heads} - {""}
    return "" if is_in else on or pull.base_ref


def _has_merged(task: TaskState) -> bool:
    return task.state == "done" and bool(task.merge_sha)


def settle(work: "Work", task_ids: Iterable[str] | None = None) -> None:
    """Make anew what is stacked on something that has merged, or is not wanted any more. task_ids: of those, and of
    all that may be stacked on them; all that changed if none are named.
    """
    if not work.board.rivals.stacks:
        return
    for one in tuple(work.changed) if task_ids is None else tuple(task_ids):
        if one not in work.board.specs:
            continue
        for each in dict.fromkeys((one, *work.board.rivals.of(one))):
            _restack(work, work.of(each))


def _restack(work: "Work", task: TaskState) -> None:
    stack = task.stack
    if stack is None or task.state != "in_review" or stands(stack, work.standing.tasks.get(stack.on)):
        return
    if why := unseen(work.standing, task):
        work.apply(task.id, Happening(kind="refused", text=why))
    elif task.fork and not is_a_persons(task) and task.head_sha in task.heads:
        other = work.standing.tasks.get(stack.on)
        has_merged = other is not None and _has_merged(other)
        why = f"{code(stack.on)} has merged" if has_merged else f"{code(stack.on)}, on which it was stacked, is gone"
        work.apply(task.id, Happening(kind="restacking", text=f"{why}: it is carried over onto what is there now"))
