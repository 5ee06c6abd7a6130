"""GitHub's merge queue, where a branch has one: pull requests are put into it instead of being merged, and the gate
that each has is told on the commit that the queue tries.
"""

from collections.abc import Callable

from services.core.merging import thrown_out
from services.core.messages import notes, reasons, verdicts
from services.core.names import CHECK_GATE, pull_key, pull_of_group
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import Refused


async def enqueue(
    parts: Parts, task: Task, state: TaskState, sha: str, base: str, wanted: Callable[[], bool]
) -> Outcome:
    """Put exactly that head in line; if the queue throws it out, the same head is not put back. Withdrawn: it is not
    wanted any more.
    """
    try:
        await parts.github.writes.ranked("merge").enqueue(task.repo, state.pull, sha, wanted)
    except Refused as refused:
        if "already in the queue" not in refused.message:
            text = reasons.not_queued(refused.message)
            return Outcome(happened=(Happening(kind="waits", text=text, fence=state.fence),), forget=True)
    # One that was refused, and may be merged by now, is in review again: only that stays in the queue.
    green = (Happening(kind="green", fence=state.fence),) if state.state == "needs_human" else ()
    return Outcome(happened=(*green, Happening(kind="enqueued", sha=sha, text=reasons.queued(base))), forget=True)


async def dequeue(parts: Parts, task: Task, state: TaskState) -> Outcome:
    """Take it out of the line; it may have left it, or have merged, which GitHub answers with a 422."""
    if state.queued:
        return Outcome(note=notes.WANTED_AGAIN)
    try:
        await parts.github.writes.ranked("merge").dequeue(task.repo, state.pull)
    except Refused as refused:
        if refused.status != 422:  # it may be merged from there yet
            raise
        return Outcome(note=refused.message[:200], look=True)
    return Outcome(look=True)


Left = tuple[str, str, str, Happening]
"""Plan, run, task, and what happened to it."""


async def left_queue(parts: Parts, repo: str, number: int, sha: str, reason: str) -> list[Left]:
    """Those whose pull request the queue did not take."""
    text = thrown_out(reason)
    if not text:
        return []
    waiting = await parts.runs.waiting_on([pull_key(repo, number)])
    return [(plan, run, task, Happening(kind="dequeued", sha=sha, text=text)) for plan, run, task in waiting]


async def gate_group(parts: Parts, repo: str, sha: str, ref: str) -> None:
    """A queue waits for the checks it requires on its own commit: there the gate says what it says of the pull
    request's head, if there is one.
    """
    number, github = pull_of_group(ref), parts.github
    if not number:
        return
    pull = await github.reads.pull(repo, number, fresh=True)
    ours = (await github.reads.app()).id
    runs = await github.reads.check_runs(repo, pull.head_sha, only=CHECK_GATE, fresh=True)
    gate = next((run for run in reversed(runs) if run.app_id == ours), None)
    if gate is None:
        return
    report = verdicts.group_report(number, is_green=gate.conclusion == "success")
    await github.writes.ranked("merge").put_check(repo, sha, CHECK_GATE, f"group/{repo}#{number}", report)
