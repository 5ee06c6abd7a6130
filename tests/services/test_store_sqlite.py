"""What is particular to a file: how it is written, who may have it open, and what is said when it can't be used."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from services.errors import StoreError, UserError
from services.store.db import Connection
from services.store.sqlite import RESTS_AFTER, SqliteDatabase

ROOT = Path(__file__).parents[2]


async def test_the_file_is_in_wal_mode_and_every_commit_is_synced(tmp_path: Path) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    database = SqliteDatabase(tmp_path / "t.sqlite")
    await database.open()
    assert await database.write(pragmas) == ["wal", 2, 1, 1000]
    await database.close()


async def test_a_full_disk_is_named_and_costs_nothing_but_what_did_not_fit(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "t.sqlite")
    await database.open()

    async def put(size: int) -> None:
        put = "INSERT INTO job_log (repo, id, at, lines) VALUES ('acme/api', ?, 'now', ?)"
        await database.write(lambda c: c.execute(put, (str(size), bytes(size))).rowcount)

    def fill(connection: Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    await database.write(fill)
    with pytest.raises(StoreError, match="database or disk is full"):
        await put(1_000_000)
    await put(10)
    assert await database.read(lambda c: c.execute("SELECT id FROM job_log").fetchall()) == [("10",)]
    await database.close()


async def test_nobody_else_on_the_machine_reads_it(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    try:
        for end in ("", "-wal", "-shm"):
            assert (tmp_path / f"lockstep.sqlite{end}").stat().st_mode & 0o077 == 0, end
    finally:
        await database.close()


async def test_the_log_is_brought_into_the_file_once_nobody_waits(tmp_path: Path) -> None:
    def fill(connection: Connection) -> None:
        connection.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO t VALUES (?)", [(x,) for x in range(RESTS_AFTER)])

    database = SqliteDatabase(tmp_path / "t.sqlite")
    await database.open()
    await database.write(fill)  # far less than what makes a commit do it
    while not database._brought:
        await database.read(lambda c: c.execute("SELECT 1").fetchone())
    await database.write(
        lambda c: c.execute("DELETE FROM t WHERE x = 0").rowcount
    )  # after the rest, too little for one
    (tmp_path / "copy.sqlite").write_bytes((tmp_path / "t.sqlite").read_bytes())  # without the log
    await database.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT count(*) FROM t").fetchone() == (RESTS_AFTER,)


async def test_a_memory_database_leaves_nothing_behind() -> None:
    database = SqliteDatabase(":memory:")
    await database.open()
    folder = database.path.parent
    await database.write(lambda c: c.execute("CREATE TABLE t (x INTEGER PRIMARY KEY)").rowcount)
    await database.close()
    assert not folder.exists()


async def test_a_file_that_is_no_database_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    database = SqliteDatabase(tmp_path / "notes.txt")
    with pytest.raises(UserError, match=r"notes\.txt can't be opened"):
        await database.open()
    await database.close()


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "missing" / "t.sqlite")
    with pytest.raises(UserError, match="folder"):
        await database.open()
    await database.close()


HOLDER = """
import asyncio, sys
from services.store.sqlite import SqliteDatabase

async def main() -> None:
    database = SqliteDatabase(sys.argv[1])
    await database.open()
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def held(path: Path) -> None:
    database = SqliteDatabase(path)
    await database.open()
    await database.close()


def test_only_one_process_has_the_file_open_and_its_death_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(UserError, match=r"Another Lockstep has the database t\.sqlite open; stop the other one"):
            asyncio.run(held(path))
        holder.kill()
    asyncio.run(held(path))
    asyncio.run(held(path))


async def test_pages_that_were_written_leave_memory_and_those_of_an_open_decision_stay(tmp_path: Path) -> None:
    def pragmas(connection: Connection) -> tuple[int, int]:
        names = ("cache_size", "cache_spill")
        kept, spills = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
        return kept, spills

    database = SqliteDatabase(tmp_path / "t.sqlite")
    await database.open()
    assert await database.write(pragmas) == (-8192, 0)
    assert [await database.read(pragmas) for _ in range(2)] == [(-2048, 0)] * 2
    await database.close()
