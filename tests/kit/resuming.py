"""Attempts that are stopped and go on, with what they finished in a real store.

A stop is an error that ends the attempt right before or right after a step is stored. Scripts and verifications count
themselves in a file outside, so that what runs twice is seen.
"""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.board import Run
from services.core.steps import BESIDE, DIFF
from services.core.task_state import TaskState
from services.engine.orders import Order, Result
from services.git.mirror import Mirrors
from services.store.checkpoints import Checkpoints, Kept, Point, Spot
from services.store.db import Database
from services.store.sqlite import SqliteDatabase
from tests.kit.attempting import Ground, open_ground, order
from tests.kit.logged import logged
from tests.kit.stored import now_stand, stored_run

SPOT = Spot(run_id="r1", task="schema", attempt=1, fence=7)


class Stopped(Exception):
    """The process ends here."""


class Stops:
    """Keeps steps in the real store until a step is reached, then ends the attempt: before or after it is stored."""

    def __init__(self, kept: Kept, step: str = "", *, stored: bool = True) -> None:
        self._kept, self._step, self._stored = kept, step, stored

    async def begin(self, now: datetime, /) -> Mapping[str, Point] | None:
        return await self._kept.begin(now)

    async def append(self, *points: Point) -> bool:
        stop = self._step in {point.step for point in points}
        if stop and not self._stored:
            raise Stopped
        answer = await self._kept.append(*points)
        if stop:
            raise Stopped
        return answer

    async def undo(self, *steps: str) -> bool:
        return await self._kept.undo(*steps)

    async def is_current(self) -> bool:
        return await self._kept.is_current()


@dataclasses.dataclass
class Desk:
    """An attempt and its store. `order`: the script and the verification write a line into `counts` when they run."""

    ground: Ground
    database: Database
    run: Run
    counts: Path
    said: list[str] = dataclasses.field(default_factory=list)

    @property
    def kept(self) -> Kept:
        return Kept(Checkpoints(self.database), SPOT)

    def order(self, script: str = "echo currency > currency.txt", verify: str = "true", **fields: Any) -> Order:
        agent = f"echo agent >> {self.counts}; echo from the agent; {script}"
        check = f"echo verify >> {self.counts}; echo from the verification; {verify}"
        return order(agent, verify=check, **fields)

    @property
    def counted(self) -> list[str]:
        return self.counts.read_text().split() if self.counts.exists() else []

    async def stop(self, given: Order, step: str, *, stored: bool = True) -> None:
        with pytest.raises(Stopped):
            await self.ground.attempt(given, Stops(self.kept, step, stored=stored))

    async def go_on(self, given: Order) -> Result:
        """The next try; it logs no error."""
        with logged() as log:
            result = await self.ground.attempt(given, self.kept)
        assert log.problems() == []
        self.said = log.lines()
        return result

    def move(self) -> None:
        """What follows happens on another machine, which has nothing but the store."""
        self.ground.mirrors = Mirrors(self.ground.top / "elsewhere", self.ground.host.url)

    async def new_fence(self, fence: int) -> None:
        """The attempt is over, or another one began."""
        await now_stand(self.database, self.run, [TaskState(id="schema", state="running", attempt=2, fence=fence)])

    async def execute(self, sql: str, *values: object) -> None:
        await self.database.write(lambda c: c.execute(sql, values).rowcount)

    async def steps(self) -> list[str]:
        found = await Checkpoints(self.database).newest("r1", ["schema"])
        return [step.name for step in found.get("schema", []) if step.name not in BESIDE]

    async def diff(self) -> str:
        """What is kept of what the commit changes."""
        return await Checkpoints(self.database).text("r1", "schema", DIFF)


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    async with open_ground() as ground:
        database = SqliteDatabase(":memory:")
        await database.open()
        try:
            run = await stored_run(database, TaskState(id="schema", state="running", attempt=1, fence=7))
            yield Desk(ground, database, run, ground.top / "counts")
        finally:
            await database.close()
