"""Is it up (`/healthz`), can it work (`/readyz`), how is it doing (`/metrics`)?

Up means the process answers. Ready means the database takes writes, GitHub knows the App, and what else belongs to the
process's role is there; each part says what is wrong in one sentence.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import web

from services.core.clock import Clock
from services.errors import ApiError, StoreError
from services.github import GitHub
from services.metrics import Metrics
from services.store.db import Connection, Database
from services.store.inbox import Inbox
from services.store.totals import Watched

PATIENCE = 5.0
FULL = 3_500
"""Writes that wait; from 4,096 on new ones are refused."""
BEHIND = 300.0
"""Seconds a webhook may wait for its handlers."""
ROOM = 16 * 2**20
"""Bytes that must be free beside a database in a file: a large decision takes some of them before it can be stored."""
Part = Callable[[], str]
"""Says "ok", or in one sentence what is wrong."""


class Health:
    """The three answers, as aiohttp handlers. github: None where the process has no key for it.  parts: what else the
    process can't work without, by name.  conducts: does it handle deliveries?  budget_day: US dollars.
    """

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        metrics: Metrics,
        github: GitHub | None,
        clock: Clock,
        parts: Mapping[str, Part] | None = None,
        conducts: bool = False,
        budget_day: float = 0.0,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._metrics = metrics
        self._github = github
        self._clock = clock
        self._parts = parts or {}
        self._conducts, self._budget_day = conducts, budget_day
        self._watched = Watched(database)

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self.live)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.metrics)

    async def live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        parts = {"database": await self._store(), "inbox": await self._waiting()}
        parts |= {name: part() for name, part in self._parts.items()}
        if self._github is not None:
            parts["github"] = await self._hub(self._github)
        fine = all(said == "ok" for said in parts.values())
        return web.json_response({"status": "ok" if fine else "not ready", "parts": parts}, status=200 if fine else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        now = self._clock.now()
        self._metrics.inbox(await self._inbox.how_many_wait(), await self._inbox.oldest_waiting_age(now))
        self._metrics.stored(await self._watched.totals(now), self._budget_day)
        return web.Response(
            body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def _store(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._database.write(_touch)
        except (StoreError, TimeoutError):
            return "the database takes no writes; look at the disk and its free space"
        return "ok"

    async def _waiting(self) -> str:
        """The writer keeps up, and so does dispatch where it runs; a web can do nothing about other processes."""
        if self._database.waiting >= FULL:
            return f"{self._database.waiting} writes wait for the disk; look at how busy it is"
        try:
            async with asyncio.timeout(PATIENCE):
                age = await self._inbox.oldest_waiting_age(self._clock.now()) if self._conducts else 0.0
        except (StoreError, TimeoutError):
            return "the inbox can't be read; look at the database"
        if age > BEHIND:
            return f"the oldest webhook has waited for {age:.0f} s; look into the log for handlers that fail"
        return "ok"

    async def _hub(self, github: GitHub) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await github.reads.app()
        except (ApiError, TimeoutError):
            return "GitHub does not answer as this App; check the App id, the private key and the network"
        return "ok"


def room_in(folder: Path, least: int = ROOM) -> Part:
    """Is there room for more than what is there already?"""

    def said() -> str:
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            return "the data directory can't be looked at; is it there?"
        return (
            "ok" if free >= least else f"the disk of the data directory has {free / 2**20:.1f} MB left; make room there"
        )

    return said


def _touch(connection: Connection) -> None:
    """Write what is there already: nothing less notices a database that takes nothing. A full one may still take it."""
    connection.execute("UPDATE schema_version SET version = version")
