"""What commands answer that change something about tasks. `ids` are those that changed; where none did, it says why."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from services.core import overrides
from services.core.cost import dollars
from services.core.messages.answers import counted, tasks
from services.core.task_state import Override
from services.core.text import code

HELD_ALL = "Held. What runs comes to its end; `/lockstep resume` goes on."
HELD_ALREADY = "Nothing to hold back: the run is over, or held already."
GOING_ON = "Going on."
NOT_HELD = "The run as a whole was not held."
NOTHING_TO_MERGE = "Nothing to merge."
LESSONS = {
    "approve": "is told to later tasks of its repository from now on",
    "veto": "is told to nobody",
    "retire": "is told to nobody any more",
    "delete": "is deleted",
}
"""What each decision about a lesson comes to."""
BY_ITS_ISSUE = {"cancelled": "its issue was closed as not planned", "retried": "its issue was opened again"}
"""What the history says of closing or opening a tracking issue by hand."""


def assigned(ids: Sequence[str], login: str) -> str:
    if not ids:
        return "Those tasks are over."
    return f"Handed to {code(login)}: {tasks(ids)}."


def given_back(ids: Sequence[str]) -> str:
    return f"Back with the agent: {tasks(ids)}." if ids else "Those tasks are with their agent, or over."


def budgeted(ids: Sequence[str], money: Decimal, left_out: Sequence[str] = ()) -> str:
    """left_out: tasks that were meant and whose agents ask no model."""
    if not ids:
        return f"Nothing to change: those tasks are over, or have that budget already.{_left_out(left_out)}"
    each = " each" if len(ids) > 1 else ""
    said = f"{tasks(ids)} may cost {dollars(money)}{each}, from the next attempt on.{_left_out(left_out)}"
    return f"{said} `/lockstep retry` starts a failed one again."


def modelled(ids: Sequence[str], model: str, left_out: Sequence[str] = ()) -> str:
    """left_out: tasks that were meant and whose agents ask no model."""
    if not ids:
        return f"Nothing to change: those tasks are over, or have that model already.{_left_out(left_out)}"
    return f"{code(model)} does {tasks(ids)} from the next attempt on.{_left_out(left_out)}"


def _left_out(ids: Sequence[str]) -> str:
    return f" Left out, because no model does them: {tasks(ids)}." if ids else ""


def cancelled(ids: Sequence[str]) -> str:
    if not ids:
        return "Nothing to cancel: those tasks are over already."
    return f"Cancelled {counted(len(ids))}. Open pull requests stay open, merged ones stay merged."


def held(ids: Sequence[str]) -> str:
    return f"Held: {tasks(ids)}." if ids else "Nothing to hold back: those tasks are over, or held already."


def released(ids: Sequence[str], *, with_run: bool) -> str:
    """with_run: the run as a whole goes on too."""
    if ids:
        return f"Going on with {tasks(ids)}."
    return GOING_ON if with_run else "None of those tasks was held."


def merging(ids: Sequence[str]) -> str:
    return f"Merging {tasks(ids)}." if ids else NOTHING_TO_MERGE


def not_merged(chain: str) -> str:
    """chain: what holds the task back."""
    return f"Not merged. {chain}"


def overridden(task: str, done: Override) -> str:
    return f"Noted for {code(task)}: {overrides.told(done)}. What a branch protection requires, GitHub still asks for."


def lifted(done: Override) -> str:
    return f"Noted: {overrides.told(done)}. `lockstep/gate` says so; a new commit voids it."


def prioritised(ids: Sequence[str], value: float) -> str:
    return f"Priority {value:g} for {tasks(ids)}." if ids else "Those tasks are over already."


def rebasing(ids: Sequence[str]) -> str:
    if not ids:
        return "Nothing to bring up to date: no open pull request of mine, or it is at it already."
    return f"Bringing up to date: {tasks(ids)}."


def recreated(ids: Sequence[str]) -> str:
    if not ids:
        return "Nothing to make anew: those tasks have nothing yet, are being worked on, or are over."
    return f"Making anew: {tasks(ids)}."


def retried(ids: Sequence[str], *, named: bool) -> str:
    """named: somebody named tasks, rather than all that failed."""
    if not ids:
        which = "none of those tasks has failed or was cancelled" if named else "no task has failed"
        return f"Nothing to retry: {which}."
    return f"Trying again: {tasks(ids)}."


def rolled_back(ids: Sequence[str]) -> str:
    if not ids:
        return "Nothing to take back: those tasks have merged nothing, or are being taken back already."
    return f"Taking back {tasks(ids)}: the pull requests follow, each behind those that need it."


def skipped(ids: Sequence[str]) -> str:
    return f"Skipped: {tasks(ids)}." if ids else "Nothing to skip: those tasks are over already."


def lesson(lesson_id: str, verb: str) -> str:
    return f"The lesson {code(lesson_id)} {LESSONS[verb]}."


def by_its_issue(task: str, kind: Literal["cancelled", "retried"]) -> str:
    """What closing or opening a tracking issue by hand has done."""
    if kind == "cancelled":
        return f"{code(task)} is cancelled, because its issue was closed as not planned; opening it again takes it up."
    return f"{code(task)} is taken up again, because its issue was opened again."


def closed_undone(task: str) -> str:
    """A tracking issue was closed as completed, and its task is not done."""
    return (
        f"{code(task)} is not done and goes on. If it was done in another way, `/lockstep skip {task}` lets go on what "
        f"waits for it; `/lockstep cancel {task}` ends it."
    )


def without_issue(task: str, actor: str, *, is_gone: bool) -> str:
    """A tracking issue is no longer where it was."""
    what = "deleted" if is_gone else "moved away"
    return (
        f"{code(actor)} has {what} the tracking issue of {code(task)}. The task goes on without it, where it is; "
        f"`/lockstep cancel {task}` ends it."
    )


def revised(task: str) -> str:
    return f"I will try {code(task)} again with what you wrote; this pull request gets the result."
