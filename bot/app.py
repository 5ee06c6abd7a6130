"""The wiring: what a process is made of. Nobody else builds objects but `assembly`, for the part that decides, and
`shared`, where several processes share the work.

One process: door, dispatch, engine, pages and sweep share one event loop and end together. `serve` runs until it is
told to stop; what is not done then is in the store, and the next start takes it up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.assembly import Assembly, answers_of, assemble, github_of
from bot.clock import SystemClock
from bot.dispatch import Dispatcher
from bot.entrance import Entrance
from bot.listening import Front, application, shown
from bot.live import Live
from bot.loops import Beside, keep_small, listen_to_loop, mend, pause, unwrapped
from bot.modelling import models_of, programs_of
from bot.network import git_of
from bot.porch import Porch, opened
from bot.settings import Settings
from bot.tracing import traces_of
from bot.web.health import Health, room_in
from services.agents.box import choose_box
from services.core.clock import Clock
from services.engine.engine import Engine
from services.engine.workers import Local
from services.errors import UserError
from services.git.mirror import Mirrors
from services.git.workspace import clear_attempts, set_aside
from services.github import GitHub
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.events import Events
from services.store.resolutions import Resolutions

if TYPE_CHECKING:
    from bot.shared import Member

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Bot:
    """A running bot. `url` is where it listens; `idle` returns once every delivery so far is handled."""

    url: str
    engine: Engine
    github: GitHub
    database: Database
    dispatcher: Dispatcher[Engine]


@asynccontextmanager
async def serving(porch: Porch) -> AsyncIterator[None]:
    """All that belongs behind this door, while the block runs. UserError when it can't start as it is set."""
    if not porch.settings.database_url:
        async with _alone(porch):
            yield
    else:
        async with _sharing()(porch):
            yield


@asynccontextmanager
async def running(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Bot]:
    """Start everything, yield while it runs, stop it cleanly. UserError when it can't start as it is set."""
    async with opened(settings, "all", clock or SystemClock()) as porch:
        if not settings.database_url:
            async with _alone(porch) as bot:
                yield bot
            return
        async with _sharing()(porch) as part:
            assert part.assembly is not None  # noqa: S101 - whoever does all conducts
            assert part.github is not None  # noqa: S101
            yield _bot(porch, part.assembly, part.github)


def _sharing() -> "Callable[[Porch], AbstractAsyncContextManager[Member]]":
    """What shares work needs PostgreSQL's client and PgQueuer, and takes its time to import."""
    try:
        from bot.shared import sharing
    except ImportError:
        fix = "install Lockstep with its extra: pip install '.[postgres]'"
        raise UserError(f"LOCKSTEP_DATABASE_URL needs psycopg and PgQueuer, which aren't installed; {fix}.") from None
    return sharing


@asynccontextmanager
async def _alone(porch: Porch) -> AsyncIterator[Bot]:
    """One process on its own file."""
    settings, clock, database = porch.settings, porch.clock, porch.database
    box = await choose_box(settings.sandbox, programs_of(settings))
    answers = answers_of(settings, database, clock)
    models = models_of(settings, database, clock)
    github = github_of(settings, clock, answers)
    traces = traces_of(settings)
    try:
        mirrors = Mirrors(Path(settings.data_dir) / "git", settings.github_url, git=git_of(settings))
        set_aside(mirrors)
        workers = Local(
            mirrors, box, github, clock, Checkpoints(database), models, Resolutions(database), places=settings.workers
        )
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                beside("clear", clear_attempts(mirrors))
                built = assemble(
                    settings,
                    database=database,
                    github=github,
                    workers=workers,
                    clock=clock,
                    beside=beside,
                    models=models,
                    metrics=porch.metrics,
                    traces=traces,
                )
                if answers is not None:
                    beside.for_good("answers", answers.run(pause))
                github.watched_by(built.metrics)
                try:
                    async with _shown(porch, built, github, beside):
                        bot = _bot(porch, built, github)
                        log.info("listening", url=bot.url, live_runs=await bot.engine.start())
                        yield bot
                finally:
                    beside.close()
    finally:
        await github.close()
        await asyncio.to_thread(traces.close)
        if models is not None:
            await models.close()


@asynccontextmanager
async def _shown(porch: Porch, built: Assembly, github: GitHub, beside: Beside) -> AsyncIterator[None]:
    """The pages behind the door, and behind them dispatch and the sweep."""
    app, inbox, metrics, clock, database = application(), built.inbox, built.metrics, built.clock, porch.database
    live, entrance = Live(Events(database)), Entrance(built.settings, database, clock, github)
    database.heard_by(live.on_ring)
    beside.for_good("live", live.run())
    Front(
        settings=built.settings, database=database, inbox=inbox, shown=built.shown, live=live, entrance=entrance,
        metrics=metrics, clock=clock, wake=built.dispatcher.wake, figures=lambda: github.figures,
    ).add_to(app)  # fmt: skip
    porch.wake = built.dispatcher.wake
    built.begin(beside)
    beside.for_good("lag", listen_to_loop(metrics.lagged))
    beside.for_good("heap", keep_small())
    repairer = built.repairer(database, github)
    beside.for_good("repair", mend(built.settings.repair_seconds, repairer.repair))
    metrics.listened(lambda: live.listeners, lambda: live.dropped)
    health = Health(
        database=database, inbox=inbox, metrics=metrics, github=github, clock=clock, conducts=True,
        parts={"disk": room_in(Path(built.settings.data_dir))}, budget_day=built.settings.budget_day,
    )  # fmt: skip
    async with shown(porch, app, health, entrance):
        yield


def _bot(porch: Porch, built: Assembly, github: GitHub) -> Bot:
    return Bot(url=porch.url, engine=built.engine, github=github, database=porch.database, dispatcher=built.dispatcher)
