"""services/engine/gates.py: how often the sweep looks at what waits."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from services.engine.gates import SELDOM, Gatekeeper
from services.engine.parts import Parts
from services.errors import NotFound
from services.store.gates import Gates
from tests.kit.driving import StillClock


class _Rows:
    async def all(self, shards: object) -> list[tuple[str, int]]:
        del shards
        return [("acme/api", 1), ("acme/web", 2)]


async def test_the_sweep_looks_seldom_and_whoever_takes_shards_looks_at_once() -> None:
    clock, looked, work = StillClock(), list[str](), list[Any]()

    async def issue(repo: str, number: int, **_: object) -> None:
        looked.append(f"{repo}#{number}")
        raise NotFound(404, "not told")

    async def drop(*_: object) -> None:
        return

    rows = _Rows()
    rows.drop = drop  # type: ignore[attr-defined]
    parts = SimpleNamespace(
        clock=clock,
        runs=SimpleNamespace(holds=lambda _: True),
        spawn=lambda _, task: work.append(task),
        github=SimpleNamespace(reads=SimpleNamespace(issue=issue)),
    )
    gates = Gatekeeper(cast("Parts", parts), cast("Gates", rows))

    async def swept(shards: set[int] | None = None) -> int:
        looked.clear()
        await gates.take_up(shards)
        await asyncio.gather(*work)
        work.clear()
        return len(looked)

    assert await swept() == 2, "a process that is new knows of nothing"
    assert await swept() == 0
    assert await swept({7}) == 2
    clock.at += SELDOM
    assert await swept() == 2
