"""Pages over a store that was filled by hand, with a GitHub that must not be asked."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
from aiohttp import web

import handlers.commands
from bot.api import app as api
from bot.api.desk import Desk
from bot.entrance import Entrance
from bot.giving import Giving
from bot.live import Live
from bot.settings import Settings
from bot.web import account, pages
from bot.web.health import Health
from services.core import names
from services.core.board import Action, Decision, Moment, Run
from services.core.plan import Parsed, Plan, Problem
from services.core.task_state import TaskState
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store.access import Access
from services.store.attempts import Attempts
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.events import Events
from services.store.gaps import Gaps
from services.store.inbox import Inbox
from services.store.ledger import Ledger
from services.store.outbox import Settle
from services.store.plans import PlanRow, Plans
from services.store.recoveries import Recoveries
from services.store.reports import Reports
from services.store.requests import Requests
from services.store.runs import Runs
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import NOW

HTML = "https://github.example"


class Untouched:
    """Stands where a page has no business."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a page asked for {name}")


class StoppedClock:
    """Time for pages: an hour after everything in the store began."""

    def __init__(self) -> None:
        self.time = NOW + timedelta(hours=1)

    def now(self) -> datetime:
        return self.time


@dataclass
class House:
    """The pages, at `url`, and the store they show."""

    url: str
    plans: Plans
    runs: Runs
    points: Checkpoints
    database: Database
    live: Live
    inbox: Inbox
    metrics: Metrics
    session: aiohttp.ClientSession
    clock: StoppedClock
    app: web.Application

    def now(self) -> datetime:
        return self.clock.time

    def pass_time(self, **time: float) -> None:
        self.clock.time += timedelta(**time)

    def routes(self) -> list[tuple[str, str]]:
        """(method, pattern) of all there are."""
        found = [(route.method, route.resource.canonical) for route in self.app.router.routes() if route.resource]
        return [(method, path) for method, path in found if method != "HEAD"]

    async def get(self, path: str, **headers: str) -> tuple[int, str, Any]:
        """Status, text and headers."""
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers

    async def read(
        self,
        plan: Plan | None,
        number: int = 7,
        *,
        title: str = "A plan",
        problems: tuple[Problem, ...] = (),
        repo: str = "acme/platform",
    ) -> PlanRow:
        """A plan issue repo#number was read."""
        row = PlanRow(
            id=f"{repo}#{number}",
            repo=repo,
            number=number,
            title=title,
            hash=plan.hash if plan is not None else "",
            parsed=Parsed(plan=plan, problems=problems, tasks=plan.tasks if plan is not None else ()),
            author="ana",
            issue_id=str(number),
        )
        await self.plans.save(row, NOW)
        return row

    async def approved(self, plan: Plan, number: int = 7, *, title: str = "A plan") -> PlanRow:
        """It was read and approved by ben."""
        row = await self.read(plan, number, title=title)
        assert await self.plans.approve(row.id, row.hash, "ben", NOW)
        return row

    async def ran(
        self,
        plan: Plan,
        states: Iterable[TaskState],
        number: int = 7,
        *,
        title: str = "A plan",
        state: str = "running",
        nth: int = 1,
    ) -> Run:
        """A run of it that has come this far, its nth; tasks that are not named are blocked."""
        row = await self.approved(plan, number, title=title)
        known = {task.id: task for task in states}
        tasks = {task.id: known.get(task.id, TaskState(id=task.id, since=NOW)) for task in plan.tasks}
        run = Run(
            id=names.run_id(row.repo, number, nth), plan_id=row.id, repo=row.repo, number=number, plan=plan, tasks=tasks,
            state=cast("Any", state), actor="ana", approver="ben", started_at=NOW,
            finished_at=NOW + timedelta(minutes=12) if state in {"done", "cancelled"} else None,
        )  # fmt: skip
        assert await self.runs.create(run, Decision(run_id=run.id, state=run.state), NOW) is not None
        if run.finished_at is not None:
            over = Moment(task="", kind="run", before="running", after=run.state)
            decision = Decision(run_id=run.id, state=run.state, finished_at=run.finished_at, history=(over,))
            await self.runs.commit(run.plan_id, decision, NOW)
        return run

    async def printed(self, run: Run, task: str, log: str) -> None:
        """The task's newest attempt printed this."""
        action = Action(key=f"{run.id}/{task}/1/attempt", kind="attempt", task=task, attempt=1)
        printed = Decision(run_id=run.id, state=run.state, finished_at=run.finished_at, actions=(action,))
        await self.runs.commit(run.plan_id, printed, NOW)
        nothing = Decision(run_id=run.id, state=run.state, finished_at=run.finished_at)
        await self.runs.commit(run.plan_id, nothing, NOW, [Settle(key=action.key, log=log)])


def now_at(task_id: str, state: str, reason: str = "", **more: Any) -> TaskState:
    """A task that has been in this state for half an hour."""
    values = {"since": NOW + timedelta(minutes=30), **more}
    return TaskState(id=task_id, state=cast("Any", state), reason=reason, **values)


@asynccontextmanager
async def house(guard: Any = None, settings: Settings | None = None, github: object = None) -> AsyncIterator[House]:
    """Pages on a free port of 127.0.0.1, with an empty store. guard: who says who looks, in place of ours."""
    database = SqliteDatabase(":memory:")
    await database.open()
    clock, inbox = StoppedClock(), Inbox(database)
    plans, runs, points = Plans(database), Runs(database), Checkpoints(database)
    app = web.Application()
    metrics, shown = Metrics(), Shown(plans, runs, points, 4, Ledger(database), Attempts(database), "large")
    requests = Requests(database)
    giving = Giving(inbox, requests, lambda: None, clock)
    rendering = pages.add_to(
        app, shown=shown, reports=Reports(database), inbox=inbox, clock=clock, metrics=metrics, giving=giving, html=HTML
    )
    account.add_to(app, rendering, Access(database))
    Health(database=database, inbox=inbox, metrics=metrics, github=None, clock=clock).add_to(app)
    live = Live(Events(database))
    database.heard_by(live.on_ring)
    entrance = Entrance(settings or Settings(admins="ana"), database, clock, cast("Any", github))
    handlers.commands.load()
    desk = Desk(
        shown=shown, reports=Reports(database), requests=requests, gaps=Gaps(database), inbox=inbox,
        giving=giving, access=entrance.access, tokens=Access(database),
        clock=clock, repairs=Recoveries(database), metrics=metrics,
    )  # fmt: skip
    api.add_to(app, live=live, desk=desk)
    if guard is not None:
        app.middlewares.append(guard)
    else:
        entrance.add_to(app, shows=True)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        looking = asyncio.create_task(live.run())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as session:
            yield House(url, plans, runs, points, database, live, inbox, metrics, session, clock, app)
    finally:
        looking.cancel()
        await runner.cleanup()
        await database.close()


def renamed(plan: Plan, title: str) -> Plan:
    """The same plan under another title."""
    return msgspec.structs.replace(plan, title=title)


STATIC = Path(pages.__file__).parent / "static"
