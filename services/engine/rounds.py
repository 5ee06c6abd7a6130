"""Looking at what nobody has told us about: every open pull request in turn, a few at a time.

An event may have been lost while the process was down or on its way, so after a start and at each sweep everything is
read anew. Ten thousand pull requests take their time then, and a webhook must not wait behind them: a round reads a few
side by side, on its own, and when GitHub does not answer it rests and goes on where it was. A sweep does not read
everything again either: the more is open, the longer each waits for its turn, and what waits costs little.
"""

from collections.abc import Awaitable, Callable, Iterable
from itertools import islice

import structlog

from services.core.backoff import delay
from services.engine.parts import Spawn, Timers
from services.errors import ApiError, NotFound, Refused

AT_ONCE = 50
"""Pull requests read side by side: one call of GraphQL carries as many. Where they have to be read one by one, the
governor keeps GitHub's limits."""
AGAIN = 300
"""Pull requests a sweep reads again, those first that nobody has read for longest; what was never read comes on top.
With a sweep every five minutes, ten thousand open ones are read again within three hours."""

log = structlog.get_logger(__name__)

Place = tuple[str, str]
"""A run and a task of it."""


class Rounds:
    """`look` reads one task's pull request and tells its run; False: there is none to look at any more. An ApiError of
    it only delays.
    """

    def __init__(self, spawn: Spawn, timers: Timers, look: Callable[[str, str], Awaitable[bool]]) -> None:
        self._spawn = spawn
        self._timers = timers
        self._look = look
        self._waiting: dict[Place, None] = {}
        self._looked: dict[Place, None] = {}  # longest ago first
        self._at_work = 0
        self._failed = 0
        self._is_resting = False

    def sweep(self, open_now: Iterable[Place], *, is_all: bool = False, are_new: bool = False) -> None:
        """Look at those of these whose turn it is, after all that wait already; returns at once. is_all: nothing else
        is open, so what was looked at and is not among them is over, however that was heard.  are_new: others had them
        until now, so that they were looked at before counts for nothing.
        """
        wanted = set(open_now)
        if are_new:
            self._looked = {place: None for place in self._looked if place not in wanted}
        if is_all:
            self._looked = {place: None for place in self._looked if place in wanted}
        again = islice((place for place in self._looked if place in wanted), AGAIN)
        self._waiting |= dict.fromkeys([*sorted(wanted - self._looked.keys()), *again])
        self._go_on()

    def _go_on(self) -> None:
        while not self._is_resting and self._at_work < min(AT_ONCE, len(self._waiting)):
            self._at_work += 1
            self._spawn("round", self._work())

    async def _work(self) -> None:
        try:
            while self._waiting and not self._is_resting:
                place = next(iter(self._waiting))
                del self._waiting[place]
                await self._try(place)
        finally:
            self._at_work -= 1

    async def _try(self, place: Place) -> None:
        try:
            self._looked.pop(place, None)
            if await self._look(*place):
                self._looked[place] = None
        except (NotFound, Refused) as error:  # the App sees it no more; the next sweep asks again
            log.info("a pull request can't be read", run=place[0], task=place[1], error=str(error))
        except ApiError as error:
            self._waiting[place] = None
            self._rest(error)
        else:
            self._failed = 0

    def _rest(self, error: ApiError) -> None:
        if self._is_resting:
            return
        self._is_resting = True
        self._failed += 1
        seconds = delay("round", self._failed, retry_after=error.retry_after, base=2.0)
        log.info("GitHub did not answer; the round goes on later", error=str(error), seconds=seconds)
        self._timers.after(seconds, self._wake)

    def _wake(self) -> None:
        self._is_resting = False
        self._go_on()
