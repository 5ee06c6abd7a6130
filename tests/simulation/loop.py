"""An event loop whose time is a number: nothing waits, nothing selects, no thread.

When nothing is ready, time jumps to the next timer, so an hour of pauses costs what its callbacks cost. What is ready at
the same moment may be carried out in any order; with `chance` the order is drawn, so that one seed is one interleaving
and another seed another.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

STEPS = 2_000_000
"""Callbacks after which a loop is said to spin: time stands still, or something never ends."""


class Stuck(Exception):
    """Nothing is ready and no timer is set, though what is waited for is not there; or no end is in sight."""


def _nothing() -> None:
    """What a cancelled handle calls."""


class _Handle(asyncio.TimerHandle):
    """asyncio's, for both kinds of call, without what it asks and notes for its debug mode."""

    __slots__ = ()
    __hash__, __eq__ = object.__hash__, object.__eq__  # asyncio's compares what is called

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: "VirtualLoop",
        context: Context | None,
    ) -> None:
        self._when = when
        self._callback, self._args = callback, args
        self._loop = loop
        self._context = context or copy_context()
        self._cancelled = False
        self._repr = self._source_traceback = None

    def cancel(self) -> None:
        """A cancelled timer stays in the heap until its time comes; it is not called then."""
        self._cancelled = True
        self._callback, self._args = _nothing, ()


class VirtualLoop(asyncio.BaseEventLoop):
    """As much of an event loop as tasks, futures, locks and timers need. Seconds begin at 0.

    Of asyncio's own loop only what needs no machinery is used; the queue, the timers and the running are here.

    chance: draws the order of what is ready at once; None keeps the order in which it became so.
    on_error: told of an exception that nobody awaited.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._is_running = False
        super().__init__()
        self.on_error: Callable[[dict[str, Any]], None] = lambda context: None
        self._chance = chance
        self._now = 0.0
        self._soon: list[_Handle] = []
        self._timers: list[tuple[float, int, _Handle]] = []
        self._count = count()
        self.steps = 0

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Handle(self._now, callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when = self._now + delay
        handle = _Handle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._count), handle))
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Handle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._count), handle))
        return handle

    get_debug = staticmethod(bool)  # no; it is asked for each future and task

    def is_running(self) -> bool:
        return self._is_running

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.on_error(context)

    # Running.

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry this out to its end and whatever else comes up meanwhile; Stuck when it can have no end."""
        task = self.create_task(work)
        self._is_running = True
        asyncio._set_running_loop(self)
        try:
            while not task.done():
                self._once(self._soon or self._next())
        finally:
            asyncio._set_running_loop(None)
            self._is_running = False
        return task.result()

    def _once(self, ready: list[_Handle]) -> None:
        """Everything that is ready now, in the order of chance."""
        self._soon = []
        self.steps += len(ready)
        if self.steps > STEPS:
            raise Stuck(f"no end after {STEPS} steps, at {self._now:.1f} s")
        if self._chance is not None and len(ready) > 1:
            self._chance.shuffle(ready)
        for handle in ready:
            if not handle._cancelled:
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:  # noqa: BLE001 - as asyncio has it: whoever watches judges it
                    self.call_exception_handler({"message": "Exception in callback", "exception": error})

    def _next(self) -> list[_Handle]:
        """Jump to the next moment at which something is to happen: what that is."""
        timers = self._timers
        while timers:
            when, _, handle = heappop(timers)
            if handle._cancelled:
                continue
            self._now = max(self._now, when)
            found = [handle]
            while timers and timers[0][0] <= self._now:
                found.append(heappop(timers)[2])
            return found
        raise Stuck(f"nothing is left to happen at {self._now:.1f} s")
