"""The real client and GitHub's stand-in in one process, on virtual time: for what limits and batches do to many calls.

Nothing waits really, so a test may let an hour pass.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from bot.loops import LoopTimers
from services.core.admission import Limits
from services.github import GitHub
from services.sandbox.git_memory import MemoryGit
from services.sandbox.kernel import Request, Response
from tests.simulation.chance import Stream
from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Faults
from tests.simulation.hub import Hub
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import BASE, SimTransport, Wire
from tests.simulation.trace import Trace

T = TypeVar("T")


class Counts:
    """What a governor and a batcher tell."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, float]] = []
        self.batches: list[tuple[str, int]] = []
        self.closings: Counter[str] = Counter()
        self.left: dict[str, int] = {}
        self.refused = 0

    def waited(self, rank: str, seconds: float) -> None:
        self.waits.append((rank, seconds))

    def closed(self, reason: str) -> None:
        self.closings[reason] += 1

    def rejected(self) -> None:
        self.refused += 1

    def batched(self, kind: str, size: int) -> None:
        self.batches.append((kind, size))

    def remains(self, resource: str, count: int) -> None:
        self.left[resource] = count


class Limited:
    """`run` does something with `github`; `asked` is what reached GitHub: when, method and path."""

    def __init__(self, limits: Limits | None = None, *, batch: int = 50, write_batch: int = 20) -> None:
        self.loop = VirtualLoop()
        trace = Trace(self.loop.time)
        self.hub = Hub(self.loop, MemoryGit(), 1, Stream("hub"), 0.0, trace)
        self.sandbox = self.hub.sandbox
        self.wire = Wire(self.sandbox, Stream("wire"), Faults(wire_delay=(0.05, 0.2)), trace)
        self.wire.before, self.wire.after = self._before, self._after
        self.github = GitHub(
            BASE,
            str(self.hub.app.app_id),
            self.hub.app.private_key,
            VirtualClock(self.loop),
            transport=SimTransport(self.wire, Life("client")),
            timers=LoopTimers(),
            limits=limits,
            batch=batch,
            write_batch=write_batch,
        )
        self.counts = Counts()
        self.github.watched_by(self.counts)
        self.asked: list[tuple[float, str, str]] = []
        self.at_once = self.most_at_once = 0

    @property
    def home(self) -> str:
        return self.hub.home.full_name

    def issues(self, count: int) -> list[int]:
        """Make so many issues."""
        made = [self.hub.act("ana", "POST", f"/repos/{self.home}/issues", {"title": str(n)}) for n in range(count)]
        return [int(body["number"]) for _, body in made]

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def whole() -> T:
            return await work()

        return self.loop.run(whole())

    def calls(self, part: str) -> list[tuple[float, str, str]]:
        """Those whose path has this in it."""
        return [each for each in self.asked if part in each[2]]

    def _before(self, request: Request, sent: float) -> None:
        self.asked.append((self.loop.time(), request.method, request.path))

    def _after(self, request: Request, response: Response) -> None:
        return


async def settled(*work: Awaitable[T]) -> list[T | BaseException]:
    """All of it, errors too."""
    return await asyncio.gather(*work, return_exceptions=True)


Make = Callable[..., Limited]


@pytest.fixture
def limited() -> Iterator[Make]:
    """Makes such worlds, and puts them away."""
    made: list[Limited] = []

    def make(*args: Any, **more: Any) -> Limited:
        made.append(Limited(*args, **more))
        return made[-1]

    yield make
    for world in made:
        world.loop.close()
