"""Where a test's database is: the same tests on a file and on a server."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from services.store.db import Database
from services.store.postgres import PostgresDatabase
from services.store.sqlite import SqliteDatabase
from tests.kit import postgres

KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Place:
    """url: as in the settings, "" for a file.  path: the file."""

    url: str
    path: Path

    def database(self, *, capacity: int = 4_096, readers: int = 4) -> Database:
        """A database here that is not opened yet."""
        if self.url:
            return PostgresDatabase(self.url, capacity=capacity, readers=readers)
        return SqliteDatabase(self.path, capacity=capacity, readers=readers)

    def rows(self, sql: str) -> list[Any]:
        """What somebody else sees who comes in now: committed rows, and nothing else."""
        if self.url:
            with psycopg.connect(self.url) as connection:
                return connection.execute(sql.encode()).fetchall()
        with closing(sqlite3.connect(self.path)) as file:
            return file.execute(sql).fetchall()


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    """A place of one of KINDS, with the newest schema where there is a server, and without a file where not."""
    if kind == "sqlite":
        yield Place(url="", path=folder / "lockstep.sqlite")
        return
    with postgres.database() as url:
        yield Place(url=url, path=folder / "lockstep.sqlite")


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Database]:
    """A database of one of KINDS, as long as the block runs."""
    with place(kind, folder) as where:
        made = where.database()
        await made.open()
        try:
            yield made
        finally:
            await made.close()
