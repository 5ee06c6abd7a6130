"""Clearing away what there is of a task that an edit took out of its plan while it ran.

Its tracking issue or its pull request may be in the making at that very moment. So what was under way is asked for its
number all the same, and each number that comes to light is followed by another withdrawal, which finds done what an
earlier one has done. A person's pull request, and a branch with somebody else's commit, are left alone.
"""

from services.core import messages, names, stacks
from services.core.board import Run
from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine import branches, stacking
from services.engine.hidden import hidden_in
from services.engine.outcome import Outcome
from services.engine.own import own_heads
from services.engine.parents import CLOCKS_APART
from services.engine.parts import Parts
from services.errors import NotFound
from services.github.infos import PullInfo
from services.store.outbox import Due

GONE = Outcome(note=notes.NO_TASK)


async def look(parts: Parts, run: Run, task: Task, due: Due) -> Outcome:
    """What an effect of the task has made that was begun before, and never heard of; nothing is begun any more."""
    action, writes = due.action, parts.github.writes
    if due.tries and action.kind == "track" and run.started_at is not None:
        issue = await writes.find_issue(task.repo, names.marker(action.key), run.started_at - CLOCKS_APART)
        if issue is not None:
            return Outcome(happened=(Happening(kind="tracked", number=issue.number),))
    if due.tries and action.kind == "open_pull":
        pull = await writes.find_pull(task.repo, names.branch(run.id, task.id))
        if pull is not None and names.marker(action.key) in pull.body:
            return Outcome(happened=(Happening(kind="opened", number=pull.number),))
    return GONE


async def withdraw(parts: Parts, run: Run, task: Task, state: TaskState, due: Due) -> Outcome:
    """Close its pull request, delete its branch, and close its tracking issue with a word why."""
    pull: PullInfo | None = None
    if state.pull:
        try:
            pull = await parts.github.reads.pull(task.repo, state.pull, fresh=True)
        except NotFound:
            pull = None
    if pull is not None and pull.merged and not stacks.went_into(run, state, pull):
        return Outcome(happened=(Happening(kind="merged", sha=pull.merge_sha),))
    left = pull is not None and pull.state == "open"
    if not state.assignee and await _is_only_ours(parts, run, task, state, pull):
        if pull is not None and left:
            await parts.github.writes.edit_issue(task.repo, pull.number, state="closed")
        await stacking.leave(parts, run, task)
        await branches.clear(parts, task.repo, names.branch(run.id, task.id))
        left = False
    if state.issue:
        await _close(parts, run, task, state, due, left=left)
    return Outcome(note=reasons.LEFT_TO_PEOPLE if left else "")


async def _is_only_ours(parts: Parts, run: Run, task: Task, state: TaskState, pull: PullInfo | None) -> bool:
    """Is there a branch or an open pull request, and does either hold no more than we have pushed?"""
    tip = await parts.github.reads.branch(task.repo, names.branch(run.id, task.id), fresh=True)
    heads = {*([tip] if tip else []), *([pull.head_sha] if pull is not None and pull.state == "open" else [])}
    return bool(heads) and heads <= await own_heads(parts, run.id, state)


async def _close(parts: Parts, run: Run, task: Task, state: TaskState, due: Due, *, left: bool) -> None:
    writes = parts.github.writes.ranked("plan")
    issue = await parts.github.reads.ranked("plan").issue(task.repo, state.issue, fresh=True)
    if issue.state == "open" and not task.issue:  # else it is people's own, and only the labels on it are ours
        mark = names.marker(due.action.key)
        if not due.tries or await writes.find_comment(task.repo, state.issue, mark) is None:
            hidden = await hidden_in(parts.github.reads, task.repo, (run.repo,))
            said = messages.withdrawn(run, due.action.key, hidden, pull=state.pull if left else 0)
            await writes.comment(task.repo, state.issue, said)
        await writes.close_issue(task.repo, state.issue, "not_planned", "")
    for label in issue.labels:
        if label in names.LABELS and label != names.LABEL_PLAN:
            await writes.remove_label(task.repo, state.issue, label)
