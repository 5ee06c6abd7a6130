"""The part of the bot that decides, put together from what it is handed: engine, dispatch and the sweep.

The process (bot/app.py) hands in a real database, GitHub and workers. A simulation hands in its own and so runs the
very same thing, without sockets, threads and time.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

import structlog

import handlers
import handlers.commands
from bot.dispatch import Dispatcher
from bot.loops import Beside, LoopTimers, pause, sweep
from bot.modelling import embedder_of, rules_of
from bot.network import network_of
from bot.repair import Repairer
from bot.settings import Settings, private_key_pem
from services import checks
from services.agents import agent_names
from services.agents.models import Models
from services.core.admission import Limits
from services.core.clock import Clock
from services.core.shards import SHARDS
from services.engine.diagnoses import Diagnoses
from services.engine.engine import Engine
from services.engine.parts import EngineSettings, Others, Parts, Spawn
from services.engine.shown import Shown
from services.engine.workers import Workers
from services.github import GitHub
from services.github.client import Transport
from services.github.lifetimes import lifetimes
from services.metrics import Metrics
from services.store.answers import Answers
from services.store.attempts import Attempts
from services.store.checkpoints import Checkpoints
from services.store.dashboards import Dashboards
from services.store.db import Database
from services.store.delegations import Delegations
from services.store.drafts import Drafts
from services.store.fence import Fence
from services.store.gaps import Gaps
from services.store.gates import Gates
from services.store.inbox import Inbox
from services.store.job_logs import JobLogs
from services.store.ledger import Ledger
from services.store.lessons import Lessons
from services.store.news import DOUBT, GATE, INBOX, PULL, WAKE, News
from services.store.past import PastTasks
from services.store.plans import Plans
from services.store.recoveries import Recoveries
from services.store.requests import Requests
from services.store.retention import Keep, Retention
from services.store.runs import Runs
from services.store.trials import Trials
from services.tracing import Tracing, Untraced

MB = 1024 * 1024

log = structlog.get_logger(__name__)


class Hears(Protocol):
    """What is told what other processes say (services/store/bell.py)."""

    def on(self, channel: str, call: Callable[[str], None], /) -> None: ...

    def on_anew(self, call: Callable[[], None], /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """Put together, not begun: `begin` starts what never ends, `engine.start` takes up what an earlier process left."""

    settings: Settings
    engine: Engine
    inbox: Inbox
    retention: Retention
    dispatcher: Dispatcher[Engine]
    metrics: Metrics
    clock: Clock
    spawn: Spawn

    @property
    def shown(self) -> Shown:
        """For pages."""
        return self.engine

    def inherit(self, shards: Collection[int]) -> None:
        """Another process has had these shards until now."""
        self.engine.inherit(shards)

    async def take_up(self, shards: Collection[int]) -> None:
        """Go on with these shards where another process left them."""
        self.dispatcher.wake()
        await self.engine.take_up(shards)

    async def let_go(self, shards: Collection[int], patience: float) -> bool:
        """Stop with these shards; False when something was still under way after so many seconds, and was cut off."""
        parts = await asyncio.gather(self.dispatcher.let_go(shards, patience), self.engine.let_go(patience))
        return all(parts)

    def resize(self, slots: int) -> None:
        """There are places for so many attempts."""
        self.engine.driver.resize(slots)

    def begin(self, beside: Beside) -> None:
        beside.for_good("dispatch", self.dispatcher.run())
        beside.for_good("sweep", sweep(self.settings.sweep_seconds, self.look_everywhere))

    def hear(self, bell: Hears, news: News, fence: Fence) -> None:
        """What the other processes say, and what to do when something may have been missed."""

        def delivered(shard: str) -> None:
            if fence.has(int(shard)):
                self.dispatcher.wake()

        bell.on(INBOX, delivered)
        bell.on(WAKE, news.on_wake(self.engine.wake))
        bell.on(DOUBT, news.on_doubt(self.engine.doubt))
        bell.on(GATE, news.on_gate(self.engine.look_at_gate))
        bell.on(PULL, news.on_pull(self.engine.hear_of_pull))
        bell.on_anew(self._listens_anew)

    def _listens_anew(self) -> None:
        self.engine.doubt_all()
        self.spawn("look", self.look_everywhere())

    def repairer(self, database: Database, github: GitHub) -> Repairer:
        """Who brings in what did not come."""
        return Repairer(
            deliveries=github.deliveries, inbox=self.inbox, gaps=Gaps(database), wake=self.dispatcher.wake,
            look=self.look_everywhere, clock=self.clock, metrics=self.metrics,
        )  # fmt: skip

    async def look_everywhere(self) -> None:
        """One sweep: everything that waits or lives is looked at again, and what is old goes."""
        if await self.inbox.hand_out_again(self.clock.now()):
            log.info("what an outage let down is handled again")
        self.dispatcher.wake()
        await self.engine.take_up(None)
        await self.retention.tidy(self.clock.now())
        self.metrics.swept(self.clock.now())


def assemble(
    settings: Settings,
    *,
    database: Database,
    github: GitHub,
    workers: Workers,
    clock: Clock,
    beside: Beside,
    fence: Fence | None = None,
    others: Others | None = None,
    models: Models | None = None,
    metrics: Metrics | None = None,
    traces: Tracing | None = None,
) -> Assembly:
    """Build everything between a stored delivery and GitHub. fence, others: where several processes share the work.
    models: None where no model is set.  metrics: of the process, where it counts already.  traces: who is told.
    """
    checks.load()
    handlers.commands.load()
    metrics, inbox = metrics or Metrics(), Inbox(database, fence)
    metrics.github(lambda: github.figures)
    metrics.agents(agent_names())
    metrics.shards.set(SHARDS if fence is None else 0)
    traces = traces or Untraced()
    engine = Engine(
        _parts(
            settings, database, github, workers, clock, beside,
            fence=fence, others=others, models=models, metrics=metrics, traces=traces,
        )
    )  # fmt: skip
    dispatcher: Dispatcher[Engine] = Dispatcher(
        inbox, handlers.load(), engine, clock, metrics, pause=pause, traces=traces, holds=(fence or Fence()).has
    )
    return Assembly(
        settings=settings,
        engine=engine,
        inbox=inbox,
        retention=Retention(database, keep(settings), settings.cache_disk_mb * MB),
        dispatcher=dispatcher,
        metrics=metrics,
        clock=clock,
        spawn=beside,
    )


def _parts(
    settings: Settings,
    database: Database,
    github: GitHub,
    workers: Workers,
    clock: Clock,
    beside: Beside,
    *,
    fence: Fence | None,
    others: Others | None,
    models: Models | None,
    metrics: Metrics,
    traces: Tracing,
) -> Parts:
    """What the engine is handed."""
    return Parts(
        settings=_engine_settings(settings),
        plans=Plans(database),
        runs=Runs(database, fence),
        checkpoints=Checkpoints(database),
        github=github,
        workers=workers,
        clock=clock,
        spawn=beside,
        timers=beside,
        others=others,
        gates=Gates(database),
        delegations=Delegations(database),
        lessons=Lessons(database),
        models=models,
        ledger=Ledger(database),
        attempts=Attempts(database),
        drafts=Drafts(database),
        trials=Trials(database),
        dashboards=Dashboards(database),
        past=PastTasks(database),
        embedder=embedder_of(settings),
        requests=Requests(database),
        recoveries=Recoveries(database),
        person=github.person(settings.copilot_token) if settings.copilot_token else None,
        counts=metrics,
        diagnoses=Diagnoses(JobLogs(database)),
        traces=traces,
    )


def github_of(
    settings: Settings, clock: Clock, answers: Answers | None = None, transport: Transport | None = None
) -> GitHub:
    """The client, as the App of the settings. answers: where what GitHub said outlives the process.  transport: another
    one than HTTP.
    """
    return GitHub(
        settings.github_api_url,
        settings.app_id,
        private_key_pem(settings),
        clock,
        cache_enabled=settings.cache,
        timeout=settings.github_timeout,
        network=network_of(settings),
        cache_bytes=settings.cache_mb * MB,
        cache_seconds=lifetimes(settings.cache_seconds, settings.cache_seconds_rights),
        shelf=answers,
        transport=transport,
        timers=LoopTimers(),
        limits=_limits(settings),
        batch=settings.batch if settings.cache else 0,
        write_batch=settings.write_batch,
    )


def answers_of(settings: Settings, database: Database, clock: Clock) -> Answers | None:
    """Where GitHub's answers are kept, if they are to be."""
    return Answers(database, clock) if settings.cache and settings.cache_disk_mb else None


def _limits(settings: Settings) -> Limits:
    return Limits(
        concurrent=settings.api_concurrency,
        concurrent_app=settings.api_concurrency_app,
        points=settings.api_points,
        graphql_points=settings.api_graphql_points,
        write_gap=settings.api_write_gap,
        content_minute=settings.api_content_minute,
        content_hour=settings.api_content_hour,
        reserve=settings.api_reserve / 100,
        patience=settings.api_patience,
        is_paced=settings.api_pacing,
    )


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        workers=settings.workers,
        per_installation=settings.workers_per_installation,
        per_repo=settings.workers_per_repo,
        per_agent=settings.workers_per_agent,
        per_group=settings.workers_per_group,
        comment_interval=settings.comment_interval,
        checks_none=settings.checks == "none",
        checks_grace=settings.checks_grace,
        public_url=settings.public_url,
        github_url=settings.github_url,
        require_other=settings.require_other,
        task_patience=settings.task_patience,
        review_patience=settings.review_patience,
        models=rules_of(settings),
        lessons_auto=settings.lessons_auto,
        on_exceed=settings.budget_exceeded,
        warn=Decimal(str(settings.budget_warn)),
    )


def keep(settings: Settings) -> Keep:
    """What is kept for how long."""
    return Keep(
        delivery_bodies=timedelta(days=settings.keep_delivery_bodies),
        deliveries=timedelta(days=settings.keep_deliveries),
        work=timedelta(days=settings.keep_work),
        logs=timedelta(days=settings.keep_logs),
        steps=timedelta(days=settings.keep_steps),
        answers=timedelta(days=settings.keep_answers),
        records=timedelta(days=settings.keep_records),
    )
