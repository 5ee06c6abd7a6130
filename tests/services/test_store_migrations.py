"""The schema: each file once, in order and whole, and the same tables on both databases."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from importlib.resources.abc import Traversable
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from services.store.migrate import POSTGRESQL, SQLITE, migrate_postgresql, migrate_sqlite, statements, version
from tests.kit import postgres


def test_migrations_apply_once_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text(
        "CREATE TABLE one (x);\n-- a word; and a semicolon\nINSERT INTO one VALUES (1);"
    )
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate_sqlite(connection, tmp_path) == 1
    (tmp_path / "002_two.sql").write_text("ALTER TABLE one ADD COLUMN y;")
    (tmp_path / "notes.md").write_text("not a migration")
    assert migrate_sqlite(connection, tmp_path) == 2
    assert migrate_sqlite(connection, tmp_path) == 2
    assert connection.execute("SELECT x, y FROM one").fetchall() == [(1, None)]
    connection.close()


def test_a_migration_that_fails_is_undone_whole(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text("CREATE TABLE one (x);")
    (tmp_path / "002_two.sql").write_text("CREATE TABLE two (x);\nINSERT INTO nowhere VALUES (1);")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.Error, match="nowhere"):
        migrate_sqlite(connection, tmp_path)
    assert version(connection) == 1
    assert not connection.in_transaction
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'two'").fetchone() is None
    connection.close()


def test_a_trigger_is_one_statement() -> None:
    script = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\nSELECT 3"
    assert [s.strip()[:14] for s in statements(script)] == ["CREATE TABLE a", "CREATE TRIGGER", "SELECT 3"]


def test_on_a_server_too_files_apply_once_in_order_and_whole(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text("CREATE TABLE one (x int);\nINSERT INTO one VALUES (1);")
    with postgres.server().fresh() as url, psycopg.connect(url, autocommit=True) as connection:
        assert migrate_postgresql(connection, tmp_path) == 1
        (tmp_path / "002_two.sql").write_text("CREATE TABLE two (x int);\nINSERT INTO nowhere VALUES (1);")
        with pytest.raises(psycopg.Error, match="nowhere"):
            migrate_postgresql(connection, tmp_path)
        assert version(connection) == 1
        (tmp_path / "002_two.sql").write_text("CREATE TABLE two (x int);")
        assert migrate_postgresql(connection, tmp_path) == 2
        assert migrate_postgresql(connection, tmp_path) == 2
        assert connection.execute("SELECT count(*) FROM one").fetchone() == (1,)


def test_processes_that_start_at_the_same_time_wait_for_each_other() -> None:
    """Held back by the lock, both find what the other has done, and neither does it again."""
    with postgres.server().fresh() as url, ThreadPoolExecutor(8) as pool:

        def start(_: int) -> int:
            with psycopg.connect(url, autocommit=True) as connection:
                return migrate_postgresql(connection)

        assert set(pool.map(start, range(8))) == {max(numbers(POSTGRESQL))}


def test_who_reads_what_has_to_change_is_waited_for_and_nobody_is_held_up_by_that(tmp_path: Path) -> None:
    """A dump goes on while the bot runs, and so does the bot: what was changed before the table in the way is undone."""
    (tmp_path / "001_one.sql").write_text("CREATE TABLE one (x int);\nCREATE TABLE two (x int);")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres.server().fresh())
        connection, dump, older = (stack.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(3))
        assert migrate_postgresql(connection, tmp_path) == 1
        (tmp_path / "002_more.sql").write_text("ALTER TABLE one ADD COLUMN y int;\nALTER TABLE two ADD COLUMN y int;")
        dump.execute("SET application_name = 'pg_dump'")
        dump.execute("BEGIN")
        dump.execute("SELECT * FROM two")
        older.execute("SET lock_timeout = '100ms'")

        def pause(_: float) -> None:
            for table in ("one", "two"):
                older.execute(f"INSERT INTO {table} VALUES (1)")
            assert migrate_postgresql(older, older_folder) == 1, "an older one that starts now does not wait"
            dump.execute("COMMIT")

        older_folder = tmp_path / "older"
        older_folder.mkdir()
        (older_folder / "001_one.sql").write_text((tmp_path / "001_one.sql").read_text())
        with capture_logs() as told:
            assert migrate_postgresql(connection, tmp_path, pause=pause) == 2
        [line] = told
        assert (line["event"], line["version"], line["read"]) == (
            "the schema can't change while others read; trying again", 2, [f"pg_dump (pid {dump.info.backend_pid})"],
        )  # fmt: skip
        assert connection.execute("SELECT count(*), count(y) FROM two").fetchone() == (1, 0)


def numbers(folder: Traversable) -> list[int]:
    return sorted(int(file.name[:3]) for file in folder.iterdir() if file.name.endswith(".sql"))


def test_both_kinds_have_the_same_numbers_without_a_gap() -> None:
    assert numbers(SQLITE) == numbers(POSTGRESQL) == list(range(1, len(numbers(SQLITE)) + 1))
    names = [sorted(file.name for file in folder.iterdir()) for folder in (SQLITE, POSTGRESQL)]
    assert names[0] == names[1]


KINDS = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea", "REAL": "double precision"}
"""What a column of SQLite is on PostgreSQL."""


def test_both_kinds_lead_to_the_same_tables_columns_and_indexes() -> None:
    file = sqlite3.connect(":memory:", isolation_level=None)
    migrate_sqlite(file)
    tables = [
        row[0]
        for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    columns = {
        (table, name, KINDS[kind], bool(required or key))
        for table in tables
        for _, name, kind, required, _, key in file.execute(f"PRAGMA table_info({table})")
    }
    indexes = {
        row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    }
    file.close()
    with postgres.database() as url, psycopg.connect(url) as server:
        ask = "SELECT table_name, column_name, data_type, is_nullable = 'NO', collation_name FROM information_schema.columns WHERE table_schema = 'public'"
        found = server.execute(ask).fetchall()
        keys = {row[0] for row in server.execute("SELECT conname FROM pg_constraint")}
        made = {row[0] for row in server.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")} - keys
    assert {row[:4] for row in found} == columns
    assert made == indexes
    assert {row[4] for row in found if row[2] == "text"} == {"C"}, "text is compared byte by byte"
