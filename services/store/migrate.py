"""The schema, as numbered SQL files that are applied once, in order, each in its own transaction.

There is a folder for each kind of database, with the same numbers, which lead to the same tables and columns. A
database remembers its version. One that is newer than the code is refused instead of guessed at: an old process must
not write into tables it does not know.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from services.errors import UserError

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE, POSTGRESQL = MIGRATIONS / "sqlite", MIGRATIONS / "postgresql"

TURN = 4_732_190_265_187
"""The advisory lock of whoever changes the schema on PostgreSQL; any number that nobody else uses."""
QUEUES = "SET LOCAL lock_timeout = '1500ms'"
"""Whoever waits to change a table holds up all who come later. Longer than the second after which the server ends a
vacuum that is in the way."""
PAUSE = 10.0
"""Seconds in which the others go on before the next try."""
IN_THE_WAY = """
SELECT coalesce(nullif(application_name, ''), 'a session') || ' (pid ' || pid || ')' FROM pg_stat_activity AS other
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 second'
  AND EXISTS (SELECT 1 FROM pg_locks WHERE pg_locks.pid = other.pid AND relation IS NOT NULL)
ORDER BY xact_start LIMIT 3
"""
"""Who has read for long; a role that may not see that of others sees none."""
_NEVER = threading.Event()


class Asked(Protocol):
    """Any connection, as far as it is asked for its version."""

    def execute(self, sql: str, /) -> Any: ...


def migrate_sqlite(connection: sqlite3.Connection, folder: Path = SQLITE) -> int:
    """Bring the schema up to the newest of `folder` (NNN_name.sql) and return its version.

    UserError when the database is newer than this code; sqlite3.Error when a statement fails (its file is undone).
    """
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    scripts = _ahead(connection, folder)
    connection.execute("PRAGMA foreign_keys=OFF")  # a table that others refer to may be made anew; checked at the end
    try:
        for number, script in scripts:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements(script):
                connection.execute(statement)
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise sqlite3.IntegrityError(f"migration {number} leaves rows that refer to nothing")
            connection.execute("INSERT INTO schema_version VALUES (?)", (number,))
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA foreign_keys=ON")
    return version(connection)


def migrate_postgresql(
    connection: "psycopg.Connection[Any]",
    folder: Path = POSTGRESQL,
    *,
    pause: Callable[[float], object] = _NEVER.wait,
) -> int:
    """The same on PostgreSQL, with a connection in autocommit mode; psycopg.Error when a statement fails.

    Processes that start at the same time wait for each other: close the connection, and it is the next one's turn. Who
    reads a table that has to change, as a dump does, is waited for without holding up the others. pause: waits so many
    seconds.
    """
    if _is_newest(connection, folder):
        return version(connection)  # whoever has its turn now may wait for long
    connection.execute("SELECT pg_advisory_lock(%s)", (TURN,))
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY)")
    for number, script in _ahead(connection, folder):
        tries = 0
        while not _applied(connection, number, script):
            tries += 1
            found = [row[0] for row in connection.execute(IN_THE_WAY)]
            log.warning(
                "the schema can't change while others read; trying again", version=number, read=found, tries=tries
            )
            pause(PAUSE)
    return version(connection)


def _is_newest(connection: "psycopg.Connection[Any]", folder: Path) -> bool:
    row = connection.execute("SELECT to_regclass('schema_version') IS NOT NULL").fetchone()
    return row == (True,) and not _ahead(connection, folder)


def _applied(connection: "psycopg.Connection[Any]", number: int, script: str) -> bool:
    """False, and all of it undone, where others are in the way."""
    from psycopg.errors import DeadlockDetected, LockNotAvailable

    try:
        with connection.transaction():
            connection.execute(QUEUES)
            connection.execute(script, prepare=False)
            connection.execute("INSERT INTO schema_version VALUES (%s)", (number,))
    except (DeadlockDetected, LockNotAvailable):
        return False
    return True


def _ahead(connection: Asked, folder: Path) -> list[tuple[int, str]]:
    """(number, script) of what is still to be applied, in order; UserError when the database is newer."""
    scripts = {int(file.name[:3]): file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".sql")}
    found, newest = version(connection), max(scripts)
    if found > newest:
        fix = "start the newer version, or restore the backup made before it"
        raise UserError(f"The database has schema {found}, but this Lockstep only knows schema {newest}: {fix}.")
    return [(number, scripts[number]) for number in sorted(scripts) if number > found]


def version(connection: Asked) -> int:
    """The newest migration that was applied, 0 for a new database."""
    (number,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(number)


def statements(script: str) -> Iterator[str]:
    """The statements of an SQLite script one by one (`executescript` would commit in between); triggers stay whole."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
