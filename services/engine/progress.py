"""What an attempt has finished, as it knows it itself: read once at its beginning, written after each step.

Whoever carries attempts out hands in where that is kept (`Keeps`); the attempt only asks what is done and says what it
has reached. What can't be read counts as not done, so the worst that happens is that a step is done again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
import structlog

from services.agents import Superseded
from services.core.clock import Clock
from services.core.steps import ORDER, TALK, Talked
from services.errors import StoreError
from services.store.checkpoints import Point

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Keeps(Protocol):
    """Keeps the finished steps of one attempt. StoreError: it could not be done now."""

    async def begin(self, now: datetime, /) -> Mapping[str, Point] | None:
        """What is finished, by step; None when the attempt is over, as from each of these."""
        ...

    async def append(self, *points: Point) -> bool: ...

    async def undo(self, *steps: str) -> bool: ...

    async def is_current(self) -> bool: ...


class Forgets:
    """Keeps nothing: every try of an attempt begins at its first step."""

    async def begin(self, now: datetime, /) -> Mapping[str, Point] | None:
        return {}

    async def append(self, *points: Point) -> bool:
        return True

    async def undo(self, *steps: str) -> bool:
        return True

    async def is_current(self) -> bool:
        return True


class Claimed:
    """Keeps steps as long as nobody else carries the attempt out: one that was taken over leaves no trace."""

    def __init__(self, keeps: Keeps, is_ours: Callable[[], Awaitable[bool]]) -> None:
        self._keeps, self._is_ours = keeps, is_ours

    async def begin(self, now: datetime, /) -> Mapping[str, Point] | None:
        return await self._keeps.begin(now)

    async def append(self, *points: Point) -> bool:
        return await self._is_ours() and await self._keeps.append(*points)

    async def undo(self, *steps: str) -> bool:
        return await self._is_ours() and await self._keeps.undo(*steps)

    async def is_current(self) -> bool:
        return await self._is_ours() and await self._keeps.is_current()


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """worktree: the files of `base` are laid out, for `branch`."""

    base: str
    branch: str = ""


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """agent: it has ended, so. conflicts: files that it has left in conflict. The blob is its log."""

    ok: bool
    summary: str
    exit_code: int = 0
    timed_out: bool = False
    conflicts: tuple[str, ...] = ()


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """commit: what it left, as the commit `sha`, "" when it changed nothing; refused: why nothing of it is taken.

    The blob is the commit, unless that is too big. leftovers: it left files that git ignores, and those are not kept.
    paths: the first files it changed.
    """

    sha: str = ""
    refused: str = ""
    leftovers: bool = False
    paths: tuple[str, ...] = ()


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """verify: it has ended, so; reason: one sentence when it was not content. The blob is its log."""

    ok: bool
    exit_code: int = 0
    timed_out: bool = False
    reason: str = ""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """push: the commit stands on the branch, on top of `base`."""

    sha: str
    base: str = ""


class Progress:
    """The steps of one attempt, whose try of now began at `now`."""

    def __init__(self, keeps: Keeps, clock: Clock, now: datetime) -> None:
        self._keeps, self._clock = keeps, clock
        self._began = self._since = now
        self._points: dict[str, Point] = {}
        self._earlier: dict[str, float] = {}

    @property
    def used(self) -> float:
        """Seconds that earlier tries took for what they finished."""
        return sum(self._earlier.values())

    async def begin(self) -> None:
        """Read what is finished. Superseded, StoreError."""
        found = await self._keeps.begin(self._began)
        if found is None:
            raise Superseded
        self._points = dict(found)
        self._earlier = {step: point.seconds for step, point in found.items()}

    def done(self, step: str, kind: type[T]) -> T | None:
        """What the step came to, or None when it has to be done."""
        point = self._points.get(step)
        if point is None:
            return None
        try:
            return msgspec.json.decode(point.data, type=kind)
        except msgspec.DecodeError:
            log.warning("a checkpoint cannot be read; its step is done again", step=step)
            return None

    def has(self, step: str) -> bool:
        return step in self._points

    def blob(self, step: str) -> bytes | None:
        """What the step left, as far as it was kept."""
        point = self._points.get(step)
        return point.blob if point is not None else None

    def next_begins(self) -> None:
        """What was done since the last step is no part of the next one."""
        self._since = self._clock.now()

    def ended(self, step: str, data: object, blob: bytes | None = None) -> Point:
        """A step that ends now; it began when the one before it ended."""
        now = self._clock.now()
        seconds = max((now - self._since).total_seconds(), 0.0)
        self._since = now
        return Point(step=step, at=now, seconds=seconds, data=msgspec.json.encode(data), blob=blob)

    def beside(self, name: str, blob: bytes, data: object = None) -> Point:
        """Something that is kept for people and is no step."""
        return Point(step=name, at=self._clock.now(), data=msgspec.json.encode(data or {}), blob=blob)

    async def reached(self, *points: Point) -> None:
        """Write finished steps down, together. That the store can't take them now stops nobody. Superseded."""
        self._points |= {point.step: point for point in points}
        try:
            kept = await self._keeps.append(*points)
        except StoreError as error:
            log.warning("a checkpoint could not be stored", steps=[point.step for point in points], error=str(error))
            return
        if not kept:
            raise Superseded

    async def load(self) -> bytes | None:
        """How far the agent had come, as far as it said so."""
        return self.blob(TALK)

    async def keep(self, data: bytes, turns: int) -> None:
        """How far the agent has come. Superseded."""
        await self.reached(self.beside(TALK, data, Talked(turns=turns)))

    async def confirm(self) -> None:
        """Before what can't be taken back. Superseded, StoreError."""
        if not await self._keeps.is_current():
            raise Superseded

    async def undo(self, first: str) -> None:
        """This step and all after it have to be done again. Superseded, StoreError."""
        steps = (*ORDER[ORDER.index(first) :], *([TALK] if first == ORDER[0] else []))
        for step in steps:
            self._points.pop(step, None)
            self._earlier.pop(step, None)
        if not await self._keeps.undo(*steps):
            raise Superseded
