"""Attempts that other processes carry out: put into the queue, and waited for.

What comes back is an answer in the store, announced by a ring. So it is looked for before it is asked for: after a
crash, or where another process conducts the run now, asking again finds the answer or joins the attempt under way.
"""

import asyncio
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from services.core.clock import Clock
from services.core.messages import notes, reasons
from services.core.schedule import PATIENCE
from services.engine.orders import Order, Result
from services.engine.parts import Spawn
from services.errors import (
    AgentError,
    ApiError,
    GitError,
    LockstepError,
    NotFound,
    RateLimited,
    Refused,
    StoreError,
    Unheard,
    Unreachable,
)
from services.store.results import Attempted, Results
from services.tracing import Tracing, Untraced

MOST_URGENT = 2_100_000_000
"""Of the whole numbers of four bytes that the queue has."""
MOST, TENTHS = 2_000.0, 10
"""Priorities that people give are told apart up to there, and so exactly."""
LONGEST, SECONDS = 99_999, 10.0
"""Chains are told apart up to so many steps of so many seconds, which is eleven days."""
API_ERRORS = {kind.__name__: kind for kind in (ApiError, NotFound, Refused, RateLimited, Unreachable)}


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt could not be tried, as a value. kind: an error's class; status, retry_after: of an ApiError."""

    kind: str
    message: str
    status: int = 0
    retry_after: float | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker answers: one of the two."""

    result: Result | None = None
    trouble: Trouble | None = None


class Pieces(Protocol):
    """The queue, as far as it is needed to put attempts in."""

    async def put(self, key: str, body: bytes, priority: int, agent: str, /) -> None: ...

    async def cancel(self, key: str, /) -> None: ...


def which(order: Order) -> Attempted:
    """The attempt an order is for."""
    return Attempted(key=order.key, run_id=order.run_id, task=order.task.id, fence=order.fence)


def trouble_of(error: BaseException) -> Trouble:
    """An error as a value. What is no error of ours is a bug: it stays in the worker's log."""
    if isinstance(error, ApiError):
        kind: Literal[False] | str = type(error).__name__ in API_ERRORS and type(error).__name__
        return Trouble(
            kind=kind or "ApiError", message=error.message, status=error.status, retry_after=error.retry_after
        )
    if isinstance(error, GitError):
        return Trouble(kind="GitError", message=str(error))
    told = str(error) if isinstance(error, LockstepError) else reasons.WORKER_BROKE
    return Trouble(kind="AgentError", message=told)


def error_of(trouble: Trouble) -> GitError | AgentError | ApiError:
    """The same error again."""
    if trouble.kind in API_ERRORS:
        return API_ERRORS[trouble.kind](trouble.status, trouble.message, retry_after=trouble.retry_after)
    return GitError(trouble.message) if trouble.kind == "GitError" else AgentError(trouble.message)


def urgency_of(order: Order, said: float | None, now: datetime) -> int:
    """An attempt's priority in the queue: the one that people gave, or have made of it since (`said`), then the longest
    chain from its task on.

    Conductors know nothing of each other's attempts, and two of them may put in urgent ones for ever. So here too, what
    has waited for longer than a day goes first, the longest waiting before all: of equals the queue takes the oldest.
    """
    if now - order.when > PATIENCE:
        return MOST_URGENT
    priority = max(-MOST, min(order.task.priority if said is None else said, MOST))
    return round(priority * TENTHS) * (LONGEST + 1) + min(int(order.remaining / SECONDS), LONGEST)


class Queued:
    """The engine's Workers where attempts go through the queue."""

    def __init__(
        self, queue: Pieces, results: Results, spawn: Spawn, clock: Clock, traces: Tracing | None = None
    ) -> None:
        self._queue, self._results, self._spawn, self._clock = queue, results, spawn, clock
        self._traces = traces or Untraced()
        self._rung: dict[str, asyncio.Event] = {}
        self._urgency: dict[str, float] = {}

    def ring(self, key: str) -> None:
        """There is an answer."""
        if key in self._rung:
            self._rung[key].set()

    def urge(self, key: str, priority: float) -> None:
        """An attempt is as urgent as this from now on; one that waits in the queue is put there anew."""
        if key in self._rung:
            self._urgency[key] = priority
            self._rung[key].set()

    def look_again(self) -> None:
        """A ring may have been missed, or an attempt may have got lost: look, and ask again where there is nothing."""
        for rung in self._rung.values():
            rung.set()

    async def attempt(self, order: Order, /) -> Result:
        """Have it carried out and wait. GitError, AgentError, ApiError: it could not be tried, and may be later."""
        order = msgspec.structs.replace(order, trace=self._traces.here())
        rung = self._rung[order.key] = asyncio.Event()
        try:
            while True:
                rung.clear()
                told = await self._results.answer(order.key)
                if told is not None:
                    return await self._taken(order.key, msgspec.json.decode(told, type=Told))
                urgency = urgency_of(order, self._urgency.get(order.key), self._clock.now())
                await self._queue.put(order.key, msgspec.json.encode(order), urgency, order.task.agent)
                await rung.wait()
        except StoreError as error:
            raise Unheard(notes.no_queue(str(error))) from error
        except asyncio.CancelledError:
            self._spawn("give up", self._give_up(order))
            raise
        finally:
            if self._rung.get(order.key) is rung:
                del self._rung[order.key]
                self._urgency.pop(order.key, None)

    async def _taken(self, key: str, told: Told) -> Result:
        if told.result is not None:
            return told.result
        await self._results.forget(key)
        raise error_of(told.trouble or Trouble(kind="AgentError", message=reasons.WORKER_SILENT))

    async def _give_up(self, order: Order) -> None:
        """Nobody waits here any more. Where the attempt still counts, another process does, or will."""
        if not await self._results.is_wanted(which(order)):
            await self._queue.cancel(order.key)
