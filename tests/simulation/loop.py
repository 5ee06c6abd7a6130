"""An event loop whose time is a number: nothing waits, nothing selects, no thread.

When nothing is ready, time jumps to the next timer, so an hour of pauses costs what its callbacks cost. What is ready at
the same moment may be carried out in any order; with `chance` the order is drawn, so that one seed is one interleaving
and another seed another.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

STEPS = 2_000_000
"""Callbacks after which a loop is said to spin: time stands still, or something never ends."""


class Stuck(Exception):
    """Nothing is ready and no timer is set, though what is waited for is not there; or no end is in sight."""


class _Timer(msgspec.Struct, eq=False):
    """As much of a handle as asyncio asks for, made in a quarter of the time."""

    at: float
    callback: Callable[..., object]
    args: tuple[object, ...]
    context: Context
    is_cancelled: bool = False

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        """A cancelled timer stays in the heap until its time comes; it is not called then."""
        self.is_cancelled = True
        self.args = ()

    def cancelled(self) -> bool:
        return self.is_cancelled


@contextmanager
def _unlisted() -> Iterator[None]:
    """asyncio lists every task in a weak set, which costs more than the task itself; nobody asks for the list here."""
    tasks: Any = asyncio.tasks
    listed = tasks._all_tasks if sys.version_info < (3, 12) else tasks._scheduled_tasks
    listed.add = listed.discard = lambda task: None
    try:
        yield
    finally:
        del listed.add, listed.discard


class VirtualLoop(asyncio.BaseEventLoop):
    """As much of an event loop as tasks, futures, locks and timers need. Seconds begin at 0.

    Of asyncio's own loop only what needs no machinery is used; the queue, the timers and the running are here.

    seconds: the time.  chance: draws the order of what is ready at once; None keeps the order in which it became so.
    on_error: told of an exception that nobody awaited.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._is_running = False
        super().__init__()
        self.on_error: Callable[[dict[str, Any]], None] = lambda context: None
        self._chance = chance
        self.seconds = 0.0
        self._soon: list[_Timer] = []
        self._timers: list[tuple[float, int, _Timer]] = []
        self._count = count()
        self.steps = 0

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self.seconds

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        timer = _Timer(self.seconds, callback, args, context or copy_context())
        self._soon.append(timer)
        return timer  # type: ignore[return-value]  # nobody asks more of it

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when = self.seconds + delay
        timer = _Timer(when, callback, args, context or copy_context())
        heappush(self._timers, (when, next(self._count), timer))
        return timer  # type: ignore[return-value]

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, context or copy_context())
        heappush(self._timers, (when, next(self._count), timer))
        return timer  # type: ignore[return-value]

    def create_task(self, coro: Coroutine[Any, Any, T], **named: Any) -> asyncio.Task[T]:  # type: ignore[override]
        return asyncio.Task(coro, loop=self, **named)

    get_debug = staticmethod(bool)  # no; it is asked for each future and task

    def is_running(self) -> bool:
        return self._is_running

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.on_error(context)

    def close(self) -> None:
        """Nothing more happens here, and nothing that would have is kept."""
        super().close()
        self._soon, self._timers = [], []
        self.on_error = lambda context: None

    # Running.

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry this out to its end and whatever else comes up meanwhile; Stuck when it can have no end."""
        task = self.create_task(work)
        self._is_running = True
        asyncio._set_running_loop(self)
        try:
            with _unlisted():
                while not task.done():
                    self._once(self._soon or self._next())
        finally:
            asyncio._set_running_loop(None)
            self._is_running = False
        return task.result()

    def _once(self, ready: list[_Timer]) -> None:
        """Everything that is ready now, in the order of chance."""
        self._soon = []
        self.steps += (count := len(ready))
        if self.steps > STEPS:
            raise Stuck(f"no end after {STEPS} steps, at {self.seconds:.1f} s")
        if count > 1 and self._chance is not None:
            self._chance.shuffle(ready)
        for timer in ready:
            if not timer.is_cancelled:
                try:
                    timer.context.run(timer.callback, *timer.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:  # noqa: BLE001 - as asyncio has it: whoever watches judges it
                    self.call_exception_handler({"message": "Exception in callback", "exception": error})

    def _next(self) -> list[_Timer]:
        """Jump to the next moment at which something is to happen: what that is."""
        timers = self._timers
        while timers:
            when, _, timer = heappop(timers)
            if timer.is_cancelled:
                continue
            if when > self.seconds:
                self.seconds = when
            found = [timer]
            while timers and timers[0][0] <= self.seconds:
                found.append(heappop(timers)[2])
            return found
        raise Stuck(f"nothing is left to happen at {self.seconds:.1f} s")
