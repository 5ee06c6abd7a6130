"""Everything that runs beside a request: the one home of tasks and timers.

A task's bug is logged and ends only itself; a task group ends them all with the process. Nothing here polls: the
sweep is the promise that a lost event only delays, and its interval is how long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any

import structlog

from bot.dispatch import isolated
from bot.heap import EVERY, give_back
from services.errors import ApiError, StoreError, Unreadable

LISTEN = 5.0
"""Seconds between two measurements of the event loop's lag."""

log = structlog.get_logger(__name__)


class Beside:
    """Runs coroutines beside the caller, in one task group; the engine's `Spawn` and `Timers`."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: dict[asyncio.Task[Any], Coroutine[object, object, None]] = {}
        self._standing: set[asyncio.Task[Any]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._closing = False

    def __call__(self, name: str, work: Coroutine[object, object, None]) -> None:
        if self._closing:
            work.close()
            return
        # Itself unnamed: a name costs a tenth of all this.
        task = self._group.create_task(isolated(work, told=partial(_failed, name)))
        self._tasks[task] = work
        task.add_done_callback(self._ended)

    def for_good(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run what the process is nothing without: an error in it ends the process, for its supervisor to start it
        again.
        """
        task = self._group.create_task(work, name=name)
        self._standing.add(task)
        task.add_done_callback(self._standing.discard)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back once, unless the process ends before."""

        def fire() -> None:
            self._timers.discard(handle)
            if not self._closing:
                call()

        handle = asyncio.get_running_loop().call_later(max(0.0, seconds), fire)
        self._timers.add(handle)

    def close(self) -> None:
        """End what runs and let nothing new begin; what was not finished is in the store."""
        self._closing = True
        for handle in self._timers:
            handle.cancel()
        for task in [*self._tasks, *self._standing]:
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        work = self._tasks.pop(task)
        if getcoroutinestate(work) == CORO_CREATED:  # cancelled before it ran, by `close` or by the group
            work.close()


def _failed(name: str, error: BaseException) -> None:
    if isinstance(error, ApiError | StoreError | Unreadable):
        log.warning("given up for now; the sweep looks again", task=name, error=str(error))
    else:
        log.error("a task failed", task=name, exc_info=error)


class LoopTimers:
    """Timers for what lives as long as the event loop does and holds nothing that would have to be put away."""

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(max(0.0, seconds), call)


@contextmanager
def unwrapped() -> Iterator[None]:
    """A task group's only error is raised as itself, so that its one sentence reaches who started the process."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None


async def pause(seconds: float) -> None:
    """Let time pass, for whoever has to try again later."""
    await asyncio.sleep(seconds)


async def mend(every: float, repair: Callable[[], Awaitable[object]], anew: asyncio.Event | None = None) -> None:
    """Call `repair` at once and then as `sweep` does, or sooner where `anew` is set; that GitHub or the store can't be
    asked now is no bug.
    """
    anew = anew or asyncio.Event()
    while True:
        error = await isolated(repair())
        if isinstance(error, ApiError | StoreError):
            log.warning("lost deliveries can't be looked for now; trying again", error=str(error))
        elif error is not None:
            log.error("looking for lost deliveries failed; trying again", exc_info=error)
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await anew.wait()
        anew.clear()


async def listen_to_loop(observe: Callable[[float], None]) -> None:
    """Say again and again how late the event loop comes to what is due."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LISTEN
        await asyncio.sleep(LISTEN)
        observe(max(0.0, loop.time() - due))


async def sweep(every: float, look: Callable[[], Awaitable[object]]) -> None:
    """Call `look` again and again, `every` seconds apart, for ever."""
    while True:
        await asyncio.sleep(every)
        error = await isolated(look())
        if error is not None:
            log.error("the sweep failed; it runs again", exc_info=error)


async def keep_small() -> None:
    """Give back what memory is free, again and again; in a thread, as it takes some milliseconds."""
    await sweep(EVERY, partial(asyncio.to_thread, give_back))
