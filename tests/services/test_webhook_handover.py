"""Dispatch where several processes share the inbox: nothing is skipped, nothing is handled in two places."""

import asyncio
from collections.abc import AsyncIterator, Collection

import pytest

from bot.dispatch import TRIES
from handlers.events import Event
from services.errors import Fenced, StoreError
from services.store.fence import Fence
from services.store.inbox import Delivery, Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.dispatching import Diary, Through, body, note, running
from tests.kit.ingest import delivery, outcomes


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    database = SqliteDatabase(":memory:")
    await database.open()
    yield Inbox(database)
    await database.close()


async def test_what_is_committed_late_with_a_lower_row_is_handled_too(inbox: Inbox) -> None:
    """Where several processes write, the order of the rows is not the order in which they can be seen."""
    hidden = {2}

    class Late(Through):
        async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
            return [each for each in await inbox.waiting(limit, without) if each.row not in hidden]

    for number in (1, 2, 3):
        await inbox.put(delivery(body(number)))
    async with running(Late(inbox), {"issues": (note,)}) as (dispatcher, diary):
        await dispatcher.idle()
        assert len(diary.lines) == 2
        hidden.clear()
        dispatcher.wake()
        await dispatcher.idle()
    assert sorted(line[0] for line in diary.lines) == ["1", "2", "3"]


class Shared(Through):
    """An inbox that hands out deliveries only while this process holds their shard."""

    held = True

    async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
        return await self.inbox.waiting(limit, without) if self.held else []


@pytest.mark.parametrize("patience", [30.0, 0.0])
async def test_what_is_let_go_waits_for_whoever_takes_it_up(inbox: Inbox, patience: float) -> None:
    """What is being handled may end in time; what is behind it is not begun."""
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(event: Event, engine: Diary) -> None:
        begun.set()
        await end.wait()
        await note(event, engine)

    for guid in ("g1", "g2"):
        await inbox.put(delivery(body(1), guid=guid))
    source = Shared(inbox)
    async with running(source, {"issues": (slow,)}) as (dispatcher, diary):
        await begun.wait()
        source.held = False
        letting_go = asyncio.ensure_future(dispatcher.let_go([0], patience))
        if patience:
            asyncio.get_running_loop().call_soon(end.set)
        in_order = await letting_go
        dispatcher.wake()
        await dispatcher.idle()
        assert in_order == bool(patience)
        assert not diary.lines if not patience else diary.lines == ["1:g1"]
        end.set()
        source.held = True
        dispatcher.wake()
        await dispatcher.idle()
    assert diary.lines[-1] == "1:g2"
    assert await outcomes(inbox) == {"waiting": 0, "handled": 2}


async def test_what_a_read_brings_whose_shard_was_let_go_of_meanwhile_is_not_handled(inbox: Inbox) -> None:
    read, let_go = asyncio.Event(), asyncio.Event()

    class Slow(Shared):
        async def waiting(self, limit: int, without: Collection[int] = ()) -> list[Delivery]:
            found = await super().waiting(limit, without)
            read.set()
            await let_go.wait()
            return found

    await inbox.put(delivery(body(1), guid="g1"))
    source = Slow(inbox)
    async with running(source, {"issues": (note,)}) as (dispatcher, diary):
        await read.wait()
        source.held = False
        assert await dispatcher.let_go([0], 30.0)
        let_go.set()
        await dispatcher.idle()
        assert not diary.lines
        source.held = True
        dispatcher.wake()
        await dispatcher.idle()
    assert diary.lines == ["1:g1"], "when it is ours again"


async def test_what_concerns_a_run_that_is_conducted_elsewhere_does_not_wait_for_ever(inbox: Inbox) -> None:
    """A pull request of one owner can do a task in a plan of another."""

    async def refused(event: Event, engine: Diary) -> None:
        engine.lines.append("tried")
        raise Fenced("another process conducts acme now")

    await inbox.put(delivery(body(1)))
    async with running(inbox, {"issues": (refused,)}, pause=lambda _: asyncio.sleep(0)) as (dispatcher, diary):
        await dispatcher.idle()
    assert diary.lines == ["tried"] * TRIES
    assert await outcomes(inbox) == {"waiting": 0, "failed": 1}


@pytest.mark.parametrize("error", [Fenced("another process conducts acme now"), RuntimeError("its run was gone")])
async def test_what_fails_because_its_shard_was_just_let_go_is_handled_by_whoever_has_it_next(
    inbox: Inbox, error: Exception
) -> None:
    """That may be the same process again, a moment later."""
    begun, end = asyncio.Event(), asyncio.Event()

    async def refused(event: Event, engine: Diary) -> None:
        engine.lines.append("tried")
        begun.set()
        await end.wait()
        if len(engine.lines) == 1:
            raise error

    await inbox.put(delivery(body(1)))
    source = Shared(inbox)
    async with running(source, {"issues": (refused,)}) as (dispatcher, diary):
        await begun.wait()
        source.held = False
        letting_go = asyncio.ensure_future(dispatcher.let_go([0], 30.0))
        asyncio.get_running_loop().call_soon(end.set)
        assert await letting_go
        assert await outcomes(inbox) == {"waiting": 1}
        source.held = True
        dispatcher.wake()
        await dispatcher.idle()
        assert diary.lines == ["tried", "tried"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 1}


@pytest.mark.parametrize("is_told", [False, True], ids=["before dispatch hears of it", "after"])
async def test_what_is_passed_over_because_its_shard_was_just_let_go_is_handled_by_whoever_has_it_next(
    inbox: Inbox, is_told: bool
) -> None:
    """Handlers leave out without a word what is not conducted here, so an end without error says nothing."""
    fence, begun, end = Fence({0: 1}), asyncio.Event(), asyncio.Event()

    async def where_it_is_conducted(event: Event, engine: Diary) -> None:
        begun.set()
        await end.wait()
        if fence.has(0):
            await note(event, engine)

    await inbox.put(delivery(body(1), guid="g1"))
    source = Shared(inbox)
    handlers = {"issues": (where_it_is_conducted,)}
    async with running(source, handlers, holds=fence.has) as (dispatcher, diary):
        await begun.wait()
        source.held = False
        fence.drop([0])
        letting_go = asyncio.ensure_future(dispatcher.let_go([0], 30.0)) if is_told else None
        asyncio.get_running_loop().call_soon(end.set)
        assert letting_go is None or await letting_go
        await dispatcher.idle()
        assert not diary.lines
        assert await outcomes(inbox) == {"waiting": 1}
        fence.add({0: 2})
        source.held = True
        dispatcher.wake()
        await dispatcher.idle()
    assert diary.lines == ["1:g1"]
    assert await outcomes(inbox) == {"waiting": 0, "handled": 1}


async def test_handlers_run_again_when_the_store_was_away(inbox: Inbox) -> None:
    async def flaky(event: Event, engine: Diary) -> None:
        engine.lines.append("tried")
        if len(engine.lines) < 3:
            raise StoreError("the server is starting up")

    await inbox.put(delivery(body(1)))
    async with running(inbox, {"issues": (flaky,)}, pause=lambda _: asyncio.sleep(0)) as (dispatcher, diary):
        await dispatcher.idle()
        assert diary.lines == ["tried"] * 3
    assert await outcomes(inbox) == {"waiting": 0, "handled": 1}
