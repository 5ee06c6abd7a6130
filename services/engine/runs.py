"""Advancing runs: what happened -> decide -> commit -> carry out, one decision at a time per run, many runs at once.

Nothing else moves a run. Results of effects, facts read from GitHub and people's commands are mail to a run; whatever
has come in while the last decision was being stored is decided together and stored in one transaction. So a run is
never decided twice at a time, and a busy one pays one commit for many tasks.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from services.core.board import Action, Adoption, Board, Decision, Run, Wish
from services.core.gate import PullFact
from services.core.patience import overdue
from services.core.places import Lane
from services.core.ready import ReadyQueue
from services.core.task_state import Happening
from services.engine.counted import count
from services.engine.ends import CarriesOut
from services.engine.leave import ended
from services.engine.line import Line, Mail, decided, hold, renewed, urged
from services.engine.looks import Looks, Observes
from services.engine.parts import Parts
from services.engine.under_way import UnderWay
from services.errors import Fenced, StoreError, Unreadable
from services.store.outbox import Settle

Happened = Sequence[tuple[str, Happening]]
STORE_AGAIN = 1.0
"""Seconds until a decision that could not be stored is made again."""

log = structlog.get_logger(__name__)


class Touched(Protocol):
    """Whoever shows a run on its issue."""

    def touch(self, repo: str, number: int, /) -> None: ...


class Driver:
    """Drives all runs of this process."""

    def __init__(self, parts: Parts, stickies: Touched, observer: Observes, effects: CarriesOut) -> None:
        self._parts = parts
        self._stickies = stickies
        self._lines: dict[str, Line] = {}
        self._ready = ReadyQueue()  # tasks of all runs that only lack a free place
        self._places = parts.places
        self._is_open = False
        self._loads = 0
        self._unread: set[str] = set()  # runs that can't be read, of which that was told
        self._called_at: datetime | None = None  # when the next task's time comes, for which a timer is set
        self._looks = Looks(parts, observer, self._line, self._board, self._post)
        self._effects = UnderWay(parts, effects, self._ready, self._line, self._board, self._post, self.wake)

    async def sweep(self) -> int:
        """Look at every live run although no event came, and take up effects that nobody finished."""
        return await self.take_up(None)

    async def take_up(self, shards: Collection[int] | None) -> int:
        """The same for the runs of these shards only, which nobody conducted until now."""
        live, unread = await self._load(shards)
        await self._parts.runs.reopen(self._effects.keys, shards)
        for run_id in await self._parts.runs.unfinished(shards):
            if run_id not in unread:
                await self._resume(run_id)
        boards: list[Board] = []
        for run_id in live:
            board = await self._board(run_id)
            if board is not None:
                late = overdue(board.run, self._parts.settings.patience, self._parts.clock.now())
                self._post(run_id, Mail(happened=tuple(late)))
                boards.append(board)
        self._looks.sweep(boards, is_all=shards is None)
        for board in boards:
            self._effects.hurry(board.run.id, board, board.run.tasks)
        return len(live)

    async def _load(self, shards: Collection[int] | None) -> tuple[list[str], set[str]]:
        """Know all live runs before anything starts: what an earlier process began still holds its places. With those
        that can't be read.
        """
        self._loads += 1
        try:
            self._parts.lengths.replace(await self._parts.runs.samples())
            found = await self._parts.runs.live(shards)
            live = [run_id for run_id in found if await self._can_read(run_id)]
            self._is_open = True
        finally:
            self._loads -= 1
            self._call_next()
        return live, {*found}.difference(live)

    async def _can_read(self, run_id: str) -> bool:
        """One that can't be read is left out and holds up no other; whoever runs Lockstep is told once."""
        try:
            await self._board(run_id)
        except Unreadable as error:
            if run_id not in self._unread:
                log.error("a run can't be read and is left out", run=run_id, error=str(error))
            self._unread.add(run_id)
            return False
        self._unread.discard(run_id)
        return True

    async def _resume(self, run_id: str) -> None:
        try:
            await self._effects.resume(run_id)
        except Unreadable as error:
            log.error("what a run has to do can't be read and is left out", run=run_id, error=str(error))

    def places_of_live(self) -> Iterator[tuple[str, int]]:
        """The repository and the issue of each run that is conducted here and is not over."""
        for line in self._lines.values():
            if line.board is not None and line.board.run.finished_at is None:
                yield line.board.run.repo, line.board.run.number

    def resize(self, workers: int) -> None:
        """So many attempts at a time from now on, and where no limit is set, in any lane."""
        self._places.resize(msgspec.structs.replace(self._parts.settings, workers=workers).limits)
        self._call_next()

    async def let_go(self, patience: float) -> bool:
        """Stop with all runs that others conduct from now on. Attempts end at once, other effects may still end within
        so many seconds; False when some had to be cut off.
        """
        tasks: set[asyncio.Task[object]] = set()
        for run_id, line in list(self._lines.items()):
            if line.board is not None and not self._parts.runs.holds(line.board.run.plan_id):
                del self._lines[run_id]
                tasks |= self._abandon(run_id, line)
        self._call_next()
        return await ended(tasks, patience)

    def _abandon(self, run_id: str, line: Line) -> set[asyncio.Task[object]]:
        """Nothing that happens to this run counts here any more; the tasks that still carry effects out."""
        self._effects.abandon(run_id)
        return line.abandon()

    def lacking(self, run_id: str, task_id: str) -> Lane | None:
        """The lane in which a task that could go on finds no place now; None for one whose time has not come."""
        line = self._lines.get(run_id)
        if line is None or line.board is None or task_id not in line.board.uses:
            return None
        is_running, use = line.board.run.tasks[task_id].state == "running", line.board.uses[task_id]
        waits = line.stands(task_id) if is_running else not self._ready.is_resting(run_id, task_id)
        return self._places.full(msgspec.structs.replace(use, again=is_running)) if waits else None

    async def approved(self, run_id: str, actor: str) -> None:
        """The run goes on in this person's name: what was held for want of a right may be merged now."""
        board = await self._board(run_id)
        if board is None:
            raise Fenced("this run is not conducted here")
        await self._parts.runs.approved(run_id, actor)
        board.run = msgspec.structs.replace(board.run, approver=actor)
        self._looks.at_all_of(board)

    def wake(self, run_id: str, task_ids: Iterable[str] = ()) -> None:
        """This run should advance; the pull requests of these tasks are read first. Returns at once."""
        asked = list(task_ids)
        self._looks.wake(run_id, asked)
        if asked:
            self._effects.hurry(run_id, self._line(run_id).board, asked)

    async def happen(
        self,
        run_id: str,
        happened: Happened = (),
        wish: Wish | None = None,
        facts: Mapping[str, PullFact] | None = None,
        adoption: Adoption | None = None,
    ) -> Decision:
        """Something a person did to a run; decided and stored before this returns, carried out after.

        Fenced: another process conducts the run now, and nothing was decided; StoreError: it could not be decided.
        """
        answer: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        mail = Mail(happened=tuple(happened), facts=dict(facts or {}), wish=wish, adopt=adoption, answer=answer)
        self._post(run_id, mail)
        decision = await answer
        line = self._lines.get(run_id)
        if line is not None and line.board is not None:  # what was held back may have been ready to merge for long
            self._looks.at_all_of(line.board)
        return decision

    def carry_out(self, run_id: str, actions: Iterable[Action]) -> None:
        """Begin effects that were just stored."""
        self._effects.carry_out(run_id, actions)

    # Deciding.

    def _line(self, run_id: str) -> Line:
        line = self._lines.get(run_id)
        if line is None:
            line = self._lines[run_id] = Line()
        return line

    def _post(self, run_id: str, mail: Mail) -> None:
        line = self._line(run_id)
        line.mail.append(mail)
        if not line.is_driving:
            line.is_driving = True
            self._parts.spawn("run", self._drive(run_id, line))

    async def _drive(self, run_id: str, line: Line) -> None:
        """Decide until no mail is left."""
        batch: list[Mail] = []
        try:
            while line.mail:
                batch = line.batch()
                await self._advance(run_id, line, batch)
                batch = []
        except Fenced as error:
            log.warning("this run is conducted elsewhere", run=run_id, error=str(error))
            self._forget(run_id, line, batch, error)
            batch = []
        except StoreError as error:
            log.warning("a decision could not be stored; it is made again", run=run_id, error=str(error))
            line.mail[:0] = batch
            batch = []
            line.doubt()
            self._parts.timers.after(STORE_AGAIN, lambda: self._post(run_id, Mail()))
        finally:
            if batch:  # a bug: it is logged, and the sweep takes up what these effects were
                self._give_up(line, batch)
            line.is_driving = False
            if line.is_idle and self._lines.get(run_id) is line:
                del self._lines[run_id]

    def _give_up(self, line: Line, batch: list[Mail]) -> None:
        """This mail can't be decided: it waits for no more, and its effects are not under way any more."""
        line.doubt()
        for mail in batch:
            mail.refuse(StoreError("this could not be decided"))
            if mail.settle is not None:
                self._effects.undecided(mail.settle.key)

    def _forget(self, run_id: str, line: Line, batch: list[Mail], error: Fenced) -> None:
        """What is known of this run here is out of date."""
        for mail in batch:
            mail.refuse(error)
        if self._lines.get(run_id) is line:
            del self._lines[run_id]
        for task in self._abandon(run_id, line):
            task.cancel()
        self._call_next()

    async def _advance(self, run_id: str, line: Line, batch: list[Mail]) -> None:
        board = await self._board(run_id)
        if board is None:
            for mail in batch:
                mail.refuse(Fenced("this run is not conducted here"))
            self._call_next()
            return
        now = self._parts.clock.now()
        decision = decided(board, batch, self._places if self._is_open and not self._loads else None, now)
        settles = [mail.settle for mail in batch if mail.settle is not None]
        new = await self._store(board, line, decision, settles, now)
        if self._parts.counts is not None:
            count(self._parts.counts, board.run, decision)
        if not line.is_gone:  # else it was stored just in time: whoever conducts the run now carries it out
            board.apply(decision)
            self._effects.settled(board, line, settles)
            self._after(board, line, decision, new)
        for mail in batch:
            if mail.answer is not None:
                mail.reply(decision)
            if mail.looks:
                self.wake(run_id, mail.looks)

    async def _store(
        self, board: Board, line: Line, decision: Decision, settles: list[Settle], now: datetime
    ) -> list[Action]:
        """Store a decision; the actions that are new. What starts holds its place from now on, if it is stored."""
        # Taken before anything is awaited, so two runs that decide at the same time cannot take one place twice.
        started = [action for action in decision.actions if action.kind == "attempt"]
        for action in started:
            self._places.take(action.key, board.uses[action.task])
            self._ready.remove(board.run.id, action.task)
        new: list[Action] = []
        is_stored = False
        try:
            if settles or not decision.is_empty:
                board.storing = decision
                new = await self._parts.runs.commit(board.run.plan_id, decision, now, settles)
            is_stored = True
        finally:
            board.storing = None
            for action in () if is_stored and not line.is_gone else started:
                self._places.give_back(action.key)
                if not line.is_gone:
                    board.offer([action.task])
        return new

    def _after(self, board: Board, line: Line, decision: Decision, new: list[Action]) -> None:
        """What follows once a decision is stored."""
        run = board.run
        if decision.history:
            _tell(run, decision)
        self._effects.stop_stale(line, run.id, decision)
        for key, priority in urged(board, decision):
            self._parts.workers.urge(key, priority)
            self._effects.urge(line, run.id, key)
        if decision.adopted is not None:
            self._post(run.id, Mail())  # what is ready by now is started
        self._call_next()
        own = [(run.repo, run.number)] if decision.changed or decision.history else []
        for place in (*own, *decision.told):
            self._stickies.touch(*place)
        self._effects.carry_out(run.id, new)

    def _call_next(self) -> None:
        """Attempts whose turn it is to take a free place take it, and the runs whose turn it is decide anew, if they
        don't anyway.
        """
        if self._loads or not self._is_open:
            return
        chosen = self._ready.pick(self._places, self._parts.clock.now())
        while again := [each for each in chosen if each.use.again]:
            self._effects.go_on(again)  # which others may have waited for
            chosen = self._ready.pick(self._places, self._parts.clock.now())
        for run_id in {each.use.run: None for each in chosen}:
            if not self._line(run_id).mail:
                self._post(run_id, Mail())
        self._call_later()

    def _call_later(self) -> None:
        """Once more when the time of a task comes that rests: one timer for all of them."""
        due = self._ready.next_due
        if due is None or (self._called_at is not None and self._called_at <= due):
            return
        self._called_at = due

        def fire() -> None:
            if self._called_at == due:
                self._called_at = None
                self._call_next()

        self._parts.timers.after(max((due - self._parts.clock.now()).total_seconds(), 0.0), fire)

    async def _board(self, run_id: str) -> Board | None:
        """The run in memory; read from the store once, and again after it was let go or what is stored is in doubt."""
        line = self._line(run_id)
        if line.board is not None and not line.is_doubtful:
            return line.board
        async with line.loading:
            if line.board is None or line.is_doubtful:
                if line.board is not None:
                    await self._parts.runs.outwait(line.board.run.plan_id)
                waiting = await self._parts.runs.waiting(run_id)
                run = await self._parts.runs.load(run_id)
                if line.is_gone:  # others conduct it since this was asked for
                    return None
                if run is not None and self._parts.runs.holds(run.plan_id):
                    is_new = line.board is None
                    line.board = renewed(line.board, run, self._ready, self._parts.lengths)
                    if is_new:
                        hold(line.board, waiting, self._places)
                    else:  # what is stored may have ended what is under way
                        now = Decision(run_id=run_id, state=run.state, changed=tuple(run.tasks.values()))
                        self._effects.stop_stale(line, run_id, now)
                if line.is_doubtful:  # what the store began in this run, and nobody was told of
                    line.is_doubtful = False
                    self._parts.spawn("resume", self._effects.take_up_again(run_id))
        return line.board


def _tell(run: Run, decision: Decision) -> None:
    """The log has each moment too; what is the same of all is said once, and may come to nothing."""
    told = log.bind(plan=run.plan_id, run=run.id).info
    for each in decision.history:
        told("happened", what=each.kind, task=each.task, before=each.before, after=each.after, actor=each.actor)
