"""Groups: tasks whose pull requests merge together, or not at all, as far as GitHub allows.

GitHub merges one pull request at a time, so this is what "together" means: nothing of a group merges before all of it
is ready against one set of heads (the barrier); that those heads are merged now is stored before the first merge; then
they merge one after another, in the order of their needs; and where a later one can't, what has merged is taken back or
the rest is finished forward, as `rollback` says. So a group may stand half merged for a moment, and never without what
comes next being stored.

Everything here reads a run as it stands; what follows from it is decided in barriers.py.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

import msgspec

from services.core import graph
from services.core.plan import Plan, Task
from services.core.task_state import SATISFIED, STUCK, TaskState, is_a_persons
from services.core.text import code, plain

Phase = Literal["closed", "complete", "merging", "merged", "reverting", "forward"]
"""closed: it waits for somebody.  complete: all are ready, and GitHub only waits for `lockstep/gate`.  merging: one
after another.  merged: all of it.  reverting, forward: a later merge failed, and what has merged is taken back, or the
rest is finished.
"""
Policy = Literal["revert", "forward"]


class Barrier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a group is. heads: those with which it was complete or let go, by task.  broke: the task that could not
    be merged after others had; why: what was said of it then.
    """

    phase: Phase = "closed"
    heads: dict[str, str] = {}
    broke: str = ""
    why: str = ""


CLOSED = Barrier()


class Standing(Protocol):
    """A run as it stands, stored or in the making."""

    @property
    def plan(self) -> Plan: ...

    @property
    def tasks(self) -> Mapping[str, TaskState]: ...

    @property
    def barriers(self) -> Mapping[str, Barrier]: ...


def name_of(run: Standing, task_id: str) -> str:
    """The group that a task merges with, "" for none: alone in one it merges as any other."""
    task = run.plan.by_id.get(task_id)
    return task.group if task is not None and task.group in run.plan.groups else ""


def barrier_of(run: Standing, name: str) -> Barrier:
    return run.barriers.get(name, CLOSED)


def is_over(task: TaskState) -> bool:
    """Has it merged, or was it left out?"""
    return task.state in SATISFIED


def has_merged(task: TaskState) -> bool:
    return task.state == "done" and bool(task.merge_sha)


def is_ready(task: TaskState) -> bool:
    """Was nothing of its own missing at its head, and does nobody hold it?"""
    stands = task.state == "in_review" or (task.state in STUCK and is_a_persons(task))
    return stands and task.cleared == task.head_sha != "" and not task.held and not task.renewing


def is_broken(task: TaskState) -> bool:
    """Can it not be merged as it stands, whatever ends by itself? What waits for a check, a review or a person who
    holds it is not broken.
    """
    return not is_over(task) and task.state != "in_review" and not is_a_persons(task)


def order(run: Standing, name: str) -> tuple[str, ...]:
    """Its tasks in the order in which they merge."""
    members = run.plan.groups[name]
    return graph.order({member: _inside(run.plan, run.plan.by_id[member]) for member in members})


def _inside(plan: Plan, task: Task) -> tuple[str, ...]:
    """The needs of a task that are in its own group."""
    return tuple([need for need in task.needs if need in plan.by_id and plan.by_id[need].group == task.group])


def open_of(run: Standing, name: str) -> list[str]:
    """Its tasks that are not over, in the order in which they merge."""
    return [member for member in order(run, name) if not is_over(run.tasks[member])]


def missing(run: Standing, name: str) -> tuple[str, ...]:
    """Those that it waits for."""
    return tuple([member for member in open_of(run, name) if not is_ready(run.tasks[member])])


def first(run: Standing, name: str) -> str:
    """Which of it merges next, "" when all of it is over. What a person merges goes first where nothing speaks against
    it: then nothing has merged while that is waited for.
    """
    left = open_of(run, name)
    free = [member for member in left if not set(_inside(run.plan, run.plan.by_id[member])) & set(left)]
    return next((member for member in free if is_a_persons(run.tasks[member])), free[0] if free else "")


def policy(plan: Plan, name: str) -> Policy:
    """What happens when a later merge fails: `revert`, unless the group says `forward`. `none` takes nothing back."""
    said = {plan.by_id[member].rollback.strip().lower() for member in plan.groups[name]}
    return "forward" if said & {"forward", "none"} and "revert" not in said else "revert"


def is_met(run: Standing, task: Task, need: str) -> bool:
    """Does this need of a task hold it back no more? A group counts as merged when all of it is over. Within a group a
    need says what merges first, and work begins as soon as its pull request is there.
    """
    state, spec = run.tasks.get(need), run.plan.by_id.get(need)
    if state is None or spec is None:
        return False
    if spec.group not in run.plan.groups:
        return is_over(state)
    if spec.group == task.group:
        own = run.tasks.get(task.id)
        return is_over(state) or bool(state.pull) or (own is not None and bool(own.pull) and not own.discarding)
    is_back = barrier_of(run, spec.group).phase == "reverting"
    return not is_back and all(is_over(run.tasks[member]) for member in run.plan.groups[spec.group])


def unmet(run: Standing, task: Task) -> list[str]:
    """The needs that still hold a task back."""
    return [need for need in task.needs if not is_met(run, task, need)]


def hold(run: Standing, task_id: str) -> str:
    """Why its group does not let a task merge now, in words; "" when it does, or there is none."""
    name = name_of(run, task_id)
    if not name:
        return ""
    match barrier_of(run, name).phase:
        case "merging":
            is_next = first(run, name) in {task_id, ""}
            return "" if is_next else f"is ready; its group {code(name)} is being merged, one after another"
        case "forward":
            left = [need for need in _inside(run.plan, run.plan.by_id[task_id]) if not is_over(run.tasks[need])]
            return f"waits for {', '.join(map(code, left))} of its group to merge" if left else ""
        case "reverting":
            return f"its group {code(name)} is taken back, so it is not merged any more"
        case "merged":
            return ""
        case _:
            return f"is ready, and waits for the rest of its group {code(name)}"


def is_let_through(run: Standing, name: str) -> bool:
    """Does `lockstep/gate` stand open for its pull requests? So it does where there is no group."""
    return not name or barrier_of(run, name).phase in {"complete", "merging", "merged", "forward"}


def half(run: Standing, name: str) -> bool:
    """Has a part of it merged, and is the rest not over?"""
    members = [run.tasks[member] for member in run.plan.groups[name]]
    return any(map(has_merged, members)) and not all(map(is_over, members))


def told(run: Standing) -> Iterator[str]:
    """How each group stands, in lines for the plan's comment: once something has merged, exactly what is where."""
    for name in run.plan.groups:
        yield headline(run, name)
        if _is_in_the_middle(run, name):
            yield ""
            yield from (f"- {_where(run, member)}" for member in order(run, name))
        yield ""


def headline(run: Standing, name: str) -> str:
    """How a group stands, in a sentence or two."""
    barrier = barrier_of(run, name)
    if barrier.phase == "merged":
        return f"**Group {code(name)}** has merged, all of it."
    return _headline(run, name, barrier) if _is_in_the_middle(run, name) else _waiting(run, name, barrier)


def _is_in_the_middle(run: Standing, name: str) -> bool:
    """Has a part of it merged, or is it gone back on?"""
    phase = barrier_of(run, name).phase
    return phase != "merged" and (half(run, name) or phase in {"reverting", "forward"})


def _headline(run: Standing, name: str, barrier: Barrier) -> str:
    why = f" {code(barrier.broke)} could not be merged: {barrier.why}." if barrier.broke else ""
    if barrier.phase == "reverting":
        how = "People merge the pull requests that do it, in the order that `lockstep/gate` keeps."
        return f"**Group {code(name)} is taken back.**{why} {how} The rest is not merged any more. What is where:"
    said = f"**Group {code(name)} is half merged.**"
    if barrier.phase == "forward":
        return f"{said}{why} The rest is finished forward: each merges once it can. What is where:"
    turn = first(run, name)
    return f"{said} {code(turn)} is next{_reason(run.tasks[turn])}." if turn else said


def _waiting(run: Standing, name: str, barrier: Barrier) -> str:
    left = missing(run, name)
    count = f"{len(run.plan.groups[name]) - len(left)} of {len(run.plan.groups[name])} ready"
    if barrier.phase == "merging":
        return f"**Group {code(name)}:** is being merged, {code(first(run, name))} first."
    if barrier.phase == "complete":
        return f"**Group {code(name)}:** all are ready, and waits for what GitHub itself still asks for."
    if not left:
        return f"**Group {code(name)}:** all are ready; it is looked at once more before the first merge."
    shown = ", ".join(f"{code(member)}{_reason(run.tasks[member], anyhow=True)}" for member in left[:SHOWN])
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return f"**Group {code(name)}:** {count}, waits for {shown}{more}."


SHOWN = 5


def _where(run: Standing, member: str) -> str:
    """Where one of it is now, exactly."""
    task, repo = run.tasks[member], run.plan.by_id[member].repo
    place = f" ({repo}#{task.pull})" if task.pull else f" ({repo})"
    if has_merged(task):
        said = f"{code(member)}{place} merged as {code(task.merge_sha[:10])}"
        if task.revert:
            said += f", taken back by {repo}#{task.revert}" if task.revert > 0 else ", being taken back"
        return f"{said}{_reason(task)}{_undo(run.plan.by_id[member])}"
    if is_over(task):
        return f"{code(member)} is {'done' if task.state == 'done' else 'left out'}"
    return f"{code(member)}{place} has not merged{_reason(task)}"


def _undo(task: Task) -> str:
    """What the plan says about undoing it, where that is more than a word for us."""
    said = task.rollback.strip()
    return "" if not said or said.lower() in {"revert", "forward", "none"} else f"; to undo it: {plain(said, 200)}"


def _reason(task: TaskState, *, anyhow: bool = False) -> str:
    said = task.reason or (task.state.replace("_", " ") if anyhow else "")
    return f" ({said})" if said else ""
