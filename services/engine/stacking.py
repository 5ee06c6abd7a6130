"""The branches into which stacked pull requests go.

Each is looked at before it is changed, so doing it twice does it once. A pull request is turned before its new head is
pushed, because CI begins with the push; and before the branch under it is deleted, because GitHub closes what goes into
a branch that is gone.
"""

import msgspec
import structlog

from services.core import names, stacks
from services.core.board import Run
from services.core.messages import reasons
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine import recovering
from services.engine.orders import Order
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused

log = structlog.get_logger(__name__)


def base_of(run: Run, state: TaskState, default: str) -> str:
    """The branch that the pull request of a task goes into."""
    stack = state.stack
    if stack is None or not stacks.stands(stack, run.tasks.get(stack.on)):
        return default
    return names.branch(run.id, stack.on)


def overtaken(run: Run, state: TaskState) -> Outcome | None:
    """What becomes of an attempt on a head that nobody wants any more; None where it may begin."""
    stack = state.stack
    if stack is None or stacks.stands(stack, run.tasks.get(stack.on)):
        return None
    return Outcome(happened=(Happening(kind="restacking", text=reasons.stack_is_gone(stack.on), fence=state.fence),))


async def ordered(parts: Parts, run: Run, state: TaskState, order: Order) -> Order:
    """The order of an attempt that begins on another head, or takes over what was made on one; its pull request is
    turned to where it will go.
    """
    if state.stack is not None:
        order = msgspec.structs.replace(order, base=names.branch(run.id, state.stack.on), at=state.stack.sha)
    if state.carry:
        order = await recovering.carrying(parts, order, state.carry)
    if state.fork:
        order = msgspec.structs.replace(order, fork=state.fork)
    if state.pull and order.task.repo in run.plan.stacked:
        await turn(parts, order.task.repo, state.pull, order.base)
    return order


async def turn(parts: Parts, repo: str, number: int, base: str) -> None:
    """Have an open pull request go into that branch. One that can't be turned is judged as it stands."""
    try:
        pull = await parts.github.reads.pull(repo, number, fresh=True)
        if pull.state == "open" and pull.base_ref != base:
            await parts.github.writes.retarget(repo, number, base)
    except (NotFound, Refused) as refused:
        log.info("a pull request stays where it goes", repo=repo, number=number, error=str(refused))


async def leave(parts: Parts, run: Run, task: Task) -> None:
    """The branch of this task is about to go: what is stacked on it goes into the default branch from now on."""
    if task.repo not in run.plan.stacked:
        return
    reads, branch = parts.github.reads, names.branch(run.id, task.id)
    default = (await reads.repository(task.repo)).default_branch
    for pull in await reads.pulls_into(task.repo, branch):
        if pull.head_ref.startswith(names.BRANCHES):  # others are people's
            await turn(parts, task.repo, pull.number, default)
