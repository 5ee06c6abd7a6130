"""One SQLite file, one writer, and nobody is answered before the disk has it.

A commit with `synchronous=FULL` costs an fsync, whatever is in it. So a single thread takes everything that waits,
carries it out in one transaction and only then answers all callers at once. The size of such a group sets itself: it is
what arrived during the last fsync, so a lone write waits for nobody. Each write has its own savepoint and fails alone.

Readers get a snapshot on connections of their own that cannot write. The queue is bounded: a full one is said at once
(`StoreBusy`), so that a webhook can answer 503 and GitHub keeps the delivery in its log.
"""

import asyncio
import contextlib
import queue
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from services.errors import StoreBusy, StoreError, UserError
from services.store.migrate import migrate

T = TypeVar("T")


class Cursor(Protocol):
    """What came of one statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What an act may do with a database: run SQL that both know, with `?` for each value."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor: ...


GROUP = 512
"""Writes in one transaction at most, so that a flood cannot hold back the first answer for long."""


class _Savepoint:
    """One write's part of the group's transaction: undone alone when it raises, its error kept for who awaits it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        self._connection.execute("SAVEPOINT one")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        if error is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO one")
        if not self._connection.in_transaction:
            raise StoreError("the database ended the transaction early") from error
        self._connection.execute("RELEASE one")
        return True


@dataclass(eq=False, kw_only=True, slots=True)
class _Write(Generic[T]):
    """A write on its way: what to do, who waits for it, and what came of it."""

    act: Callable[[Connection], T]
    future: asyncio.Future[T]
    result: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def carry_out(self, connection: sqlite3.Connection) -> None:
        point = _Savepoint(connection)
        with point:
            self.result.append(self.act(connection))
        self.error = point.error

    def resolve(self) -> None:
        if self.future.done():  # the caller gave up waiting
            return
        if self.error is not None:
            self.future.set_exception(_translated(self.error))
        else:
            self.future.set_result(self.result[0])


def _translated(error: BaseException) -> BaseException:
    """The database's own errors as ours; a bug in the caller's function stays what it is."""
    if isinstance(error, StopIteration):  # a future can't carry it
        return RuntimeError("a write raised StopIteration")
    if not isinstance(error, sqlite3.Error):
        return error
    ours = StoreError(f"the database refused: {error}")
    ours.__cause__ = error
    return ours


class Database:
    """The file and its threads. Open it once per process, in the event loop that uses it.

    path: the file, or ":memory:" for one that lives in a temporary folder until `close` and is never fsynced.
    capacity: writes that may wait before `StoreBusy`.  readers: concurrent reads.
    """

    def __init__(self, path: Path | str, *, capacity: int = 4_096, readers: int = 4) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lockstep-") if str(path) == ":memory:" else None
        self.path = Path(self._folder.name) / "lockstep.sqlite" if self._folder else Path(path)
        self._capacity = capacity
        self._waiting = 0
        self._queue: queue.SimpleQueue[_Write[object] | None] = queue.SimpleQueue()
        self._idle_readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._reader_count = readers
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="store-read")
        self._writer: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Writes that are not answered yet."""
        return self._waiting

    async def open(self) -> None:
        """Create or migrate the file and start the writer; UserError when it can't be used as it is."""
        loop = asyncio.get_running_loop()
        connection = await loop.run_in_executor(self._pool, self._open_connections)
        self._writer = threading.Thread(target=self._run, args=(connection, loop), name="store-write", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        """Carry out what is queued, answer it, and let go of the file. Closing twice does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(self._pool, writer.join)
        await asyncio.to_thread(self._pool.shutdown)
        while not self._idle_readers.empty():
            self._idle_readers.get().close()
        if self._folder is not None:
            self._folder.cleanup()

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Run `act` in the writer's transaction and return its result once that is committed.

        `act` shares its transaction with others and must not commit. Its own exceptions come back as they are, the
        database's as StoreError; StoreBusy when too much waits already. Giving up waiting does not undo the write.
        """
        if self._writer is None:
            raise StoreError("the database is closed")
        if self._waiting >= self._capacity:
            raise StoreBusy(f"{self._waiting} writes wait already")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.put(_Write(act=act, future=future))  # type: ignore[arg-type]  # a queue of writes of any result
        return await future

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection that cannot write, in one snapshot; the database's errors come as StoreError."""
        if self._writer is None:
            raise StoreError("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, act)

    def _open_connections(self) -> sqlite3.Connection:
        try:
            with contextlib.ExitStack() as stack:
                connection = self._connect()
                stack.callback(connection.close)
                connection.execute("PRAGMA journal_mode=WAL").fetchone()
                migrate(connection)
                stack.pop_all()
            for _ in range(self._reader_count):
                reader = self._connect()
                reader.execute("PRAGMA query_only=ON")
                self._idle_readers.put(reader)
        except sqlite3.Error as error:
            hint = "check that it is a Lockstep database in a folder that can be written to"
            raise UserError(f"The database {self.path.name} can't be opened ({error}); {hint}.") from error
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10.0, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA synchronous={'OFF' if self._folder else 'FULL'}")
        connection.execute("PRAGMA wal_autocheckpoint=1000")  # bigger checkpoints cost more at the tail than they save
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-65536")  # KiB: pages of a large decision stay in memory until its commit
        connection.execute("PRAGMA temp_store=MEMORY")  # or what a savepoint could undo goes through a file
        return connection

    def _read(self, act: Callable[[Connection], T]) -> T:
        connection = self._idle_readers.get()
        try:
            connection.execute("BEGIN")
            return act(connection)
        except sqlite3.Error as error:
            raise _translated(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle_readers.put(connection)

    def _run(self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        """The writer thread: groups until the closing mark is met, then one last group."""
        open_ = True
        while open_:
            taken = [self._queue.get()]
            while len(taken) < GROUP and not self._queue.empty():
                taken.append(self._queue.get())
            open_ = None not in taken
            group = [write for write in taken if write is not None]
            self._commit(connection, group)
            loop.call_soon_threadsafe(self._resolve, group)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, group: list[_Write[object]]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in group:
                write.carry_out(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, StoreError) as error:
            failure = StoreError(f"nothing was committed: {error}")
            failure.__cause__ = error
            for write in group:
                write.error = failure
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")

    def _resolve(self, group: list[_Write[object]]) -> None:
        self._waiting -= len(group)
        for write in group:
            write.resolve()
