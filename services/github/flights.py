"""One call for everybody who asks the same at the same time, and an order of moments to judge answers by.

The first caller makes the call itself, the others wait for it: no task of its own, so nothing outlives its caller.
When the first one is cancelled, the next in line makes the call. A moment is a number that only grows; whoever needs
an answer *begun after* a moment does not join a call begun before it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.errors import LockstepError

Result = TypeVar("Result")


@dataclass(slots=True)
class _Flight(Generic[Result]):
    began: int
    done: asyncio.Future[Result | None]


class Flights(Generic[Result]):
    """The calls under way, by key. A result is never None."""

    def __init__(self) -> None:
        self._moment = 0
        self._flying: dict[Hashable, _Flight[Result]] = {}

    def moment(self) -> int:
        """A new moment, later than all before."""
        self._moment += 1
        return self._moment

    def is_flying(self, key: Hashable) -> bool:
        """Is a call of this key under way?"""
        return key in self._flying

    async def run(
        self, key: Hashable, work: Callable[[int], Awaitable[Result]], *, after: int = 0
    ) -> tuple[Result, bool]:
        """The result of a call begun after that moment, and whether it was somebody else's; `work` gets its moment.

        An error of our own tree goes to everybody who waits; on anything else each waiter tries for itself.
        """
        while (flight := self._flying.get(key)) is not None and flight.began > after:
            result = await asyncio.shield(flight.done)
            if result is not None:
                return result, True
        return await self._lead(key, work), False

    async def _lead(self, key: Hashable, work: Callable[[int], Awaitable[Result]]) -> Result:
        flight = _Flight[Result](self.moment(), asyncio.get_running_loop().create_future())
        self._flying[key] = flight
        try:
            result = await work(flight.began)
            flight.done.set_result(result)
            return result
        except LockstepError as error:
            flight.done.set_exception(error)
            flight.done.exception()  # marks it as seen: perhaps nobody waits
            raise
        finally:
            if self._flying.get(key) is flight:
                del self._flying[key]
            if not flight.done.done():
                flight.done.set_result(None)
