"""What planted bugs swap on which several processes that share the work rely."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.assembly import Assembly
from bot.conducting import Conductor
from services.engine.effects import Effects
from services.engine.line import Line
from services.github.cache import Cache
from services.store.fence import Fence
from tests.simulation.fleet import SimBell
from tests.simulation.swaps import Swap


def unfenced() -> list[Swap]:
    @contextmanager
    def held(self: Fence, c: Any, place: str) -> Iterator[None]:
        yield

    return [(Fence, "held", held)]


def goes_on() -> list[Swap]:
    async def let_go(self: Assembly, shards: Any, patience: float) -> bool:
        return True

    return [(Assembly, "let_go", let_go)]


def not_taken_up() -> list[Swap]:
    async def take_up(self: Conductor, ours: Any) -> None:
        return

    return [(Conductor, "_take_up", take_up)]


def unheard() -> list[Swap]:
    return [(SimBell, "rung", lambda self, channel, message: None)]


def sure() -> list[Swap]:
    def doubt(self: Line) -> None:
        self.is_doubtful = True

    return [(Line, "doubt", doubt)]


def remembered() -> list[Swap]:
    return [(Effects, "inherit", lambda self, shards: None)]


def heir() -> list[Swap]:
    return [(Cache, "inherit", lambda self, shards: None)]
