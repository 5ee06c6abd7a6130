"""From committed rows to handlers: in order where order matters, side by side where not, each failure on its own.

gidgethub's router awaits its callbacks in the order of a set and stops at the first error, so one bad handler silences
others at random. Here all handlers of an event run, in their registered order, and events about the same issue, pull
request or commit wait for each other. A row is settled after its handlers; if the process dies before, they run again
at the next start, which they are made for: a delivery is a hint, and what happens next is decided from stored state.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog

from bot.clock import pause
from handlers import Handler, name_of
from handlers.events import Event, key
from handlers.reading import parse
from services.core.clock import Clock
from services.errors import RateLimited, StoreError, Unreachable
from services.metrics import Metrics
from services.store.inbox import Delivery, Outcome

EngineT = TypeVar("EngineT")

WINDOW = 512
"""Deliveries read from the store and not settled yet; the rest waits on disk."""

AGAIN = (1.0, 5.0, 25.0, 120.0)
"""Seconds between the tries of a handler whose trouble may pass; its lane waits, the others go on."""

log = structlog.get_logger(__name__)


class Source(Protocol):
    """What dispatch needs of the inbox."""

    async def waiting(self, limit: int, after: int = 0) -> list[Delivery]: ...

    async def settle(self, row: int, outcome: Outcome, note: str = "") -> None: ...


class Dispatcher(Generic[EngineT]):
    """Runs until it is cancelled. `wake` after a commit; nothing is polled.

    handlers: by event, from `handlers.load()`.  at_once: deliveries handled side by side.  patience: seconds a handler
    may take.  again: see AGAIN.
    """

    def __init__(
        self,
        inbox: Source,
        handlers: Mapping[str, Sequence[Handler[EngineT]]],
        engine: EngineT,
        clock: Clock,
        metrics: Metrics,
        *,
        at_once: int = 32,
        patience: float = 300.0,
        again: Sequence[float] = AGAIN,
    ) -> None:
        self._inbox = inbox
        self._handlers = handlers
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._again = again
        self._slots = asyncio.Semaphore(at_once)
        self._lanes: dict[str, deque[_Item]] = {}
        self._open = 0
        self._full = False
        self._last_row = 0
        self._awake = asyncio.Event()
        self._idle = asyncio.Event()

    def wake(self) -> None:
        """Say that a delivery was committed."""
        self._idle.clear()
        self._awake.set()

    async def idle(self) -> None:
        """Return once nothing waits and nothing runs."""
        await self._idle.wait()

    async def run(self) -> None:
        """Handle what waits from before, then whatever comes."""
        async with asyncio.TaskGroup() as lanes:
            while True:
                self._awake.clear()
                rows = await self._next_page()
                for delivery in rows or ():
                    self._accept(lanes, delivery)
                if rows:
                    continue
                if rows is not None and not self._open and not self._awake.is_set():
                    self._idle.set()
                await self._awake.wait()

    async def _next_page(self) -> list[Delivery] | None:
        """What waits, as far as there is room; None when the store can't be read, which the next wake tries again."""
        self._full = self._open >= WINDOW
        if self._full:
            return []
        try:
            return await self._inbox.waiting(WINDOW - self._open, self._last_row)
        except StoreError:
            log.exception("the inbox can't be read; the next delivery tries again")
            return None

    def _accept(self, lanes: asyncio.TaskGroup, delivery: Delivery) -> None:
        """Put a delivery behind those it must not overtake."""
        self._open += 1
        self._last_row = delivery.row
        event = parse(delivery.event, delivery.guid, delivery.body)
        item = _Item(delivery.row, delivery.received_at, event)
        lane = key(event)
        if lane in self._lanes:
            self._lanes[lane].append(item)
        else:
            self._lanes[lane] = deque([item])
            lanes.create_task(self._follow(lane))

    async def _follow(self, lane: str) -> None:
        """Handle one key's deliveries, oldest first, until none is left."""
        items = self._lanes[lane]
        while items:
            async with self._slots:
                await self._handle(lane, items[0])
            items.popleft()
            self._open -= 1
            if self._full or not self._open:  # room again, or all done
                self._awake.set()
        del self._lanes[lane]

    async def _handle(self, lane: str, item: "_Item") -> None:
        event = item.event
        handlers = self._handlers.get(event.name, ()) if event.readable else ()
        with structlog.contextvars.bound_contextvars(delivery=event.guid, event_name=event.name, lane=lane):
            errors = {name_of(handler): await self._call(handler, event) for handler in handlers}
            failed = [name for name, error in errors.items() if error is not None]
            outcome: Outcome = "failed" if failed else "handled" if handlers else "ignored"
            note = ", ".join(failed) if event.readable else "the body is not a JSON object"
            if any(may_pass(error) for error in errors.values()):
                log.warning("a delivery is kept for the next start", handlers=note)
            else:
                await self._settle(item.row, outcome, note)
        lag = (self._clock.now() - item.received_at).total_seconds()
        self._metrics.dispatched(event.name, outcome, max(0.0, lag))

    async def _settle(self, row: int, outcome: Outcome, note: str) -> None:
        try:
            await self._inbox.settle(row, outcome, note)
        except StoreError:
            log.exception("a delivery was handled but could not be settled; it is handled again at the next start")

    async def _call(self, handler: Handler[EngineT], event: Event) -> BaseException | None:
        """Run one handler, again after a while when what failed may pass; what it raised in the end, or None."""
        for wait in (*self._again, None):
            error = await isolated(handler(event, self._engine), self._patience)
            if error is None:
                return None
            if wait is None or not may_pass(error):
                break
            log.info("a handler is tried again", handler=name_of(handler), error=str(error), seconds=wait)
            await pause(wait)
        self._metrics.handler_errors.labels(name_of(handler)).inc()
        log.error("a handler failed", handler=name_of(handler), repo=event.repo, action=event.action, exc_info=error)
        return error


def may_pass(error: BaseException | None) -> bool:
    """Trouble of the world and not of the event: GitHub or the database did not answer, or a limit was reached."""
    return isinstance(error, Unreachable | RateLimited | StoreError)


async def isolated(work: Awaitable[object], patience: float | None = None) -> BaseException | None:
    """Await something whose bugs must stay its own, `patience` seconds at most; what it raised, or None.

    Only the cancelling of the task itself, the end of the process, gets past this.
    """
    try:
        async with asyncio.timeout(patience):
            await work
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        return error
    return None


@dataclass(frozen=True, slots=True)
class _Item:
    """A delivery on its way through a lane, without its body."""

    row: int
    received_at: datetime
    event: Event
