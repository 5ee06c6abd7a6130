"""services/engine/stickies.py: what a plan's comment foretells is written anew once it has turned out otherwise, though
nothing happens to its run.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from services.core.lengths import FEW, Sample
from services.engine.engine import Engine
from services.engine.stickies import AT_ONCE, NOT_SOONER
from services.errors import Refused
from services.store.sqlite import SqliteDatabase
from tests.kit.driving import Stage, driving
from tests.kit.plans import task

END = re.compile(r"\*\*Expected end:\*\* about (\d\d:\d\d) UTC")
HOUR = 3_600


class Comments:
    """A GitHub that has comments and nothing else."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self.bodies, self.edits, self.is_locked = stage, dict[str, str](), list[str](), False
        self.reads = self.writes = self

    def ranked(self, _: str) -> "Comments":
        return self

    async def issue(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(labels=())

    async def find_comment(self, *_: object) -> None:
        return None

    async def comment(self, repo: str, number: int, body: str) -> Any:
        await self.edit_comment(repo, f"{number}", body)
        return SimpleNamespace(id=f"{number}")

    async def edit_comment(self, _: str, comment: str, body: str) -> None:
        self.edits.append(comment)
        self._stage.hands.heard.set()
        if self.is_locked:
            raise Refused(403, "Locked")
        self.bodies[comment] = body

    @property
    def end(self) -> str:
        found = END.search(self.bodies["1"])
        return found[1] if found else ""


class Bench:
    """An engine whose plans have their comments."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.github = stage, Comments(stage)
        settings = msgspec.structs.replace(stage.parts.settings, comment_interval=0.0)
        self.engine = Engine(msgspec.structs.replace(stage.parts, github=cast("Any", self.github), settings=settings))
        self.engine.stickies.beside, self.looked_at = self.count, 0

    async def sweep(self, edits: int) -> None:
        """Look at everything again; so many comments were sent to GitHub by then."""
        before, self.looked_at = len(self.github.edits), 0
        self.engine.stickies.look_again(self.stage.driver.places_of_live())
        assert self.looked_at == edits - before
        await self.stage.hands.until(lambda: len(self.github.edits) == edits)

    def count(self, _: str) -> None:
        self.looked_at += 1


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    async with driving(database) as stage:
        yield Bench(stage)
    await database.close()


async def test_an_end_that_has_passed_is_written_anew_though_nothing_happens(bench: Bench) -> None:
    stage = bench.stage
    await stage.begin(task("a", timeout=HOUR))
    await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
    await bench.sweep(edits=1)
    assert bench.github.end == "13:00"
    stage.later(minutes=30)
    await bench.sweep(edits=1)
    stage.later(minutes=50)
    await bench.sweep(edits=2)
    assert bench.github.end == "13:40", "a quarter of what it has taken"


async def test_lengths_that_turn_out_to_be_others_are_shown_though_nothing_happens(bench: Bench) -> None:
    stage = bench.stage
    await stage.begin(task("a", timeout=HOUR))
    await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
    await bench.sweep(edits=1)
    for _ in range(FEW):
        stage.parts.lengths.learn(
            Sample(repo=task("a").repo, agent=task("a").agent, timeout=HOUR, work=HOUR / 4, whole=HOUR / 2)
        )
    await bench.sweep(edits=2)
    assert bench.github.end == "12:30"
    await bench.sweep(edits=2)


async def test_a_comment_that_can_not_be_posted_is_not_tried_at_each_sweep(bench: Bench) -> None:
    stage = bench.stage
    await stage.begin(task("a", timeout=60))
    await stage.hands.until(lambda: stage.hands.at_work == ["r1 a"])
    await bench.sweep(edits=1)
    bench.github.is_locked = True
    for minutes, edits in ((10, 2), (10, 2), (NOT_SOONER.total_seconds() / 60, 3)):
        stage.later(minutes=minutes)
        await bench.sweep(edits)


async def test_of_many_comments_only_so_many_are_looked_at_at_a_time(bench: Bench) -> None:
    places = [("acme/platform", number) for number in range(1, 2 * AT_ONCE + 1)]
    for looked_at in (AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE):
        bench.engine.stickies.look_again(places)
        assert bench.looked_at == looked_at
