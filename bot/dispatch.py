"""From committed rows to handlers: in order where order matters, side by side where not, each failure on its own.

gidgethub's router awaits its callbacks in the order of a set and stops at the first error, so one bad handler silences
others at random. Here all handlers of an event run, in their registered order, and events about the same issue, pull
request or commit wait for each other. A row is settled after its handlers; if the process dies before, they run again
at the next start, which they are made for: a delivery is a hint, and what happens next is decided from stored state.
They also run again, after a pause, when GitHub or the store could not be reached, and where that takes longer than an
event may hold up those behind it, at later sweeps, for a day: an outage delays what people asked for, and loses
nothing.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog

from handlers import Handler, name_of
from handlers.events import Event, key
from handlers.reading import parse
from services.core.backoff import delay
from services.core.clock import Clock
from services.engine.leave import ended
from services.errors import ApiError, NotFound, RateLimited, StoreError, Unreachable, Withdrawn
from services.metrics import Metrics, event_label
from services.store.inbox import UNCUT_BYTES, Delivery, Outcome
from services.tracing import Tracing, Untraced

EngineT = TypeVar("EngineT")

WINDOW = 512
"""Deliveries read from the store and not settled yet; the rest waits on disk."""
PASSING = RateLimited | Unreachable | Withdrawn | StoreError
"""What says nothing about a delivery itself. Withdrawn: this process stood still, and its shard may still be held."""
TRIES = 8
"""Times that a delivery's handlers run while GitHub or the store can't be reached; with the pauses, two minutes."""
NOT_THERE = "what it names is not there, or is hidden from the App"

_SAYS = re.compile(r"^\s{0,3}/\w", re.MULTILINE)
"""A command, to us or to somebody else."""

log = structlog.get_logger(__name__)


class Source(Protocol):
    """What dispatch needs of the inbox."""

    async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]: ...

    async def settle(self, row: int, outcome: Outcome, note: str = "", *, beyond: str = "") -> None: ...

    async def let_down(self, row: int, note: str, lane: str, now: datetime) -> None: ...


class Dispatcher(Generic[EngineT]):
    """Runs until it is cancelled. `wake` after a commit; nothing is polled.

    handlers: by event, from `handlers.load()`.  at_once: deliveries handled side by side.  patience: seconds a handler
    may take.  pause: waits that many seconds before handlers run again; None: they run once.  traces: who is told.
    holds: is this shard dispatched here?
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
        traces: Tracing | None = None,
        holds: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._inbox = inbox
        self._handlers = handlers
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._patience = patience
        self._pause = pause
        self._traces = traces or Untraced()
        self._holds = holds
        self._slots = asyncio.Semaphore(at_once)
        self._lanes: dict[str, deque[_Item]] = {}
        self._open = 0
        self._full = False
        self._page = WINDOW  # deliveries that were asked for at most
        self._is_dry = False  # the last read saw all that waited, and what came since has woken us
        self._known: dict[int, int] = {}  # rows that are not to be read again, open or only just settled -> shard
        self._settled: set[int] = set()
        self._terms: Counter[int] = Counter()  # shard -> how often it was let go
        self._lane_tasks: dict[str, asyncio.Task[None]] = {}
        self._awake = asyncio.Event()
        self._idle = asyncio.Event()

    def wake(self) -> None:
        """Say that a delivery was committed."""
        self._idle.clear()
        self._awake.set()

    async def idle(self) -> None:
        """Return once nothing waits and nothing runs."""
        await self._idle.wait()

    async def let_go(self, shards: Collection[int], patience: float) -> bool:
        """Handle nothing more of these shards, which others dispatch from now on. What is being handled may end within
        so many seconds; False when something was cut off.
        """
        self._terms.update(shards)
        waiting = {item.row for items in self._lanes.values() for item in items}
        self._known = {row: at for row, at in self._known.items() if at not in shards or row in waiting}
        busy = [task for lane, task in self._lane_tasks.items() if not self._is_ours(self._lanes[lane][0])]
        return await ended(busy, patience)

    def _is_ours(self, item: "_Item") -> bool:
        """The fence is asked too, as it falls a moment before `let_go`."""
        return self._holds(item.shard) and self._terms[item.shard] == item.term

    async def run(self) -> None:
        """Handle what waits from before, then whatever comes."""
        async with asyncio.TaskGroup() as lanes:
            while True:
                self._awake.clear()
                self._is_dry = False
                terms = self._terms.copy()  # what is let go of during the read is not ours, though it may bring it
                rows = await self._next_page()
                for delivery in rows or ():
                    self._accept(lanes, delivery, terms[delivery.shard])
                if rows and (len(rows) >= self._page or sum(len(each.body) for each in rows) > UNCUT_BYTES):
                    continue  # more may wait than a page holds, also when there is room again by now
                self._is_dry = rows is not None and not self._full
                self._rest()
                await self._awake.wait()

    def _rest(self) -> None:
        """Say so when nothing waits and nothing runs."""
        if self._is_dry and not self._open and not self._awake.is_set():
            self._idle.set()

    async def _next_page(self) -> list[Delivery] | None:
        """What waits, as far as there is room; None when the store can't be read, which the next wake tries again."""
        self._page = WINDOW - self._open
        self._full = self._page <= 0
        if self._full:
            return []
        for row in self._settled:  # the read that begins now sees that they are
            self._known.pop(row, None)
        self._settled.clear()
        try:
            return await self._inbox.waiting(self._page, frozenset(self._known))
        except StoreError:
            log.exception("the inbox can't be read; the next delivery tries again")
            return None

    def _accept(self, lanes: asyncio.TaskGroup, delivery: Delivery, term: int) -> None:
        """Put a delivery behind those it must not overtake."""
        self._open += 1
        self._known[delivery.row] = delivery.shard
        event = parse(delivery.event, delivery.guid, delivery.body)
        item = _Item(delivery.row, delivery.received_at, event, delivery.shard, term)
        lane = key(event)
        if lane in self._lanes:
            self._lanes[lane].append(item)
        else:
            self._lanes[lane] = deque([item])
            self._lane_tasks[lane] = lanes.create_task(self._follow(lane))

    async def _follow(self, lane: str) -> None:
        """Handle one key's deliveries, oldest first, until none is left."""
        items, tries = self._lanes[lane], 0
        try:
            while items:
                if not self._is_ours(items[0]):
                    self._close(items.popleft(), handled=False)
                    continue
                tries += 1
                async with self._slots:
                    again = await self._handle(lane, items[0], tries)
                if again is not None and self._pause is not None:
                    await self._pause(again)
                    continue
                tries = 0
                done = items.popleft()  # one that is not settled may be ours once more
                self._close(done, handled=done.row in self._settled or self._is_ours(done))
        finally:
            del self._lanes[lane], self._lane_tasks[lane]
            for item in items:  # cut off: whoever dispatches this shard now reads them again
                self._close(item, handled=False)

    def _close(self, item: "_Item", *, handled: bool = True) -> None:
        self._open -= 1
        if not handled:
            self._known.pop(item.row, None)
        if self._full or not handled or not (self._open or self._is_dry):  # room again, or it may be ours once more
            self._awake.set()
        self._rest()

    async def _handle(self, lane: str, item: "_Item", tries: int) -> float | None:
        """Run the handlers and settle the row, or give the seconds after which to do it again."""
        event = item.event
        handlers = self._handlers.get(event.name, ()) if event.readable else ()
        structlog.contextvars.bind_contextvars(delivery=event.guid, event_name=event.name, lane=lane)  # of this task
        with self._traces.span(f"delivery.{event_label(event.name)}", begun=item.received_at, delivery=event.guid):
            errors = {name_of(handler): await self._call(handler, event) for handler in handlers}
            if not self._is_ours(item):  # what they did not find to be ours, they have passed over without a word
                return None
            again = self._again(event, [error for error in errors.values() if error is not None], tries)
            if again is not None:
                return again
            failed = [name for name, error in errors.items() if self._has_failed(name, event, error)]
            outcome: Outcome = "failed" if failed else "handled" if handlers else "ignored"
            note = ", ".join(failed) or (NOT_THERE if any(errors.values()) else "")
            note = note if event.readable else "the body is not a JSON object"
            try:
                if any(isinstance(error, PASSING) for error in errors.values()):
                    await self._inbox.let_down(item.row, note, goes_on(lane, event), self._clock.now())
                else:
                    await self._inbox.settle(item.row, outcome, note, beyond=goes_on(lane, event))
                self._settled.add(item.row)
            except StoreError as error:
                again = self._again(event, [error], min(tries, TRIES - 1))  # however long the store takes
                if again is not None:
                    return again
                log.exception("a delivery was handled but could not be settled; it is handled again at the next start")
        lag = (self._clock.now() - item.received_at).total_seconds()
        self._metrics.dispatched(event.name, outcome, max(0.0, lag))
        return None

    def _again(self, event: Event, errors: Sequence[BaseException], tries: int) -> float | None:
        """Seconds until the handlers run again, when all that was wrong is that GitHub or the store did not answer."""
        passing = [error for error in errors if isinstance(error, PASSING)]
        if self._pause is None or not passing or tries >= TRIES:
            return None
        log.warning("the delivery is handled again soon", error=str(passing[0]), tries=tries)
        asked = [error.retry_after or 0.0 for error in passing if isinstance(error, ApiError)]
        return delay(event.guid, tries, retry_after=max(asked, default=0.0))

    async def _call(self, handler: Handler[EngineT], event: Event) -> BaseException | None:
        """Run one handler; what it raised, or None."""
        return await isolated(handler(event, self._engine), self._patience)

    def _has_failed(self, name: str, event: Event, error: BaseException | None) -> bool:
        """Is there a failure to tell? That something is not there, as it may be gone since, is an answer."""
        if error is None:
            return False
        if isinstance(error, NotFound):
            log.warning(NOT_THERE, handler=name, repo=event.repo, number=event.number, error=str(error))
            return False
        self._metrics.handler_errors.labels(name).inc()
        log.error("a handler failed", handler=name, repo=event.repo, action=event.action, exc_info=error)
        return True


def goes_on(lane: str, event: Event) -> str:
    """Who says something where; "" for who only talks, and for no person. What somebody says there later counts."""
    talks = event.name == "issue_comment" and (event.comment is None or not _SAYS.search(event.comment.body))
    return "" if event.sender.is_bot or talks else f"{lane} {event.sender.login}"


async def isolated(
    work: Awaitable[object], patience: float | None = None, told: Callable[[BaseException], None] | None = None
) -> BaseException | None:
    """Await something whose bugs must stay its own, `patience` seconds at most; what it raised, or None. told: hears of
    that where nobody waits for it.

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
        if told is not None:
            told(error)
        return error
    return None


@dataclass(frozen=True, slots=True)
class _Item:
    """A delivery on its way through a lane, without its body."""

    row: int
    received_at: datetime
    event: Event
    shard: int
    term: int
