"""One writer for many callers: nobody is answered before the disk has it, and one fsync answers all who wait.

A durable commit costs an fsync, whatever is in it. So a single thread takes everything that waits, carries it out in
one transaction and only then answers all callers at once. The size of such a group sets itself: it is what arrived
during the last fsync, so a lone write waits for nobody.

Each write fails alone, and that costs nothing as long as none does: a group is carried out as it is, and only when an
act raises is it undone and carried out once more with a savepoint around each act. The queue is bounded: a full one is
said at once (`StoreBusy`), so that a webhook can answer 503 and GitHub keeps the delivery in its log.
"""

import asyncio
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from services.errors import StoreBusy, StoreError, Unreadable
from services.store.db import DAMAGED, Connection

T = TypeVar("T")

GROUP = 512
"""Writes in one transaction at most, so that a flood cannot hold back the first answer for long."""
TRIES = 5
"""Times that a group is begun anew because something outside it came in between."""


class Again(Exception):
    """Nothing was committed, through no fault of an act: carry the whole group out again."""


class Over(StoreError):
    """The group has failed, and carrying it out again would not help."""


class _Kept:
    """Keeps what a block raises, whatever it is, for whoever waits for an answer in another thread."""

    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return True


class _Savepoint:
    """One write's part of the group's transaction: undone alone when it raises, its error kept for who awaits it."""

    error: BaseException | None = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("SAVEPOINT one")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Again | Over):
            return False
        self.error = error
        if error is not None:
            self._connection.execute("ROLLBACK TO SAVEPOINT one")
        self._connection.execute("RELEASE SAVEPOINT one")
        return True


@dataclass(eq=False, kw_only=True, slots=True)
class Write(Generic[T]):
    """A write on its way: what to do, who waits for it, and what came of it."""

    act: Callable[[Connection], T]
    future: asyncio.Future[T]
    result: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def carry_out(self, connection: Connection, *, apart: bool) -> None:
        if not apart:
            self.result = [self.act(connection)]
            return
        point = _Savepoint(connection)
        with point:
            self.result = [self.act(connection)]
        self.error = point.error

    def resolve(self, errors: type[Exception]) -> None:
        if self.future.done():  # the caller gave up waiting
            return
        if self.error is not None:
            self.future.set_exception(translated(self.error, errors))
        else:
            self.future.set_result(self.result[0])


def translated(error: BaseException, errors: type[Exception]) -> BaseException:
    """The database's own errors as ours, and what can't be decoded; a bug in the caller's function stays what it is."""
    if isinstance(error, StopIteration):  # a future can't carry it
        return RuntimeError("an act raised StopIteration")
    if isinstance(error, Again):
        return StoreError(f"nothing was committed, {TRIES} times: {error}")
    if not isinstance(error, (errors, *DAMAGED)):
        return error
    ours = Unreadable(str(error)) if isinstance(error, DAMAGED) else StoreError(f"the database refused: {error}")
    ours.__cause__ = error
    return ours


class GroupCommit(ABC):
    """A Database but for what its kind does: threads, queue and answers. See `services.store.db.Database`.

    capacity: writes that may wait before `StoreBusy`.  readers: concurrent reads.
    """

    errors: ClassVar[type[Exception]]
    """What the kind's library raises."""

    def __init__(self, *, capacity: int = 4_096, readers: int = 4) -> None:
        self._capacity = capacity
        self._waiting = 0
        self._queue: queue.SimpleQueue[Write[object] | None] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="store-read")
        self._rung: set[str] = set()
        self._heard_by: list[Callable[[str], None]] = []
        self._writer: threading.Thread | None = None

    @abstractmethod
    def _open(self) -> None:
        """Bring the schema up; UserError with one sentence when that can't be done."""

    @abstractmethod
    def _transaction(self, *, apart: bool, again: bool) -> AbstractContextManager[Connection]:
        """A transaction of the writer, committed durably at the end or undone when the block raises.

        apart: what an act does wrong must show before the act ends.  again: something came in between before.  Raises
        Again or Over, whichever is the case; anything else is the fault of an act, perhaps found out late.
        """

    @abstractmethod
    def _rest(self) -> None:
        """In the writer's thread, when all is answered and nothing waits: what has to be done some time."""

    @abstractmethod
    def _read(self, act: Callable[[Connection], T]) -> T:
        """Run `act` in a snapshot. At most `readers` threads do this at a time."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of everything; nothing runs any more."""

    @property
    def waiting(self) -> int:
        return self._waiting

    def heard_by(self, call: Callable[[str], None]) -> None:
        self._heard_by.append(call)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        is_open = False
        try:
            await loop.run_in_executor(self._pool, self._open)
            is_open = True
        finally:
            if not is_open:
                self._close()
        self._writer = threading.Thread(target=self._run, args=(loop,), name="store-write", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(self._pool, writer.join)
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self._close)

    async def write(self, act: Callable[[Connection], T]) -> T:
        if self._writer is None:
            raise StoreError("the database is closed")
        if self._waiting >= self._capacity:
            raise StoreBusy(f"{self._waiting} writes wait already")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.put(Write(act=act, future=future))  # type: ignore[arg-type]  # a queue of writes of any result
        return await future

    async def read(self, act: Callable[[Connection], T]) -> T:
        if self._writer is None:
            raise StoreError("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._translated_read, act)

    def _translated_read(self, act: Callable[[Connection], T]) -> T:
        try:
            return self._read(act)
        except (Again, *DAMAGED, self.errors) as error:
            raise translated(error, self.errors) from error

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """The writer thread: groups until the closing mark is met, then one last group."""
        open_ = True
        while open_:
            taken = [self._queue.get()]
            while len(taken) < GROUP and not self._queue.empty():
                taken.append(self._queue.get())
            open_ = None not in taken
            group = [write for write in taken if write is not None]
            self._commit(group)
            rung, self._rung = self._rung, set()
            loop.call_soon_threadsafe(self._resolve, group, rung)
            if open_ and self._queue.empty():
                self._rest()

    def _commit(self, group: Sequence[Write[object]]) -> None:
        """Together if that goes well; when an act fails, once more with each apart, so that it fails alone."""
        apart, again, tries = False, False, 0
        while group:
            error = self._tried(group, apart=apart, again=again)
            if error is None:
                return
            tries += 1
            again = again or isinstance(error, Again)
            if isinstance(error, Again) and tries < TRIES:
                continue
            if not apart and len(group) > 1 and not isinstance(error, Again | Over):
                apart = True
                continue
            for write in group:
                write.error = error
            return

    def _tried(self, group: Sequence[Write[object]], *, apart: bool, again: bool) -> BaseException | None:
        with _Kept() as kept, self._transaction(apart=apart, again=again) as connection:
            for write in group:
                write.carry_out(connection, apart=apart)
        return kept.error

    def _resolve(self, group: Sequence[Write[object]], rung: Collection[str]) -> None:
        self._waiting -= len(group)
        for write in group:
            write.resolve(self.errors)
        for channel in rung:
            for call in self._heard_by:
                call(channel)
