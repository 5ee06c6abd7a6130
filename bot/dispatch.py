"""From committed rows to handlers: in order where order matters, side by side where not, each failure on its own.

gidgethub's router awaits its callbacks in the order of a set and stops at the first error, so one bad handler silences
others at random. Here all handlers of an event run, in their registered order, and events about the same issue, pull
request or commit wait for each other. A row is settled after its handlers; if the process dies before, they run again
at the next start, which they are made for: a delivery is a hint, and what happens next is decided from stored state.
They also run again, after a pause, when GitHub could not be reached: an outage delays what people asked for, and loses
nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog

from handlers import Handler, name_of
from handlers.events import Event, key
from handlers.reading import parse
from services.core.backoff import delay
from services.core.clock import Clock
from services.errors import RateLimited, StoreError, Unreachable
from services.metrics import Metrics
from services.store.inbox import Delivery, Outcome

EngineT = TypeVar("EngineT")

WINDOW = 512
"""Deliveries read from the store and not settled yet; the rest waits on disk."""
TRIES = 8
"""Times that a delivery's handlers run while GitHub can't be reached; with the pauses between, some minutes."""

log = structlog.get_logger(__name__)


class Source(Protocol):
    """What dispatch needs of the inbox."""

    async def waiting(self, limit: int, after: int = 0) -> list[Delivery]: ...

    async def settle(self, row: int, outcome: Outcome, note: str = "") -> None: ...


class Dispatcher(Generic[EngineT]):
    """Runs until it is cancelled. `wake` after a commit; nothing is polled.

    handlers: by event, from `handlers.load()`.  at_once: deliveries handled side by side.  patience: seconds a handler
    may take.  pause: waits that many seconds before handlers run again; None: they run once.
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
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._inbox = inbox
        self._handlers = handlers
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._pause = pause
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
        items, tries = self._lanes[lane], 0
        while items:
            tries += 1
            async with self._slots:
                again = await self._handle(lane, items[0], tries)
            if again is not None and self._pause is not None:
                await self._pause(again)
                continue
            tries = 0
            items.popleft()
            self._open -= 1
            if self._full or not self._open:  # room again, or all done
                self._awake.set()
        del self._lanes[lane]

    async def _handle(self, lane: str, item: "_Item", tries: int) -> float | None:
        """Run the handlers and settle the row, or give the seconds after which to do it again."""
        event = item.event
        handlers = self._handlers.get(event.name, ()) if event.readable else ()
        with structlog.contextvars.bound_contextvars(delivery=event.guid, event_name=event.name, lane=lane):
            errors = {name_of(handler): await self._call(handler, event) for handler in handlers}
            again = self._again(event, [error for error in errors.values() if error is not None], tries)
            if again is not None:
                return again
            failed = [name for name, error in errors.items() if error is not None]
            for name in failed:
                self._failed(name, event, errors[name])
            outcome: Outcome = "failed" if failed else "handled" if handlers else "ignored"
            note = ", ".join(failed) if event.readable else "the body is not a JSON object"
            try:
                await self._inbox.settle(item.row, outcome, note)
            except StoreError:
                log.exception("a delivery was handled but could not be settled; it is handled again at the next start")
        lag = (self._clock.now() - item.received_at).total_seconds()
        self._metrics.dispatched(event.name, outcome, max(0.0, lag))
        return None

    def _again(self, event: Event, errors: Sequence[BaseException], tries: int) -> float | None:
        """Seconds until the handlers run again, when all that was wrong is that GitHub could not be reached."""
        passing = [error for error in errors if isinstance(error, RateLimited | Unreachable)]
        if self._pause is None or not passing or tries >= TRIES:
            return None
        log.warning("GitHub can't be reached; the delivery is handled again soon", error=str(passing[0]), tries=tries)
        return delay(event.guid, tries, retry_after=max((error.retry_after or 0.0) for error in passing))

    async def _call(self, handler: Handler[EngineT], event: Event) -> BaseException | None:
        """Run one handler; what it raised, or None."""
        return await isolated(handler(event, self._engine), self._patience)

    def _failed(self, name: str, event: Event, error: BaseException | None) -> None:
        self._metrics.handler_errors.labels(name).inc()
        log.error("a handler failed", handler=name, repo=event.repo, action=event.action, exc_info=error)


async def isolated(work: Awaitable[object], patience: float | None = None) -> BaseException | None:
    """Await something whose bugs must stay its own, `patience` seconds at most; what it raised, or None.

    Only the cancelling of the task itself, the end of the process, gets past this.
    """
    try:
        if patience is None:
            await work
        else:
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
