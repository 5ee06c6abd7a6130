"""Nothing is under way any more: no webhook, no Actions job, no handler, no effect and no timer that is about to fire.

A story that claims that something does *not* happen has to know when to stop waiting for it. So every place where work
can hide is asked in turn, again and again, until a whole round finds nothing.
"""

import asyncio

from bot.app import Bot
from bot.loops import Beside
from services.sandbox.server import Running

STANDING = frozenset({"dispatch", "sweep", "bell", "work", "conduct", "tidy", "answers", "live", "repair", "lag"})
"""Tasks of the bot that never end."""
SOON = 1.5
"""Seconds: timers due within this time count as work under way; what waits for longer does not."""


class Quiet:
    """`bot` None: only GitHub is asked."""

    def __init__(self, github: Running, bot: Bot | None) -> None:
        self._github = github
        self._bot = bot

    async def wait(self) -> None:
        """Return after a whole round in which nobody had anything to do."""
        while True:
            await self._github.idle()
            if self._bot is not None:
                await self._bot.dispatcher.idle()
            if not await self._waited() and not await self._github.think(self._is_moving):
                return

    async def _waited(self) -> bool:
        """Wait for one thing that is under way; False when there was none."""
        if self._bot is not None:
            beside = self._bot.engine._parts.spawn
            assert isinstance(beside, Beside)
            busy = {task for task in beside._tasks if task.get_name() not in STANDING}
            if busy:
                await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
                return True
            if await self._timer(beside):
                return True
        return await self._actions()

    async def _timer(self, beside: Beside) -> bool:
        """Wait until the next timer that is due soon has fired."""
        loop = asyncio.get_running_loop()
        due = [handle.when() for handle in beside._timers if handle.when() - loop.time() < SOON]
        if due:
            fired = asyncio.Event()
            loop.call_at(min(due), fired.set)
            await fired.wait()
        return bool(due)

    async def _actions(self) -> bool:
        """Wait for the next webhook while a job waits or runs."""
        if not await self._github.think(self._has_jobs):
            return False
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(heard.set)

        sandbox = self._github.sandbox
        sandbox.on_event.append(wake)
        try:
            if await self._github.think(self._has_jobs):
                await heard.wait()
        finally:
            sandbox.on_event.remove(wake)
        return True

    def _has_jobs(self) -> bool:
        return any(job.status != "completed" for job in self._github.sandbox.state.jobs.values())

    def _is_moving(self) -> bool:
        return bool(self._github.sandbox.state.outgoing)
