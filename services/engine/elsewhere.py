"""Attempts that are made on GitHub itself: begun there once, waited for, and then read from git like any other.

The effect `attempt` stays due at the time at which it is waited for no longer. Whatever tells of the work, a webhook or
the sweep, has it carried out earlier, which only looks: so a lost event delays, and a crash between any two steps leads
back here.
"""

import structlog

from services.core.board import Run
from services.core.clock import Clock
from services.core.elsewhere import CALLED, COPILOT, Away
from services.core.keyless import AGAIN
from services.core.messages import away as words
from services.core.messages import notes
from services.core.plan import Task
from services.core.task_state import TaskState
from services.engine import assigned, dispatched
from services.engine.orders import Order, Result
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import Refused
from services.store.outbox import Due

log = structlog.get_logger(__name__)


async def look(
    parts: Parts, run: Run, task: Task, state: TaskState, due: Due, order: Order, hidden: frozenset[str]
) -> Outcome | Order | Result:
    """How far the work is: an order to take it in, a result where that is known already, or what is to be done later.

    hidden: repositories that must not be named there.
    """
    place = run.plan_id if run.repo not in hidden else ""
    away = state.away if state.away is not None and state.away.fence == state.fence else None
    if away is None and task.agent == COPILOT:
        return await assigned.start(parts, task, state, due, order)
    if away is None:
        return await dispatched.start(parts, task, state, due, order, place)
    if away.agent == COPILOT:
        found = await assigned.look(parts, task, state, away, order)
    else:
        found = await dispatched.look(parts, task, away, order)
    if found is not None:
        return found
    rest = _rest(away, parts.clock)
    if rest > 0:
        return Outcome(again_in=rest, free=True, is_away=True)
    if away.agent == COPILOT:
        await assigned.recall(parts, task, state.issue)
    else:
        await dispatched.recall(parts, task, due.action.key, away.run)
    reason = words.too_late(task.timeout, CALLED[task.agent])
    return Result(kind="timed_out", fence=order.fence, reason=reason)


async def recall(parts: Parts, run: Run, task: Task, state: TaskState, due: Due) -> Outcome:
    """End what is done elsewhere for an attempt that is over."""
    key = f"{run.id}/{task.id}/{due.action.attempt}/attempt"
    agent, _, run_id = due.action.sha.partition(":")
    if agent == COPILOT:
        await assigned.recall(parts, task, state.issue)
        return Outcome()
    is_ended = await dispatched.recall(parts, task, key, run_id)
    if not is_ended and due.tries < 2:  # lists lag behind
        return Outcome(again_in=AGAIN, note=notes.LOOKED_FOR)
    return Outcome()


async def taken(parts: Parts, task: Task, branch: str) -> None:
    """What a workflow left on that branch is ours now: it may go, and where a rule keeps it, it stays."""
    try:
        await parts.github.writes.ranked("plan").delete_branch(task.repo, branch)
    except Refused as refused:
        log.warning("elsewhere.branch_stays", repo=task.repo, branch=branch, error=refused.message)


async def opened(parts: Parts, task: Task, number: int) -> None:
    """A pull request that was opened elsewhere is the task's from now on, and no draft any more."""
    parts.github.invalidate(task.repo, f"pull:{number}")
    if (await parts.github.reads.pull(task.repo, number, fresh=True)).draft:
        try:
            await parts.github.writes.mark_ready(task.repo, number)
        except Refused:
            return  # a person can; that it is a draft is said until then


def _rest(away: Away, clock: Clock) -> float:
    return (away.until - clock.now()).total_seconds()
