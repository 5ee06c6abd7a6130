"""Starting the workflow that tries a pull request together with what belongs to it.

GitHub has no key for it. The workflow is named after a mark that it is given, so after a lost answer its run is looked
for by that name, twice and apart, before it is started again. Of `repository_dispatch` no answer tells the run, so it
is always looked for, and given up when none begins.
"""

from collections.abc import Mapping

from services.core import integration
from services.core.messages import reasons
from services.core.names import CHECK_INTEGRATION
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine.configs import config_of
from services.engine.hidden import hidden_in
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused, Unreachable
from services.store.runs import Due

AGAIN = 5.0
"""Seconds until a run is looked for once more: GitHub's lists lag behind."""
SENT_AGAIN, GIVEN_UP = 2, 5
"""After so many looks for its run, one further apart than the other, `repository_dispatch` is sent a second time; and
after so many nobody listens.
"""
SERVER_ERROR = 500


async def integrate(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Start it, or show what came of it."""
    tried, key = state.integration, due.action.key
    if tried is None or tried.sha != state.head_sha or integration.digest(tried) not in key:
        return Outcome(note="nobody waits for it any more")
    try:
        hidden = await hidden_in(parts.github.reads, task.repo, [repo for repo, _ in tried.heads])
    except Unreachable as away:
        return Outcome(again_in=AGAIN, free=True, note=str(away)[:200])
    started: str | None = tried.run
    if not (tried.came or started):
        try:
            started = await _started(parts, task, state, due, hidden)
        except (Refused, NotFound) as refused:
            text = reasons.no_integration(refused.message)
            told = Happening(kind="disproved", sha=tried.sha, text=text, fence=state.fence)
            return Outcome(happened=(told,))
        if not started:
            return Outcome(again_in=AGAIN, free=started is None, note="it is looked for once more")
    url = f"{parts.settings.github_url}/{task.repo}/actions/runs/{started}" if started else None
    shown = integration.report(tried, hidden)
    name = f"{due.run_id}/{task.id}"
    await parts.github.writes.put_check(task.repo, tried.sha, CHECK_INTEGRATION, name, shown, details_url=url)
    if tried.came:
        return Outcome()
    told = Happening(kind="dispatched", sha=tried.sha, name=started or "", fence=state.fence)
    return Outcome(happened=(told,), look=True)


async def _started(parts: Parts, task: Task, state: TaskState, due: Due, hidden: frozenset[str]) -> str | None:
    """The id of its run; "" when it may be there and is not seen yet, None when GitHub could not be asked."""
    reads, tried = parts.github.reads, state.integration
    try:
        config = await config_of(reads, task.repo)
    except Unreachable:
        return None
    workflow = config.integration
    if not workflow or tried is None:
        raise Refused(404, reasons.NO_WORKFLOW)
    given = integration.inputs(tried, key=due.action.key, pull=state.pull, hidden=hidden)
    if config.integration_event == "repository_dispatch":
        return await dispatched(parts, task.repo, workflow, due.tries, given)
    if due.tries:
        found = await reads.run_named(task.repo, workflow, given["lockstep"])
        if found or due.tries == 1:
            return found
    branch = (await reads.repository(task.repo)).default_branch
    return await parts.github.writes.start_workflow(task.repo, workflow, branch, given)


async def dispatched(parts: Parts, repo: str, workflow: str, tries: int, given: Mapping[str, str]) -> str | None:
    """The same where whoever listens is told; once more when no run is seen, and then never again. While GitHub is away
    nobody has looked, and nobody was told.
    """
    found = ""
    if tries:
        try:
            found = await parts.github.reads.run_named(repo, workflow, given["lockstep"], "repository_dispatch")
        except Unreachable:
            return None
    if not found and tries >= GIVEN_UP:
        raise Refused(404, reasons.nothing_began(workflow, integration.EVENT_TYPE))
    if tries in {0, SENT_AGAIN} and not found:
        try:
            await parts.github.writes.dispatch(repo, integration.EVENT_TYPE, given)
        except Unreachable as lost:
            return "" if lost.status < SERVER_ERROR else None  # without an answer it may have been taken
    return found
