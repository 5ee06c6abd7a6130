"""Rounds: everything is looked at, a few at a time, and GitHub's silence only delays."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from services.engine.rounds import AGAIN, AT_ONCE, Rounds
from services.errors import ApiError, NotFound, RateLimited, Unreachable


class Stage:
    """Spawns into a task group, keeps timers until they are fired, and looks as a test says."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.looked: list[str] = []
        self.errors: list[ApiError] = []
        self.over: set[str] = set()
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

    async def look(self, run_id: str, task_id: str) -> bool:
        self._now += 1
        self.most = max(self.most, self._now)
        if self._now == AT_ONCE:
            self.full.set()
        try:
            await self.let.wait()
            if self.errors:
                raise self.errors.pop()
            self.looked.append(f"{run_id}/{task_id}")
            return task_id not in self.over
        finally:
            self._now -= 1


def places(count: int) -> list[tuple[str, str]]:
    return [("a", str(n)) for n in range(count)]


async def test_everything_is_looked_at_once_and_few_at_a_time() -> None:
    async with asyncio.timeout(240), asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.let.clear()
        stage.rounds.sweep(places(100))
        stage.rounds.sweep(places(120)[50:])
        await stage.full.wait()
        stage.let.set()
    assert sorted(stage.looked) == sorted({f"a/{n}" for n in range(120)})
    assert stage.most == AT_ONCE


@pytest.mark.parametrize("error", [RateLimited(403, "limit", retry_after=60.0), Unreachable(502, "down")])
async def test_a_round_rests_while_github_does_not_answer_and_loses_nothing(error: ApiError) -> None:
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.errors = [error]
        stage.rounds.sweep([("a", "1"), ("a", "2"), ("a", "3")])
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
        stage.rounds.sweep([("a", "1"), ("a", "2")])
    assert stage.looked == ["a/2"]
    assert not stage.timers


async def test_a_sweep_reads_again_what_nobody_has_read_for_longest() -> None:
    """So each open pull request is read within a bounded number of sweeps, and a sweep never reads all of very many."""
    open_now = places(AGAIN * 3)
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.rounds.sweep(open_now)
    assert len(stage.looked) == len(open_now)
    for _ in range(3):
        async with asyncio.TaskGroup() as stage._group:
            stage.rounds.sweep(open_now)
    assert sorted(stage.looked) == sorted([f"{run}/{task}" for run, task in open_now] * 2)


async def test_what_is_over_is_forgotten_and_what_is_new_comes_on_top() -> None:
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.over = {"1"}
        stage.rounds.sweep(places(3))
    async with asyncio.TaskGroup() as stage._group:
        stage.rounds.sweep([("a", "0"), ("a", "2"), ("b", "7")])
    assert sorted(stage.looked) == ["a/0", "a/0", "a/1", "a/2", "a/2", "b/7"]
    assert len(stage.rounds._looked) == 3
    async with asyncio.TaskGroup() as stage._group:
        stage.rounds.sweep([("b", "7")], is_all=True)  # the others have merged, and an event had told of it
    assert set(stage.rounds._looked) == {("b", "7")}


async def test_what_was_taken_over_is_looked_at_whole() -> None:
    """Others have had it, and what they were told of nobody has looked at."""
    open_now = places(AGAIN + 2)
    async with asyncio.TaskGroup() as group:
        stage = Stage(group)
        stage.rounds.sweep([*open_now, ("b", "0")])
    stage.looked.clear()
    async with asyncio.TaskGroup() as stage._group:
        stage.rounds.sweep(open_now, are_new=True)
    assert len(stage.looked) == AGAIN + 2
    assert ("b", "0") in stage.rounds._looked
