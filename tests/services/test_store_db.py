"""The store's one writer: groups, isolation, bounds, and what happens when the disk says no."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.errors import StoreBusy, StoreError, UserError
from services.store.db import Connection, Database
from services.store.migrate import migrate, statements, version


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "t.sqlite", capacity=8)
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


async def test_the_file_is_in_wal_mode_and_every_commit_is_synced(database: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(pragmas) == ["wal", 2, 1, 1000]


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
            with pytest.raises(StoreError, match="UNIQUE"):
                await put(database, 1)

        first = group.create_task(put(database, 1))
        group.create_task(half_then_fail())
        group.create_task(refused())
        last = group.create_task(put(database, 2))
        await asyncio.sleep(0)
        gate.release.set()
    assert (held.result(), first.result(), last.result()) == ("through", 1, 1)
    assert await stored(database) == [1, 2]


async def test_writes_that_waited_together_share_one_transaction(database: Database) -> None:
    outside = sqlite3.connect(database.path, check_same_thread=False)
    count = "SELECT count(*) FROM t"
    gate = Gate()
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        for x in range(5):
            group.create_task(put(database, x))
        seen = group.create_task(database.write(lambda c: [each.execute(count).fetchone()[0] for each in (c, outside)]))
        await asyncio.sleep(0)
        gate.release.set()
    assert seen.result() == [5, 0], "all five are done, none is committed yet"
    assert outside.execute(count).fetchone() == (5,)
    outside.close()


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
    assert "FOREIGN KEY" in orphan.result()
    assert "FOREIGN KEY" in beside.result()
    assert await stored(database) == []
    assert await put(database, 2) == 1, "the writer goes on"


async def failing(write: object) -> str:
    with pytest.raises(StoreError) as caught:
        await write  # type: ignore[misc]
    return str(caught.value)


async def test_a_write_that_ends_the_transaction_itself_is_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="ended the transaction"):
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
    with pytest.raises(StoreError, match="readonly"):
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


async def test_closing_carries_out_what_is_queued_and_then_refuses(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.sqlite")
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
    with sqlite3.connect(tmp_path / "t.sqlite") as again:
        assert again.execute("SELECT count(*) FROM t").fetchone() == (20,)
    again.close()


async def test_a_memory_database_leaves_nothing_behind() -> None:
    database = Database(":memory:")
    await database.open()
    folder = database.path.parent
    await database.write(lambda c: c.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)").rowcount)
    await put(database, 1)
    assert await stored(database) == [1]
    await database.close()
    assert not folder.exists()


async def test_a_file_that_is_no_database_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    database = Database(tmp_path / "notes.txt")
    with pytest.raises(UserError, match=r"notes\.txt can't be opened"):
        await database.open()
    await database.close()


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    database = Database(tmp_path / "missing" / "t.sqlite")
    with pytest.raises(UserError, match="folder"):
        await database.open()
    await database.close()


def test_migrations_apply_once_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text(
        "CREATE TABLE one (x);\n-- a word; and a semicolon\nINSERT INTO one VALUES (1);"
    )
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate(connection, tmp_path) == 1
    (tmp_path / "002_two.sql").write_text("ALTER TABLE one ADD COLUMN y;")
    (tmp_path / "notes.md").write_text("not a migration")
    assert migrate(connection, tmp_path) == 2
    assert migrate(connection, tmp_path) == 2
    assert connection.execute("SELECT x, y FROM one").fetchall() == [(1, None)]
    connection.close()


def test_a_migration_that_fails_is_undone_whole(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text("CREATE TABLE one (x);")
    (tmp_path / "002_two.sql").write_text("CREATE TABLE two (x);\nINSERT INTO nowhere VALUES (1);")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.Error, match="nowhere"):
        migrate(connection, tmp_path)
    assert version(connection) == 1
    assert not connection.in_transaction
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'two'").fetchone() is None
    connection.close()


async def test_a_newer_database_is_refused_with_the_fix(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.sqlite")
    await database.open()
    await database.write(lambda c: c.execute("INSERT INTO schema_version VALUES (999)").rowcount)
    await database.close()
    later = Database(tmp_path / "t.sqlite")
    with pytest.raises(UserError, match=r"schema 999.*start the newer version"):
        await later.open()
    await later.close()


def test_a_trigger_is_one_statement() -> None:
    script = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\nSELECT 3"
    assert [s.strip()[:14] for s in statements(script)] == ["CREATE TABLE a", "CREATE TRIGGER", "SELECT 3"]
