"""Effects while they are carried out: each at most once at a time, and under way until its end is stored.

What an effect led to is mailed to its run together with its end, so both are stored as one. An attempt that no longer
counts is ended. One that only waits for its next try has given its places back, and when its time has come it stands in
line with the tasks that could start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from services.core.actions import attempt_action, attempt_key, recalled
from services.core.board import Action, Board, Decision, resting
from services.core.messages import notes
from services.core.ready import ReadyQueue
from services.core.schedule import Candidate
from services.engine.effects import Outcome
from services.engine.ends import CarriesOut, outcome_of, settle_of
from services.engine.line import Line, Mail
from services.engine.parts import Parts
from services.errors import Fenced, StoreError
from services.store.outbox import Due, Settle

AGAIN = timedelta(seconds=1)
"""Until what could not be begun is tried once more."""


class UnderWay:
    """line, board: of a run of this process.  post, wake: tell a run something, or to look at its tasks."""

    def __init__(
        self,
        parts: Parts,
        effects: CarriesOut,
        ready: ReadyQueue,
        line: Callable[[str], Line],
        board: Callable[[str], Awaitable[Board | None]],
        post: Callable[[str, Mail], None],
        wake: Callable[[str, Iterable[str]], None],
    ) -> None:
        self._parts = parts
        self._effects = effects
        self._ready = ready
        self._places = parts.places
        self._line = line
        self._board = board
        self._post = post
        self._wake = wake
        self._keys: dict[str, asyncio.Task[object] | None] = {}  # of an effect -> what carries out an attempt
        self._stopped: set[str] = set()  # keys of attempts that are over and are being ended

    def settled(self, board: Board, line: Line, settles: Iterable[Settle]) -> None:
        """The ends of these are stored."""
        for settle in settles:
            self._keys.pop(settle.key, None)
            if settle.again_at is None:
                self._places.give_back(settle.key)
            else:  # not before it is stored, or nothing would be due then
                self.come_back(board.run.id, settle.again_at)
        hurried, line.hurried = line.hurried, set()
        self.hurry(board.run.id, board, [key.split("/")[-3] for key in hurried])

    def undecided(self, key: str) -> None:
        """The end of this one can't be decided on: it is not under way any more."""
        self._keys.pop(key, None)
        self._places.give_back(key)

    def abandon(self, run_id: str) -> None:
        """Another process conducts this run now."""
        for key in [key for key in self._keys if key.startswith(f"{run_id}/")]:
            del self._keys[key]
        self._places.leave(run_id)

    @property
    def keys(self) -> frozenset[str]:
        """Of all that is being carried out, or has ended and is not stored yet."""
        return frozenset(self._keys)

    def carry_out(self, run_id: str, actions: Iterable[Action]) -> None:
        """Begin effects that were just stored."""
        for action in actions:
            self._begin(Due(run_id=run_id, action=action, tries=0))

    async def take_up_again(self, run_id: str) -> None:
        await self._parts.runs.reopen(frozenset(self._keys), run_id=run_id)
        await self.resume(run_id)

    async def resume(self, run_id: str) -> None:
        """Begin again what is due of a run, or have it stand in line, and come back for what is due later."""
        try:
            await self._resume(run_id)
        except Fenced:
            raise  # others see to it
        except StoreError:
            self.come_back(run_id, self._parts.clock.now() + AGAIN)
            raise

    async def _resume(self, run_id: str) -> None:
        now = self._parts.clock.now()
        due = await self._parts.runs.due(run_id, now)
        board = await self._board(run_id) if due else None
        if board is not None and board.storing is not None:
            due = self._known(run_id, due, board.storing)
        lacking = [act.key for act, since in due if board is not None and self._stands_in_line(board, act, since)]
        if lacking:
            self._post(run_id, Mail())  # whose turn it is is seen after each decision
        if len(lacking) < len(due):
            await self._begin_again(run_id, {act.key for act, _ in due}.difference(lacking))
        later = await self._parts.runs.next_due(run_id, now)
        if later is not None:
            self.come_back(run_id, later)

    def _known(
        self, run_id: str, due: list[tuple[Action, datetime]], storing: Decision
    ) -> list[tuple[Action, datetime]]:
        """Without what is being stored: it may be there already, and what it goes by is not known here yet. It is begun
        once that is or, where it is decided not for the first time, soon.
        """
        coming = {action.key for action in storing.actions}
        known = [(act, since) for act, since in due if act.key not in coming]
        if len(known) < len(due):
            self.come_back(run_id, self._parts.clock.now() + AGAIN)
        return known

    def _stands_in_line(self, board: Board, action: Action, since: datetime) -> bool:
        """Does this wait for a place? Nothing else but attempts does, and of those no one that no longer counts."""
        if action.kind != "attempt" or self._places.holds(action.key):
            return False
        line, candidate = self._line(board.run.id), board.once_more(action, since)
        if candidate is None:
            self._step_out(line, board.run.id, action.key)
            return False
        if line.board is board and action.key not in self._keys:  # else others conduct the run, or it is under way
            self._ready.add(candidate)
            line.in_line[action.key] = action
        return True

    async def _begin_again(self, run_id: str, keys: Collection[str]) -> None:
        for due in await self._parts.runs.begin_again(run_id, keys):
            self._begin(due)

    def go_on(self, candidates: Iterable[Candidate]) -> None:
        """It is the turn of these attempts."""
        for each in candidates:
            self._step_out(self._line(each.use.run), each.use.run, each.id)
            self._places.take(each.id, each.use)
            self._parts.spawn("resume", self._go_on(each.use.run, each.id))

    async def _go_on(self, run_id: str, key: str) -> None:
        line = self._line(run_id)
        try:
            await self._begin_again(run_id, (key,))
        finally:
            if key not in self._keys and not line.is_gone:  # it is over by now, or that could not be stored
                self._places.give_back(key)
                self._post(run_id, Mail())  # the place is somebody else's
                self.come_back(run_id, self._parts.clock.now() + AGAIN)

    def _step_out(self, line: Line, run_id: str, key: str) -> None:
        line.in_line.pop(key, None)
        self._ready.remove(run_id, key)

    def urge(self, line: Line, run_id: str, key: str) -> None:
        """An attempt has another priority now."""
        if key in line.in_line:
            self._parts.spawn("resume", self.resume(run_id))

    def come_back(self, run_id: str, when: datetime) -> None:
        """Resume a run then, or sooner if that was asked for already: one timer for it, not one for each effect."""
        line = self._line(run_id)
        if line.back_at is not None and line.back_at <= when:
            return
        line.back_at = when

        def fire() -> None:
            if not line.is_gone and line.back_at == when:
                line.back_at = None
                self._parts.spawn("resume", self.resume(run_id))

        self._parts.timers.after(max((when - self._parts.clock.now()).total_seconds(), 0.0), fire)

    def _begin(self, due: Due) -> None:
        key = due.action.key
        if key in self._keys:
            return
        self._keys[key] = None
        line = self._line(due.run_id)
        if key in line.in_line:
            self._step_out(line, due.run_id, key)
        line.under_way[key] = due.action
        self._parts.spawn("effect", self._carry_out(line, due))

    def hurry(self, run_id: str, board: Board | None, task_ids: Iterable[str]) -> None:
        """Look now at what goes on elsewhere for these tasks, and does not before it is late unless somebody asks."""
        if board is None:
            return
        for task in [task for each in task_ids if (task := board.run.tasks.get(each)) is not None]:
            if task.away is None or task.head_sha:  # it is here already
                continue
            act = attempt_action(run_id, task)
            if act.key in self._keys:
                self._line(run_id).hurried.add(act.key)
            else:
                self._begin(Due(run_id=run_id, action=act, tries=1))

    def stop_stale(self, line: Line, run_id: str, decision: Decision) -> None:
        """End attempts that no longer count: their task was cancelled, skipped, or merged by hand. One that is made
        elsewhere gives its place back, and one that stands in line leaves it.
        """
        fences = {state.id: state.fence for state in decision.changed}
        for key, action in line.under_way.items():
            if action.kind == "attempt" and fences.get(action.task, action.fence) != action.fence:
                task = self._keys[key]
                if task is not None and key not in self._stopped:
                    self._stopped.add(key)
                    task.cancel()
        for state in decision.changed:
            if state.attempt > 1:
                self._over(line, f"{run_id}/{state.id}/{state.attempt - 1}/attempt")
            if state.attempt and state.state != "running":
                self._over(line, attempt_key(run_id, state))
        if line.in_line:
            self._leave_line(line, run_id, fences)
        for action in decision.actions:
            if action.kind == "recall":  # what waits for it would be done with only when it is late
                self._begin(Due(run_id=run_id, action=recalled(action), tries=1))

    def _leave_line(self, line: Line, run_id: str, fences: Mapping[str, int]) -> None:
        """Those of the attempts in line that no longer count are done with at once."""
        stale = [key for key, act in line.in_line.items() if fences.get(act.task, act.fence) != act.fence]
        for key in stale:
            self._step_out(line, run_id, key)
        if stale:
            self._parts.spawn("resume", self.resume(run_id))

    def _over(self, line: Line, key: str) -> None:
        """This attempt holds nothing any more, unless it is still being carried out."""
        if key not in line.under_way:
            self._places.give_back(key)

    async def _carry_out(self, line: Line, due: Due) -> None:
        """One effect: do it, and mail its end together with what follows. It is under way until that is stored."""
        action, outcome, looks = due.action, None, line.looks_begun
        was_away = self._places.is_away(action.key)
        task = asyncio.current_task()
        if task is not None:
            line.tasks[action.key] = task
        try:
            board = await self._board(due.run_id) if line.board is None or line.is_doubtful else line.board
            if board is None or line.is_gone:
                return
            if action.kind == "attempt" and action.task in board.uses:
                self._places.take(action.key, board.uses[action.task])
                outcome = await self._stoppable(board, due, task)
            else:
                outcome = await outcome_of(self._effects, board, due, self._parts.traces, self._parts.clock.now())
        finally:
            self._leave(line, action, outcome, is_away=was_away)
        if line.is_gone:
            return
        settle = settle_of(due, outcome, self._parts.clock.now())
        happened = tuple([(action.task, happening) for happening in outcome.happened]) if outcome.happened else ()
        self._post(
            due.run_id,
            Mail(
                happened=happened,
                settle=settle,
                wish=outcome.wish,
                facts=outcome.facts,
                mustered=outcome.mustered,
                looks=(action.task,) if outcome.look and happened else (),
            ),
        )
        if (outcome.look and not happened) or (outcome.forget and line.was_overtaken(looks)):
            self._wake(due.run_id, [action.task])

    def _leave(self, line: Line, action: Action, outcome: Outcome | None, *, is_away: bool) -> None:
        """An effect is not being carried out any more."""
        line.under_way.pop(action.key, None)
        line.tasks.pop(action.key, None)
        if line.is_gone:  # what it held is given back already, and its key may be of use again
            return
        if outcome is None:  # a bug: the sweep takes it up again
            self._keys.pop(action.key, None)
        elif outcome.again_in is None or action.kind != "attempt" or line.board is None:
            self._places.give_back(action.key)
        else:
            self._rest(line.board, action, outcome, is_away=is_away)

    def _rest(self, board: Board, attempt: Action, outcome: Outcome, *, is_away: bool) -> None:
        """What waits for its next try holds no place, but for that of an agent that works elsewhere, and what a worker
        may still be at.
        """
        use = board.uses.get(attempt.task)
        if use is None:  # it is in the plan no more
            self._places.give_back(attempt.key)
        elif outcome.is_away or is_away:
            self._places.take(attempt.key, resting(use))
        elif not outcome.keeps:
            self._places.rest(attempt.key, use)

    async def _stoppable(self, board: Board, due: Due, task: asyncio.Task[object] | None) -> Outcome:
        """An attempt, which `stop_stale` may end early."""
        key, began = due.action.key, self._parts.clock.now()
        self._keys[key] = task
        try:
            return await outcome_of(self._effects, board, due, self._parts.traces, self._parts.clock.now())
        except asyncio.CancelledError:
            if task is None or key not in self._stopped or task.uncancel():
                raise  # somebody else wants this task to end
            return Outcome(note=notes.STOPPED)
        finally:
            if self._parts.counts is not None:
                self._parts.counts.lasted("attempt", (self._parts.clock.now() - began).total_seconds())
            if key in self._keys:
                self._keys[key] = None
            self._stopped.discard(key)
