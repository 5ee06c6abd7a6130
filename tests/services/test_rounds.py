"""Rounds: everything is looked at, a few at a time, and GitHub's silence only delays."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from services.engine.rounds import AT_ONCE, Rounds
from services.errors import ApiError, NotFound, RateLimited, Unreachable


class Stage:
    """Spawns into a task group, keeps timers until they are fired, and looks as a test says."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.looked: list[str] = []
        self.errors: list[ApiError] = []
        self.most = 0
        self._now = 0
        self.full = asyncio.Event()
        self.let = asyncio.Event()
        self.let.set()
        self.rounds = Rounds(self.spawn, self, self.look)

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        self._group.create_task(work, name=name)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((seconds, call))

    async def look(self, run_id: str, task_id: str) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        if self._now == AT_ONCE:
            self.full.set()
        try:
            await self.let.wait()
            if self.errors:
                raise self.errors.pop()
            self.looked.append(f"{run_id}/{task_id}")
        finally:
            self._now -= 1


async def test_everything_is_looked_at_once_and_few_at_a_time() -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.let.clear()
        stage.rounds.add("a", [str(n) for n in range(100)])
        stage.rounds.add("a", [str(n) for n in range(50, 120)])
        await stage.full.wait()
        stage.let.set()
    assert sorted(stage.looked) == sorted({f"a/{n}" for n in range(120)})
    assert stage.most == AT_ONCE


@pytest.mark.parametrize("error", [RateLimited(403, "limit", retry_after=60.0), Unreachable(502, "down")])
async def test_a_round_rests_while_github_does_not_answer_and_loses_nothing(error: ApiError) -> None:
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.errors = [error]
        stage.rounds.add("a", ["1", "2", "3"])
    assert len(stage.timers) == 1
    seconds, go_on = stage.timers.pop()
    assert seconds >= (error.retry_after or 0.0)
    assert len(stage.looked) < 3
    async with asyncio.TaskGroup() as stage._group:
        go_on()
    assert sorted(stage.looked) == ["a/1", "a/2", "a/3"]


async def test_what_cannot_be_read_holds_nobody_up() -> None:
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.errors = [NotFound(404, "gone")]
        stage.rounds.add("a", ["1", "2"])
    assert stage.looked == ["a/2"]
    assert not stage.timers
