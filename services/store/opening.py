"""Which database it is: a URL names one on a server, none means a file in the data directory."""

from pathlib import Path

from services.errors import UserError
from services.store.db import Database
from services.store.sqlite import SqliteDatabase

SCHEMES = ("postgresql://", "postgres://")


def database_at(url: str, folder: Path) -> Database:
    """The database of `url`, or for "" the file in `folder`; not opened yet. UserError, which never quotes the URL."""
    if not url:
        return SqliteDatabase(folder / "lockstep.sqlite")
    if not url.startswith(SCHEMES):
        raise UserError(
            "LOCKSTEP_DATABASE_URL must begin with postgresql://; leave it empty for a file in the data directory."
        )
    try:
        from services.store.postgres import PostgresDatabase
    except ImportError:
        fix = "install Lockstep with its extra: pip install '.[postgres]'"
        raise UserError(f"LOCKSTEP_DATABASE_URL needs psycopg, which isn't installed; {fix}.") from None
    return PostgresDatabase(url)
