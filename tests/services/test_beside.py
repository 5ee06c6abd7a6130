"""What runs beside a request: the group waits for it and ends it, and its bugs are its own."""

import asyncio
from contextlib import nullcontext
from inspect import CORO_CLOSED, getcoroutinestate

import pytest
from structlog.testing import capture_logs

from bot.loops import Beside


async def test_a_group_lasts_as_long_as_what_was_spawned_also_by_what_was() -> None:
    done: list[str] = []

    async with asyncio.TaskGroup() as group:
        beside = Beside(group)

        async def second() -> None:
            await asyncio.sleep(0)
            done.append("second")

        async def first() -> None:
            await asyncio.sleep(0)
            beside("second", second())
            done.append("first")

        beside("first", first())
    assert done == ["first", "second"]


async def test_a_bug_ends_nothing_else_and_is_told_by_its_name() -> None:
    done: list[str] = []

    async def breaks() -> None:
        raise RuntimeError("a bug")

    async def awaits_what_was_cancelled() -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    async def works() -> None:
        await asyncio.sleep(0)
        done.append("works")

    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            beside = Beside(group)
            beside("breaks", breaks())
            beside("awaits", awaits_what_was_cancelled())
            beside("works", works())
    assert done == ["works"]
    assert [(each["event"], each["task"]) for each in logs] == [
        ("a task failed", "breaks"),
        ("a task failed", "awaits"),
    ]


@pytest.mark.parametrize("is_broken", [True, False])
async def test_what_still_runs_is_cancelled_and_waited_for(is_broken: bool) -> None:
    ended: list[str] = []

    async def lasts(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def lives() -> None:
        async with asyncio.TaskGroup() as group:
            beside = Beside(group)
            beside("one", lasts("one"))
            beside.for_good("two", lasts("two"))
            await asyncio.sleep(0)
            beside("never begun", lasts("three"))
            beside.for_good("nor this", lasts("three"))
            try:
                if is_broken:
                    raise RuntimeError("the end")
            finally:
                beside.close()
                beside("too late", lasts("four"))

    with capture_logs() as logs, pytest.raises(ExceptionGroup, match="unhandled") if is_broken else nullcontext():
        await lives()
    assert sorted(ended) == ["one", "two"]
    assert logs == []


async def test_what_the_group_ends_before_it_began_is_put_away() -> None:
    """What the process is nothing without has failed, and its group ends everything without asking."""

    async def fails() -> None:
        raise RuntimeError("the end")

    late = asyncio.sleep(0)

    async def lives() -> None:
        async with asyncio.TaskGroup() as group:
            beside = Beside(group)
            beside.for_good("what fails", fails())
            await asyncio.sleep(0)
            beside("never begun", late)

    with pytest.raises(ExceptionGroup, match="unhandled"):
        await lives()
    assert getcoroutinestate(late) == CORO_CLOSED
