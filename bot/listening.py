"""The port of a process: the door for webhooks, the pages, the API, and how it is doing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata

from aiohttp import web

from bot.api import app as api
from bot.api.desk import Desk
from bot.entrance import Entrance
from bot.giving import Giving
from bot.live import Live
from bot.settings import Settings
from bot.web import account, pages
from bot.web.health import Health
from bot.webhook import CLIENT_MAX_SIZE, Webhook, runner
from services.core.clock import Clock
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store.access import Access
from services.store.db import Database
from services.store.gaps import Gaps
from services.store.inbox import Inbox
from services.store.reports import Reports
from services.store.requests import Requests


@dataclass(frozen=True, kw_only=True)
class Front:
    """What a process that receives and shows is made of. wake: tells dispatch of a new delivery, where that is in the
    same process.  figures: what GitHub was asked.
    """

    settings: Settings
    database: Database
    inbox: Inbox
    shown: Shown
    live: Live
    entrance: Entrance
    metrics: Metrics
    clock: Clock
    wake: Callable[[], None]
    figures: Callable[[], Mapping[str, int]] | None = None

    def add_to(self, app: web.Application) -> None:
        """Take webhooks; show pages, and the same to programs."""
        settings, inbox, clock = self.settings, self.inbox, self.clock
        secrets = [secret.encode() for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
        door = Webhook(secrets=secrets, put=inbox.put, wake=self.wake, clock=clock, metrics=self.metrics)
        app.router.add_post("/webhook", door.receive)
        requests, reports = Requests(self.database), Reports(self.database)
        giving = Giving(inbox, requests, self.wake, clock)
        rendering = pages.add_to(
            app, shown=self.shown, reports=reports, inbox=inbox, clock=clock, metrics=self.metrics,
            giving=giving, html=settings.github_url,
        )  # fmt: skip
        account.add_to(app, rendering, Access(self.database))
        desk = Desk(
            shown=self.shown,
            reports=reports,
            requests=requests,
            gaps=Gaps(self.database),
            inbox=inbox,
            giving=giving,
            access=self.entrance.access,
            tokens=Access(self.database),
            clock=clock,
            version=metadata.version("lockstep"),
            figures=self.figures,
        )
        api.add_to(app, live=self.live, desk=desk)


@asynccontextmanager
async def listening(
    settings: Settings, app: web.Application, health: Health, entrance: Entrance, *, shows: bool = True
) -> AsyncIterator[str]:
    """Serve the app and its health while the block runs; yields the URL. shows: are there pages?"""
    health.add_to(app)
    entrance.add_to(app, shows=shows)
    server = runner(app)
    await server.setup()
    try:
        await web.TCPSite(server, settings.host, settings.port).start()
        host, port = server.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await server.cleanup()


def application() -> web.Application:
    """An empty app that takes bodies as large as GitHub sends them."""
    return web.Application(client_max_size=CLIENT_MAX_SIZE)
