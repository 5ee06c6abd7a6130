"""What the engine costs a task: the real driver, journal and scheduler, with effects that do nothing.

A drawn graph of layers of 50 is begun and driven to its end on a database on disk, fsync on. Every task goes the whole
way: its tracking issue, its attempt, what follows its merge; each of the three effects is committed before it begins
and settled after it has ended, and each step is in the history. Beside it, in the same run: the limit (asyncio and
graphlib on the same graph, nothing durable) and, where it is installed, DBOS with one child workflow a task.
"""

import asyncio
import contextlib
import graphlib
import resource
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, cast

import uvloop

from benchmarks import Number, Report, Say, machine
from benchmarks._graphs import layered
from bot.loops import Beside
from services.core.board import Board, Run, Wish
from services.core.conduct import begin
from services.core.graph import needs_of
from services.core.machine import Happening
from services.core.plan import Parsed, Plan
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.plans import PlanRow, Plans
from services.store.runs import Due, Runs
from services.store.sqlite import SqliteDatabase

ROUNDS = 5
IN_FLIGHT = 64


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class _Nothing:
    """Effects that are over at once. `tracked`: every task has its issue; `over`: the run's last one has begun."""

    def __init__(self, tasks: int) -> None:
        self._untracked = tasks
        self.tracked = asyncio.Event()
        self.over = asyncio.Event()

    async def carry_out(self, board: Board, due: Due) -> Outcome:
        kind = due.action.kind
        if kind == "track":
            self._untracked -= 1
            if not self._untracked:
                self.tracked.set()
            return Outcome(happened=(Happening(kind="tracked", number=1),))
        if kind == "attempt":
            return Outcome(happened=(Happening(kind="merged", sha="a" * 40),))
        if kind == "finish":
            self.over.set()
        return Outcome()

    def touch(self, repo: str, number: int) -> None:
        """No comment to show it in."""


@contextlib.asynccontextmanager
async def sqlite() -> AsyncIterator[Database]:
    """A new database on disk."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        database = SqliteDatabase(Path(folder) / "lockstep.sqlite")
        await database.open()
        try:
            yield database
        finally:
            await database.close()


async def ours(database: Database, plan: Plan) -> tuple[float, float]:
    """Seconds until every task has its tracking issue, and from then on until all are done."""
    plans, runs, clock, nothing = Plans(database), Runs(database), _Clock(), _Nothing(len(plan.tasks))
    row = PlanRow(
        id="acme/p#1", repo="acme/p", number=1, title="b", hash="h", parsed=Parsed(plan=None), author="a", issue_id="1"
    )  # fmt: skip
    await plans.save(row, clock.now())
    run = Run(id="acme/p-1-r1", plan_id=row.id, repo="acme/p", number=1, plan=plan, tasks={}, actor="a")
    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        parts = Parts(
            settings=EngineSettings(workers=IN_FLIGHT), plans=plans, runs=runs,
            checkpoints=Checkpoints(database), github=cast("Any", None),
            workers=cast("Any", None), clock=clock, spawn=beside, timers=beside,
        )  # fmt: skip
        driver = Driver(parts, nothing, cast("Any", None), nothing)
        await driver.sweep()
        run, decision = begin(run, clock.now())
        actions = await runs.create(run, decision, clock.now())
        await driver.happen(run.id, wish=Wish(state="paused"))
        began = perf_counter()
        driver.carry_out(run.id, actions or ())
        await nothing.tracked.wait()
        await driver.happen(run.id)  # answered after all that was to be decided before it
        tracked = perf_counter()
        await driver.happen(run.id, wish=Wish(state="running"))
        await nothing.over.wait()
        ended = perf_counter()
    done = await database.read(lambda c: c.execute("SELECT count(*) FROM task WHERE state = 'done'").fetchone()[0])
    assert done == len(plan.tasks), f"{done} of {len(plan.tasks)} tasks are done"
    return tracked - began, ended - tracked


async def limit(plan: Plan) -> float:
    """asyncio and graphlib: the same graph with nothing durable."""
    began = perf_counter()
    order = graphlib.TopologicalSorter(needs_of(plan.tasks))
    order.prepare()
    ended: asyncio.Queue[str] = asyncio.Queue()
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one(task: str) -> None:
        async with places:
            ended.put_nowait(task)

    async with asyncio.TaskGroup() as group:
        while order.is_active():
            for task in order.get_ready():
                group.create_task(one(task))
            order.done(await ended.get())
    return perf_counter() - began


async def _sqlite_of(plan: Plan) -> tuple[float, float]:
    async with sqlite() as database:
        return await ours(database, plan)


def measure(say: Say) -> Report:
    """Alternating rounds; medians in microseconds a task."""
    figures: dict[str, Number] = {}
    for count in (1_000, 10_000):
        plan = layered(count)
        rounds = [uvloop.run(_sqlite_of(plan)) for _ in range(ROUNDS)]
        figures[f"sqlite_us_per_task_{count}"] = round(median(r[1] for r in rounds) / count * 1e6, 1)
        figures[f"sqlite_us_per_issue_{count}"] = round(median(r[0] for r in rounds) / count * 1e6, 1)
        say(f"{count}: {figures[f'sqlite_us_per_task_{count}']} us a task")
    plan = layered(10_000)
    figures["limit_us_per_task"] = round(median([uvloop.run(limit(plan)) for _ in range(ROUNDS)]) / 1e4 * 1e6, 1)
    figures["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Report(name="engine", figures=figures, peers={}, conditions=machine())
