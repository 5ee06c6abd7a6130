"""The wiring: the only module that builds objects and knows all of them.

One process: door, dispatch, engine, pages and sweep share one event loop and end together. `serve` runs until it is
told to stop; what is not done then is in the store, and the next start takes it up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web

import handlers
import handlers.commands
from bot.clock import SystemClock
from bot.dispatch import Dispatcher
from bot.loops import Beside, pause, sweep
from bot.settings import Settings, private_key_pem
from bot.web import pages
from bot.webhook import CLIENT_MAX_SIZE, Webhook, runner
from services import checks
from services.agents.box import choose_box
from services.core.clock import Clock
from services.engine.engine import Engine
from services.engine.parts import EngineSettings, Parts
from services.engine.workers import Local, Workers
from services.git.mirror import Mirrors
from services.git.workspace import clear_attempts
from services.github import GitHub
from services.metrics import Metrics
from services.store.db import Database
from services.store.inbox import Inbox
from services.store.plans import Plans
from services.store.runs import Runs

log = structlog.get_logger(__name__)

KEEP_BODIES = timedelta(days=4)
"""A little longer than GitHub's delivery log reaches back, so whatever it can redeliver is still known here."""
KEEP_ROWS = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Bot:
    """A running bot. `url` is where it listens; `idle` returns once every delivery so far is handled."""

    url: str
    engine: Engine
    github: GitHub
    database: Database
    dispatcher: Dispatcher[Engine]


@asynccontextmanager
async def running(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Bot]:
    """Start everything, yield while it runs, stop it cleanly. UserError when it can't start as it is set."""
    clock = clock or SystemClock()
    data = Path(settings.data_dir)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    box = await choose_box(settings.sandbox)
    github = GitHub(
        settings.github_api_url, settings.app_id, private_key_pem(settings), clock, cache_enabled=settings.cache
    )
    mirrors = Mirrors(data / "git", settings.github_url)
    await clear_attempts(mirrors)
    workers = Local(mirrors, box, github, clock)
    database = Database(data / "lockstep.sqlite")
    await database.open()
    try:
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                engine = Engine(_parts(settings, database, github, workers, clock, beside))
                try:
                    async with _listening(settings, database, engine, clock, beside, github) as bot:
                        log.info("listening", url=bot.url, live_runs=await engine.start())
                        yield bot
                finally:
                    beside.close()
    finally:
        await github.close()
        await database.close()


@contextmanager
def unwrapped() -> Iterator[None]:
    """A task group's only error is raised as itself, so that its one sentence reaches who started the process."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None


def _parts(
    settings: Settings, database: Database, github: GitHub, workers: Workers, clock: Clock, beside: Beside
) -> Parts:
    return Parts(
        settings=EngineSettings(
            workers=settings.workers,
            per_repo=settings.workers_per_repo,
            comment_interval=settings.comment_interval,
            checks_none=settings.checks == "none",
            checks_grace=settings.checks_grace,
            public_url=settings.public_url,
            require_other=settings.require_other,
        ),
        plans=Plans(database),
        runs=Runs(database),
        github=github,
        workers=workers,
        clock=clock,
        spawn=beside,
        timers=beside,
    )


@asynccontextmanager
async def _listening(
    settings: Settings, database: Database, engine: Engine, clock: Clock, beside: Beside, github: GitHub
) -> AsyncIterator[Bot]:
    """The door, dispatch, the sweep and the pages on one port."""
    checks.load()
    handlers.commands.load()
    metrics, inbox = Metrics(), Inbox(database)
    dispatcher: Dispatcher[Engine] = Dispatcher(inbox, handlers.load(), engine, clock, metrics, pause=pause)
    secrets = [secret.encode() for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
    door = Webhook(secrets=secrets, put=inbox.put, wake=dispatcher.wake, clock=clock, metrics=metrics)
    app = web.Application(client_max_size=CLIENT_MAX_SIZE)
    app.router.add_post("/webhook", door.receive)
    pages.add_to(
        app,
        engine=engine,
        inbox=inbox,
        database=database,
        metrics=metrics,
        github=github,
        clock=clock,
        html=settings.github_url,
    )
    beside.for_good("dispatch", dispatcher.run())

    async def look_everywhere() -> None:
        dispatcher.wake()
        await engine.driver.sweep()
        now = clock.now()
        while await inbox.prune(bodies_before=now - KEEP_BODIES, rows_before=now - KEEP_ROWS):
            pass

    beside.for_good("sweep", sweep(settings.sweep_seconds, look_everywhere))
    server = runner(app)
    await server.setup()
    try:
        site = web.TCPSite(server, settings.host, settings.port)
        await site.start()
        host, port = server.addresses[0][:2]
        yield Bot(url=f"http://{host}:{port}", engine=engine, github=github, database=database, dispatcher=dispatcher)
    finally:
        await server.cleanup()
