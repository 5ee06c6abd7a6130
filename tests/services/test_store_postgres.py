"""What is particular to a server: it can be away, be restarted, and be shared by several processes."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import psycopg
import pytest

from services.errors import StoreError, UserError
from services.store import postgres as postgres_store
from services.store.db import Connection
from services.store.patient import PatientConnection
from services.store.pipelined import numbered
from services.store.postgres import PostgresDatabase
from tests.kit import postgres


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url)
    await database.open()
    await database.write(lambda c: c.execute("CREATE TABLE t (x bigint PRIMARY KEY, y bigint NOT NULL DEFAULT 0)"))
    yield database
    await database.close()


async def put(database: PostgresDatabase, x: int) -> int:
    return await database.write(lambda c: c.execute("INSERT INTO t (x) VALUES (?)", (x,)).rowcount)


async def stored(database: PostgresDatabase) -> list[int]:
    return await database.read(lambda c: [row[0] for row in c.execute("SELECT x FROM t ORDER BY x")])


def cut(url: str) -> None:
    """End every connection to this database, as a server does that is shut down."""
    with postgres.server().admin() as admin:
        name = url.rpartition("/")[2].partition("?")[0]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


async def test_a_connection_that_was_cut_is_made_again_and_nobody_notices(database: PostgresDatabase, url: str) -> None:
    await put(database, 1)
    assert await stored(database) == [1]
    for x in (2, 3):
        cut(url)
        assert await put(database, x) == 1
    cut(url)
    assert await stored(database) == [1, 2, 3]


async def test_a_server_that_was_restarted_is_met_again(database: PostgresDatabase) -> None:
    await put(database, 1)
    server = postgres.server()
    server.stop()
    try:
        for work in (put(database, 2), stored(database)):
            with pytest.raises(StoreError, match="can't be reached"):
                await work
    finally:
        server.start()
    assert await put(database, 3) == 1
    assert await stored(database) == [1, 3]


@contextlib.asynccontextmanager
async def unanswered(url: str) -> AsyncIterator[PostgresDatabase]:
    """A database whose connections stand, and behind which nobody answers: as behind a proxy whose server is gone."""
    database = PostgresDatabase(url, readers=1)
    await database.open()
    pid = "SELECT pg_backend_pid()"
    pids = [await each(lambda c: c.execute(pid).fetchone()[0]) for each in (database.write, database.read)]
    for number in pids:
        os.kill(number, signal.SIGSTOP)
    try:
        yield database
    finally:
        for number in pids:
            os.kill(number, signal.SIGCONT)


@pytest.mark.parametrize("size", [1, 2_000_000])
async def test_a_server_that_answers_nothing_is_left_for_one_that_does(
    url: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Also where it takes not even what it is told."""
    monkeypatch.setattr(postgres_store, "SILENT", 1.0)
    async with unanswered(url) as database:
        put = "INSERT INTO job_log (repo, id, at, lines) VALUES ('acme/api', '1', 'now', ?)"
        assert await database.write(lambda c: c.execute(put, (bytes(size),)).rowcount) == 1
        assert await database.read(lambda c: c.execute("SELECT length(lines) FROM job_log").fetchall()) == [(size,)]
        await database.close()


async def test_a_reader_that_meets_one_that_answers_nothing_asks_another(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_store, "SILENT", 1.0)
    async with unanswered(url) as database:
        assert await database.read(lambda c: c.execute("SELECT 1").fetchone()) == (1,)
        await database.close()


async def test_of_a_commit_that_nobody_answered_it_is_said_that_it_may_have_happened(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_store, "SILENT", 1.0)
    database = PostgresDatabase(url)
    await database.open()

    def falls_silent(c: Connection) -> int:
        (pid,) = c.execute("SELECT pg_backend_pid()").fetchone()
        os.kill(pid, signal.SIGSTOP)
        return int(pid)

    pids: list[int] = []
    try:
        with pytest.raises(StoreError, match="during the commit, which may have happened or not: the server has said"):
            await database.write(lambda c: pids.append(falls_silent(c)))
        assert len(pids) == 1, "it is not carried out again"
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await database.close()


async def test_closing_waits_for_no_server(url: str) -> None:
    async with unanswered(url) as database:
        await database.close()


def test_only_silence_tries_the_patience(url: str) -> None:
    """A long answer comes in pieces, and may take its time."""

    def answer() -> Generator[Any, Any, str]:
        for _ in range(29):
            yield 1
        return "all of it"

    with PatientConnection.connect(url) as connection:
        connection.patience = 15.0
        hears = connection._heard(answer(), 1.0)
        looks = [next(hears), *(hears.send(ready) for ready in [0] * 14 + [1] + [0] * 13)]
        assert len(looks) == 29
        with pytest.raises(StopIteration, match="all of it"):
            hears.send(0)
        hears = connection._heard(answer(), 1.0)
        next(hears)
        with pytest.raises(psycopg.OperationalError, match="the server has said nothing for 15 seconds"):
            [hears.send(0) for _ in range(15)]
        assert connection.closed


async def test_a_connection_cut_within_a_group_costs_no_write(database: PostgresDatabase, url: str) -> None:
    """Nothing was committed yet, so all of it is done again on a new connection."""
    cuts: list[None] = []

    def cut_once(c: Connection) -> int:
        found = c.execute("INSERT INTO t (x) VALUES (2)").rowcount
        if not cuts:
            cuts.append(None)
            cut(url)
        return found

    async with asyncio.TaskGroup() as group:
        writes = [group.create_task(put(database, 1)), group.create_task(database.write(cut_once))]
        writes.append(group.create_task(put(database, 3)))
    assert [write.result() for write in writes] == [1, 1, 1]
    assert await stored(database) == [1, 2, 3]


async def test_what_two_processes_change_at_once_is_not_lost(database: PostgresDatabase, url: str) -> None:
    """Each reads and then writes what it has read plus one: with anything less than a fresh look one of them is lost."""
    other = PostgresDatabase(url)
    await other.open()
    await put(database, 1)

    def more(c: Connection) -> None:
        (y,) = c.execute("SELECT y FROM t WHERE x = 1").fetchone()
        c.execute("UPDATE t SET y = ? WHERE x = 1", (y + 1,))

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(database.write(more))
            group.create_task(other.write(more))
    assert await database.read(lambda c: c.execute("SELECT y FROM t").fetchone()) == (40,)
    await other.close()


async def test_a_write_that_met_another_takes_turns_with_it_from_then_on(database: PostgresDatabase, url: str) -> None:
    """Somebody else accounts for a call whenever this one is about to; in turns, it has to wait."""
    tries: list[int] = []

    def another() -> None:
        with contextlib.suppress(psycopg.errors.LockNotAvailable), psycopg.connect(url) as other:
            other.execute("LOCK TABLE ledger_turn IN ROW EXCLUSIVE MODE NOWAIT")  # what writing it takes
            other.execute("UPDATE ledger_turn SET calls = calls + 1")

    def account(c: Connection) -> None:
        tries.append(c.execute("SELECT calls FROM ledger_turn").fetchone()[0])
        another()
        c.execute("UPDATE ledger_turn SET calls = calls + 1")

    await database.write(account)
    assert tries == [0, 1], "what the other has written is seen"
    assert await database.read(lambda c: c.execute("SELECT calls FROM ledger_turn").fetchone()) == (2,)


@pytest.mark.parametrize("rounds", [1, 20])
async def test_an_act_that_looks_at_nothing_still_fails_alone(database: PostgresDatabase, rounds: int) -> None:
    """Its error arrives with the results of others, and is told to nobody else; nor does it spoil what comes after."""
    for start in range(0, rounds * 10, 10):
        await fails_alone(database, start)
    assert await stored(database) == [start + x for start in range(0, rounds * 10, 10) for x in (1, 2)]


async def fails_alone(database: PostgresDatabase, start: int) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(c: Connection) -> None:
        entered.set()
        assert release.wait(10)

    async def twice() -> None:
        with pytest.raises(StoreError, match="duplicate key"):
            await database.write(lambda c: [c.execute("INSERT INTO t (x) VALUES (7)") for _ in range(2)])

    async def one(x: int) -> None:
        await database.write(lambda c: c.execute("INSERT INTO t (x) VALUES (?)", (start + x,)))

    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(hold))
        await asyncio.to_thread(entered.wait)
        group.create_task(one(1))
        group.create_task(twice())
        group.create_task(one(2))
        await asyncio.sleep(0)
        release.set()


async def test_an_act_that_hides_an_error_commits_nothing(database: PostgresDatabase) -> None:
    def hides(c: Connection) -> None:
        c.execute("INSERT INTO t (x) VALUES (1)")
        with pytest.raises(Exception, match="duplicate"):
            assert c.execute("INSERT INTO t (x) VALUES (1)").rowcount

    with pytest.raises(StoreError, match="hid an error"):
        await database.write(hides)
    assert await stored(database) == []
    assert await put(database, 2) == 1


async def test_long_values_leave_completely(database: PostgresDatabase) -> None:
    """A socket takes a long value in many pieces."""
    long = [os.urandom(24_000_000), b"short", os.urandom(9_000_000)]

    def write(c: Connection) -> int:
        c.execute("CREATE TABLE long (n bigint, value bytea)")
        for n, value in enumerate(long):
            c.execute("INSERT INTO long VALUES (?, ?)", (n, value))
        return c.executemany(
            "INSERT INTO long VALUES (?, ?)", [(n + 3, value) for n, value in enumerate(long)]
        ).rowcount

    async with asyncio.timeout(240):
        await database.write(write)
        rows = await database.read(lambda c: c.execute("SELECT value FROM long ORDER BY n").fetchall())
    assert [row[0] for row in rows] == [*long, *long]


async def test_text_that_no_database_on_a_server_can_hold_is_made_harmless(database: PostgresDatabase) -> None:
    await database.write(lambda c: c.execute("INSERT INTO command (comment_id, at) VALUES (?, ?)", ("a\0b", "now")))
    assert await database.read(lambda c: c.execute("SELECT comment_id FROM command").fetchone()) == (
        "a\N{REPLACEMENT CHARACTER}b",
    )


async def test_commits_are_on_the_disk_before_the_answer(database: PostgresDatabase) -> None:
    def asked(c: Connection) -> list[str]:
        return [c.execute(f"SHOW {name}").fetchone()[0] for name in ("synchronous_commit", "transaction_isolation")]

    assert await database.write(asked) == ["on", "repeatable read"]


async def test_a_start_that_waits_for_a_dump_can_be_given_up(url: str) -> None:
    """`python -m bot migrate`, and somebody presses Ctrl-C."""
    with psycopg.connect(url) as dump:
        dump.execute("ALTER TABLE run DROP COLUMN resumed_at")
        dump.execute("DELETE FROM schema_version WHERE version >= 38")
        dump.commit()
        dump.execute("SELECT * FROM run")
        database = PostgresDatabase(url)
        loop, waits = asyncio.get_running_loop(), asyncio.Event()
        usual = database._pause

        def pause(seconds: float) -> None:
            loop.call_soon_threadsafe(waits.set)
            usual(seconds * 30)

        database._pause = pause  # type: ignore[method-assign]
        opening = asyncio.ensure_future(database.open())
        await waits.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await database.close()


@pytest.mark.parametrize(
    ("sql", "there"),
    [
        ("SELECT ? + ?", "SELECT $1 + $2"),
        ("SELECT '?', \"?\", ? -- ?\n, ?", "SELECT '?', \"?\", $1 -- ?\n, $2"),
        (
            "SELECT /* ? */ 'it''s ?' WHERE x LIKE '%?%' ESCAPE '\\' AND y = ?",
            "SELECT /* ? */ 'it''s ?' WHERE x LIKE '%?%' ESCAPE '\\' AND y = $1",
        ),
    ],
)
def test_question_marks_are_numbered_but_in_quotes_and_comments(sql: str, there: str) -> None:
    assert numbered(sql) == there


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "postgresql://ana:s3cr3t-word@127.0.0.1:1/x",
            r"^The database x at 127\.0\.0\.1 can't be used \(.*refused.*\); check that the server runs",
        ),
        (
            "postgresql://ana:s3cr3t-word@127.0.0.1:s3cr3t-word/x",
            "^The database URL can't be read; it looks like postgresql://USER",
        ),
        ("postgresql://ana:s3cr3t/word@127.0.0.1/x", "^The database URL can't be read"),
        ("postgresql://ana:s3cr3t-word@[::1/x", "^The database URL can't be read"),
        ("postgresql://ana:s3cr3t-word@nowhere.invalid/x", "^The database x at nowhere.invalid can't be used"),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_without_the_password(url: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        await PostgresDatabase(url).open()
    assert "s3cr3t" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_database_that_is_not_there_or_cannot_hold_all_text_is_refused() -> None:
    server = postgres.server()
    with pytest.raises(UserError, match=r'"missing" does not exist.*check that the server runs'):
        await PostgresDatabase(server.url("missing")).open()
    with server.admin() as admin:
        admin.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(UserError, match="encoded in SQL_ASCII; create it with ENCODING 'UTF8'"):
        await PostgresDatabase(server.url("ascii")).open()
