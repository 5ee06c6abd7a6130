"""One process of the bot: what bot/app.py wires, with simulated store, transport and workers, and no door: neither HTTP nor
signatures, which cost much and decide nothing here.

It is killed by its `Life` ending: nothing it awaits ever comes. It is never unwound before the seed is over.
"""

import asyncio
from collections.abc import Callable

import structlog

from bot.assembly import Assembly, assemble, github_of
from bot.loops import Beside
from bot.settings import Settings
from services.errors import ApiError, StoreError
from services.sandbox.state import Delivery
from services.store.inbox import Delivery as Stored
from tests.simulation.clock import VirtualClock
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import SimTransport, Wire
from tests.simulation.store import Disk, SimDatabase
from tests.simulation.workers import SimWorkers, Yard


class Process:
    """`run` ends only with an error; `hear` is the door."""

    def __init__(self, life: Life, settings: Settings, loop: VirtualLoop, disk: Disk, wire: Wire, yard: Yard) -> None:
        self.life = life
        self.settings = settings
        self.clock = VirtualClock(loop)
        self.yard = yard
        self.github = github_of(settings, self.clock, transport=SimTransport(wire, life))
        self.database = SimDatabase(disk, life)
        self.assembly: Assembly | None = None
        self.beside: Beside | None = None

    async def run(self, ended: Callable[[BaseException], None]) -> None:
        structlog.contextvars.bind_contextvars(process=self.life.name)
        try:
            async with asyncio.TaskGroup() as group:
                beside = self.beside = Beside(group)
                self.assembly = assemble(
                    self.settings,
                    database=self.database,
                    github=self.github,
                    workers=SimWorkers(self.yard, self.life, self.github),
                    clock=self.clock,
                    beside=beside,
                )
                try:
                    self.assembly.begin(beside)
                    await self.assembly.engine.start()
                    await self.life.never()
                finally:
                    beside.close()
        except (ApiError, StoreError) as error:  # as a supervisor sees it: an exit, and a new start
            ended(error)
        except BaseExceptionGroup as group_error:
            ended(group_error.exceptions[0] if len(group_error.exceptions) == 1 else group_error)

    def hear(self, delivery: Delivery) -> bool:
        """Take in what the door would let through; False when nobody listens yet."""
        if self.beside is None or self.assembly is None:
            return False
        stored = Stored(
            hook_id=str(delivery.hook_id),
            guid=delivery.guid,
            event=delivery.event,
            received_at=self.clock.now(),
            body=delivery.payload.encode(),
        )
        self.beside("webhook", self._put(self.assembly, stored))
        return True

    async def _put(self, assembly: Assembly, delivery: Stored) -> None:
        if await assembly.inbox.put(delivery):
            assembly.dispatcher.wake()
