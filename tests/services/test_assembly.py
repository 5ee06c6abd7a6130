"""bot/assembly.py: what a process of several does with what the others say."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, cast

from bot.assembly import Assembly
from services.core.shards import shard_of
from services.store.fence import Fence
from services.store.news import INBOX, News


class Bell:
    def __init__(self) -> None:
        self.calls: dict[str, list[Callable[[str], None]]] = defaultdict(list)
        self.anew: list[Callable[[], None]] = []

    def on(self, channel: str, call: Callable[[str], None], /) -> None:
        self.calls[channel].append(call)

    def on_anew(self, call: Callable[[], None], /) -> None:
        self.anew.append(call)


class Seen:
    """Everything the bell may set off: each call is noted by its name, and what is awaited answers nothing."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_: object) -> Any:
            self.said.append(name)
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            answer.set_result(0)
            return answer

        return call


class Clock:
    def now(self) -> None:
        return


async def heard(ring: Callable[[Bell], None]) -> list[str]:
    seen, bell, begun = Seen(), Bell(), list[asyncio.Task[None]]()

    def spawn(name: str, work: Coroutine[object, object, None]) -> None:
        begun.append(asyncio.ensure_future(cast("Any", work)))

    parts = cast("Any", seen)
    built = Assembly(
        settings=parts, engine=parts, inbox=parts, retention=parts, dispatcher=parts, metrics=parts,
        clock=cast("Any", Clock()), spawn=spawn,
    )  # fmt: skip
    built.hear(bell, News(parts, "a"), Fence({shard_of("acme"): 1}))
    ring(bell)
    await asyncio.gather(*begun)
    return seen.said


def rings(shard: int) -> Callable[[Bell], None]:
    def ring(bell: Bell) -> None:
        for call in bell.calls[INBOX]:
            call(str(shard))

    return ring


async def test_a_delivery_wakes_whoever_has_its_shard() -> None:
    assert await heard(rings(shard_of("acme"))) == ["wake"]
    assert await heard(rings(shard_of("acme") ^ 1)) == []


async def test_who_may_have_missed_something_trusts_nothing_and_looks_at_everything() -> None:
    said = await heard(lambda bell: bell.anew[0]())
    assert said == ["doubt_all", "hand_out_again", "wake", "take_up", "tidy", "swept"]
