"""Advancing runs: load -> decide -> commit -> carry out, one decision at a time per run, many runs at once.

Nothing else moves a run. A wake names the run and the tasks whose pull requests to read again; effects bring back
happenings; people's commands are happenings too. All of them meet in `_decide`, under the run's lock, and leave
through one transaction.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from services.core.backoff import delay
from services.core.conduct import Action, Decision, Run, decide, use_of
from services.core.gate import PullFact
from services.core.machine import ENDED, Happening
from services.core.schedule import Limits, Use
from services.core.text import plain
from services.engine.effects import Effects, Outcome
from services.engine.observe import Observer
from services.engine.parts import Parts
from services.engine.stickies import Stickies
from services.errors import AgentError, ApiError, GitError, NotFound, Refused
from services.store.runs import Due, Settle

Happened = Sequence[tuple[str, Happening]]
GIVE_UP_AFTER = 8
"""Tries of one effect that GitHub answers with an error; then a person is told. With the cap of five minutes that is
about a quarter of an hour of outage, and a retry starts it anew."""

_WHAT = {
    "track": "its tracking issue could not be made: ",
    "open_pull": "its pull request could not be opened: ",
    "merge": "it could not be merged: ",
}


class Driver:
    """Drives all runs of this process."""

    def __init__(self, parts: Parts, stickies: Stickies) -> None:
        self._parts = parts
        self._stickies = stickies
        self._observer = Observer(parts)
        self._effects = Effects(parts, self._observer)
        self._locks: dict[str, asyncio.Lock] = {}
        self._looks: dict[str, set[str]] = {}
        self._driving: set[str] = set()
        self._live: set[str] = set()
        self._scopes: dict[str, asyncio.Timeout] = {}  # key of an effect under way -> what ends it early
        self._fences: dict[str, tuple[str, str, int]] = {}  # key of an attempt under way -> its run, task and fence
        self._busy: dict[str, Use] = {}  # key of an attempt that holds a place -> its lanes
        workers, per_repo = parts.settings.workers, parts.settings.per_repo
        self._limits = Limits(total=workers, installation=workers, repo=per_repo or workers, agent=workers)

    async def start(self) -> int:
        """After a start of the process: take up what was begun, look at every live run. Returns how many runs are
        live.
        """
        await self._parts.runs.reopen()
        return await self._look_everywhere()

    async def sweep(self) -> int:
        """Look at every live run although no event came, and take up effects nobody finished: what was lost only
        delays.
        """
        await self._parts.runs.reopen(self._scopes.keys())
        return await self._look_everywhere()

    async def _look_everywhere(self) -> int:
        """Also at runs that are over: their issues may still have to be closed."""
        live = await self._parts.runs.live()
        for run_id in live:
            await self.wake_all(run_id)
        for run_id in await self._parts.runs.overdue(self._parts.clock.now()):
            self.wake(run_id)
        return len(live)

    async def wake_all(self, run_id: str) -> None:
        """Look at every open pull request of a run, at what it is now: an event about it may have been lost."""
        run = await self._parts.runs.load(run_id)
        if run is None:
            return
        looks = [task for task in run.tasks.values() if task.pull and task.state not in ENDED]
        for task in looks:
            for subject in (f"pull:{task.pull}", f"checks:{task.head_sha}", f"statuses:{task.head_sha}"):
                self._parts.github.invalidate(run.plan.by_id[task.id].repo, subject)
        self.wake(run_id, [task.id for task in looks])

    def wake(self, run_id: str, task_ids: Iterable[str] = ()) -> None:
        """This run should advance; the pull requests of these tasks are read first. Returns at once."""
        self._live.add(run_id)
        self._looks.setdefault(run_id, set()).update(task_ids)
        if run_id not in self._driving:
            self._driving.add(run_id)
            self._parts.spawn("run", self._drive(run_id))

    async def happen(self, run_id: str, happened: Happened) -> Decision | None:
        """Something a person did to a run; decided and stored before this returns, carried out after."""
        decision = await self._decide(run_id, happened)
        self.wake(run_id)
        return decision

    async def _drive(self, run_id: str) -> None:
        """Advance until nobody asks for more."""
        try:
            while run_id in self._looks:
                await self._advance(run_id, self._looks.pop(run_id))
        finally:
            self._driving.discard(run_id)

    async def _advance(self, run_id: str, looks: set[str]) -> None:
        run = await self._parts.runs.load(run_id)
        if run is None:
            return
        facts: dict[str, PullFact] = {}
        try:
            facts = await self._observer.facts(run, sorted(looks))
        except ApiError as error:
            rest = delay(run_id, 1, retry_after=error.retry_after, base=10.0)
            self._parts.timers.after(rest, lambda: self.wake(run_id, looks))
        await self._decide(run_id, facts=facts)
        for due in await self._parts.runs.due(run_id, self._parts.clock.now()):
            self._parts.spawn("effect", self._carry_out(due))

    async def _decide(
        self,
        run_id: str,
        happened: Happened = (),
        *,
        facts: dict[str, PullFact] | None = None,
        settle: Settle | None = None,
    ) -> Decision | None:
        async with self._locks.setdefault(run_id, asyncio.Lock()):
            run = await self._parts.runs.load(run_id)
            if run is None:
                return None
            now = self._parts.clock.now()
            decision = decide(
                run, happened, facts=facts, running=list(self._busy.values()), limits=self._limits, now=now
            )
            # Taken before anything is awaited, so two runs that decide at the same time cannot take one slot twice.
            taken = {a.key: use_of(run.plan.by_id[a.task]) for a in decision.actions if a.kind == "attempt"}
            self._busy.update(taken)
            if settle is not None or decision.changed or decision.actions or decision.history:
                await self._parts.runs.commit(decision, now, settle)
        self._stop_stale(decision)
        if decision.changed or decision.history:
            self._stickies.touch(run.repo, run.number)
        if decision.run.finished_at is not None:
            self._live.discard(run_id)
        return decision

    def _stop_stale(self, decision: Decision) -> None:
        """End attempts that no longer count: their task was cancelled, skipped, or merged by hand."""
        fences = {task.id: task.fence for task in decision.changed}
        for key, (run_id, task, fence) in self._fences.items():
            if run_id == decision.run.id and fences.get(task, fence) != fence:
                self._scopes[key].reschedule(asyncio.get_running_loop().time())

    async def _carry_out(self, due: Due) -> None:
        """One effect: do it, settle its row together with what follows, and go on."""
        action = due.action
        run = await self._parts.runs.load(due.run_id)
        if run is None:
            return
        if action.kind == "attempt":
            self._busy[action.key] = use_of(run.plan.by_id[action.task])
        try:
            outcome = await self._outcome(run, due)
        finally:
            freed = self._busy.pop(action.key, None) is not None
        settle = self._settle(due, outcome)
        happened = [(action.task, happening) for happening in outcome.happened]
        await self._decide(run.id, happened, settle=settle)
        if settle.again_at is not None:
            rest = (settle.again_at - self._parts.clock.now()).total_seconds()
            self._parts.timers.after(max(rest, 0.0), lambda: self.wake(run.id))
        self.wake(run.id, [action.task] if outcome.look else [])
        if freed:
            for other in self._live - {run.id}:
                self.wake(other)

    async def _outcome(self, run: Run, due: Due) -> Outcome:
        """Errors become outcomes here: trouble that may pass is tried again later, a refusal is told to a person."""
        key = due.action.key
        if due.tries >= 2 * GIVE_UP_AFTER:
            return self._gave_up(due.action, "it was begun again and again and never came to an end; the log says why")
        try:
            async with asyncio.timeout(None) as scope:
                self._scopes[key] = scope
                if due.action.kind == "attempt":
                    self._fences[key] = (run.id, due.action.task, due.action.fence)
                return await self._effects.carry_out(run, due)
        except TimeoutError:
            return Outcome(note="stopped: its attempt is over")
        except (Refused, NotFound, GitError, AgentError) as error:
            return self._gave_up(due.action, str(error))
        except ApiError as error:
            if due.tries + 1 >= GIVE_UP_AFTER:
                return self._gave_up(due.action, str(error))
            return Outcome(again_in=error.retry_after or 0.0, note=str(error)[:200])
        finally:
            self._scopes.pop(key, None)
            self._fences.pop(key, None)

    def _gave_up(self, action: Action, why: str) -> Outcome:
        if action.kind in {"tidy", "label", "finish", "checks"} or not action.task:
            return Outcome(note=why[:200])
        return Outcome(
            happened=(Happening(kind="broke", text=_WHAT.get(action.kind, "") + plain(why, 300), fence=action.fence),),
            note=why[:200],
        )

    def _settle(self, due: Due, outcome: Outcome) -> Settle:
        key = due.action.key
        if outcome.again_in is None:
            return Settle(key=key, forget=outcome.forget, note=outcome.note, log=outcome.log)
        rest = max(outcome.again_in, delay(key, due.tries + 1))
        return Settle(key=key, again_at=self._parts.clock.now() + timedelta(seconds=rest), note=outcome.note)
