"""What the rest of Lockstep knows of a database: acts on a connection, written or read, and nothing else.

An act is a function of a connection. It is handed over whole and run inside a transaction, in a thread that may block;
so acts are plain synchronous SQL, the same on SQLite and on PostgreSQL. An act may be run again when its transaction
could not be committed: it changes nothing but the database, and it does not catch the database's errors.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")
DAMAGED = (msgspec.DecodeError, UnicodeDecodeError)
"""What is raised for a value that can't be decoded: another version wrote it, or a byte of it has changed."""


class Cursor(Protocol):
    """What came of one statement; a row is a tuple, and BLOBs are bytes."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What an act may do with a database: run SQL that both know, with `?` for each value.

    Values are str, int, float, bytes, bool (stored as 1 or 0) and None. On PostgreSQL a statement whose result nobody
    looks at costs no round trip of its own, so look at `rowcount` only where it decides something.
    """

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor: ...


class Database(Protocol):
    """A database that is opened once per process, in the event loop that uses it."""

    @property
    def waiting(self) -> int:
        """Writes that are not answered yet."""
        ...

    def heard_by(self, call: Callable[[str], None]) -> None:
        """Call in the event loop with the channel of each `news.ring` that was committed. Only a database of one
        process does this; on a server a Bell hears what all say.
        """
        ...

    async def open(self) -> None:
        """Bring the schema up and start; UserError when the database can't be used as it is."""
        ...

    async def close(self) -> None:
        """Carry out what is queued, answer it, and let go. Closing twice does nothing."""
        ...

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Run `act` in a transaction and return its result once that is on the disk.

        `act` shares its transaction with others and must not end it. Its own exceptions come back as they are, the
        database's as StoreError; StoreBusy when too much waits already. Giving up waiting does not undo the write, and
        after a StoreError that came of a lost connection it may be stored all the same.
        """
        ...

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection that cannot write, in one snapshot; the database's errors come as StoreError."""
        ...
