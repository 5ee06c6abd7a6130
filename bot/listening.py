"""What a process shows behind its door: the pages, the API, and how it is doing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from bot.api import app as api
from bot.api.desk import Desk
from bot.door import PATH
from bot.entrance import Entrance
from bot.giving import Giving
from bot.live import Live
from bot.porch import Porch
from bot.settings import Settings
from bot.web import account, pages
from bot.web.health import Health
from bot.webhook import MAX_BODY, TOO_LARGE, TOO_SLOW, Answer, Webhook
from services.core.clock import Clock
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store.access import Access
from services.store.db import Database
from services.store.gaps import Gaps
from services.store.inbox import Inbox
from services.store.recoveries import Recoveries
from services.store.reports import Reports
from services.store.requests import Requests


@dataclass(frozen=True, kw_only=True)
class Front:
    """What a process that shows is made of. wake: tells dispatch of a new delivery, where that is in the same process.
    figures: what GitHub was asked.
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
        """Show pages, and the same to programs."""
        settings, inbox, clock = self.settings, self.inbox, self.clock
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
            repairs=Recoveries(self.database),
            metrics=self.metrics,
            figures=self.figures,
        )
        api.add_to(app, live=self.live, desk=desk)


@asynccontextmanager
async def shown(
    porch: Porch, app: web.Application, health: Health, entrance: Entrance, *, shows: bool = True
) -> AsyncIterator[None]:
    """Have the app and its health behind the door while the block runs. shows: are there pages?"""
    health.add_to(app)
    entrance.add_to(app, shows=shows)
    app.router.add_route("*", PATH, partial(take, porch.webhook))
    runner = web.AppRunner(
        app, keepalive_timeout=75.0, access_log=None, shutdown_timeout=10.0, auto_decompress=False, lingering_time=2.0
    )
    async with porch.behind(runner):
        yield


def application() -> web.Application:
    """An empty app."""
    return web.Application()


async def take(webhook: Webhook | None, request: web.Request) -> web.Response:
    """A delivery that comes this far: a proxy sent it on a connection that had asked for a page before."""
    if webhook is None or request.method != "POST":
        raise web.HTTPMethodNotAllowed(request.method, ["POST"])
    received_at, headers = webhook.now(), dict[bytes, bytes]()
    for name, value in request.raw_headers:
        headers.setdefault(name.lower(), value)
    said = webhook.admitted(headers)
    if isinstance(said, tuple):
        return _answer(said, is_last=True)
    try:
        async with asyncio.timeout(webhook.body_seconds):
            body = await _body(request)
    except TimeoutError:
        return _answer(webhook.refused(TOO_SLOW), is_last=True)
    finally:
        webhook.release(said)
    if body is None:
        return _answer(webhook.refused(TOO_LARGE), is_last=True)
    return _answer(await webhook.take(headers, body, received_at), is_last=False)


async def _body(request: web.Request) -> bytes | None:
    """None when it is too large."""
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _answer(said: Answer, *, is_last: bool) -> web.Response:
    response = web.Response(status=said[0], text=f"{said[1]}\n")
    if is_last:
        response.force_close()
    return response
