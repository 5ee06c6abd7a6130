"""Starting the workflow that tries a pull request together with what belongs to it.

GitHub has no key for it. The workflow is named after a mark that it is given, and found by that after a lost answer. Of
`repository_dispatch` no answer tells the run, so it is always looked for, and given up when none begins.
"""

from services.core import integration
from services.core.messages import notes, reasons
from services.core.names import CHECK_INTEGRATION
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.core.text import plain
from services.engine import keyless
from services.engine.configs import config_of
from services.engine.hidden import hidden_in
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, RateLimited, Refused, Unreachable, Withdrawn
from services.store.outbox import Due


async def integrate(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Start it, or show what came of it."""
    tried, key = state.integration, due.action.key
    if tried is None or tried.sha != state.head_sha or integration.digest(tried) not in key:
        return Outcome(note=notes.NOT_WANTED)
    made: Outcome | keyless.Ended = keyless.Ended(run=tried.run)
    try:
        hidden = await hidden_in(parts.github.reads, task.repo, [repo for repo, _ in tried.heads])
        if not (tried.came or tried.run):
            made = await _started(parts, task, state, due, hidden)
    except Unreachable as lost:
        made = keyless.away(due, lost)
    except (Refused, NotFound) as refused:
        made = keyless.Ended(why=plain(refused.message, 300))
    if isinstance(made, Outcome):
        return made
    if made.why:
        text = reasons.no_integration(made.why)
        told = Happening(kind="disproved", sha=tried.sha, text=text, fence=state.fence)
        return Outcome(happened=() if tried.came else (told,), note=made.why[:200])
    url = f"{parts.settings.github_url}/{task.repo}/actions/runs/{made.run}" if made.run else None
    shown = integration.report(tried, hidden)
    name = f"{due.run_id}/{task.id}"
    try:
        await parts.github.writes.put_check(task.repo, tried.sha, CHECK_INTEGRATION, name, shown, details_url=url)
    except (RateLimited, Unreachable, Withdrawn) as lost:  # what has begun is not to be looked for again
        if (again := keyless.found(due, made.run, lost)) is not None:
            return again
    if tried.came:
        return Outcome()
    told = Happening(kind="dispatched", sha=tried.sha, name=made.run, fence=state.fence)
    return Outcome(happened=(told,), look=True)


async def _started(
    parts: Parts, task: Task, state: TaskState, due: Due, hidden: frozenset[str]
) -> Outcome | keyless.Ended:
    """Its run, or what is to be done until that is known."""
    reads, writes, tried = parts.github.reads, parts.github.writes, state.integration
    config = await config_of(reads, task.repo)
    workflow = config.integration
    if not workflow or tried is None:
        raise Refused(404, reasons.NO_WORKFLOW)
    branch = (await reads.repository(task.repo)).default_branch
    given = integration.inputs(tried, key=due.action.key, pull=state.pull, hidden=hidden)

    async def tell() -> str:
        if config.integration_event == "workflow_dispatch":
            return await writes.start_workflow(task.repo, workflow, branch, given)
        await writes.dispatch(task.repo, integration.EVENT_TYPE, given)
        return ""

    async def look() -> str:
        event, since = config.integration_event, keyless.since(due)
        return await reads.run_named(task.repo, workflow, given["lockstep"], event, since=since)

    return await keyless.once(due, tell, look)
