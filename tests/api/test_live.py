"""bot/live.py: everybody hears everything once, a slow one is dropped, one that was away goes on where it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from bot import live as lives
from bot.live import Heard, Live
from services.store.events import Events
from services.store.plans import Plans
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import NOW, plan, task
from tests.kit.stored import stored_plan

OF = plan(task("a"))


class House:
    """A history that grows by one for each `happen`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.plans = Plans(database)
        self.live = Live(Events(database))
        database.heard_by(self.live.on_ring)

    async def happen(self, times: int = 1) -> None:
        for _ in range(times):
            await self.plans.approve("acme/platform#1", OF.hash, "ben", NOW)


@pytest.fixture
async def home() -> AsyncIterator[House]:
    database = SqliteDatabase(":memory:")
    await database.open()
    made = House(database)
    await made.plans.save(stored_plan(OF, 1), NOW)
    running = asyncio.create_task(made.live.run())
    yield made
    running.cancel()
    await database.close()


async def numbers(heard: AsyncIterator[Heard | None], count: int) -> list[int]:
    found = []
    async for each in heard:
        if each is not None:
            found.append(each.event.seq)
        if len(found) == count:
            break
    return found


async def test_everybody_hears_what_happens_from_now_on(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "BEAT", 0.01)
    await home.happen()
    async with aclosing(home.live.listen()) as one, aclosing(home.live.listen()) as two:
        assert await anext(one) is await anext(two) is None, "both know where the history ends"
        await home.happen(3)
        assert await numbers(one, 3) == await numbers(two, 3) == [2, 3, 4]
    assert home.live.listeners == 0


async def test_one_that_was_away_goes_on_where_it_was(home: House) -> None:
    await home.happen(5)
    async with aclosing(home.live.listen(2)) as heard:
        assert await numbers(heard, 3) == [3, 4, 5]
        await home.happen(2)
        assert await numbers(heard, 2) == [6, 7]


async def test_one_that_breaks_off_while_it_catches_up_goes_on_where_it_broke_off(home: House) -> None:
    await home.happen(4)
    after, found = 0, list[int]()
    for _ in range(4):
        async with aclosing(home.live.listen(after)) as heard:
            told = await anext(heard)
            assert told is not None
            found.append(told.event.seq)
            after = told.seen
    assert found == [1, 2, 3, 4]


async def test_a_number_from_the_future_is_as_good_as_now(home: House) -> None:
    await home.happen()
    async with aclosing(home.live.listen(10**12)) as heard:
        asyncio.get_running_loop().call_later(0.01, lambda: asyncio.ensure_future(home.happen()))
        assert await numbers(heard, 1) == [2]


async def test_too_long_away_is_said(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "REPLAY", 3)
    await home.happen(5)
    with pytest.raises(LookupError):
        await numbers(home.live.listen(1), 1)
    assert home.live.listeners == 0


async def test_one_that_does_not_listen_is_dropped_and_holds_up_nobody(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "QUEUE", 2)
    monkeypatch.setattr(lives, "BEAT", 0.01)
    await home.happen()
    async with aclosing(home.live.listen(0)) as slow, aclosing(home.live.listen(0)) as quick:
        assert await numbers(slow, 1) == await numbers(quick, 1) == [1]
        assert await anext(slow) is await anext(quick) is None
        for seq in range(2, 6):
            await home.happen()
            assert await numbers(quick, 1) == [seq]
        assert await numbers(slow, 9) == [2, 3], "what was in its queue, then the end"
        assert home.live.dropped == 1
    async with aclosing(home.live.listen(3)) as again:
        assert await numbers(again, 2) == [4, 5]


async def test_silence_is_said_and_the_end_of_the_process_ends_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "BEAT", 0.01)
    async with aclosing(home.live.listen()) as heard:
        assert await anext(heard) is None
        home.live.close()
        assert await numbers(heard, 1) == []
