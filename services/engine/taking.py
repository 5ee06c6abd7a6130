"""A worker: takes attempts from the queue, carries them out on this machine, and answers.

It answers only for what it claimed, and whoever claims later takes over, so of two workers with one attempt one
counts. Ending is no loss: what ends soon ends, the rest is handed back, and the next worker goes on after the last
step that is written down.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Protocol

import msgspec
import structlog
from pgqueuer.domain.models import Context, Job

from services.engine.orders import Order, Result
from services.engine.queued import Told, trouble_of, which
from services.errors import LockstepError, StoreError
from services.store.queue import HandBack, Queue
from services.store.results import Results
from services.tracing import Tracing, Untraced

AGAIN = timedelta(seconds=1)
"""Until what could not be claimed or answered is handed out again."""

log = structlog.get_logger(__name__)


class Isolate(Protocol):
    """Awaits something and gives back what it raised, or None; only the end of the task itself gets past it."""

    async def __call__(self, work: Awaitable[object], /) -> BaseException | None: ...


class CarriesOut(Protocol):
    """Carries an order out on this machine, as long as it is ours to."""

    async def attempt(self, order: Order, is_ours: Callable[[], Awaitable[bool]], /) -> Result: ...


class Worker:
    """Carries out at most `slots` attempts at a time. name: no other process has it."""

    def __init__(
        self,
        *,
        name: str,
        slots: int,
        queue: Queue,
        results: Results,
        local: CarriesOut,
        isolate: Isolate,
        traces: Tracing | None = None,
    ) -> None:
        self._name, self._slots, self._queue, self._results = name, slots, queue, results
        self._local, self._isolate, self._traces = local, isolate, traces or Untraced()
        self._scopes: set[asyncio.Timeout] = set()
        self._ends_at: float | None = None
        self._claims = 0
        self._over = asyncio.Event()
        self._over.set()

    async def run(self) -> None:
        """Work until `stop`."""
        self._over.clear()
        try:
            await self._queue.take(self._carry_out, self._slots)
        finally:
            self._over.set()

    async def stop(self, patience: float) -> None:
        """Take nothing more, give what is under way so many seconds, hand back the rest; returns when that is done."""
        self._ends_at = asyncio.get_running_loop().time() + patience
        self._queue.stop()
        for scope in self._scopes:
            scope.reschedule(self._ends_at)
        await self._over.wait()

    async def _carry_out(self, job: Job, context: Context) -> None:
        order = msgspec.json.decode(job.payload or b"", type=Order)
        self._claims += 1
        holder = f"{self._name}/{self._claims}"
        with context.cancellation:  # the task was cancelled or changed: nobody waits for an answer
            try:
                if await self._results.claim(which(order), holder) == "ours":
                    told = await self._told(order, holder)
                    finish = partial(self._queue.finish, job=job.id)
                    if not await self._results.tell(order.key, holder, msgspec.json.encode(told), finish):
                        log.info("an attempt was taken over by another worker", key=order.key)
                        raise HandBack(timedelta(0), "the claim was lost")  # should the piece be ours by now, anew
            except StoreError as error:
                raise HandBack(AGAIN, f"the store does not answer: {error}") from error

    async def _told(self, order: Order, holder: str) -> Told:
        results: list[Result] = []

        async def attempt() -> None:
            spanned = self._traces.span(
                "attempt", parent=order.trace, run=order.run_id, task=order.task.id, attempt=order.attempt
            )
            with spanned:
                results.append(await self._local.attempt(order, partial(self._results.is_held, order.key, holder)))

        scope = asyncio.timeout_at(self._ends_at)
        try:
            async with scope:
                self._scopes.add(scope)
                error = await self._isolate(attempt())
        except TimeoutError:
            raise HandBack(timedelta(0), "this worker is stopping") from None
        finally:
            self._scopes.discard(scope)
        if results:
            return Told(result=results[0])
        if error is not None and not isinstance(error, LockstepError):
            log.error("an attempt broke", key=order.key, exc_info=error)
        return Told(trouble=trouble_of(error or RuntimeError("no result")))
