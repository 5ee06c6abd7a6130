"""The inbox: unique, in order, bounded in memory, and forgetful in the right order."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.shards import SHARDS
from services.errors import StoreError
from services.store import inbox as module
from services.store.db import Database
from services.store.fence import Fence
from services.store.inbox import Inbox
from tests.kit.ingest import START, delivery, outcomes
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place.database()
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


async def test_a_delivery_comes_back_as_it_was_put(inbox: Inbox) -> None:
    sent = delivery(b'{"a": "\xc3\xa9"}' * 100, event="pull_request", hook_id="292430182")
    assert await inbox.put(sent)
    (back,) = await inbox.waiting(10)
    assert back.row > 0
    assert (back.hook_id, back.guid, back.event) == (sent.hook_id, sent.guid, sent.event)
    assert (back.received_at, back.body) == (sent.received_at, sent.body)


async def test_an_empty_body_is_stored_too(inbox: Inbox) -> None:
    assert await inbox.put(delivery(b""))
    assert [each.body for each in await inbox.waiting(10)] == [b""]


async def test_a_guid_counts_once_per_hook(inbox: Inbox) -> None:
    assert await inbox.put(delivery(b"first", guid="g", hook_id="1"))
    assert not await inbox.put(delivery(b"second", guid="g", hook_id="1"))
    assert await inbox.put(delivery(b"third", guid="g", hook_id="2"))
    assert [each.body for each in await inbox.waiting(10)] == [b"first", b"third"]


async def test_what_waits_comes_in_order_of_arrival_and_in_pages(inbox: Inbox) -> None:
    sent = [delivery() for _ in range(7)]
    for each in sent:
        await inbox.put(each)
    first = await inbox.waiting(4)
    rest = await inbox.waiting(4, [each.row for each in first])
    assert [each.guid for each in first + rest] == [each.guid for each in sent]


async def test_a_page_holds_few_large_bodies_but_always_one(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 1_000)
    for size in (2_000, 400, 400, 400):
        await inbox.put(delivery(b"x" * size))
    assert [len(each.body) for each in await inbox.waiting(10)] == [2_000]
    await inbox.settle((await inbox.waiting(1))[0].row, "handled")
    assert [len(each.body) for each in await inbox.waiting(10)] == [400, 400]


async def test_a_damaged_body_does_not_hold_up_what_is_behind_it(inbox: Inbox, database: Database) -> None:
    for body in (b"first", b"second"):
        await inbox.put(delivery(body))
    await database.write(lambda c: c.execute("UPDATE inbox SET body = ? WHERE id = 1", (b"\x00\xff",)).rowcount)
    assert [each.body for each in await inbox.waiting(10)] == [b"", b"second"]


async def test_a_settled_delivery_is_not_handed_out_again_but_still_known(inbox: Inbox) -> None:
    sent = delivery()
    await inbox.put(sent)
    (row,) = await inbox.waiting(10)
    await inbox.settle(row.row, "failed", "handlers.issues.on_issue " + "x" * 1_000)
    assert await inbox.waiting(10) == []
    assert not await inbox.put(sent)
    assert await outcomes(inbox) == {"waiting": 0, "failed": 1}


async def test_what_an_outage_let_down_waits_once_more_also_for_another_process(
    inbox: Inbox, database: Database
) -> None:
    for guid in ("let-down", "gone-beyond", "elsewhere", "beyond"):
        await inbox.put(delivery(guid=guid))
    await inbox.let_down(1, "handlers.comments", "acme/api#2", START)
    await inbox.let_down(2, "handlers.comments", "acme/api#1", START)
    await inbox.let_down(3, "handlers.comments", "acme/web#1", START + timedelta(minutes=1))
    await inbox.settle(4, "handled", beyond="acme/api#1")
    notes = await database.read(lambda c: c.execute("SELECT note FROM inbox ORDER BY id").fetchall())
    assert notes[0] == (f"handlers.comments (once more from {START + timedelta(minutes=5):%H:%M} UTC on)",)
    again = Inbox(database)
    assert await again.hand_out_again(START + timedelta(minutes=4)) == 0
    assert await again.hand_out_again(START + timedelta(minutes=5)) == 1
    assert [each.guid for each in await again.waiting(10)] == ["let-down"]
    await again.let_down(1, "handlers.comments", "acme/api#2", START + timedelta(minutes=5))
    assert await again.hand_out_again(START + timedelta(minutes=14)) == 1, "the second time it rests twice as long"
    assert [each.guid for each in await again.waiting(10)] == ["elsewhere"]
    assert await again.hand_out_again(START + timedelta(minutes=15)) == 1
    await again.settle(1, "handled")
    assert await again.hand_out_again(START + timedelta(days=9)) == 0


async def test_what_an_outage_let_down_is_handed_out_by_who_holds_its_shard(database: Database) -> None:
    everybody = Inbox(database, Fence(dict.fromkeys(range(SHARDS), 0)))
    sent = delivery(b'{"repository": {"full_name": "acme/api"}}')
    await everybody.put(sent)
    (row,) = await everybody.waiting(10)
    await everybody.let_down(row.row, "", "acme/api#1", START)
    others = {shard: 0 for shard in range(SHARDS) if shard != row.shard}
    assert await Inbox(database, Fence(others)).hand_out_again(START + timedelta(days=1)) == 0
    assert await Inbox(database, Fence({})).hand_out_again(START + timedelta(days=1)) == 0
    assert await everybody.hand_out_again(START + timedelta(days=1)) == 1


async def test_an_outcome_nobody_knows_is_refused(inbox: Inbox) -> None:
    await inbox.put(delivery())
    with pytest.raises(StoreError, match=r"(?i)check"):
        await inbox.settle(1, "lost")  # type: ignore[arg-type]


async def test_how_many_wait_is_asked_of_those_that_wait(inbox: Inbox, place: Place) -> None:
    for _ in range(3):
        await inbox.put(delivery())
    await inbox.settle(1, "handled")
    assert await inbox.how_many_wait() == 2
    if not place.url:
        plan = place.rows("EXPLAIN QUERY PLAN SELECT count(*) FROM inbox WHERE outcome IS NULL")
        assert "inbox_waiting" in plan[0][-1]


async def test_the_oldest_waiting_age_in_seconds(inbox: Inbox) -> None:
    assert await inbox.oldest_waiting_age(START) == 0.0
    await inbox.put(delivery(at=START))
    await inbox.put(delivery(at=START + timedelta(seconds=50)))
    assert await inbox.oldest_waiting_age(START + timedelta(seconds=90)) == 90.0
    await inbox.settle(1, "ignored")
    assert await inbox.oldest_waiting_age(START + timedelta(seconds=90)) == 40.0


async def prune(inbox: Inbox, *, bodies: int, rows: int) -> int:
    """Retention as seen from START: bodies older than so many days, rows older than so many."""
    return await inbox.prune(bodies_before=START - timedelta(days=bodies), rows_before=START - timedelta(days=rows))


async def test_retention_drops_bodies_first_then_rows_and_never_what_waits(inbox: Inbox, database: Database) -> None:
    ages = {"waits": 100, "old": 100, "failed": 10, "handled": 10, "fresh": 1}
    for name, days in ages.items():
        await inbox.put(delivery(b"body", guid=name, at=START - timedelta(days=days)))
    for row, outcome in ((2, "handled"), (3, "failed"), (4, "ignored"), (5, "handled")):
        await inbox.settle(row, outcome)  # type: ignore[arg-type]

    assert await prune(inbox, bodies=5, rows=90) == 2
    assert await prune(inbox, bodies=5, rows=90) == 0
    left = await database.read(lambda c: c.execute("SELECT guid, body IS NOT NULL FROM inbox ORDER BY id").fetchall())
    assert left == [("waits", 1), ("failed", 1), ("handled", 0), ("fresh", 1)]
    assert not await inbox.put(delivery(b"body", guid="handled")), "a replay after the body is gone is still a double"


async def test_a_row_number_is_never_given_out_twice(inbox: Inbox) -> None:
    await inbox.put(delivery(at=START - timedelta(days=200)))
    (first,) = await inbox.waiting(1)
    await inbox.settle(first.row, "handled")
    await prune(inbox, bodies=1, rows=1)
    await inbox.put(delivery())
    (second,) = await inbox.waiting(1)
    assert second.row > first.row


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(body=st.binary(max_size=4_000))
async def test_any_bytes_survive(inbox: Inbox, body: bytes) -> None:
    await inbox.put(delivery(body))
    (back,) = await inbox.waiting(1)
    await inbox.settle(back.row, "handled")
    assert back.body == body
