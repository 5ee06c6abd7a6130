"""Looking at what nobody has told us about: every open pull request in turn, a few at a time.

An event may have been lost while the process was down or on its way, so after a start and at each sweep everything is
read anew. Ten thousand pull requests take their time then, and a webhook must not wait behind them: a round reads a few
side by side, on its own, and when GitHub does not answer it rests and goes on where it was.
"""

from collections.abc import Awaitable, Callable, Iterable

import structlog

from services.core.backoff import delay
from services.engine.parts import Spawn, Timers
from services.errors import ApiError, NotFound, Refused

AT_ONCE = 4
"""Pull requests read side by side. A read is about three calls, so GitHub's 900 points a minute are kept even where it
answers within a quarter of a second."""

log = structlog.get_logger(__name__)

Place = tuple[str, str]
"""A run and a task of it."""


class Rounds:
    """`look` reads one task's pull request and tells its run; an ApiError of it only delays."""

    def __init__(self, spawn: Spawn, timers: Timers, look: Callable[[str, str], Awaitable[None]]) -> None:
        self._spawn = spawn
        self._timers = timers
        self._look = look
        self._waiting: dict[Place, None] = {}
        self._at_work = 0
        self._failed = 0
        self._is_resting = False

    def add(self, run_id: str, task_ids: Iterable[str]) -> None:
        """These are to be looked at too, after all that wait already; returns at once."""
        self._waiting |= dict.fromkeys((run_id, task_id) for task_id in task_ids)
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
            await self._look(*place)
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
