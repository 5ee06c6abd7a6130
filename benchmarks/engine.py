"""What the engine costs a task: the real driver, journal and scheduler, with effects that do nothing.

A drawn graph of layers of 50 is driven to its end on a database on disk, fsync on, on SQLite and on PostgreSQL. A task
goes from its start to its end: its attempt and what follows its merge, both committed before they begin and settled
after they ended, each step in the history. Making the tracking issues comes before and has a figure of its own
(`us_per_issue`). Beside it, in the same run: the limit (asyncio and graphlib on the same graph, nothing durable), the
least that could be called durable (`bare_us_per_task`: start and end in two tables, no outbox, not who and why), what
SQLite alone takes for the statements of 10,000 tasks (`sqlite_alone_us_per_task`: they are said to it again, with
nothing of ours around) and, where it is installed, DBOS with one child workflow a task.

rss_mb_100000 is the most that this process ever had; rss_growth_mb_100000 what it had more at the end of 100,000 tasks
than before the first of them started: a run is in memory whole, and nothing is added as it goes.
"""

import asyncio
import contextlib
import logging
import os
import resource
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, cast

import structlog
import uvloop

from benchmarks import Number, Report, Say, machine
from benchmarks._bare import bare
from benchmarks._dbos import dbos
from benchmarks._graphs import driven, layered
from benchmarks._replayed import replayed
from bot.heap import one_heap
from bot.loops import Beside
from bot.serve import collect_seldom
from services.core.board import Board, Run, Wish
from services.core.conduct import begin
from services.core.plan import Parsed, Plan
from services.core.shards import SHARDS
from services.core.task_state import Happening
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.fence import Fence
from services.store.opening import database_at
from services.store.outbox import Due
from services.store.plans import PlanRow, Plans
from services.store.runs import Runs
from services.store.sqlite import SqliteDatabase
from tests.kit.postgres import Server, binaries

ROUNDS = 5
IN_FLIGHT = 64
PEER_TASKS = 200


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


async def ours(database: Database, plan: Plan, fence: Fence | None = None) -> tuple[float, float, int]:
    """Seconds until every task has its tracking issue, and from then on until all are done; megabytes more by then."""
    plans, runs, clock, nothing = Plans(database), Runs(database, fence), _Clock(), _Nothing(len(plan.tasks))
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
        run_id, actions = run.id, await runs.create(run, decision, clock.now())
        del run, decision  # nobody who starts a run keeps them
        await driver.happen(run_id, wish=Wish(state="paused"))
        began = perf_counter()
        driver.carry_out(run_id, actions or ())
        del actions
        await nothing.tracked.wait()
        await driver.happen(run_id)  # answered after all that was to be decided before it
        tracked, before = perf_counter(), _rss_mb()
        await driver.happen(run_id, wish=Wish(state="running"))
        await nothing.over.wait()
        ended, after = perf_counter(), _rss_mb()
    done = await database.read(lambda c: c.execute("SELECT count(*) FROM task WHERE state = 'done'").fetchone()[0])
    assert done == len(plan.tasks), f"{done} of {len(plan.tasks)} tasks are done"
    return tracked - began, ended - tracked, after - before


def _rss_mb() -> int:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20


async def limit(plan: Plan) -> float:
    """asyncio and graphlib: the same graph with nothing durable."""
    began = perf_counter()
    await driven(plan, IN_FLIGHT)
    return perf_counter() - began


async def _on_sqlite(plan: Plan) -> tuple[float, float, int]:
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        return await _on(SqliteDatabase(Path(folder) / "lockstep.sqlite"), plan)


async def _on(database: Database, plan: Plan, fence: Fence | None = None) -> tuple[float, float, int]:
    await database.open()
    try:
        return await ours(database, plan, fence)
    finally:
        await database.close()


def quiet() -> None:
    """As with `LOCKSTEP_LOG_LEVEL=WARNING`: a line of the log for each moment costs more than deciding and storing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _fsync_us() -> int:
    """What this disk takes to keep 4 KiB: every figure here has some of these in it."""
    with tempfile.TemporaryFile() as file:
        took = []
        for _ in range(50):
            file.write(b"x" * 4_096)
            file.flush()
            began = perf_counter()
            os.fdatasync(file.fileno())
            took.append(perf_counter() - began)
    return round(median(took) * 1e6)


def measure(say: Say) -> Report:
    """Alternating rounds; medians in microseconds a task."""
    collect_seldom()
    one_heap()
    quiet()
    took: dict[str, list[float]] = defaultdict(list)

    def note(key: str, seconds: float, count: int) -> None:
        took[key].append(seconds / count * 1e6)
        say(f"{key}: {took[key][-1]:.1f}")

    thousand, ten_thousand = layered(1_000), layered(10_000)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.closing(Server(settings=()))) if binaries() is not None else None
        for _ in range(ROUNDS):
            for plan in (thousand, ten_thousand):
                issue, task, _ = uvloop.run(_on_sqlite(plan))
                note(f"sqlite_us_per_task_{len(plan.tasks)}", task, len(plan.tasks))
                note(f"sqlite_us_per_issue_{len(plan.tasks)}", issue, len(plan.tasks))
                if server is not None:
                    with server.fresh() as url:
                        shared = Fence(dict.fromkeys(range(SHARDS), 0))  # each decision asks whether it still may
                        _, task, _ = uvloop.run(_on(database_at(url, Path()), plan, shared))
                    note(f"postgres_us_per_task_{len(plan.tasks)}", task, len(plan.tasks))
            note("sqlite_alone_us_per_task", replayed(ten_thousand, ours), 10_000)
            note("bare_us_per_task", uvloop.run(bare(ten_thousand, IN_FLIGHT)), 10_000)
            note("limit_us_per_task", uvloop.run(limit(ten_thousand)), 10_000)
            theirs = dbos(layered(PEER_TASKS), IN_FLIGHT)
            if theirs is not None:
                note("dbos", theirs, PEER_TASKS)
    # Its own three rounds beside the small ones: what grows shows only in pairs.
    growth, more = [], []
    for _ in range(3):
        small = uvloop.run(_on_sqlite(thousand))[1] / 1_000
        _, seconds, grown = uvloop.run(_on_sqlite(layered(100_000)))
        large = seconds / 100_000
        more.append(grown)
        growth.append(large / small)
        say(f"100,000 tasks: {large * 1e6:.1f} us a task, {growth[-1]:.2f} times the cost in 1,000")
    peer = took.pop("dbos", None)
    figures: dict[str, Number] = {key: round(median(values), 1) for key, values in took.items()}
    figures["growth_1000_to_100000"] = round(median(growth), 2)
    figures["rss_growth_mb_100000"] = max(more)
    figures["rss_mb_100000"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peers = {"dbos": {"sqlite_us_per_task_1000": round(median(peer), 1)}} if peer else {}
    conditions = {**machine(), "fsync_us": _fsync_us(), "rounds": ROUNDS, "dbos_tasks": PEER_TASKS}
    return Report(name="engine", figures=figures, peers=peers, conditions=conditions)
