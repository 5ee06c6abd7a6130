"""Telling a repository that something has merged which is to be deployed.

GitHub has no key for it. Who listens can name its run after the mark that it is given; then, after a lost answer, its
run is looked for before the event is sent again.
"""

from services.core.deploys import EVENT_TYPE
from services.core.integration import mark
from services.core.plan import Task
from services.core.task_state import TaskState
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.store.runs import Due


async def deploy(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Send the event, unless it is taken back by now, or was sent."""
    named = mark(due.action.key)
    if state.revert:
        return Outcome(note="it is taken back")
    if due.tries and await _was_sent(parts, task.repo, named):
        return Outcome(note="it was sent")
    given = {"lockstep": named, "sha": due.action.sha, "pull": str(state.pull), "task": task.id}
    await parts.github.writes.dispatch(task.repo, EVENT_TYPE, given)
    return Outcome()


async def _was_sent(parts: Parts, repo: str, named: str) -> bool:
    try:
        return bool(await parts.github.reads.run_named(repo, "", named, "repository_dispatch"))
    except (NotFound, Refused):
        return False
