"""Who carries attempts out: this process itself, or (where there are many machines) whoever takes them from a queue.

The engine knows only `Workers`: it hands over an order and gets the result, and giving up waiting ends the attempt.
Asking twice for the same order is safe: an attempt goes on after the last step that is written down, here or on
another machine, and looks for its own earlier work.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from services.agents import AGENTS
from services.agents.box import Box
from services.agents.models import Models
from services.core.clock import Clock
from services.engine.attempts import attempt
from services.engine.orders import Order, Result
from services.engine.progress import Claimed
from services.git.mirror import Mirrors
from services.github import GitHub
from services.store.checkpoints import Checkpoints, Kept, Spot
from services.store.resolutions import Resolutions


class Workers(Protocol):
    """Carries an order out. GitError, AgentError, ApiError: it could not be tried, and may be later."""

    async def attempt(self, order: Order, /) -> Result: ...

    def urge(self, key: str, priority: float, /) -> None:
        """The attempt `key`, should it still wait for a worker, is as urgent as this from now on."""
        ...


class Local:
    """Attempts in this very process, so many at a time: what comes back from elsewhere holds no place until then, and
    may come back all at once. places: None for no bound, where whoever hands over attempts keeps one.
    """

    def __init__(
        self,
        mirrors: Mirrors,
        box: Box,
        github: GitHub,
        clock: Clock,
        checkpoints: Checkpoints,
        models: Models | None = None,
        resolutions: Resolutions | None = None,
        *,
        places: int | None = None,
    ) -> None:
        self._room = asyncio.Semaphore(places) if places is not None else contextlib.nullcontext()
        self._models, self._resolutions = models, resolutions
        self._mirrors, self._box, self._github, self._clock = mirrors, box, github, clock
        self._checkpoints = checkpoints

    async def attempt(self, order: Order, /, is_ours: Callable[[], Awaitable[bool]] | None = None) -> Result:
        """is_ours: whether it is still this process that is to carry it out; None: nobody else could."""
        spot = Spot(run_id=order.run_id, task=order.task.id, attempt=order.attempt, fence=order.fence)
        kept = Kept(self._checkpoints, spot)
        async with self._room:
            return await attempt(
                order,
                mirrors=self._mirrors,
                box=self._box,
                agents=AGENTS,
                token=self._token,
                clock=self._clock,
                keeps=kept if is_ours is None else Claimed(kept, is_ours),
                models=self._models,
                resolutions=self._resolutions,
            )

    def urge(self, key: str, priority: float, /) -> None:
        """Nothing waits here: what was handed over has begun."""

    async def _token(self, repo: str, permissions: Mapping[str, str]) -> str:
        """A git token for one repository and no more rights than asked."""
        return await self._github.writes.token(repo, tuple(sorted(permissions.items())))
