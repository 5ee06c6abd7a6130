"""Deliveries at the door, many in one write: each is told its own, and none is forgotten when a write fails."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from services.errors import StoreBusy, StoreError
from services.store import arrivals as module
from services.store.arrivals import Arrivals
from services.store.db import Connection, Database
from services.store.fence import Fence
from services.store.inbox import Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.ingest import delivery
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place.database()
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def file() -> AsyncIterator[Database]:
    """For what both databases have no part in."""
    database = SqliteDatabase(":memory:", capacity=1)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def arrivals(database: Database) -> Arrivals:
    return Arrivals(database)


async def kept(database: Database) -> list[str]:
    return [each.guid for each in await Inbox(database).waiting(5_000)]


async def test_all_that_come_at_once_are_stored_in_their_order(arrivals: Arrivals, database: Database) -> None:
    sent = [delivery(b'{"n": %d}' % number, event="push") for number in range(300)]
    assert await asyncio.gather(*map(arrivals.put, sent)) == [True] * 300
    back = await Inbox(database).waiting(500)
    assert [(each.guid, each.event, each.body, each.received_at) for each in back] == [
        (each.guid, each.event, each.body, each.received_at) for each in sent
    ]


async def test_of_one_guid_the_first_is_new_whether_together_or_later(arrivals: Arrivals, database: Database) -> None:
    same = [delivery(guid="g", hook_id=hook) for hook in ("1", "1", "2", "1")]
    assert await asyncio.gather(*map(arrivals.put, same)) == [True, False, True, False]
    assert not await arrivals.put(same[0])
    assert await kept(database) == ["g", "g"]


async def test_a_write_takes_a_bounded_number_and_the_rest_comes_after(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = Arrivals(file)
    monkeypatch.setattr(module, "TOGETHER", 3)
    monkeypatch.setattr(module, "TOGETHER_BYTES", 100)
    sent = [delivery(b"x" * size) for size in (60, 60, 60, 1, 1, 1, 1, 200)]
    assert all(await asyncio.gather(*map(arrivals.put, sent)))
    assert await kept(file) == [each.guid for each in sent]


async def test_who_gives_up_waiting_takes_nothing_from_the_others(file: Database) -> None:
    arrivals = Arrivals(file)
    left, other = delivery(), delivery()
    future, rest = arrivals.put(left), arrivals.put(other)
    future.cancel()
    assert await rest
    assert await kept(file) == [left.guid, other.guid]


async def test_too_many_are_refused_at_once(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = Arrivals(file)
    monkeypatch.setattr(module, "MOST", 2)
    futures = [arrivals.put(delivery()) for _ in range(2)]
    with pytest.raises(StoreBusy):
        arrivals.put(delivery())
    assert await asyncio.gather(*futures) == [True, True]


async def test_too_much_is_refused_too_also_of_what_nobody_waits_for(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = Arrivals(file)
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    given_up, other = arrivals.put(delivery(b"x" * 60)), arrivals.put(delivery(b"x" * 60))
    given_up.cancel()
    with pytest.raises(StoreBusy):
        arrivals.put(delivery())
    assert await other
    assert await arrivals.put(delivery())


async def test_what_fails_fails_for_all_of_it_and_what_comes_later_is_stored(
    arrivals: Arrivals, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INSERT", module.INSERT.replace("inbox", "nowhere"))
    told = await asyncio.gather(*(arrivals.put(delivery()) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreError] * 3
    monkeypatch.undo()
    assert await arrivals.put(delivery())
    assert len(await kept(database)) == 1


async def test_a_writer_with_too_much_to_do_says_so_to_all_who_wait(file: Database) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        assert release.wait(60)

    held = asyncio.create_task(file.write(hold))
    await asyncio.to_thread(entered.wait)
    arrivals = Arrivals(file)
    told = await asyncio.gather(*(arrivals.put(delivery()) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreBusy] * 2
    release.set()
    await held
    assert await arrivals.put(delivery())


async def test_where_many_share_the_table_each_is_in_its_shard(database: Database) -> None:
    body = b'{"repository": {"full_name": "acme/api"}}'
    arrivals = Arrivals(database, Fence({}))
    assert all(await asyncio.gather(*map(arrivals.put, (delivery(body), delivery(b"{}")))))
    found = await database.read(lambda c: c.execute("SELECT shard FROM inbox ORDER BY id").fetchall())
    assert [bool(shard) for (shard,) in found] == [True, False]


async def test_a_write_that_is_refused_before_it_begins_is_told_to_more_than_go_together(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_: object) -> None:
        raise StoreBusy("4096 writes wait already")

    arrivals = Arrivals(file)
    monkeypatch.setattr(module, "TOGETHER", 2)
    monkeypatch.setattr(file, "write", busy)
    told = await asyncio.gather(*(arrivals.put(delivery()) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreBusy] * 5
    monkeypatch.undo()
    assert await arrivals.put(delivery())
