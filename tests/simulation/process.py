"""One process of the bot: what bot/app.py wires, with simulated store, transport and workers, and no door: neither HTTP nor
signatures, which cost much and decide nothing here.

It is killed by its `Life` ending: nothing it awaits ever comes. It is never unwound before the seed is over. One of a
fleet is what bot/shared.py wires, and may also leave in good order.
"""

import asyncio
from collections.abc import Callable

import structlog

from bot.assembly import Assembly, assemble, github_of
from bot.conducting import Conductor
from bot.loops import Beside, pause
from bot.settings import Settings
from services.errors import ApiError, StoreError
from services.sandbox.state import Delivery
from services.store.fence import Fence
from services.store.inbox import Delivery as Stored
from services.store.news import News
from tests.simulation.clock import VirtualClock
from tests.simulation.fleet import Locks, SimBell, SimTenure
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import SimTransport, Wire
from tests.simulation.store import Disk, SimDatabase
from tests.simulation.workers import SimWorkers, Yard


class Process:
    """`run` ends only with an error; `hear` is the door."""

    def __init__(
        self,
        life: Life,
        settings: Settings,
        loop: VirtualLoop,
        disk: Disk,
        wire: Wire,
        yard: Yard,
        locks: Locks | None = None,
    ) -> None:
        self.life = life
        self.locks = locks
        self.bell: SimBell | None = None
        self.leaves = asyncio.Event()
        self.settings = settings
        self.clock = VirtualClock(loop)
        self.yard = yard
        self.github = github_of(settings, self.clock, transport=SimTransport(wire, life))
        self.database = SimDatabase(disk, life)
        self.assembly: Assembly | None = None
        self.beside: Beside | None = None

    async def run(self, ended: Callable[[BaseException | None], None]) -> None:
        structlog.contextvars.bind_contextvars(process=self.life.name)
        try:
            async with asyncio.TaskGroup() as group:
                beside = Beside(group)
                try:
                    await (self._alone(beside) if self.locks is None else self._shared(beside, self.locks))
                finally:
                    beside.close()
        except (ApiError, StoreError) as error:  # as a supervisor sees it: an exit, and a new start
            ended(error)
        except BaseExceptionGroup as group_error:
            ended(group_error.exceptions[0] if len(group_error.exceptions) == 1 else group_error)
        else:
            ended(None)

    async def _alone(self, beside: Beside) -> None:
        built = self._assemble(beside)
        built.begin(beside)
        await built.engine.start()
        await self.life.never()

    async def _shared(self, beside: Beside, locks: Locks) -> None:
        fence, tenure = Fence({}), SimTenure(locks, self.life)
        self.github.writes_while(lambda: tenure.is_sure)
        news = News(self.database, self.life.name)
        built = self._assemble(beside, fence, news)
        self.bell = SimBell(locks, self.life)
        built.hear(self.bell, news, fence)
        built.begin(beside)
        conductor = Conductor(
            name=self.life.name, tenure=tenure, fence=fence, crew=built, spawn=beside, pause=pause
        )  # fmt: skip
        beside.for_good("conduct", conductor.run())
        await self.leaves.wait()
        await conductor.leave()

    def _assemble(self, beside: Beside, fence: Fence | None = None, news: News | None = None) -> Assembly:
        self.beside = beside
        self.assembly = assemble(
            self.settings,
            database=self.database,
            github=self.github,
            workers=SimWorkers(self.yard, self.life, self.github),
            clock=self.clock,
            beside=beside,
            fence=fence,
            others=news,
        )
        return self.assembly

    def hear(self, delivery: Delivery) -> bool:
        """Take in what the door would let through; False when nobody listens yet."""
        if self.beside is None or self.assembly is None or self.leaves.is_set():
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
