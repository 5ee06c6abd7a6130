"""The shards this process conducts: free ones are taken, too many are let go, and what is lost is stopped with.

Two rounds a second, on the session that holds the shards (services/store/tenure.py), is all it takes; a round comes at
once when somebody lets shards go, and the loss of the session is heard at once. Whoever takes shards that nobody let go
in good order waits a moment first: the request that their last holder had sent may still be on its way, and could not
be found by looking for what it does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import structlog

from services.core.backoff import delay
from services.core.shards import shard_of, step
from services.engine.parts import Spawn
from services.errors import StoreError, Unreadable
from services.store.fence import Fence
from services.store.tenure import Tenure

ROUND = 0.5
"""Seconds between two looks."""
QUIET = 0.5
"""Seconds before what a conductor left that is gone is gone on with."""
PATIENCE = 1.5
"""Seconds in which what is under way in shards that are let go may end; the session stays alive longer than that."""

log = structlog.get_logger(__name__)


class Crew(Protocol):
    """What works on the shards: dispatch and engine."""

    def inherit(self, shards: Collection[int], /) -> None: ...

    async def take_up(self, shards: Collection[int], /) -> None: ...

    async def let_go(self, shards: Collection[int], patience: float, /) -> bool: ...

    def resize(self, slots: int, /) -> None: ...


class Conductor:
    """Runs until it is cancelled, or `leave`. name: no other process has it.  pause: waits so many seconds.

    has_first: is set whenever the first shard was taken, whose conductor looks for lost deliveries.
    """

    def __init__(
        self,
        *,
        name: str,
        tenure: Tenure,
        fence: Fence,
        crew: Crew,
        spawn: Spawn,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._name, self._tenure, self._fence, self._crew = name, tenure, fence, crew
        self._spawn, self._pause = spawn, pause
        self._held: dict[int, int] = {}
        self._slots = -1
        self._task: asyncio.Task[object] | None = None
        self.first_round = asyncio.Event()
        self.has_first = asyncio.Event()

    @property
    def held(self) -> int:
        """How many shards are held."""
        return len(self._held)

    @property
    def slots(self) -> int:
        """Attempts that all workers together can carry out."""
        return max(0, self._slots)

    async def run(self) -> None:
        """Keep to the fair share, for ever."""
        self._task = asyncio.current_task()
        tries = 0
        while True:
            try:
                if not self._tenure.is_open:
                    await self._tenure.open()
                await self._round()
                tries = 0
                await self._tenure.rest(ROUND)
            except StoreError as error:
                tries += 1
                log.warning("no shard is held; trying again", error=str(error), tries=tries, lost=len(self._held))
                await self._lose(set(self._held))
                await self._pause(delay(self._name, tries, base=0.2, cap=2.0))

    async def leave(self) -> None:
        """Let everything go in good order, so that others take it at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        try:
            await self._tenure.resign()
            await self._give_up(set(self._held))
            await self._tenure.leave()
        except StoreError as error:  # then the session is over, and that lets go too
            log.warning("the shards were not let go in good order", error=str(error))
        await self._tenure.close()

    async def _round(self) -> None:
        standing = await self._tenure.look()
        await self._lose(self._held.keys() - standing.mine)
        if standing.slots != self._slots:
            self._slots = standing.slots
            self._crew.resize(standing.slots)
        does = step(self._name, self._held, standing.taken, standing.conductors)
        await self._give_up(set(does.release))
        if does.take and does.room:
            taken = await self._tenure.take(does.take, does.room)
            self._held |= taken.epochs
            log.info("shards taken", taken=len(taken.epochs), held=len(self._held), conductors=standing.conductors)
            dirty = taken.epochs.keys() - taken.clean
            await self._begin(taken.epochs.keys() & taken.clean, taken.epochs)
            if dirty:
                self._spawn("take up", self._begin_later(dirty, taken.epochs))
        self.first_round.set()

    async def _begin_later(self, shards: Collection[int], epochs: dict[int, int]) -> None:
        await self._pause(QUIET)
        await self._begin(shards, epochs)

    async def _begin(self, shards: Collection[int], epochs: dict[int, int]) -> None:
        """Conduct these shards, as far as they are still held as they were taken."""
        ours = {shard: epochs[shard] for shard in shards if self._held.get(shard) == epochs[shard]}
        if ours:
            self._crew.inherit(ours.keys())
            self._fence.add(ours)
            if shard_of("") in ours:
                self.has_first.set()
            self._spawn("take up", self._take_up(ours))

    async def _take_up(self, ours: dict[int, int]) -> None:
        tries = 0
        while shards := {shard for shard, epoch in ours.items() if self._held.get(shard) == epoch}:
            try:
                await self._crew.take_up(shards)
            except (StoreError, Unreadable) as error:
                tries += 1
                log.warning("shards could not be taken up; trying again", error=str(error), tries=tries)
                await self._pause(delay(self._name, tries, base=0.2, cap=5.0))
            else:
                return

    async def _give_up(self, shards: set[int]) -> None:
        if shards:
            await self._tenure.release(sorted(shards), clean=await self._stop(shards, PATIENCE))

    async def _lose(self, shards: set[int]) -> None:
        if shards:
            log.warning("shards were lost", lost=len(shards))
            await self._stop(shards, 0.0)

    async def _stop(self, shards: set[int], patience: float) -> bool:
        """Nothing is decided in these shards any more, and nothing is under way."""
        self._fence.drop(shards)
        for shard in shards:
            self._held.pop(shard, None)
        return await self._crew.let_go(shards, patience)


async def attend(tenure: Tenure, pause: Callable[[float], Awaitable[None]]) -> None:
    """Be counted as a worker, for ever."""
    tries = 0
    while True:
        try:
            if not tenure.is_open:
                await tenure.open()
            await tenure.look()
            tries = 0
            await tenure.rest(ROUND)
        except StoreError as error:
            tries += 1
            log.warning("not counted as a worker; trying again", error=str(error), tries=tries)
            await pause(delay("attend", tries, base=0.2, cap=2.0))
