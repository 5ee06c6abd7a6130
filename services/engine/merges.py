"""The merge: everything is read anew and judged once more, and exactly the judged commit is merged.

What people say while that is under way counts until the request is sent. What GitHub answers instead of merging is a
fact like any other.
"""

from collections.abc import Callable

from services.core import groups, messages, stacks
from services.core.board import Board, Run
from services.core.gate import PullFact
from services.core.judging import conflict_of, ruling_for
from services.core.merging import meaning
from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.strategies import Rules
from services.core.task_state import Happening, Kind, TaskState
from services.engine import merge_queue, recovering
from services.engine.observe import Observer
from services.engine.outcome import Outcome
from services.engine.parts import WRITE, Parts
from services.errors import NotFound, Refused, Withdrawn

LATE = 5.0
"""Seconds until what would have been sent too late, because much waits to be sent, is judged anew."""


class Merges:
    """Merging the pull requests of tasks."""

    def __init__(self, parts: Parts, observer: Observer) -> None:
        self._parts = parts
        self._observer = observer

    async def merge(self, board: Board, task: Task, state: TaskState, sha: str) -> Outcome:
        """Read everything anew, judge once more, and merge exactly the judged commit."""
        run = board.run
        fact = await self._observer.pull(task.repo, state, fresh=True, rank="merge")
        if fact.merged and not stacks.went_into(run, state, fact):
            return Outcome(happened=(Happening(kind="merged", sha=fact.merge_sha),))
        ruling = ruling_for(run, state, fact)
        if fact.state != "open" or fact.head_sha != sha or ruling.verdict in {"failed", "needs_human"}:
            return Outcome(forget=True, look=True)
        if ruling.verdict == "behind":
            return Outcome(forget=True, look=True)
        if ruling.verdict == "wait":
            waits = Happening(kind="waits", text=ruling.reason, fence=state.fence, value=float(ruling.by_itself))
            return Outcome(happened=(waits,), forget=True, look=fact.grace_left > 0)
        if lost := await self._lost(run, task, state, fact):
            return Outcome(happened=(Happening(kind="refused", text=lost, fence=state.fence),), forget=True)

        def objection() -> Outcome | None:
            return _objection(board, task, state, fact)

        try:
            return await self._send(run, task, state, fact, lambda: board.is_sure_of(task) and objection() is None)
        except Withdrawn:
            return objection() or Outcome(again_in=LATE, free=True)

    async def _send(
        self, run: Run, task: Task, state: TaskState, fact: PullFact, wanted: Callable[[], bool]
    ) -> Outcome:
        """Merge exactly the judged commit, or put it into the queue that its base has. Withdrawn: that is not wanted
        any more.
        """
        writes, sha = self._parts.github.writes.ranked("merge"), fact.head_sha
        method, title = await self._method(task.repo), f"{messages.pull_title(task)} (#{state.pull})"
        try:
            merged = await writes.merge(task.repo, state.pull, sha, method, title, wanted)
        except (Refused, NotFound) as refused:
            if meaning(refused.status, refused.message) == "queue":
                return await merge_queue.enqueue(self._parts, task, state, sha, fact.base_ref, wanted)
            return await self._refused(run, task, state, sha, refused)
        return Outcome(happened=(Happening(kind="merged", sha=merged),))

    async def _lost(self, run: Run, task: Task, state: TaskState, fact: PullFact) -> str:
        """Why nobody is behind it any more: its approver may have lost the right to be, or who answered for a push."""
        reads = self._parts.github.reads.ranked("merge")
        if await reads.permission(task.repo, run.approver, fresh=True) not in WRITE:
            return reasons.APPROVER_LOST_WRITE
        if fact.head_sha in state.vouched:
            who, _ = await self._observer.answerer(reads, task.repo, fact, state, run.repo)
            return "" if who else reasons.NOBODY_ANSWERS
        return ""

    async def _refused(self, run: Run, task: Task, state: TaskState, sha: str, refused: Refused | NotFound) -> Outcome:
        if groups.barrier_of(run, groups.name_of(run, task.id)).phase == "merging":
            return _not_merged(state, refused, sha)  # what becomes of the whole group is for that to say
        rules = await recovering.rules_of(self._parts, self._parts.github.reads, task.repo)
        return _not_merged(state, refused, rules=rules)

    async def _method(self, repo: str) -> str:
        """The repository's wish if it is allowed there, else the first that is."""
        wish = (await self._observer.config(repo)).merge
        info = await self._parts.github.reads.repository(repo)
        allowed = {
            "squash": info.allow_squash_merge,
            "merge": info.allow_merge_commit,
            "rebase": info.allow_rebase_merge,
        }
        return wish if allowed[wish] else next((name for name, may in allowed.items() if may), wish)


def _objection(board: Board, task: Task, state: TaskState, fact: PullFact) -> Outcome | None:
    """What people said, and what another look found, while a merge was being judged counts, until it is sent."""
    now = board.run.tasks.get(task.id)
    if now is None or now.fence != state.fence:
        return Outcome(note=notes.ATTEMPT_OVER)
    if now.state != state.state:
        return Outcome(forget=True, look=True, note=notes.FOUND_OUT)
    if now.held or board.run.state == "paused":
        return Outcome(forget=True, note=notes.HELD)
    if ruling_for(board.run, state, fact).verdict != "merge":
        return Outcome(forget=True, look=True, note=notes.NEED_TAKEN_BACK)
    return None


def _not_merged(state: TaskState, refused: Refused | NotFound, sha: str = "", *, rules: Rules | None = None) -> Outcome:
    """sha: the head, where that is not tried again by itself.  rules: where a conflict may be repaired."""
    means = meaning(refused.status, refused.message)
    if means == "again":
        return Outcome(again_in=1.0, note=refused.message[:200])
    if means == "look":
        return Outcome(again_in=2.0, look=True, note=refused.message[:200])
    if means == "conflict":
        broke = Happening(kind="broke", text=reasons.CONFLICTS, fence=state.fence)
        if rules is not None:
            broke = recovering.with_failure(broke, conflict_of(state.head_sha), rules)
        return Outcome(happened=(broke,), forget=True)
    kind: Kind = "waits" if means == "wait" else "refused"
    text = reasons.not_merged_yet(refused.message)
    told = Happening(kind=kind, text=text, fence=state.fence, sha=sha if kind == "refused" else "")
    return Outcome(happened=(told,), forget=True)
