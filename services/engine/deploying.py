"""Telling a repository that something has merged which is to be deployed.

GitHub has no key for it. Who listens can name its run after the mark that it is given, and is found by that after a
lost answer. Nobody waits for it and nobody would start it anew, so where it can't be told, that is said of the task.
"""

from services.core.deploys import EVENT_TYPE
from services.core.integration import mark
from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.task_state import UNTOLD, Happening, TaskState
from services.core.text import plain
from services.engine import keyless
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.store.outbox import Due


async def deploy(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Send the event, unless it is taken back by now, or was sent."""
    named = mark(due.action.key)
    if state.revert:
        return Outcome(note=notes.TAKEN_BACK)

    async def tell() -> str:
        given = {"lockstep": named, "sha": due.action.sha, "pull": str(state.pull), "task": task.id}
        await parts.github.writes.dispatch(task.repo, EVENT_TYPE, given)
        return named

    async def look() -> str:
        return await parts.github.reads.run_named(task.repo, "", named, "repository_dispatch", since=keyless.since(due))

    try:
        made = await keyless.once(due, tell, look)
    except (NotFound, Refused) as refused:  # also where its runs may not be seen: then it is not sent again
        made = keyless.Ended(why=plain(str(refused), 200))
    if isinstance(made, Outcome):
        return made
    if not made.why:
        return Outcome()
    text = reasons.not_deployed(due.action.sha, made.why)
    return Outcome(happened=(Happening(kind="stalled", name=UNTOLD, text=text),), note=made.why[:200])
