"""Effects on a pull request's branch that people ask for: bring it up to date with its base, or close it for a new
attempt; and hand a tracking issue to a person.

Each looks before it acts, so that doing it twice does it once; a branch that holds somebody else's commit is left
alone.
"""

import structlog

from services.core import names, stacks
from services.core.board import Run
from services.core.elsewhere import COPILOT_BRANCH
from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine import stacking
from services.engine.outcome import Outcome
from services.engine.own import own_heads
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github.infos import PullInfo
from services.store.outbox import Due

TRIES = 12
"""Times that a branch is looked at which GitHub has promised to update."""
BACK = 20
"""Commits by which the base may have moved on since it was merged into a head."""
GITHUB = "web-flow"
"""The account as which GitHub commits what it makes itself."""

log = structlog.get_logger(__name__)


async def update(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Merge the base into the head, which must still be the one that was meant. GitHub takes its time for it."""
    expected, reads = due.action.sha, parts.github.reads
    if state.renewing != expected:
        return Outcome(note=notes.NOT_WANTED)
    pull = await reads.pull(task.repo, state.pull, fresh=True)
    if pull.head_sha == expected and pull.state == "open":
        if due.tries >= TRIES:
            return _stalled(state, reasons.UPDATE_PENDING)
        try:
            await parts.github.writes.update_branch(task.repo, state.pull, expected)
        except Refused as refused:
            if "expected head" not in refused.message:
                return _stalled(state, _why(refused.message))
        pull = await reads.pull(task.repo, state.pull, fresh=True)
        if pull.head_sha == expected:
            return Outcome(again_in=1.0 + due.tries, note=notes.AT_IT)
    if pull.state != "open":
        return _stalled(state, reasons.NOT_OPEN)
    if await _is_ours(parts, task.repo, pull, expected):
        return Outcome(happened=(Happening(kind="rebased", sha=pull.head_sha, fence=state.fence),), look=True)
    return _stalled(state, reasons.PUSHED_MEANWHILE, look=True)


async def _is_ours(parts: Parts, repo: str, pull: PullInfo, expected: str) -> bool:
    """Is the new head what GitHub itself made for us of the head we meant and the base? A signature is the committer's,
    while anybody may write our name as the author's: only GitHub signs as its own account, for whom it acts.
    """
    reads = parts.github.reads
    commit, login = await reads.commit(repo, pull.head_sha), (await reads.app()).login
    if not commit.verified or (commit.committer, commit.author) != (GITHUB, login):
        return False
    if len(commit.parents) != 2 or commit.parents[0] != expected:
        return False
    return await _is_on_base(parts, repo, commit.parents[1])


async def _is_on_base(parts: Parts, repo: str, sha: str) -> bool:
    """Has the default branch stood at this commit lately? The pull request's own base may have been turned meanwhile to
    a branch that nobody approved. What can't be shown is taken for no.
    """
    reads = parts.github.reads
    at = await reads.branch(repo, (await reads.repository(repo)).default_branch, fresh=True)
    for _ in range(BACK):
        if not at or at == sha:
            break
        at = next(iter((await reads.commit(repo, at)).parents), "")
    return at == sha


def _why(message: str) -> str:
    said = message.lower()
    if "no new commits" in said:
        return reasons.UP_TO_DATE
    if "conflict" in said:
        return reasons.RECREATE
    return reasons.not_updated(message)


def _stalled(state: TaskState, text: str, *, look: bool = False) -> Outcome:
    return Outcome(happened=(Happening(kind="stalled", text=text, fence=state.fence),), forget=True, look=look)


async def discard(parts: Parts, run: Run, task: Task, state: TaskState) -> Outcome:
    """Close the pull request and delete its branch, unless somebody else's work is on it."""
    if not state.discarding:
        return Outcome(note=notes.NOT_WANTED)
    number, branch = state.discarding, names.branch(run.id, task.id)
    writes, reads = parts.github.writes, parts.github.reads
    try:
        pull = await reads.pull(task.repo, number, fresh=True)
    except NotFound:
        return Outcome(happened=(Happening(kind="discarded", number=number),))
    if pull.merged and not stacks.went_into(run, state, pull):
        return Outcome(happened=(Happening(kind="merged", sha=pull.merge_sha),))
    ours = await own_heads(parts, run.id, state)
    if pull.head_ref.startswith(COPILOT_BRANCH) and pull.head_sha in ours:
        branch = pull.head_ref
    tip = await reads.branch(task.repo, branch, fresh=True)
    if {pull.head_sha, tip or pull.head_sha} - ours:
        text = reasons.branch_is_anothers(branch, task.id)
        return Outcome(happened=(Happening(kind="stalled", text=text),), forget=True)
    if pull.state == "open":
        await writes.edit_issue(task.repo, number, state="closed")
    if tip is not None:
        await stacking.leave(parts, run, task)
        await writes.delete_branch(task.repo, branch)
    return Outcome(happened=(Happening(kind="discarded", number=number),))


async def clear(parts: Parts, repo: str, branch: str) -> None:
    """Delete a branch that is not needed any more; where a rule keeps it, it stays."""
    try:
        await parts.github.writes.ranked("plan").delete_branch(repo, branch)
    except Refused as kept:
        if kept.status != 422:
            raise
        log.warning("branch.stays", repo=repo, branch=branch, error=kept.message)


async def assign(parts: Parts, task: Task, state: TaskState) -> Outcome:
    """Put the person on the tracking issue. GitHub ignores whom it can't assign, and so do we: the task says it too."""
    if state.assignee:
        await parts.github.writes.assign(task.repo, state.issue, state.assignee)
    return Outcome()
