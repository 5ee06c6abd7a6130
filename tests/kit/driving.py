"""The real driver over a real store, with a GitHub and hands that do what a test says, and time that stands still.

Effects wait until the test ends them, so every moment in between can be looked at. Nothing here sleeps: whatever
happens is a reason to look again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from bot.loops import Beside
from services.core.board import Board, Decision, Run
from services.core.conduct import begin
from services.core.gate import PullFact
from services.core.plan import Task
from services.core.task_state import Happening, Kind
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.errors import ApiError, StoreBusy
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.outbox import Due, Settle
from services.store.plans import Plans
from services.store.runs import Runs
from tests.kit.counting import Told
from tests.kit.plans import NOW, plan
from tests.kit.stored import stored_plan

PATIENCE = 240.0


class StillClock:
    """Time goes on only when a test says so."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class Timers:
    """What is to be called later: (seconds, what). `fire` calls all that wait now."""

    def __init__(self, heard: asyncio.Event) -> None:
        self._heard = heard
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.waiting.append((seconds, call))
        self._heard.set()

    def fire(self) -> None:
        due, self.waiting = self.waiting, []
        for _, call in due:
            call()


class BusyRuns(Runs):
    """The real store, which is too busy for the next `busy` decisions. lost: the plan that others conduct by now."""

    busy = 0
    lost = ""

    def holds(self, place: str) -> bool:
        return place != self.lost and super().holds(place)

    async def commit(
        self, plan_id: str, decision: Decision, now: datetime, settles: Iterable[Settle] = ()
    ) -> list[Any]:
        if self.busy:
            self.busy -= 1
            raise StoreBusy("4096 writes wait already")
        return await super().commit(plan_id, decision, now, tuple(settles))


class Hands:
    """Carries effects out: issues and pull requests at once, attempts and merges when the test ends them.

    begun: keys in the order in which they were begun. asked: what was read of GitHub, and `facts` what it says. urged:
    attempts that may still wait for a worker, and how urgent they are by now.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.urged: list[tuple[str, float]] = []
        self.facts_of: dict[str, PullFact] = {}
        self.error: ApiError | None = None
        self._gates: dict[str, asyncio.Future[Outcome]] = {}
        self.heard = asyncio.Event()

    async def carry_out(self, board: Board, due: Due) -> Outcome:
        action = due.action
        self.begun.append(action.key)
        self.heard.set()
        if action.kind == "track":
            return Outcome(happened=(Happening(kind="tracked", number=7),))
        if action.kind == "open_pull":
            return Outcome(happened=(Happening(kind="opened", number=5, fence=action.fence),))
        if action.kind not in {"attempt", "merge"}:
            return Outcome()
        gate: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._gates[action.key] = gate
        try:
            return await gate
        finally:
            del self._gates[action.key]
            self.heard.set()

    def urge(self, key: str, priority: float) -> None:
        self.urged.append((key, priority))

    async def facts(self, run: Run, task_ids: Iterable[str], *, rank: str = "event") -> dict[str, PullFact]:
        asked = tuple(task_ids)
        self.asked.append((run.id, asked))
        self.heard.set()
        if self.error is not None:
            raise self.error
        return {task_id: self.facts_of[task_id] for task_id in asked if task_id in self.facts_of}

    def invalidate(self, repo: str, subject: str) -> None:
        """There is no cache."""

    def touch(self, repo: str, number: int) -> None:
        """There is no comment."""
        self.heard.set()

    @property
    def at_work(self) -> list[str]:
        """`run task` of attempts and merges that are under way, in the order in which they were begun."""
        return [" ".join(key.split("/")[1:3]) for key in self._gates]

    def end(self, run_task: str, outcome: Outcome) -> None:
        """What is under way for `run task` ends."""
        key = next(key for key in self._gates if " ".join(key.split("/")[1:3]) == run_task)
        self._gates[key].set_result(outcome)

    def was_asked(self, times: int) -> bool:
        """Was GitHub asked that often?"""
        return len(self.asked) >= times

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self.heard.clear()
                await self.heard.wait()


class Stage:
    """A driver with everything a test can turn."""

    def __init__(self, database: Database, beside: Beside, settings: EngineSettings) -> None:
        self.clock, self.hands, self.runs = StillClock(), Hands(), BusyRuns(database)
        self.timers = Timers(self.hands.heard)
        self.plans, self.counts = Plans(database), Told(self.hands.heard.set)
        self.parts = Parts(
            settings=settings, plans=self.plans, runs=self.runs, checkpoints=Checkpoints(database),
            github=cast("Any", self.hands), workers=cast("Any", self.hands), clock=self.clock, spawn=beside,
            timers=self.timers, counts=self.counts,
        )  # fmt: skip
        self.driver = Driver(self.parts, self.hands, self.hands, self.hands)
        self._count = 0
        self._plan_ids: dict[str, str] = {}

    async def begin(self, *tasks: Task) -> str:
        """Start a run of these tasks and wait until each has its tracking issue; the run's id, `o/r1`, `o/r2` …"""
        self._count += 1
        row = stored_plan(plan(*tasks), self._count)
        await self.plans.save(row, self.clock.now())
        raw = Run(
            id=f"o/r{self._count}", plan_id=row.id, repo=row.repo, number=row.number, plan=plan(*tasks), tasks={},
            actor="ana", approver="ben",
        )  # fmt: skip
        self._plan_ids[raw.id] = row.id
        run, decision = begin(raw, self.clock.now())
        self.driver.carry_out(run.id, await self.runs.create(run, decision, self.clock.now()) or ())
        await self.stored(run.id, lambda now: all(task.issue for task in now.tasks.values()))
        return run.id

    async def stored(self, run_id: str, holds: Callable[[Run], object] = lambda _: True) -> Run:
        """The run as the store has it, once that holds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.driver.happen(run_id)  # answered after all that was to be decided before it
                run = await self.runs.load(run_id)
                if run is not None and holds(run):
                    return run

    async def lose(self, run_id: str) -> bool:
        """Others conduct this run from now on; was everything let go of cleanly?"""
        self.runs.lost = self._plan_ids[run_id]
        return await self.driver.let_go(PATIENCE)

    async def say(self, run_id: str, kind: Kind, *task_ids: str) -> None:
        """A person's word about tasks."""
        happened = [(task_id, Happening(kind=kind, actor="ana")) for task_id in task_ids]
        await self.driver.happen(run_id, happened)

    async def in_review(self, *tasks: Task) -> str:
        """A run whose first task has an open pull request, number 5."""
        run_id = await self.begin(*tasks)
        name = f"{run_id.partition('/')[2]} {tasks[0].id}"
        await self.hands.until(lambda: name in self.hands.at_work)
        self.hands.end(name, Outcome(happened=(Happening(kind="pushed", sha="a" * 40),)))
        await self.stored(run_id, lambda now: now.tasks[tasks[0].id].state == "in_review")
        return run_id

    def later(self, **time: float) -> None:
        self.clock.at += timedelta(**time)


@asynccontextmanager
async def driving(database: Database, **settings: Any) -> AsyncIterator[Stage]:
    """A driver that has looked around once, in a group of tasks that ends with the block."""
    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        stage = Stage(database, beside, EngineSettings(**settings))
        try:
            await stage.driver.sweep()
            yield stage
        finally:
            beside.close()
