"""Who looks on while something happens: one reader of the history, and a bounded queue for everybody who listens.

The history (table `event`) is the only source: what is heard live is what a later look finds, and a stream that broke
off goes on from the number of its last event. Nothing is polled; a commit that told the history something rings, here
or in another process. A listener that falls behind is dropped instead of waited for: it comes back with the number it
has and reads what it missed from the store.

Who may see what is decided where an event is shown, each time: here everybody hears everything.
"""

import asyncio
from collections.abc import AsyncGenerator
from itertools import zip_longest
from typing import NamedTuple

import structlog

from services.errors import StoreError
from services.store.events import PAGE, Event, Events, Reader
from services.store.news import EVENT

QUEUE = 1_000
"""Events that wait for one listener at most."""
REPLAY = 5_000
"""Events that are read again for somebody who was away; whoever missed more looks at everything anew."""
BEAT = 15.0
"""Seconds of silence after which a listener is told that it still listens."""

log = structlog.get_logger(__name__)


class Heard(NamedTuple):
    """An event, and up to where everything was heard by then, which is what a broken stream goes on from."""

    event: Event
    seen: int


class Listener:
    """One who listens. `lost`: it fell behind, and what came since is not in its queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE)
        self.lost = False

    def put(self, event: Event) -> None:
        if self.lost or self.queue.full():
            self.lost = True
        else:
            self.queue.put_nowait(event)

    def end(self) -> None:
        """Let it go, wherever it waits."""
        self.lost = True
        if self.queue.empty():
            self.queue.put_nowait(None)


class Live:
    """One per process. `rang` whenever the history may have grown; `run` for ever beside."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._reader: Reader | None = None
        self._opening = asyncio.Lock()
        self._listeners: set[Listener] = set()
        self._awake = asyncio.Event()
        self.dropped = 0

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def on_ring(self, channel: str) -> None:
        """What a database of one process calls (`Database.heard_by`)."""
        if channel == EVENT:
            self.rang()

    def rang(self) -> None:
        """Look again."""
        self._awake.set()

    def close(self) -> None:
        """Nobody listens any longer, or the process could not end."""
        for listener in self._listeners:
            listener.end()

    async def run(self) -> None:
        """Tell every listener what is new."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            if not self._listeners:
                continue
            try:
                await self._tell()
            except StoreError as error:
                log.warning("the history can't be read; the next event tries again", error=str(error))

    async def _tell(self) -> None:
        """Everything that is there by now."""
        reader = await self._opened()
        while True:
            found = await reader.more()
            for event in found:
                for listener in self._listeners:
                    listener.put(event)
            self.dropped += sum(listener.lost for listener in self._listeners)
            self._listeners = {listener for listener in self._listeners if not listener.lost}
            if len(found) < PAGE:
                return

    async def _opened(self) -> Reader:
        async with self._opening:
            if self._reader is None:
                self._reader = Reader(self._events, await self._events.newest())
            return self._reader

    async def listen(self, after: int | None = None) -> AsyncGenerator[Heard | None]:
        """What happens from now on, or after the event of this number; None after each while in which nothing did, so
        that the connection is seen to live. The same event may come twice, after a break; none is left out.

        Ends when the listener has fallen behind: it may come again with the last number it has. LookupError when more
        has happened after `after` than is read again. StoreError.
        """
        listener = Listener()
        self._listeners.add(listener)
        try:
            now = (await self._opened()).seen  # from here on everything comes into the queue
            if after is not None and now - after > REPLAY:
                raise LookupError("too much has happened since")
            reader = Reader(self._events, now if after is None else min(after, now))
            while found := await reader.more():
                for event, following in zip_longest(found, found[1:]):
                    yield Heard(event, min(reader.seen, following.seq - 1) if following else reader.seen)
            async for told in _queued(listener):
                if told is None:
                    yield None
                elif reader.is_new(told):
                    yield Heard(told, reader.seen)
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._reader = None  # whoever comes next begins where the history ends then


async def _queued(listener: Listener) -> AsyncGenerator[Event | None]:
    while not (listener.lost and listener.queue.empty()):
        try:
            async with asyncio.timeout(BEAT):
                event = await listener.queue.get()
        except TimeoutError:
            yield None
            continue
        if event is not None:
            yield event
