"""Carrying out one decided action, so that doing it twice does it once.

Every effect has a natural key or a hidden mark and looks for its own earlier work before it repeats a try
(`Due.tries` > 0). What comes back are happenings for the state machine, never a state.
"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode
from weakref import WeakValueDictionary

from services.checks import CHECKS
from services.core import groups, messages, names
from services.core.actions import is_of_group
from services.core.board import Board, Run, RunState
from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.report import LABEL_OF_RUN, LABEL_OF_TASK, CheckReport
from services.core.shards import are_about
from services.core.task_state import SATISFIED, Happening, TaskState, is_a_persons
from services.engine import (
    branches,
    deploying,
    elsewhere,
    former,
    merge_queue,
    musters,
    remembered,
    reruns,
    reverts,
    stacking,
)
from services.engine.absent import Absent
from services.engine.gates import Gatekeeper
from services.engine.hidden import hidden_around, hidden_in
from services.engine.integrations import integrate
from services.engine.learned import Learned
from services.engine.merges import Merges
from services.engine.observe import Observer
from services.engine.outcome import Outcome
from services.engine.parents import CLOCKS_APART, Parents
from services.engine.parts import Parts
from services.engine.tracking import Tracking
from services.engine.tries import Tries
from services.errors import NotFound, RateLimited, Refused
from services.github.infos import IssueInfo, PullInfo
from services.store.outbox import Due

__all__ = ["Effects", "Outcome"]

T = TypeVar("T")


class Effects:
    """One method a kind of action."""

    def __init__(self, parts: Parts, observer: Observer, gates: Gatekeeper | None = None) -> None:
        self._parts = parts
        self._observer = observer
        self._gates = gates
        self._parents = Parents(parts)
        self._tracking = Tracking(parts)
        self._learned = Learned(parts)
        self._tries = Tries(parts)
        self._merges = Merges(parts, observer)
        self._put_off: set[str] = set()  # keys of effects that limits have put off before anything was sent
        self._made: dict[str, IssueInfo] = {}  # tracking issues that are still to be linked, by effect
        self._absent = Absent()
        self._posting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by task: its check runs
        self._without_branch: set[str] = set()  # keys of those that have only the rest of tidying up to do

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now: what was begun here, and put off, they may have carried out since."""
        self._put_off = {key for key in self._put_off if not are_about(key, shards)}
        self._made = {key: made for key, made in self._made.items() if not are_about(key, shards)}
        self._without_branch = {key for key in self._without_branch if not are_about(key, shards)}
        self._absent.inherit(shards)
        self._parents.inherit(shards)

    async def carry_out(self, board: Board, due: Due) -> Outcome:
        """Do it; API errors are the caller's to time and repeat."""
        run = board.run
        if due.action.kind in {"mark", "finish"}:
            return await self._finish(board)
        known = run.known(due.action.task)
        if known is None or due.action.task in run.former:
            return await self._former(board, due, *known) if known is not None else former.GONE
        task, state = known
        if due.action.kind == "track":
            return await self._track(board, task, due)
        if due.action.kind in _BESIDE:
            return await self._beside(board, task, state, due)
        if due.action.fence != state.fence:  # a merge that was begun before may have been done all the same
            return Outcome(note=notes.ATTEMPT_OVER, look=due.action.kind == "merge" and due.tries > 0)
        if due.action.kind == "attempt":
            return await self._tries.attempt(board, task, state, due)
        if due.action.kind == "open_pull":
            return await self._open_pull(run, task, state, due)
        if due.action.kind == "checks":
            return await self._checks(board, task, state, due)
        if due.action.kind in _OF_BRANCH:
            return await _OF_BRANCH[due.action.kind](self._parts, task, state, due)
        return await self._merges.merge(board, task, state, due.action.sha)

    async def _former(self, board: Board, due: Due, task: Task, state: TaskState) -> Outcome:
        """Of a task that is in the plan no more; what has merged of it is tidied up as ever."""
        if due.action.kind == "recall":
            return await elsewhere.recall(self._parts, board.run, task, state, due)
        if due.action.kind == "deploy":
            return await deploying.deploy(self._parts, task, state, due)
        if due.action.kind in {"tidy", "withdraw"} and state.state in SATISFIED and state.issue:
            return await self._tidy(board, task, due.action.key)
        if due.action.kind == "label" and state.issue:  # one that was on its way may have left what stood before
            return await self._label(board, task)
        if due.action.kind == "withdraw":
            return await former.withdraw(self._parts, board.run, task, state, due)
        return await former.look(self._parts, board.run, task, due)

    async def _beside(self, board: Board, task: Task, state: TaskState, due: Due) -> Outcome:
        """What is about no attempt, and has to be done also when another one has begun."""
        kind = due.action.kind
        if kind == "tidy":
            return await self._tidy(board, task, due.action.key)
        if kind == "deploy":
            return await deploying.deploy(self._parts, task, state, due)
        if kind == "recall":
            return await elsewhere.recall(self._parts, board.run, task, state, due)
        if kind == "dequeue":
            return await merge_queue.dequeue(self._parts, task, state)
        if kind == "label":
            return await self._label(board, task)
        if kind == "muster":
            return await musters.muster(self._parts, self._observer, board.run, task.id)
        if kind == "assign":
            return await branches.assign(self._parts, task, state)
        if kind == "revert":
            hidden = await self._hidden_around(board, task)
            return await reverts.revert(self._parts, board.run, task, due.action.key, hidden)
        return await branches.discard(self._parts, board.run, task, state)

    async def _track(self, board: Board, task: Task, due: Due) -> Outcome:
        """The tracking issue, and its place under the plan issue; a sub-issue that is the task has both."""
        run = board.run
        if task.issue:
            return Outcome(happened=(Happening(kind="tracked", number=task.issue),))
        writes, key = self._parts.github.writes.ranked("plan"), due.action.key
        made = self._made.get(key)
        may_be_there = self._may_have_happened(due) or due.action.fence > 0  # a retry's first try was before it
        if made is None and may_be_there and run.started_at is not None:
            made = await writes.find_issue(task.repo, names.marker(key), run.started_at - CLOCKS_APART)
            if made is None:
                self._absent.check(key, self._parts.clock.now())
        self._absent.forget(key)
        if made is None:
            more = (await self._tracking.wants(task.repo)).text
            body = messages.issue_body(run, task, key, await self._hidden(run, task), more)
            made = await self._once(due, writes.create_issue(task.repo, messages.issue_title(task), body))
        self._made[key] = made  # what follows may be put off
        note = await self._tracking.dress(board, task, made)
        try:
            await writes.link_sub_issue(run.repo, await self._parents.of(run, task, again=may_be_there), made)
        except (Refused, NotFound) as refused:  # of one owner only: the plan comment links the rest
            note = refused.message[:200]
        self._made.pop(key, None)
        return Outcome(happened=(Happening(kind="tracked", number=made.number),), note=note)

    def _may_have_happened(self, due: Due) -> bool:
        """Was it begun before, and not put off before anything was sent?"""
        return due.tries > 0 and due.action.key not in self._put_off

    async def _once(self, due: Due, work: Awaitable[T]) -> T:
        """What must not happen twice. Whoever was put off at the first try needs not look for it at the next: of a
        thousand who are, each would read long lists.
        """
        is_first = not self._may_have_happened(due)
        self._put_off.discard(due.action.key)
        try:
            return await work
        except RateLimited:
            if is_first:
                self._put_off.add(due.action.key)
            raise

    async def _open_pull(self, run: Run, task: Task, state: TaskState, due: Due) -> Outcome:
        branch, writes = names.branch(run.id, task.id), self._parts.github.writes
        if state.away is not None and state.away.pull:  # it is there already
            await elsewhere.opened(self._parts, task, state.away.pull)
            return Outcome(happened=(Happening(kind="opened", number=state.away.pull, fence=state.fence),))
        pull: PullInfo | None = None
        if self._may_have_happened(due) or state.attempt > 1:
            pull = _current(await writes.find_pull(task.repo, branch), due.action.key)
        if pull is None:
            base = stacking.base_of(run, state, (await self._parts.github.reads.repository(task.repo)).default_branch)
            body = messages.pull_body(run, task, state, due.action.key, await self._hidden(run, task))
            try:
                opening = writes.open_pull(task.repo, branch, base, messages.pull_title(task), body)
                pull = await self._once(due, opening)
            except Refused as refused:
                pull = _current(await writes.find_pull(task.repo, branch), due.action.key)
                if pull is None:
                    return _broke(state, reasons.pull_refused(refused.message))
        self._doubt(task.repo, pull.number)
        return Outcome(happened=(Happening(kind="opened", number=pull.number, fence=state.fence),))

    def _doubt(self, repo: str, number: int) -> None:
        """We have pushed to it, and events about our own acts wake nobody: what was read of it before is old."""
        self._parts.github.invalidate(repo, f"pull:{number}")

    async def _checks(self, board: Board, task: Task, state: TaskState, due: Due) -> Outcome:
        """Post every registered check on the head; then look, because CI may have been quicker than we."""
        if due.action.sha not in {"", state.head_sha}:
            return Outcome(note=notes.OTHER_HEAD)
        async with self._posting.setdefault(f"{board.run.id}/{task.id}", asyncio.Lock()):  # what is said last is true
            run = board.run
            now = run.tasks.get(task.id)
            if now is None or (now.fence, now.head_sha) != (state.fence, state.head_sha):
                return Outcome(note=notes.ATTEMPT_OVER)
            hidden = await self._hidden(run, run.plan.by_id[task.id])
            by_group, looks = is_of_group(due.action.key)
            wanted = [each for each in CHECKS if each[0] == names.CHECK_GATE or not by_group]
            reports = {name: check(run, now, hidden) for name, check in wanted}
            besides: list[Awaitable[None]] = []
            if self._gates is not None and is_a_persons(now):  # whose description may name others besides
                reports.pop(names.CHECK_GATE, None)
                page = None if run.repo in hidden else self._page(run, task)
                besides.append(self._gates.of_task(task.repo, now.pull, page))
            is_first = due.tries == 0 and now.attempt == 1 and due.action.key.endswith(f"/checks/{now.head_sha}")
            look = not is_first or bool(groups.name_of(run, task.id))  # its group may have made it come first
            await self._post_checks(run, task, now.head_sha, reports, hidden, besides, look=look)
        return Outcome(look=looks)

    async def _post_checks(
        self,
        run: Run,
        task: Task,
        sha: str,
        reports: Mapping[str, CheckReport],
        hidden: frozenset[str],
        besides: Sequence[Awaitable[None]] = (),
        *,
        look: bool,
    ) -> None:
        writes = self._parts.github.writes.ranked("merge")

        async def put(name: str, report: CheckReport) -> None:
            await writes.put_check(
                task.repo,
                sha,
                name,
                f"{run.id}/{task.id}",
                report,
                details_url=None if run.repo in hidden else self._page(run, task),
                look=look,
            )

        posted = (put(*each) for each in reports.items())
        for end in await asyncio.gather(*posted, *besides, return_exceptions=True):
            if isinstance(end, BaseException):
                raise end

    async def _hidden(self, run: Run, task: Task) -> frozenset[str]:
        return await hidden_around(self._parts.github.reads, run, task)

    async def _hidden_around(self, board: Board, task: Task) -> frozenset[str]:
        """The same of those that need it."""
        others = (board.run.repo, *(board.specs[each].repo for each in board.after.get(task.id, ())))
        return await hidden_in(self._parts.github.reads, task.repo, others)

    def _page(self, run: Run, task: Task) -> str | None:
        base = self._parts.settings.public_url
        return f"{base}/plans/{run.repo}/{run.number}?{urlencode({'task': task.id})}#{quote(task.id)}" if base else None

    async def _tidy(self, board: Board, task: Task, key: str) -> Outcome:
        """After the merge: the branch goes, the tracking issue is closed. It is opened again when a task that was left
        out is not any more.
        """
        writes, known = self._parts.github.writes.ranked("plan"), board.run.known(task.id)
        if known is None:
            return former.GONE
        state = known[1]
        await remembered.remember(self._parts, board.run, task, state)
        if state.merge_sha and key not in self._without_branch:
            await stacking.leave(self._parts, board.run, task)
            await branches.clear(self._parts, task.repo, names.branch(board.run.id, task.id))
            self._without_branch.add(key)  # what follows may be put off
        await self._learned.merged(task, state)
        edited: IssueInfo | None = None
        if task.issue and state.state != "done":
            pass  # people's own: it is closed by what it asked for, or by them
        elif state.state in SATISFIED:
            reason = "completed" if state.state == "done" else "not_planned"
            label = LABEL_OF_TASK.get(state.state, "")
            if label:
                await writes.ensure_label(task.repo, label, *names.LABELS[label])
            edited = await writes.close_issue(task.repo, state.issue, reason, label)
        else:
            edited = await writes.edit_issue(task.repo, state.issue, state="open", state_reason="reopened")
        outcome = await self._label(board, task, edited)
        self._without_branch.discard(key)
        return outcome

    async def _label(self, board: Board, task: Task, seen: IssueInfo | None = None) -> Outcome:
        """The tracking issue: labelled with the task's state, also when that changes meanwhile. seen: as it was shown
        just now.
        """
        shown = None
        while (known := board.run.known(task.id)) is not None and shown != (state := known[1]).state:
            shown = state.state
            await self._set_label(task.repo, state.issue, LABEL_OF_TASK.get(shown, ""), seen)
            seen = None
        return Outcome()

    async def _finish(self, board: Board) -> Outcome:
        """The plan issue: labelled with the state of its newest run, closed when all is done. What an earlier run has
        left to do here may come late, and says what is true then.
        """
        shown, place = None, (board.run.repo, board.run.number)
        while shown != (state := await self._newest_state(board.run)):
            shown = state
            # Asked now: nothing repairs this later, and what is remembered may be older than our own last label.
            seen = await self._parts.github.reads.ranked("plan").issue(*place, fresh=True)
            await self._set_label(*place, LABEL_OF_RUN.get(shown, ""), seen)
        if shown == "done":
            await self._parents.close(board.run)
            writes = self._parts.github.writes.ranked("plan")
            await writes.edit_issue(*place, state="closed", state_reason="completed")
        return Outcome()

    async def _newest_state(self, run: Run) -> RunState:
        newest = await self._parts.runs.of_plan(run.plan_id)
        return run.state if newest is None or newest.id == run.id else newest.state

    async def _set_label(self, repo: str, number: int, wanted: str, seen: IssueInfo | None = None) -> None:
        """Leave exactly `wanted` of our state labels on an issue; everybody else's stay."""
        writes = self._parts.github.writes.ranked("plan")
        present = (seen or await self._parts.github.reads.ranked("plan").issue(repo, number)).labels
        for name in present:
            if name in names.LABELS and name not in {wanted, names.LABEL_PLAN}:
                await writes.remove_label(repo, number, name)
        if wanted and wanted not in present:
            await writes.ensure_label(repo, wanted, *names.LABELS[wanted])
            await writes.add_labels(repo, number, (wanted,))


_BESIDE = frozenset({"tidy", "label", "discard", "assign", "revert", "dequeue", "muster", "recall", "deploy"})
"""What is about no attempt, or about one that is over."""
_OF_BRANCH = {"update_branch": branches.update, "rerun": reruns.rerun, "integrate": integrate}
"""What is done about the head of a pull request, which must still be the one that was meant."""


def _current(pull: PullInfo | None, key: str) -> PullInfo | None:
    """The pull request if it is open or was made by this very action; one that people closed before stays closed."""
    return pull if pull is not None and (pull.state == "open" or names.marker(key) in pull.body) else None


def _broke(state: TaskState, text: str) -> Outcome:
    return Outcome(happened=(Happening(kind="broke", text=text, fence=state.fence),))
