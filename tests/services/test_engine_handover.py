"""Engine.let_go: what stands beside the runs stops, too, when others conduct what it is for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from services.core.shards import SHARDS
from services.engine.engine import Engine
from services.store.dashboards import Dashboards
from services.store.gates import Gates
from services.store.sqlite import SqliteDatabase
from services.store.trials import Trials
from tests.kit.driving import Stage, driving
from tests.kit.plans import NOW, task


class Silent:
    """A GitHub that takes what it is asked and does not answer; `left` counts those who wait no more."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), 0

    @property
    def reads(self) -> "Silent":
        return self

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def ask(*_: object, **__: object) -> None:
            self.asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.left += 1

        return ask


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[tuple[Stage, Engine, Silent]]:
    database, github = SqliteDatabase(tmp_path / "lockstep.sqlite"), Silent()
    await database.open()
    gates, trials = Gates(database), Trials(database)
    await gates.waits("o/r", 1, ())
    await trials.ask("o/r", 2, "ana", NOW)
    async with driving(database) as made:
        parts = msgspec.structs.replace(
            made.parts, github=cast("Any", github), gates=gates, trials=trials, dashboards=Dashboards(database)
        )
        yield made, Engine(parts), github
    await database.close()


async def gate(engine: Engine) -> None:
    assert engine._gates is not None
    await engine._gates.take_up(None)


async def trial(engine: Engine) -> None:
    await engine.trying.take_up(None)


async def dashboard(engine: Engine) -> None:
    assert engine.boards is not None
    engine.boards.touch("o/r")


CASES = pytest.mark.parametrize(("begin", "place"), [(gate, "o/r"), (trial, "o/r"), (dashboard, "o")])


@CASES
async def test_what_is_under_way_is_cut_off(
    stage: tuple[Stage, Engine, Silent], begin: Callable[[Engine], Awaitable[None]], place: str
) -> None:
    made, engine, github = stage
    await begin(engine)
    async with asyncio.timeout(60):
        await github.asked.wait()
    assert await engine.let_go(0.0), "it is ours"
    made.runs.lost = place
    assert not await engine.let_go(0.0)
    assert github.left == 1


@CASES
async def test_what_was_to_begin_does_not(
    stage: tuple[Stage, Engine, Silent], begin: Callable[[Engine], Awaitable[None]], place: str
) -> None:
    made, engine, github = stage
    await begin(engine)
    made.runs.lost = place
    assert await engine.let_go(0.0)
    for _ in range(9):
        await asyncio.sleep(0)
    assert not github.asked.is_set()


class Warned:
    """A GitHub that notes of what it was told that others had it before."""

    def __init__(self) -> None:
        self.shards: set[int] = set()

    def inherit(self, shards: Iterable[int]) -> None:
        self.shards |= set(shards)


async def test_whoever_goes_on_for_another_trusts_no_webhook_about_the_time_before(one: Stage) -> None:
    github = Warned()
    engine = Engine(msgspec.structs.replace(one.parts, github=cast("Any", github)))
    await engine.start()
    assert not github.shards, "nobody was there before"
    await one.begin(task("a"))
    await engine.take_up(None)
    assert not github.shards, "a sweep takes nothing over"
    await engine.start()
    assert github.shards == set(range(SHARDS))
