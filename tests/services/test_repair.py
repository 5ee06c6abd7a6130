"""bot/repair.py: what the log no longer holds is asked for again, and nothing is noted before all is stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from bot.repair import Repairer
from services.core.gaps import Listed
from services.errors import NotFound, Refused, Unreachable
from services.github.delivery_log import Page, Sent
from services.metrics import Metrics
from services.store.gaps import Gaps
from services.store.inbox import Delivery, Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import NOW
from tests.web.stage import StoppedClock


class Log:
    """GitHub's log; `says` by id: the delivery, or what is raised instead."""

    def __init__(self) -> None:
        self.listed: list[Listed] = []
        self.says: dict[str, Exception | None] = {}
        self.asked_again: list[str] = []
        self.is_whole, self.goes_on = True, False
        self.meanwhile: Callable[[], Awaitable[object]] = partial(asyncio.sleep, 0)

    async def since(self, at: datetime) -> AsyncIterator[Page]:
        listed = [each for each in reversed(self.listed) if each.at >= at]
        for number, each in enumerate(listed):
            yield Page(listed=[each], is_last=self.is_whole and number == len(listed) - 1, goes_on=self.goes_on)
            await self.meanwhile()

    async def full(self, delivery_id: str) -> Sent | None:
        if (said := self.says.get(delivery_id)) is not None:
            raise said
        if delivery_id in self.says:
            return None
        return Sent(hook_id="1", guid=f"g{delivery_id}", event="issues", body=b"{}")

    async def again(self, delivery_id: str) -> None:
        self.asked_again.append(delivery_id)


class House:
    def __init__(self, database: SqliteDatabase) -> None:
        self.log, self.inbox, self.gaps, self.clock = Log(), Inbox(database), Gaps(database), StoppedClock()
        self.clock.time = NOW
        self.looks = 0
        self.repairer = Repairer(
            deliveries=cast("Any", self.log), inbox=self.inbox, gaps=self.gaps, wake=lambda: None, look=self.look,
            clock=self.clock, metrics=Metrics(),
        )  # fmt: skip

    async def look(self) -> None:
        self.looks += 1

    def lose(self, *ids: str, after: timedelta = timedelta(minutes=1)) -> None:
        self.log.listed += [Listed(id=each, guid=f"g{each}", at=NOW + after, event="issues") for each in ids]

    async def stored(self) -> list[str]:
        return [each.guid for each in await self.inbox.waiting(100)]


@pytest.fixture
async def home() -> AsyncIterator[House]:
    database = SqliteDatabase(":memory:")
    await database.open()
    made = House(database)
    assert await made.repairer.repair() == [], "the first look only notes where it begins"
    yield made
    await database.close()


async def test_what_did_not_come_is_brought_in_once(home: House) -> None:
    home.lose("1", "2")
    (window,) = await home.repairer.repair()
    assert (window.missed, window.recovered) == (2, 2)
    assert await home.stored() == ["g1", "g2"]
    assert await home.repairer.repair() == []
    assert await home.gaps.checked() == NOW + timedelta(minutes=1)


async def test_what_comes_while_the_log_is_read_is_not_lost(home: House) -> None:
    home.lose("1", "2")
    home.log.meanwhile = partial(
        home.inbox.put, Delivery(hook_id="1", guid="g2", event="issues", received_at=NOW, body=b"{}")
    )
    (window,) = await home.repairer.repair()
    assert (window.missed, window.recovered) == (1, 1)
    assert await home.gaps.checked() == NOW + timedelta(minutes=1)


async def test_what_github_has_no_more_is_told(home: House) -> None:
    home.lose("1", "2", "3")
    home.log.says = {"1": NotFound(404, "gone"), "2": None}
    (window,) = await home.repairer.repair()
    assert (window.missed, window.recovered) == (3, 1)
    assert home.log.asked_again == ["2"]
    assert (await home.gaps.blind())[0].missed == 3


async def test_what_can_not_be_had_now_holds_up_nothing_behind_it_and_is_asked_for_again(home: House) -> None:
    home.lose("1", "2", "3", "4")
    home.log.says = {"1": Unreachable(502, "Bad Gateway"), "3": Refused(422, "no")}
    for _ in range(2):
        with pytest.raises(Unreachable):
            await home.repairer.repair()
        assert sorted(await home.stored()) == ["g2", "g4"]
        assert await home.gaps.checked() == NOW
    home.log.says = {"3": Refused(422, "no")}
    (window,) = await home.repairer.repair()
    assert sorted(await home.stored()) == ["g1", "g2", "g4"]
    assert window.missed == 2
    assert not home.log.asked_again


async def test_a_look_ends_where_nothing_can_be_had(home: House) -> None:
    home.lose(*map(str, range(1, 9)))
    home.log.says = {str(n): Unreachable(0, "reset") for n in range(1, 8)}
    with pytest.raises(Unreachable):
        await home.repairer.repair()
    assert await home.stored() == [], "three of eight were asked for"


async def test_a_look_that_breaks_off_is_made_again(home: House) -> None:
    home.lose("1", "2")
    home.log.says = {"2": Unreachable(0, "reset")}
    with pytest.raises(Unreachable):
        await home.repairer.repair()
    assert await home.gaps.checked() == NOW
    home.log.says = {}
    (window,) = await home.repairer.repair()
    assert (window.missed, window.recovered) == (1, 1), "the other one was stored before"
    assert sorted(await home.stored()) == ["g1", "g2"]


async def test_a_time_that_the_log_does_not_reach_is_told_and_everything_is_looked_at(home: House) -> None:
    home.clock.time = NOW + timedelta(days=5)
    home.log.is_whole = False
    home.lose("1", after=timedelta(days=4))
    before, after = await home.repairer.repair()
    assert (before.unseen, before.began, before.ended) == (True, NOW, NOW + timedelta(days=4))
    assert (after.missed, after.recovered) == (1, 1)
    assert home.looks == 1


async def test_a_log_that_is_too_long_to_be_read_to_its_end_is_told_too(home: House) -> None:
    home.log.is_whole, home.log.goes_on = False, True
    home.clock.time = NOW + timedelta(hours=3)
    home.lose("1", after=timedelta(hours=2))
    before, after = await home.repairer.repair()
    assert (before.unseen, before.began, before.ended) == (True, NOW, NOW + timedelta(hours=2))
    assert (after.missed, after.recovered, home.looks) == (1, 1, 1)
