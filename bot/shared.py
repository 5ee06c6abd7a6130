"""One process of several on the same PostgreSQL: what a web, a conductor and a worker are made of, or one that is all.

A web needs nothing but the store, and a Bell for those who look on. The others keep three connections of their own
beside it: the Bell hears the others' news, the tenure is what the process holds and how it is counted, and the queue is
asked on the third. All three come back by themselves after an outage.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

import handlers.commands
from bot.assembly import Assembly, answers_of, assemble, github_of
from bot.clock import seconds
from bot.conducting import Conductor, attend
from bot.data import owned
from bot.dispatch import isolated
from bot.entrance import Entrance
from bot.listening import Front, application, shown
from bot.live import Live
from bot.loops import Beside, keep_small, listen_to_loop, mend, pause, sweep, unwrapped
from bot.modelling import models_of, programs_of
from bot.network import git_of
from bot.porch import Porch
from bot.settings import largest_of
from bot.tracing import traces_of
from bot.web.health import Health
from services.agents import agent_names
from services.agents.box import choose_box
from services.engine.queued import Queued
from services.engine.shown import Shown
from services.engine.taking import Worker
from services.engine.workers import Local
from services.git.mirror import Mirrors
from services.git.workspace import clear_attempts, set_aside
from services.github import GitHub
from services.store.attempts import Attempts
from services.store.bell import Bell
from services.store.checkpoints import Checkpoints
from services.store.events import Events
from services.store.fence import Fence
from services.store.inbox import Inbox
from services.store.ledger import Ledger
from services.store.news import DOUBT, EVENT, GATE, INBOX, PULL, RESULT, WAKE, News
from services.store.plans import Plans
from services.store.queue import CHANNEL, Queue
from services.store.resolutions import Resolutions
from services.store.results import Results
from services.store.runs import Runs
from services.store.tenure import Tenure, slots_of

STOPPING = 5.0
"""Seconds in which attempts may end when their worker is stopped; the rest is handed back. Docker waits ten."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A running process. github, assembly: of one that conducts."""

    github: GitHub | None = None
    assembly: Assembly | None = None


@asynccontextmanager
async def sharing(porch: Porch) -> AsyncIterator[Member]:
    """A process of the porch's role while the block runs. UserError when it can't start as it is set."""
    async with _web(porch) if porch.role == "web" else _team(porch) as member:
        log.info("listening", url=porch.url, role=porch.role)
        yield member


@asynccontextmanager
async def _web(porch: Porch) -> AsyncIterator[Member]:
    """Receives and shows; whoever conducts the shard hears of a delivery when it is committed."""
    settings, clock, database, metrics = porch.settings, porch.clock, porch.database, porch.metrics
    app, inbox = application(), Inbox(database, Fence({}))
    figures = Shown(
        Plans(database),
        Runs(database),
        Checkpoints(database),
        settings.workers,
        Ledger(database),
        Attempts(database),
        largest_of(settings),
        partial(slots_of, database),
    )
    live, bell = Live(Events(database)), Bell(settings.database_url, (EVENT,), pause)
    github = github_of(settings, clock) if settings.client_id else None  # for what people may see, and nothing else
    entrance = Entrance(settings, database, clock, github)
    handlers.commands.load()
    Front(
        settings=settings, database=database, inbox=inbox, shown=figures, live=live, entrance=entrance, metrics=metrics,
        clock=clock, wake=lambda: None,
    ).add_to(app)  # fmt: skip
    metrics.listened(lambda: live.listeners, lambda: live.dropped)
    health = Health(
        database=database, inbox=inbox, metrics=metrics, github=None, clock=clock, budget_day=settings.budget_day
    )
    _look_on(live, bell)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bell.close)
        if github is not None:
            stack.push_async_callback(github.close)
        await bell.open()
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                beside.for_good("bell", bell.run())
                beside.for_good("live", live.run())
                beside.for_good("lag", listen_to_loop(metrics.lagged))
                beside.for_good("heap", keep_small())
                try:
                    async with shown(porch, app, health, entrance):
                        yield Member()
                finally:
                    beside.close()


def _look_on(live: Live, bell: Bell) -> None:
    """Whoever listens is told when any process has written to the history."""
    bell.on(EVENT, lambda _: live.rang())
    bell.on_anew(live.rang)


@asynccontextmanager
async def _team(porch: Porch) -> AsyncIterator[Member]:
    """A conductor, a worker, or both and a web in one."""
    async with AsyncExitStack() as stack:
        team = _Team(porch)
        stack.push_async_callback(team.close)
        await team.open(stack)
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                try:
                    await team.begin(beside)
                    async with shown(porch, team.app, team.health(), team.entrance, shows=porch.role == "all"):
                        yield Member(github=team.github, assembly=team.assembly)
                finally:
                    await team.leave()
                    beside.close()


class _Team:
    """The parts of a process that conducts, works or does both: `open` connects, `begin` starts, `leave` hands over."""

    def __init__(self, porch: Porch) -> None:
        settings, role, clock, database = porch.settings, porch.role, porch.clock, porch.database
        self.name = f"{role}-{uuid.uuid4().hex[:12]}"
        self._porch = porch
        self._settings, self._clock, self._database = settings, clock, database
        self._conducts, self._works, self._shows = role != "worker", role != "conductor", role == "all"
        url, slots = settings.database_url, settings.workers if self._works else 0
        self._answers = answers_of(settings, database, clock)
        self._models = models_of(settings, database, clock)
        self.github = github_of(settings, clock, self._answers)
        self._traces = traces_of(settings, role)
        self._bell = Bell(url, (INBOX, RESULT, WAKE, DOUBT, GATE, PULL, CHANNEL, EVENT), pause)
        self._live = Live(Events(database))
        self._queue = Queue(url, self._bell, pause, dict.fromkeys(agent_names(), settings.workers_per_agent))
        self._results = Results(database)
        self._tenure = Tenure(url, conducts=self._conducts, slots=slots, seconds=seconds)
        self.github.writes_while(lambda: self._tenure.is_sure)
        self._fence = Fence({})
        self._conductor: Conductor | None = None
        self._worker: Worker | None = None
        self._mirrors: Mirrors | None = None
        self.assembly: Assembly | None = None
        self.app = application()
        self.entrance = Entrance(settings, database, clock, self.github)

    async def open(self, stack: AsyncExitStack) -> None:
        if self._works:
            data = stack.enter_context(owned(Path(self._settings.data_dir)))
            mirrors = Mirrors(data / "git", self._settings.github_url, git=git_of(self._settings))
            set_aside(mirrors)
            self._mirrors = mirrors
            box = await choose_box(self._settings.sandbox, programs_of(self._settings))
            self._worker = Worker(
                name=self.name,
                slots=self._settings.workers,
                queue=self._queue,
                results=self._results,
                local=Local(
                    mirrors,
                    box,
                    self.github,
                    self._clock,
                    Checkpoints(self._database),
                    self._models,
                    Resolutions(self._database),
                ),
                isolate=isolated,
                traces=self._traces,
            )
        await self._bell.open()
        await self._queue.open()

    async def close(self) -> None:
        for part in (self._tenure, self._queue, self._bell, self.github):
            await part.close()
        await asyncio.to_thread(self._traces.close)
        if self._models is not None:
            await self._models.close()

    async def begin(self, beside: Beside) -> None:
        """Start what never ends; returns when what there is to conduct has been taken."""
        beside.for_good("bell", self._bell.run())
        if self._answers is not None:
            beside.for_good("answers", self._answers.run(pause))
        if self._worker is not None:
            beside.for_good("work", self._worker.run())
        if self._mirrors is not None:
            beside("clear", clear_attempts(self._mirrors))
        if not self._conducts:
            beside.for_good("attend", attend(self._tenure, pause))
            return
        queued = Queued(self._queue, self._results, beside, self._clock, self._traces)
        news = News(self._database, self.name)
        built = self.assembly = assemble(
            self._settings,
            database=self._database,
            github=self.github,
            workers=queued,
            clock=self._clock,
            beside=beside,
            fence=self._fence,
            others=news,
            models=self._models,
            metrics=self._porch.metrics,
            traces=self._traces,
        )
        self.github.watched_by(built.metrics)
        built.hear(self._bell, news, self._fence)
        self._bell.on(RESULT, queued.ring)
        self._bell.on_anew(queued.look_again)
        self._porch.wake = built.dispatcher.wake
        built.begin(beside)
        beside.for_good("lag", listen_to_loop(built.metrics.lagged))
        beside.for_good("heap", keep_small())
        beside.for_good("tidy", sweep(self._settings.sweep_seconds, partial(self._tidy, queued)))
        conductor = self._conductor = Conductor(
            name=self.name, tenure=self._tenure, fence=self._fence, crew=built, spawn=beside, pause=pause
        )
        beside.for_good("conduct", conductor.run())
        beside.for_good(
            "repair", mend(self._settings.repair_seconds, partial(self._repair, built), conductor.has_first)
        )
        built.metrics.shards.set_function(lambda: conductor.held)
        if self._shows:
            _look_on(self._live, self._bell)
            built.metrics.listened(lambda: self._live.listeners, lambda: self._live.dropped)
            beside.for_good("live", self._live.run())
            Front(
                settings=self._settings, database=self._database, inbox=built.inbox, shown=built.shown,
                live=self._live, entrance=self.entrance, metrics=built.metrics, clock=self._clock,
                wake=built.dispatcher.wake, figures=lambda: self.github.figures,
            ).add_to(self.app)  # fmt: skip
        await conductor.first_round.wait()

    async def _repair(self, built: Assembly) -> None:
        """The conductor of the first shard looks for lost deliveries, for all."""
        if self._fence.holds(""):
            await built.repairer(self._database, self.github).repair()

    async def _tidy(self, queued: Queued) -> None:
        """What got lost on the way is asked for again, and what nobody waits for goes."""
        queued.look_again()
        await self._results.prune()
        await self._queue.tidy()

    def health(self) -> Health:
        built, metrics = self.assembly, self._porch.metrics
        if built is None:
            metrics.github(lambda: self.github.figures)
        return Health(
            database=self._database,
            inbox=built.inbox if built is not None else Inbox(self._database, self._fence),
            metrics=metrics,
            github=self.github,
            clock=self._clock,
            parts={"tenure": self._standing, "workers": self._workers},
            conducts=built is not None,
            budget_day=self._settings.budget_day,
        )

    def _workers(self) -> str:
        """A conductor without workers decides, and nothing is done."""
        if self._conductor is not None and not self._conductor.slots:
            return "no worker is there; start one with `python -m bot serve --role worker`"
        return "ok"

    def _standing(self) -> str:
        return "ok" if self._tenure.is_sure else "the session with the database is lost; it is being opened again"

    async def leave(self) -> None:
        """Hand over what is held, so that others go on at once."""
        async with asyncio.TaskGroup() as group:
            if self._worker is not None:
                group.create_task(self._worker.stop(STOPPING))
            if self._conductor is not None:
                group.create_task(self._conductor.leave())
