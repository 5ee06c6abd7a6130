"""One SQLite file, for one process: WAL, every commit on the disk, readers that cannot write.

Two processes on one file would each take the other's unfinished work for what a crash left behind and do it again. So
the file is locked as long as it is open; the lock dies with the process.
"""

import contextlib
import queue
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from services.errors import UserError
from services.store.db import Connection
from services.store.locks import hold
from services.store.migrate import migrate_sqlite
from services.store.writer import GroupCommit, Over

T = TypeVar("T")
RESTS_AFTER = 4_000
"""Rows that were changed since the log was last brought into the file; a commit does it after as many pages."""

STATEMENTS = 512
"""Statements a connection keeps compiled: what writes rows has one for each number of them (`rows.SIZES`)."""


class SqliteDatabase(GroupCommit):
    """A Database in one file.

    path: the file, or ":memory:" for one that lives in a temporary folder until `close` and is never fsynced.
    """

    errors = sqlite3.Error

    def __init__(self, path: Path | str, *, capacity: int = 4_096, readers: int = 4) -> None:
        super().__init__(capacity=capacity, readers=readers)
        self._folder = tempfile.TemporaryDirectory(prefix="lockstep-") if str(path) == ":memory:" else None
        self.path = Path(self._folder.name) / "lockstep.sqlite" if self._folder else Path(path)
        self._reader_count = readers
        self._idle_readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()  # the one whose pages are warm
        self._writing: sqlite3.Connection | None = None
        self._lock: IO[bytes] | None = None
        self._brought = 0

    def _open(self) -> None:
        try:
            self._lock = locked(self.path)
            self.path.touch(mode=0o600)  # SQLite would let everybody on the machine read what repositories say
            self._writing = self._connect()
            self._writing.execute("PRAGMA journal_mode=WAL").fetchone()
            migrate_sqlite(self._writing)
            with_bell(self._writing, self._rung_by)
            for _ in range(self._reader_count):
                reader = self._connect()
                reader.execute("PRAGMA query_only=ON")
                reader.execute("PRAGMA cache_size=-2048")  # KiB, each: the system keeps the file's pages once for all
                self._idle_readers.put(reader)
        except (sqlite3.Error, OSError) as error:
            hint = "check that it is a Lockstep database in a folder that can be written to"
            raise UserError(f"The database {self.path.name} can't be opened ({_reason(error)}); {hint}.") from error

    def _rung_by(self, channel: str) -> None:
        """In the writer's thread. A group that is undone may have rung too, and then somebody looks for nothing."""
        self._rung.add(channel)

    def _rest(self) -> None:
        """Bring the log into the file while nobody waits for it; without rest a commit does it now and then."""
        connection = self._writing
        assert connection is not None  # noqa: S101 - the writer starts after `_open`
        if connection.total_changes - self._brought < RESTS_AFTER:
            return
        self._brought = connection.total_changes
        with contextlib.suppress(sqlite3.Error):  # the next commit says what is wrong
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=10.0, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
        )
        connection.execute(f"PRAGMA synchronous={'OFF' if self._folder else 'FULL'}")
        connection.execute("PRAGMA wal_autocheckpoint=1000")  # bigger checkpoints cost more at the tail than they save
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-8192")  # KiB
        connection.execute("PRAGMA cache_spill=OFF")  # but those of a large decision stay in memory until its commit
        connection.execute("PRAGMA temp_store=MEMORY")  # or what a savepoint could undo goes through a file
        return connection

    def _close(self) -> None:
        if self._writing is not None:
            self._writing.close()
        while not self._idle_readers.empty():
            self._idle_readers.get().close()
        if self._lock is not None:
            self._lock.close()
        if self._folder is not None:
            self._folder.cleanup()

    @contextlib.contextmanager
    def _transaction(self, *, apart: bool, again: bool) -> Iterator[Connection]:
        connection = self._writing
        assert connection is not None  # noqa: S101 - the writer starts after `_open`
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise Over(f"nothing was committed: {error}") from error
        try:
            yield connection
            if not connection.in_transaction:
                raise Over("the transaction was ended early")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if not connection.in_transaction:
                raise Over(f"the database ended the transaction early: {error}") from error
            raise
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _read(self, act: Callable[[Connection], T]) -> T:
        connection = self._idle_readers.get()
        try:
            connection.execute("BEGIN")
            return act(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle_readers.put(connection)


def with_bell(connection: sqlite3.Connection, call: Callable[[str], None]) -> None:
    """Make `news.ring` work on a connection: it calls with the channel."""
    connection.create_function("pg_notify", 2, lambda channel, _: call(channel))


def locked(path: Path) -> IO[bytes]:
    """The lock file beside the database, held."""
    lock = path.with_name(f"{path.name}.lock").open("ab")
    if not hold(lock):
        lock.close()
        fix = "stop the other one first, or give this one a data directory of its own"
        raise UserError(f"Another Lockstep has the database {path.name} open; {fix}.")
    return lock


def _reason(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
