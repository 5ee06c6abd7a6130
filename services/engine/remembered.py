"""What has merged is remembered, and told where something like it is to be done.

It is written when the merge is tidied up: keyed by the merge, so that once is enough, and with the files that the
attempt wrote down; of a person's pull request only the words are known. What is told names tasks of the same
repository, and those of a private one only to readers of that repository.
"""

import msgspec

from services.agents import providers_of
from services.core.board import Run
from services.core.elsewhere import ACTIONS
from services.core.plan import Task
from services.core.resemblance import precedents, resemblance
from services.core.similar import Match
from services.core.task_state import SATISFIED, TaskState
from services.engine.hidden import is_private
from services.engine.parts import Parts
from services.store.past import Merged, PastTasks


class _Left(msgspec.Struct):
    """Of a `commit` step, what counts here."""

    paths: tuple[str, ...] = ()


async def remember(parts: Parts, run: Run, task: Task, state: TaskState) -> None:
    """Keep a task that has merged."""
    if parts.past is None or state.state != "done" or not state.merge_sha:
        return
    data = await parts.checkpoints.left(run.id, task.id, "commit")
    paths = msgspec.json.decode(data, type=_Left).paths if data else ()
    merged = Merged(
        key=f"{run.id}/{task.id}/{state.merge_sha}",
        repo=task.repo,
        title=task.title,
        body=task.body,
        paths=paths,
        number=max(state.pull, 0),
    )
    await parts.past.record([merged])


async def for_attempt(parts: Parts, task: Task) -> str:
    """What like a task has merged before in its own repository, for an agent that reads; "" for one that does not."""
    if parts.past is None or not (providers_of(task.agent) or task.agent == ACTIONS):
        return ""
    return precedents(await _like(parts, parts.past, task))


async def alike(parts: Parts, run: Run, task_id: str) -> str:
    """What is like a task that is still to be done, in words; "" for nothing, or for nothing that may be told here."""
    task, state = run.plan.by_id[task_id], run.tasks[task_id]
    if parts.past is None or state.state in SATISFIED:
        return ""
    if task.repo.lower() != run.repo.lower() and await is_private(parts.github.reads, task.repo):
        return ""
    return resemblance(await _like(parts, parts.past, task))


async def _like(parts: Parts, past: PastTasks, task: Task) -> list[Match]:
    """By the words, and by an embedder where the operator has one."""
    found = await past.alike(task.repo, task.title, task.body, task.paths)
    if parts.embedder is None:
        return found
    return await parts.embedder.order("\n".join((task.title, *task.paths, task.body)), found)
