"""A short visit to the database of a bot that may be running: for commands that change a row and go.

A file belongs to one process, but SQLite lets another one commit something small in between. The schema must be the one
that this code knows; a visitor changes none.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from services.errors import UserError
from services.store.db import Connection
from services.store.migrate import SQLITE, version
from services.store.opening import database_at

T = TypeVar("T")


async def visit(url: str, folder: Path, act: Callable[[Connection], T]) -> T:
    """Carry out one act, committed when this returns. UserError when there is none, or another version's."""
    if url:
        database = database_at(url, folder)
        await database.open()
        try:
            return await database.write(act)
        finally:
            await database.close()
    path = folder / "lockstep.sqlite"
    if not path.is_file():
        raise UserError(f"There is no database in {folder}; start Lockstep once, or say where with LOCKSTEP_DATA_DIR.")
    newest = max(int(file.name[:3]) for file in SQLITE.iterdir() if file.name.endswith(".sql"))
    try:
        with closing(sqlite3.connect(path, timeout=10.0, isolation_level=None)) as connection:
            if version(connection) != newest:
                raise UserError("The database is of another version; start this one's Lockstep first.")
            connection.execute("BEGIN IMMEDIATE")
            found = act(connection)
            connection.execute("COMMIT")
            return found
    except sqlite3.Error as error:
        raise UserError(f"The database can't be changed now ({error}); try again.") from None
