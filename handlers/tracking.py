"""Tracking issues that people close, open, move or delete by hand: what that means for their tasks.

Closing one as not planned says what `cancel` says, and opening it again what `retry` says, with the same permission.
Closing one as completed says nothing for sure, because a merge does that too, and because whatever waits for the task
would go on: the choice is named. Without its issue a task goes on as it was.
"""

from typing import Literal

from handlers import on
from handlers.events import Event
from services.core.messages import changes
from services.core.task_state import ENDED, TaskState
from services.engine.engine import Engine
from services.engine.placed import Place
from services.errors import UserError

NOT_WANTED = frozenset({"not_planned", "duplicate"})
ACTS = frozenset({"closed", "reopened", "deleted", "transferred"})


@on("issues")
async def on_tracking(event: Event, engine: Engine) -> None:
    """Only what people do counts, and only to the issue that the newest run has for a task."""
    issue = event.issue
    if issue is None or issue.is_pull or not event.number or event.action not in ACTS or event.sender.is_bot:
        return
    if not await engine.sees(event.repo):
        return
    place = await engine.place_of(event.repo, event.number, issue.body)
    if not place.task:
        return
    _, run = await engine.plan_of(place.repo, place.number)
    if run is None or run.tasks[place.task].issue != event.number or run.plan.by_id[place.task].issue:
        return  # a sub-issue that is the task itself is the plan's text
    state, by = run.tasks[place.task], event.sender.login
    if event.action not in {"deleted", "transferred"}:
        said = await _asked(event, engine, place, state)
        if said:
            await engine.answer(event.repo, event.number, by, event.action, said)
    elif state.state not in ENDED:
        said = changes.without_issue(place.task, by, is_gone=event.action == "deleted")
        await engine.answer(place.repo, place.number, by, event.action, said)


async def _asked(event: Event, engine: Engine, place: Place, state: TaskState) -> str:
    """What closing or opening it asks for; what to answer. The issue is looked at once more: what an event tells may be
    long over.
    """
    is_open, reason = await engine.is_open(event.repo, state.issue), event.issue.reason if event.issue else ""
    if event.action == "reopened":
        wanted = is_open and state.state == "cancelled"
        return await _change(engine, place, "retried", event.sender.login) if wanted else ""
    if is_open or state.state in ENDED:
        return ""
    if reason in NOT_WANTED:
        return await _change(engine, place, "cancelled", event.sender.login)
    return "" if state.pull else changes.closed_undone(place.task)


async def _change(engine: Engine, place: Place, kind: Literal["cancelled", "retried"], by: str) -> str:
    """What the command of that name does; what to answer where it was not done, or is not seen otherwise."""
    try:
        why = changes.BY_ITS_ISSUE[kind]
        ids = await engine.change(place.repo, place.number, kind, [place.task], by, why, needs="write")
    except UserError as refused:
        return str(refused)
    return changes.by_its_issue(place.task, kind) if ids else ""
