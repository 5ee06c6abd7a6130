"""An edited plan takes the place of the one that runs: what becomes of each task, and the decision that says so.

What is finished stays, work that has begun and is asked for in other words is stopped and done again, what is no longer
in the plan is ended, what is new is begun. `fates` is what people are told before they approve, and what `adopt` does.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from services.core import barriers, deploys, groups, stacks
from services.core.board import Adoption, Board, Decision, Moment, Run
from services.core.conduct import Work
from services.core.graph import layers, needs_of
from services.core.machine import step
from services.core.plan import Plan, Task
from services.core.plan_diff import PlanDiff, diff
from services.core.repairs import ended
from services.core.task_state import ENDED, SATISFIED, Happening, Kind, TaskState
from services.core.text import code

Fate = Literal[
    "begun", "done", "withdrawn", "left", "redone", "theirs", "merged", "stays", "ticked", "unticked", "goes on",
]  # fmt: skip
"""begun, done: it is new.  withdrawn, left: it is in the plan no more, and was open, or over.  redone: its work begins
anew.  theirs: a person is at it.  merged: it has merged, as an earlier text says.  stays: people had stopped it.  goes
on: nothing of it has begun, or what has is asked for in the same words.
"""
WORK = ("body", "run", "prompt", "paths", "verify", "agent", "model", "workflow")
"""What an attempt is made of: another of these, and what was made so far is not what is approved now."""
ASKED = ("body", "run", "prompt")
"""What a task asks for; the rest of WORK says only how it is to be come by."""
_IN_PLACE: Mapping[str, object] = {"priority": None, "model": "", "budget": ""}
"""What people may have set in place of the plan's; an edit of the plan is the newer word."""
_UNBEGUN = frozenset({"blocked", "ready"})
_BEGUN = frozenset({"running", "in_review", "failed", "needs_human"})
_HAPPENS: Mapping[Fate, tuple[Kind, str]] = {
    "redone": ("redone", "the plan asks for something else now"),
    "ticked": ("ticked", "ticked as done in the plan"),
    "unticked": ("unticked", "not ticked as done in the plan any more"),
}


def obstacle(run: Run, plan: Plan) -> str:
    """Why a run can't take this plan over, as one sentence; "" when it can.

    A task's issue, branch and pull request are known by its id and stand in one repository.
    """
    if any(state.revert < 0 for state in run.tasks.values()):
        return "What has merged is being taken back just now; say it again in a moment."
    for name, barrier in run.barriers.items():
        if barrier.phase == "merging" and _of_group(run.plan, name) != _of_group(plan, name):
            return f"The group {code(name)} is being merged just now; say it again when that is over."
    for task in plan.tasks:
        old = run.plan.by_id.get(task.id)
        if (need := _taken_back(run, task, old)) and not task.done:
            return (
                f"The run can't let {code(task.id)} need {code(need)}, whose group was taken back; take that need out."
            )
        if old is not None and (old.repo.lower(), old.issue) != (task.repo.lower(), task.issue):
            where = "issue" if old.repo.lower() == task.repo.lower() else "repository"
            return f"The run can't move the task {code(task.id)} to another {where}; give it another id."
        if task.id in run.former:
            return f"The task {code(task.id)} was taken out of this run before; give it another id."
    return ""


def _taken_back(run: Run, task: Task, old: Task | None) -> str:
    """A need that a task has not had before, and that will never be met: it merged with a group that was taken back."""
    for need in task.needs:
        name = groups.name_of(run, need)
        is_new = old is None or need not in old.needs
        if is_new and task.group != name and groups.barrier_of(run, name).phase == "reverting":
            return need
    return ""


def _of_group(plan: Plan, name: str) -> list[Task]:
    return [msgspec.structs.replace(task, line=0) for task in plan.tasks if task.group == name]


def fates(run: Run, found: PlanDiff) -> dict[str, Fate]:
    """What becomes of each task that is added, removed or changed."""
    ends: dict[str, Fate] = {task.id: "done" if task.done else "begun" for task in found.added}
    for task in found.removed:
        ends[task.id] = "left" if run.tasks[task.id].state in ENDED else "withdrawn"
    return ends | {change.id: _fate(run.tasks[change.id], change.old, change.new) for change in found.changed}


def _fate(state: TaskState, old: Task, new: Task) -> Fate:
    if new.done and not old.done and state.state not in SATISFIED:
        return "ticked"
    if old.done and not new.done and state.state == "done" and not state.merge_sha:
        return "unticked"
    if not _differ(WORK, old, new) or state.state in _UNBEGUN:
        return "goes on"
    if state.state in _BEGUN:
        return "theirs" if state.assignee else "redone"
    if state.state == "done":
        return "merged" if state.merge_sha and _differ(ASKED, old, new) else "goes on"
    return "stays"


def _differ(names: tuple[str, ...], old: Task, new: Task) -> bool:
    """Does one of these fields say something else? A title is what an agent is asked, where there is no script."""
    if any(_said(old, name) != _said(new, name) for name in names):
        return True
    return not new.run and old.title != new.title


def _said(task: Task, name: str) -> object:
    value = getattr(task, name)
    return sorted(value) if name == "paths" else value


def adopt(board: Board, adoption: Adoption, now: datetime) -> Decision:
    """Take the plan over; a decision without `adopted` when there is nothing to take over, or something speaks against
    it. Nothing is started: the next decision does that.
    """
    run, plan = board.run, adoption.plan
    if run.finished_at is not None or plan.hash == run.plan.hash or obstacle(run, plan):
        return Decision(run_id=run.id, state=run.state)
    tasks = {task.id: run.tasks.get(task.id) or _fresh(task, now) for task in plan.tasks}
    work = Work(Board(msgspec.structs.replace(run, plan=plan, approver=adoption.actor, tasks=tasks)), now)
    gone = list(_remove(work, run, adoption, now))
    _edit(work, run, adoption)
    _add(work, run, plan)
    stacks.settle(work, tasks)
    barriers.settle(work)
    deploys.settle(work)
    work.unblock(tasks)
    _regate(work, run, plan)
    work.leave_queues(is_edited=True)
    decision = work.finish()
    said = Moment(task="", kind="adopted", before=run.state, after=run.state, text=adoption.text, actor=adoption.actor)
    return msgspec.structs.replace(
        decision,
        adopted=adoption,
        waits=(*decision.waits, *((task_id, ()) for task_id in gone)),
        history=(said, *decision.history),
    )


def _fresh(task: Task, now: datetime) -> TaskState:
    over = now if task.done else None
    return TaskState(id=task.id, state="done" if task.done else "blocked", since=now, finished_at=over)


def _remove(work: Work, run: Run, adoption: Adoption, now: datetime) -> Iterator[str]:
    """The tasks that are in the plan no more: what is open of them is ended, and cleared away."""
    for task in run.plan.tasks:
        if task.id in adoption.plan.by_id:
            continue
        state = msgspec.structs.replace(run.tasks[task.id], was=task)
        removed = Happening(kind="removed", text="no longer in the plan", actor=adoption.actor)
        work.leave(state, step(state, removed, now), removed)
        yield task.id


def _edit(work: Work, run: Run, adoption: Adoption) -> None:
    """The tasks that stay and say something else."""
    found = diff(run.plan, adoption.plan)
    ends = fates(run, found)
    for change in found.changed:
        state = work.of(change.id)
        own = {name: nothing for name, nothing in _IN_PLACE.items() if name in change.names}
        if state.state in _UNBEGUN and _differ(WORK, change.old, change.new):  # what it was to go on from is another's
            own |= {"repairs": ended(state.repairs, "superseded"), "carry": "", "broke": ""}
        edited = msgspec.structs.replace(state, was=_was(state, change.old, change.new), **own)
        if edited != state:
            work.changed[change.id] = edited
        if (happens := _HAPPENS.get(ends[change.id])) is not None:
            work.apply(change.id, Happening(kind=happens[0], text=happens[1], actor=adoption.actor))


def _was(state: TaskState, old: Task, new: Task) -> Task | None:
    """The text that the task's pull request was made of, if the plan says something else now."""
    made = state.was or old
    if (
        not state.pull
        or (state.assignee and state.state not in ENDED)
        or (state.state == "done" and not state.merge_sha)
    ):
        return None
    return made if _differ(ASKED if state.state == "done" else WORK, made, new) else None


def _add(work: Work, run: Run, plan: Plan) -> None:
    """The tasks that are new, in the order in which they are needed."""
    for task_id in (task_id for layer in layers(needs_of(plan.tasks)) for task_id in layer):
        if task_id not in run.tasks:
            work.add(task_id)


def _regate(work: Work, run: Run, plan: Plan) -> None:
    """Gates that say something else: of other needs, or of work that does not count any more."""
    for task in plan.tasks:
        old = run.plan.by_id.get(task.id)
        if old is None or work.of(task.id).state in ENDED:
            continue
        before = {need: groups.is_met(run, old, need) for need in old.needs}
        after = {need: work.is_met(need, task.id) for need in task.needs}
        if before != after or (run.tasks[task.id].was is None) != (work.of(task.id).was is None):
            work.regate(task.id)
