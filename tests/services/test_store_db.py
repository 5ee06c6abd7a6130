"""The store's one writer, on both databases: groups, isolation, bounds, and what happens when the disk says no."""

import asyncio
import threading
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.errors import StoreBusy, StoreError, Unreadable, UserError
from services.store.db import Connection, Database
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place.database(capacity=8)
    await database.open()
    await database.write(lambda c: c.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)").rowcount)
    yield database
    await database.close()


async def put(database: Database, x: int) -> int:
    return await database.write(lambda c: c.execute("INSERT INTO t VALUES (?)", (x,)).rowcount)


async def stored(database: Database) -> list[int]:
    return await database.read(lambda c: [row[0] for row in c.execute("SELECT x FROM t ORDER BY x")])


class Gate:
    """Holds the writer inside a transaction until it is opened, so that a test can fill the queue behind it."""

    def __init__(self) -> None:
        self.entered, self.release = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> str:
        self.entered.set()
        assert self.release.wait(10)
        return "through"


async def test_a_write_returns_its_result_and_can_be_read(database: Database) -> None:
    assert await put(database, 1) == 1
    assert await stored(database) == [1]
    assert database.waiting == 0


async def test_one_failing_write_does_not_spoil_the_others_of_its_group(database: Database) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        held = group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)

        async def half_then_fail() -> None:
            def act(connection: Connection) -> None:
                connection.execute("INSERT INTO t VALUES (10)")
                raise LookupError("a bug in the caller")

            with pytest.raises(LookupError, match="a bug in the caller"):
                await database.write(act)

        async def refused() -> None:
            with pytest.raises(StoreError, match=r"(?i)unique"):
                await put(database, 1)

        first = group.create_task(put(database, 1))
        group.create_task(half_then_fail())
        group.create_task(refused())
        last = group.create_task(put(database, 2))
        await asyncio.sleep(0)
        gate.release.set()
    assert (held.result(), first.result(), last.result()) == ("through", 1, 1)
    assert await stored(database) == [1, 2]


async def test_writes_that_waited_together_share_one_transaction(database: Database, place: Place) -> None:
    count = "SELECT count(*) FROM t"
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        for x in range(5):
            group.create_task(put(database, x))
        seen = group.create_task(database.write(lambda c: (c.execute(count).fetchone(), place.rows(count)[0])))
        await asyncio.sleep(0)
        gate.release.set()
    assert seen.result() == ((5,), (0,)), "all five are done, none is committed yet"
    assert place.rows(count) == [(5,)]


async def test_what_a_failing_write_cost_the_others_is_made_good(database: Database) -> None:
    """Together first; then, because one raised, each on its own: an act may run twice, and counts once."""
    runs: list[str] = []

    def counted(connection: Connection) -> int:
        runs.append("counted")
        connection.execute("INSERT INTO t VALUES (1)")
        return len(connection.execute("SELECT x FROM t").fetchall())

    def wrong(connection: Connection) -> None:
        runs.append("wrong")
        connection.execute("INSERT INTO t VALUES (1)")

    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        good = group.create_task(database.write(counted))
        bad = group.create_task(failing(database.write(wrong)))
        await asyncio.sleep(0)
        gate.release.set()
    assert good.result() == 1
    assert "unique" in bad.result().lower()
    assert runs == ["counted", "wrong", "counted", "wrong"]
    assert await stored(database) == [1]


async def test_what_is_stored_and_can_not_be_decoded_is_told_apart_from_a_store_that_is_away(
    database: Database,
) -> None:
    def of_another_kind(_: Connection) -> object:
        return msgspec.json.decode(b'"many"', type=int)

    def with_a_changed_byte(_: Connection) -> object:
        return msgspec.json.decode(b'"m\xffny"', type=str)

    for ask in (database.read, database.write):
        for act in (of_another_kind, with_a_changed_byte):
            with pytest.raises(Unreadable):
                await ask(act)


async def test_a_full_queue_says_so_at_once_and_recovers(database: Database) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        for x in range(7):
            group.create_task(put(database, x))
        await asyncio.sleep(0)
        assert database.waiting == 8
        with pytest.raises(StoreBusy, match="8 writes wait"):
            await put(database, 99)
        gate.release.set()
    assert await put(database, 100) == 1
    assert await stored(database) == [*range(7), 100]


async def test_a_commit_that_fails_fails_every_write_in_it_and_stores_nothing(database: Database) -> None:
    rule = "CREATE TABLE child (t INTEGER REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED)"
    await database.write(lambda c: c.execute(rule).rowcount)
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        orphan = group.create_task(
            failing(database.write(lambda c: c.execute("INSERT INTO child VALUES (7)").rowcount))
        )
        beside = group.create_task(failing(put(database, 1)))
        await asyncio.sleep(0)
        gate.release.set()
    assert "foreign key" in orphan.result().lower()
    assert "foreign key" in beside.result().lower()
    assert await stored(database) == []
    assert await put(database, 2) == 1, "the writer goes on"


async def failing(write: object) -> str:
    with pytest.raises(StoreError) as caught:
        await write  # type: ignore[misc]
    return str(caught.value)


async def test_a_write_that_ends_the_transaction_itself_is_refused(database: Database) -> None:
    with pytest.raises(StoreError, match=r"end(ed)? the transaction|ended early"):
        await database.write(lambda c: c.execute("COMMIT").rowcount)
    assert await put(database, 3) == 1


async def test_whoever_gives_up_waiting_disturbs_nobody(database: Database) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        left = group.create_task(put(database, 1))
        stays = group.create_task(put(database, 2))
        await asyncio.sleep(0)
        left.cancel()
        gate.release.set()
    assert stays.result() == 1
    assert await stored(database) == [1, 2], "giving up does not undo"


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreError, match=r"read-?only"):
        await database.read(lambda c: c.execute("INSERT INTO t VALUES (1)").rowcount)
    assert await stored(database) == []


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    await put(database, 1)
    entered, release = threading.Event(), threading.Event()

    def twice(connection: Connection) -> list[int]:
        count = "SELECT count(*) FROM t"
        first = connection.execute(count).fetchone()[0]
        entered.set()
        assert release.wait(10)
        return [first, connection.execute(count).fetchone()[0]]

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(database.read(twice))
        await asyncio.to_thread(entered.wait)
        await put(database, 2)
        release.set()
    assert reading.result() == [1, 1]


async def test_closing_carries_out_what_is_queued_and_then_refuses(place: Place) -> None:
    database = place.database()
    await database.open()
    await database.write(lambda c: c.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)").rowcount)
    async with asyncio.TaskGroup() as group:
        writes = [group.create_task(put(database, x)) for x in range(20)]
        await asyncio.sleep(0)
        await database.close()
    assert [write.result() for write in writes] == [1] * 20
    await database.close()
    with pytest.raises(StoreError, match="closed"):
        await put(database, 1)
    with pytest.raises(StoreError, match="closed"):
        await stored(database)
    assert place.rows("SELECT count(*) FROM t") == [(20,)]


async def test_a_newer_database_is_refused_with_the_fix(place: Place) -> None:
    database = place.database()
    await database.open()
    await database.write(lambda c: c.execute("INSERT INTO schema_version VALUES (999)").rowcount)
    await database.close()
    later = place.database()
    with pytest.raises(UserError, match=r"schema 999.*start the newer version"):
        await later.open()
    await later.close()


async def test_values_and_results_are_the_same_on_both(database: Database) -> None:
    """Whole numbers also from sums, bytes, nothing, truth as a number; a `?` in quotes is text, a % is just a %."""
    add = "INSERT INTO outbox (key, run_id, action, state, tries, due, settled_at) VALUES (?, ?, ?, '?', ?, '50%', ?)"
    add = add.replace("due, settled_at", "due, created_at, settled_at").replace("'50%', ?", "'50%', '', ?")
    big = 2**40
    await database.write(lambda c: c.executemany(add, [("a", "é", b"\x00\xff", True, None), ("b", "é", b"", big, "s")]))
    query = "SELECT key, run_id, action, state, tries, due, settled_at FROM outbox ORDER BY seq"
    rows = await database.read(lambda c: c.execute(query).fetchall())
    assert rows == [("a", "é", b"\x00\xff", "?", 1, "50%", None), ("b", "é", b"", "?", big, "50%", "s")]
    (total,) = await database.read(lambda c: c.execute("SELECT sum(tries) FROM outbox -- ?").fetchone())
    assert (type(total), total) == (int, big + 1)
    like = "SELECT key FROM outbox WHERE key > ? AND due LIKE '%0\\%' ESCAPE '\\' LIMIT ?"
    assert await database.read(lambda c: [row[0] for row in c.execute(like, ("a", 5))]) == ["b"]


async def test_how_many_rows_a_statement_touched(database: Database) -> None:
    def counts(c: Connection) -> list[int]:
        many = c.executemany("INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING", [(1,), (2,), (2,), (3,)])
        again = c.execute("INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING", (1,))
        gone = c.execute("DELETE FROM t WHERE x > ?", (1,))
        return [many.rowcount, again.rowcount, gone.rowcount]

    assert await database.write(counts) == [3, 0, 2]


async def test_results_can_be_looked_at_late_and_in_any_order(database: Database) -> None:
    await database.write(lambda c: c.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)]))

    def look(c: Connection) -> list[object]:
        below = [c.execute("SELECT x FROM t WHERE x < ? ORDER BY x", (limit,)) for limit in (2, 3, 4)]
        nested = [(row[0], c.execute("SELECT count(*) FROM t WHERE x > ?", row).fetchone()[0]) for row in below[2]]
        return [below[1].fetchone(), below[1].fetchone(), below[1].fetchone(), below[0].fetchall(), nested]

    assert await database.read(look) == [(1,), (2,), None, [(1,)], [(1, 2), (2, 1), (3, 0)]]
