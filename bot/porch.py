"""The door before the house: webhooks are taken, and stored, while everything behind it is still being put together.

To import and to build all of it takes longer than to open the database and to listen, and what GitHub sends meanwhile
would be lost to a process that is about to be there. So this module imports little, and `serve` nothing else before it
stands. What comes later is put behind it (`behind`), on the same port and the same connections; until then, and again
while the process ends, everything but a webhook is told to come back in a moment.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.door import Door
from bot.settings import Role, Settings
from bot.webhook import Webhook
from services.core.clock import Clock
from services.metrics import Metrics
from services.store.arrivals import Arrivals
from services.store.db import Database
from services.store.fence import Fence
from services.store.opening import database_at

if TYPE_CHECKING:
    from aiohttp import web

TAKES: frozenset[Role] = frozenset({"all", "web"})
"""Roles that receive webhooks."""


class Porch:
    """What stands first. database: opened.  metrics: of the whole process.  url: where it listens.  wake: told of each
    delivery that is new; the first look of a dispatcher that comes later finds what came before it.
    """

    def __init__(self, settings: Settings, role: Role, clock: Clock, database: Database) -> None:
        self.settings, self.role, self.clock, self.database = settings, role, clock, database
        self.metrics, self.url = Metrics(), ""
        self.wake: Callable[[], None] = _nobody
        self.webhook: Webhook | None = None
        if role in TAKES:
            arrivals = Arrivals(database, Fence({}) if settings.database_url else None)
            secrets = [secret.encode() for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
            self.webhook = Webhook(
                secrets=secrets, put=arrivals.put, wake=self._woken, clock=clock, metrics=self.metrics
            )
        self._door = Door(self.webhook)

    def _woken(self) -> None:
        self.wake()  # whoever it is by now

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._door, self.settings.host, self.settings.port, backlog=1024)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            self.url = (
                f"http://[{host}]:{port}" if server.sockets[0].family == socket.AF_INET6 else f"http://{host}:{port}"
            )
            yield
        finally:
            server.close()
            await self._door.close()

    @asynccontextmanager
    async def behind(self, life: "web.AppRunner") -> AsyncIterator[None]:
        """While the block runs, this app answers what is no webhook."""
        await life.setup()
        self._door.hall = life.server
        try:
            yield
        finally:
            self._door.hall = None
            await life.cleanup()


def _nobody() -> None:
    return


@asynccontextmanager
async def opened(settings: Settings, role: Role, clock: Clock) -> AsyncIterator[Porch]:
    """The database and, as soon as it is open, the door. UserError when the database can't be used as it is."""
    data = Path(settings.data_dir)
    if not settings.database_url:
        data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - there is nobody yet who could wait
    database = database_at(settings.database_url, data)
    try:
        await database.open()  # before anything in the data directory is touched: another bot may be at work there
        porch = Porch(settings, role, clock, database)
        async with porch.listening():
            yield porch
    finally:
        await database.close()
