"""The schema, as numbered SQL files that are applied once, in order, each in its own transaction.

A database remembers its version. One that is newer than the code is refused instead of guessed at: an old process must
not write into tables it does not know.
"""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from services.errors import UserError

MIGRATIONS = files("services.store") / "migrations" / "sqlite"


def migrate(connection: sqlite3.Connection, folder: Traversable = MIGRATIONS) -> int:
    """Bring the schema up to the newest of `folder` (NNN_name.sql) and return its version.

    UserError when the database is newer than this code; sqlite3.Error when a statement fails (its file is undone).
    """
    scripts = {int(file.name[:3]): file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".sql")}
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    found, newest = version(connection), max(scripts)
    if found > newest:
        fix = "start the newer version, or restore the backup made before it"
        raise UserError(f"The database has schema {found}, but this Lockstep only knows schema {newest}: {fix}.")
    connection.execute("PRAGMA foreign_keys=OFF")  # a table that others refer to may be made anew; checked at the end
    try:
        for number in sorted(scripts):
            _apply(connection, number, scripts[number])
    finally:
        connection.execute("PRAGMA foreign_keys=ON")
    return newest


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version(connection) < number:  # asked under the lock: two processes may start at once
            for statement in statements(script):
                connection.execute(statement)
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise sqlite3.IntegrityError(f"migration {number} leaves rows that refer to nothing")
            connection.execute("INSERT INTO schema_version VALUES (?)", (number,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def version(connection: sqlite3.Connection) -> int:
    """The newest migration that was applied, 0 for a new database."""
    (number,) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(number)


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (`executescript` would commit in between); triggers stay whole."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
