"""Looking at the pull requests of runs, and telling each run what GitHub says: one reading at a time per run.

A webhook names the task it may concern, and that is read at once. What nobody has told us about is read in rounds, a
few at a time. When GitHub does not answer it is asked again later, and nothing that was to be read is forgotten.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Protocol

import msgspec
import structlog

from services.core.admission import Rank
from services.core.backoff import delay
from services.core.board import Board, Run
from services.core.gate import SURE, PullFact, put_back_in
from services.core.task_state import ENDED, TaskState
from services.engine.line import Line, Mail
from services.engine.parts import Parts
from services.engine.rounds import Rounds
from services.errors import ApiError

WORKS_OUT = (3.0, 6.0, 12.0, 30.0, 60.0)
"""Seconds until it is asked again whether a pull request can be merged; after that, an event or the sweep does."""
LOG_AGAIN = 0.25
"""When a log is asked for again that was not there when its job had ended, as no event tells that it is: in times of
what checks may take to begin."""

log = structlog.get_logger(__name__)


class Observes(Protocol):
    """Whoever reads what GitHub says about pull requests."""

    async def facts(self, run: Run, task_ids: Iterable[str], /, *, rank: Rank = "event") -> dict[str, PullFact]: ...


class Looks:
    """line, board: of a run of this process, made or loaded when it is not there.  post: tell a run something."""

    def __init__(
        self,
        parts: Parts,
        observer: Observes,
        line: Callable[[str], Line],
        board: Callable[[str], Awaitable[Board | None]],
        post: Callable[[str, Mail], None],
    ) -> None:
        self._parts = parts
        self._observer = observer
        self._line = line
        self._board = board
        self._post = post
        self._rounds = Rounds(parts.spawn, parts.timers, self._look_anew)

    def wake(self, run_id: str, task_ids: Iterable[str]) -> None:
        """Read the pull requests of these tasks, and tell their run; with none, just have it decide."""
        line = self._line(run_id)
        line.looks.update(task_ids)
        if not line.looks:
            self._post(run_id, Mail())
        elif not line.is_looking:
            line.is_looking = True
            self._parts.spawn("look", self._look(run_id, line))

    def at_all_of(self, board: Board) -> None:
        """Look at every open pull request of a run, at what it is now and not at what we remember."""
        tasks = _open_pulls(board)
        for task in tasks:
            self._invalidate(board, task)
        self.wake(board.run.id, [task.id for task in tasks])

    def sweep(self, boards: Iterable[Board], *, is_all: bool) -> None:
        """An event about any open pull request of these runs may have been lost: look at them in rounds. is_all: there
        are no others.
        """
        open_now = [(board.run.id, task.id) for board in boards for task in _open_pulls(board)]
        self._rounds.sweep(open_now, is_all=is_all, are_new=not is_all)

    async def _look(self, run_id: str, line: Line) -> None:
        """Read what was asked for and mail what GitHub says, until nobody asks for more."""
        try:
            while line.looks:
                board = await self._board(run_id)  # first: where it can't be read, they are still asked for
                asked, line.looks = line.looks, set()
                line.looks_begun += 1
                if board is not None:
                    self._post(run_id, Mail(facts=await self._facts(board, line, asked)))
        finally:
            line.is_looking = False

    async def _look_anew(self, run_id: str, task_id: str) -> bool:
        """One look of a round: at what the pull request is now, past the cache. False: it is over."""
        board, line = await self._board(run_id), self._line(run_id)
        task = board.run.tasks.get(task_id) if board is not None else None
        if board is None or task is None or not _is_open(task):
            self._post(run_id, Mail())  # it is over, or somebody else conducts it now: let go of its line
            return False
        self._invalidate(board, task)
        before = line.looks_begun
        facts = await self._read(board, [task_id], "poll")
        if line.looks_begun == before:
            self._post(run_id, Mail(facts=facts))
        else:  # an event came in between, and what was read may be older than it
            self.wake(run_id, [task_id])
        return True

    async def _facts(self, board: Board, line: Line, asked: Iterable[str]) -> dict[str, PullFact]:
        """What GitHub says; when it does not answer, one later look asks for everything that is still to be read."""
        try:
            facts = await self._read(board, asked)
        except ApiError as error:
            run_id = board.run.id
            line.looks_failed += 1
            rest = delay(run_id, line.looks_failed, retry_after=error.retry_after, base=2.0)
            log.info("GitHub did not answer; looking again later", run=run_id, error=str(error), seconds=rest)
            if not line.looks_later:
                self._parts.timers.after(rest, lambda: self._look_again(run_id))
            line.looks_later.update(asked)
            return {}
        line.looks_failed = 0
        return facts

    async def _read(self, board: Board, asked: Iterable[str], rank: Rank = "event") -> dict[str, PullFact]:
        """What GitHub says; a pull request whose checks may still begin is looked at again once they must have, and one
        of which GitHub was just asked whether it can be merged, once it may have worked that out: no event tells of it.
        So is one that shows an earlier head of ours, once that is no late answer any more.
        """
        run = board.run  # as it is asked about: an edit may take tasks out meanwhile
        facts = await self._observer.facts(run, sorted(asked), rank=rank)
        unsettled = self._line(board.run.id).unsettled
        for task_id, fact in facts.items():
            facts[task_id] = self._surely(board.run.id, task_id, fact)
            wake = partial(self.wake, board.run.id, [task_id])
            if fact.grace_left > 0:
                self._parts.timers.after(fact.grace_left, wake)
            if (rest := put_back_in(run.tasks[task_id], fact)) is not None and rest > 0:
                self._parts.timers.after(rest, wake)
            if any(each.late for each in fact.failures):
                self._parts.timers.after(self._parts.settings.checks_grace * LOG_AGAIN, wake)
            tries = unsettled.pop(task_id, 0)
            if fact.unsettled:
                unsettled[task_id] = tries + 1
                if tries < len(WORKS_OUT):
                    self._parts.timers.after(WORKS_OUT[tries], wake)
        return facts

    def _surely(self, run_id: str, task_id: str, fact: PullFact) -> PullFact:
        """It has left the queue once a later look says so too: GitHub may let go of what it merges a moment before."""
        left, key = self._line(run_id).left_queue, (task_id, fact.head_sha)
        if not fact.left_queue:
            left.pop(key, None)
            return fact
        now = self._parts.clock.now()
        rest = (left.setdefault(key, now) + SURE - now).total_seconds()
        if rest <= 0:
            return fact
        self._parts.timers.after(rest, partial(self.wake, run_id, [task_id]))
        return msgspec.structs.replace(fact, left_queue=False)

    def _look_again(self, run_id: str) -> None:
        line = self._line(run_id)
        later, line.looks_later = line.looks_later, set()
        self.wake(run_id, later)

    def _invalidate(self, board: Board, task: TaskState) -> None:
        kinds = [f"{kind}:{task.pull}" for kind in ("pull", "reviews", "files")]
        for subject in (*kinds, f"checks:{task.head_sha}", f"statuses:{task.head_sha}"):
            self._parts.github.invalidate(board.specs[task.id].repo, subject)


def _open_pulls(board: Board) -> list[TaskState]:
    """The tasks of a run whose pull requests are not over."""
    return [task for task in board.run.tasks.values() if _is_open(task)]


def _is_open(task: TaskState) -> bool:
    return bool(task.pull) and task.state not in ENDED
