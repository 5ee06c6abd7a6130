"""The wiring: what a process is made of. Nobody else builds objects but `assembly`, for the part that decides.

One process: door, dispatch, engine, pages and sweep share one event loop and end together. `serve` runs until it is
told to stop; what is not done then is in the store, and the next start takes it up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from bot.assembly import Assembly, assemble
from bot.clock import SystemClock
from bot.dispatch import Dispatcher
from bot.loops import Beside
from bot.settings import Settings, private_key_pem
from bot.web import pages
from bot.webhook import CLIENT_MAX_SIZE, runner
from services.agents.box import choose_box
from services.core.clock import Clock
from services.engine.engine import Engine
from services.engine.workers import Local
from services.git.mirror import Mirrors
from services.git.workspace import clear_attempts
from services.github import GitHub
from services.store.checkpoints import Checkpoints
from services.store.db import Database
from services.store.opening import database_at

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
async def running(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Bot]:
    """Start everything, yield while it runs, stop it cleanly. UserError when it can't start as it is set."""
    clock = clock or SystemClock()
    data = Path(settings.data_dir)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    box = await choose_box(settings.sandbox)
    github = GitHub(
        settings.github_api_url, settings.app_id, private_key_pem(settings), clock, cache_enabled=settings.cache
    )
    database = database_at(settings.database_url, data)
    try:
        await database.open()  # before anything in the data directory is touched: another bot may be at work there
        mirrors = Mirrors(data / "git", settings.github_url)
        await clear_attempts(mirrors)
        workers = Local(mirrors, box, github, clock, Checkpoints(database))
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                built = assemble(
                    settings, database=database, github=github, workers=workers, clock=clock, beside=beside
                )
                try:
                    async with _listening(built, database, github, beside) as bot:
                        log.info("listening", url=bot.url, live_runs=await bot.engine.start())
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


@asynccontextmanager
async def _listening(bot: Assembly, database: Database, github: GitHub, beside: Beside) -> AsyncIterator[Bot]:
    """The door and the pages on one port, and behind them dispatch and the sweep."""
    app = web.Application(client_max_size=CLIENT_MAX_SIZE)
    app.router.add_post("/webhook", bot.door.receive)
    pages.add_to(
        app,
        engine=bot.engine,
        inbox=bot.inbox,
        database=database,
        metrics=bot.metrics,
        github=github,
        clock=bot.clock,
        html=bot.settings.github_url,
    )
    bot.begin(beside)
    server = runner(app)
    await server.setup()
    try:
        site = web.TCPSite(server, bot.settings.host, bot.settings.port)
        await site.start()
        host, port = server.addresses[0][:2]
        yield Bot(
            url=f"http://{host}:{port}",
            engine=bot.engine,
            github=github,
            database=database,
            dispatcher=bot.dispatcher,
        )
    finally:
        await server.cleanup()
