"""The port of a process: the door for webhooks, the pages, the API, and how it is doing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.api import app as api
from bot.live import Live
from bot.settings import Settings
from bot.web import pages
from bot.web.guard import Guard
from bot.web.health import Health
from bot.webhook import CLIENT_MAX_SIZE, Webhook, runner
from services.core.clock import Clock
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store.db import Database
from services.store.inbox import Inbox
from services.store.reports import Reports


def add_web(
    app: web.Application,
    settings: Settings,
    *,
    database: Database,
    inbox: Inbox,
    shown: Shown,
    wake: Callable[[], None],
    clock: Clock,
    metrics: Metrics,
    live: Live,
) -> None:
    """Take webhooks, calling `wake` after each that is new; show pages, and the same to programs."""
    secrets = [secret.encode() for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
    door = Webhook(secrets=secrets, put=inbox.put, wake=wake, clock=clock, metrics=metrics)
    app.router.add_post("/webhook", door.receive)
    reports = Reports(database)
    pages.add_to(app, shown=shown, reports=reports, inbox=inbox, clock=clock, metrics=metrics, html=settings.github_url)
    api.add_to(app, live=live)


@asynccontextmanager
async def listening(settings: Settings, app: web.Application, health: Health) -> AsyncIterator[str]:
    """Serve the app and its health while the block runs; yields the URL."""
    health.add_to(app)
    app.middlewares.append(Guard().around)
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
