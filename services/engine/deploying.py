"""Telling a repository that something has merged which is to be deployed.

GitHub has no key for it. Who listens can name its run after the mark that it is given; then, after a lost answer, its
run is looked for by that name, twice and apart, before the event is sent again.
"""

from services.core.deploys import EVENT_TYPE
from services.core.integration import mark
from services.core.plan import Task
from services.core.task_state import TaskState
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused, Unreachable
from services.store.runs import Due

AGAIN, AWAY = 5.0, 60.0
"""Seconds until a run is looked for once more, as GitHub's lists lag behind, and where GitHub could not be asked."""


async def deploy(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Send the event, unless it is taken back by now, or was sent. Each second try only looks."""
    named = mark(due.action.key)
    if state.revert:
        return Outcome(note="it is taken back")
    try:
        if due.tries and await _was_sent(parts, task.repo, named):
            return Outcome(note="it was sent")
    except Unreachable as away:
        return Outcome(again_in=max(AWAY, away.retry_after or 0.0), free=True, note=str(away)[:200])
    if due.tries % 2:
        return Outcome(again_in=AGAIN, note="its run is looked for once more")
    given = {"lockstep": named, "sha": due.action.sha, "pull": str(state.pull), "task": task.id}
    await parts.github.writes.dispatch(task.repo, EVENT_TYPE, given)
    return Outcome()


async def _was_sent(parts: Parts, repo: str, named: str) -> bool:
    """As far as that can be seen: False also where the runs may not be read."""
    try:
        return bool(await parts.github.reads.run_named(repo, "", named, "repository_dispatch"))
    except (NotFound, Refused):
        return False
