"""services/github/gather.py: who asks within a moment shares a call, and nobody waits for somebody who has left."""

import asyncio
from collections.abc import Hashable, Sequence

import pytest

from bot.loops import LoopTimers
from services.errors import LockstepError, NotFound, Unreachable
from services.github.gather import Gather


class Calls:
    """Doubles numbers; odd ones are not found, and 666 breaks the whole call."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.begun = asyncio.Event()

    async def __call__(self, key: Hashable, items: Sequence[int]) -> list[int | LockstepError]:
        self.made.append(list(items))
        self.begun.set()
        await self.let.wait()
        if 666 in items:
            raise Unreachable(502, "too much")
        return [NotFound(404, str(item)) if item % 2 else 2 * item for item in items]


async def test_those_of_a_moment_share_a_call_and_each_has_its_own_end() -> None:
    calls = Calls()
    gather = Gather[int, int](LoopTimers(), 50, calls)
    found = await asyncio.gather(*(gather.load("a", n) for n in (2, 3, 4)), return_exceptions=True)
    assert (found[0], found[2]) == (4, 8)
    assert isinstance(found[1], NotFound)
    assert calls.made == [[2, 3, 4]]


async def test_too_many_become_several_calls_and_keys_are_kept_apart() -> None:
    calls = Calls()
    gather = Gather[int, int](LoopTimers(), 3, calls)
    found = await asyncio.gather(*(gather.load(n < 10, n) for n in range(2, 18, 2)))
    assert found == [2 * n for n in range(2, 18, 2)]
    assert sorted(map(len, calls.made)) == [1, 1, 3, 3]


async def test_a_call_that_breaks_breaks_for_all_and_the_next_goes_on() -> None:
    calls = Calls()
    gather = Gather[int, int](LoopTimers(), 50, calls)
    found = await asyncio.gather(gather.load("a", 2), gather.load("a", 666), return_exceptions=True)
    assert all(isinstance(each, Unreachable) for each in found)
    assert await gather.load("a", 2) == 4


async def test_serial_calls_carry_more_the_longer_they_wait() -> None:
    calls = Calls()
    calls.let.clear()
    gather = Gather[int, int](LoopTimers(), 50, calls, serial=True)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(gather.load("a", 2))
        await calls.begun.wait()
        for n in (4, 6, 8):
            group.create_task(gather.load("a", n))
        await asyncio.sleep(0)
        calls.let.set()
    assert calls.made == [[2], [4, 6, 8]]


@pytest.mark.parametrize("serial", [False, True])
async def test_when_the_first_leaves_the_others_go_on(serial: bool) -> None:
    calls = Calls()
    gather = Gather[int, int](LoopTimers(), 50, calls, serial=serial)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        first = group.create_task(gather.load("a", 2))
        others = [group.create_task(gather.load("a", n)) for n in (4, 6)]
        await asyncio.sleep(0)
        first.cancel()
    assert [task.result() for task in others] == [8, 12]
    assert calls.made == [[4, 6]]


async def test_a_call_that_is_cut_off_is_in_doubt_for_all_it_carried() -> None:
    calls = Calls()
    calls.let.clear()
    gather = Gather[int, int](LoopTimers(), 50, calls)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        first = group.create_task(gather.load("a", 2))
        second = group.create_task(asyncio.wait_for(_error(gather, 4), 60))
        await calls.begun.wait()
        first.cancel()
    assert isinstance(second.result(), Unreachable)
    assert "the call that carried this one broke off" in str(second.result())
    calls.let.set()
    assert await gather.load("a", 6) == 12


async def _error(gather: Gather[int, int], item: int) -> LockstepError:
    with pytest.raises(LockstepError) as caught:
        await gather.load("a", item)
    return caught.value
