"""One connection to PostgreSQL as acts see it, in pipeline mode for as long as it lives.

Statements are sent as they come, and nobody waits for a result until somebody looks at it: `rowcount` and the fetches
do, and so does the end of a write. A transaction of statements that nobody looks at costs one round trip.

Values and results are what SQLite would make of them: a bool is stored as 1 or 0, sums come back as int, and a NUL,
which no text of PostgreSQL can hold, becomes U+FFFD.
"""

import contextlib
import functools
import re
import select
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from services.errors import StoreError
from services.store.db import Cursor
from services.store.patient import PatientConnection
from services.store.writer import Again, Over

MOST_PREPARED = 500
LATE_ERRORS = 8
MET_ANOTHER = {"40001", "40P01"}
"""SQL states of a transaction that met another one's; begun anew, it sees what the other did."""
PIECES = re.compile(r"""'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/|\?""", re.DOTALL)
ENDS = re.compile(r"\s*(BEGIN|START|COMMIT|END|ABORT|ROLLBACK(?!\s+TO\b)|PREPARE\s+TRANSACTION)\b", re.IGNORECASE)
ALTERS = re.compile(r"\s*(DROP|ALTER|DISCARD|DEALLOCATE)\b", re.IGNORECASE)


class PipelinedConnection:
    """A Connection of `services.store.db`. Used by one thread at a time; what it raises:

    Again: the connection was lost (or silent, see `patient`) before anything was committed, or another transaction came
    in between.  Over: it was lost while it was being committed.  psycopg.Error: the statement's fault, or an earlier
    one's nobody looked at.
    """

    def __init__(self, connection: PatientConnection) -> None:
        connection.prepare_threshold, connection.prepared_max = 0, MOST_PREPARED
        connection.adapters.register_dumper(str, StrDumperUnknown)
        connection.adapters.register_dumper(int, Int8Dumper)  # one type for all sizes: one prepared statement
        connection.adapters.register_dumper(bool, _BoolDumper)
        connection.adapters.register_loader("numeric", _NumberLoader)
        self._connection = connection
        self._stack = contextlib.ExitStack()
        self._pipeline = self._stack.enter_context(connection.pipeline())
        self._is_behind = False
        self._is_eager = False
        self._is_committing = False

    # What acts use.

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        return self._sent(psycopg.RawCursor(self._connection), _for_acts(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor:
        cursor = psycopg.RawCursor(self._connection)
        try:
            cursor.executemany(_for_acts(sql), [_storable(row) for row in parameters])
        except psycopg.Error as error:
            raise self._judged(error) from error
        return self._arriving(cursor)

    # What the database around it uses.

    @contextlib.contextmanager
    def transaction(self, *, eager: bool, first: str = "") -> Iterator["PipelinedConnection"]:
        """Everything in it, committed at the end, or nothing. eager: each statement's errors show at once.  first: said
        before anything else.
        """
        is_done = False
        try:
            self._own("BEGIN ISOLATION LEVEL REPEATABLE READ")
            if first:
                self._own(first)
            self._is_eager = eager  # and nothing is prepared: see _roll_back
            yield self
            self._is_committing = True
            ended = self._own("COMMIT")
            self.catch_up()
            if ended.statusmessage != "COMMIT":
                raise Over("an act hid an error of the database")
            is_done = True
        finally:
            self._is_eager = False
            if not is_done:  # also where it seems idle: the answer to BEGIN may be on its way, behind an error's
                self._roll_back()
            self._is_committing = False

    @contextlib.contextmanager
    def snapshot(self) -> Iterator["PipelinedConnection"]:
        """One state of the database, to read only."""
        is_done = False
        try:
            self._own("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield self
            if self._is_behind:
                self.catch_up()
            self._own("COMMIT")  # its result, which is always the same, is met at the next reading
            is_done = True
        finally:
            if not is_done:
                self._roll_back()

    @property
    def is_alive(self) -> bool:
        """Has the server not said goodbye? Costs no round trip, so a cut cable is not noticed here."""
        if self._connection.closed:
            return False
        try:
            if _ready(self._connection, select.POLLIN, 0):
                self._connection.pgconn.consume_input()
        except (psycopg.Error, OSError, ValueError):
            return False
        return not self._connection.closed

    def catch_up(self) -> None:
        """Wait for every result that is still on its way; raises what went wrong."""
        try:
            self._pipeline.sync()
            self._is_behind = False
        except psycopg.Error as error:
            raise self._judged(error) from error

    def close(self) -> None:
        """At once: a server that answers nothing is not waited for."""
        self._connection.close()
        with contextlib.suppress(psycopg.Error):
            self._stack.close()

    # Inside.

    @property
    def _is_idle(self) -> bool:
        return self._connection.pgconn.transaction_status == TransactionStatus.IDLE

    def _own(self, sql: str) -> "psycopg.RawCursor[Any]":
        cursor = psycopg.RawCursor(self._connection)
        self._sent(cursor, sql, ())
        return cursor

    def _sent(self, cursor: "psycopg.RawCursor[Any]", sql: str, parameters: Sequence[Any]) -> Cursor:
        try:
            self._send(cursor, sql, parameters)
        except psycopg.Error as error:
            raise self._judged(error) from error
        return self._arriving(cursor)

    def _send(self, cursor: "psycopg.RawCursor[Any]", sql: str, parameters: Sequence[Any]) -> None:
        """Nearly no text holds a NUL, so psycopg looks for it, and says so before it sends anything."""
        prepare = False if self._is_eager else None
        try:
            cursor.execute(sql, parameters, prepare=prepare)
        except psycopg.DataError:
            storable = _storable(parameters)
            if storable == list(parameters):
                raise
            cursor.execute(sql, storable, prepare=prepare)

    def _arriving(self, cursor: "psycopg.RawCursor[Any]") -> Cursor:
        self._is_behind = True
        self._push_out()
        arriving = _Arriving(self, cursor)
        if self._is_eager:
            arriving.look()
        return arriving

    def _push_out(self) -> None:
        """Until the server has all of it. psycopg sends what the socket takes at once; after a long value it would wait
        for the answer to a question whose end never left.
        """
        connection = self._connection
        try:
            while connection.pgconn.flush():
                ready = _ready(connection, select.POLLIN | select.POLLOUT, connection.patience)
                if not ready:
                    raise connection.silent()
                if ready & ~select.POLLOUT:
                    connection.pgconn.consume_input()
        except (psycopg.Error, OSError, ValueError) as error:
            raise self._judged(_lost(error)) from error

    def _judged(self, error: psycopg.Error) -> Exception:
        state = error.sqlstate or ""
        if state in MET_ANOTHER:
            return Again(f"another transaction came in between: {error}")
        if not self._connection.closed and not state.startswith(("08", "57P")):
            return error
        self._connection.close()
        if self._is_committing:
            return Over(f"the connection was lost during the commit, which may have happened or not: {error}")
        return Again(f"the connection was lost: {error}")

    def _roll_back(self) -> None:
        """Undo, and be ready for the next transaction; where that fails, let go of the connection.

        psycopg has the server forget all prepared statements after a rollback, but only behind the next statement it
        sends, and would lose that one too if it had been prepared. So what is sent here is not.
        """
        self._is_committing = self._is_behind = False
        with contextlib.suppress(psycopg.Error):
            self._drain()
            if not self._is_idle:
                psycopg.RawCursor(self._connection).execute("ROLLBACK", prepare=False)
                self._pipeline.sync()
            psycopg.RawCursor(self._connection).execute("SELECT 1", prepare=False)
            self._pipeline.sync()
            return
        self.close()

    def _drain(self) -> None:
        """Take in all results that are on their way; those behind an error are errors too, and each is raised."""
        for _ in range(LATE_ERRORS):
            with contextlib.suppress(psycopg.Error):
                self._pipeline.sync()
                return
        self._pipeline.sync()


def _ready(connection: "psycopg.Connection[Any]", wanted: int, seconds: float) -> int:
    """What the socket is ready for. Not by `select`, which knows no more than 1,024 open files."""
    poll = select.poll()
    poll.register(connection, wanted)
    return sum(event for _, event in poll.poll(seconds * 1e3))


def _lost(error: Exception) -> psycopg.Error:
    return error if isinstance(error, psycopg.Error) else psycopg.OperationalError(str(error))


class _Arriving:
    """A statement's result, waited for when somebody looks."""

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: PipelinedConnection, cursor: "psycopg.RawCursor[Any]") -> None:
        self._connection = connection
        self._cursor = cursor

    def look(self) -> "psycopg.RawCursor[Any]":
        if self._connection._is_behind:  # noqa: SLF001 - its other half
            self._connection.catch_up()
        return self._cursor

    @property
    def rowcount(self) -> int:
        return self.look().rowcount

    def fetchone(self) -> Any:
        cursor = self.look()
        return cursor.fetchone() if cursor.pgresult is not None and cursor.pgresult.nfields else None

    def fetchall(self) -> list[Any]:
        return self.look().fetchall()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


@functools.lru_cache(maxsize=2_000)
def numbered(sql: str) -> str:
    """`?` as `$1`, `$2` …, but in quotes and comments."""
    count = 0

    def piece(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] != "?":
            return found[0]
        count += 1
        return f"${count}"

    return PIECES.sub(piece, sql)


@functools.lru_cache(maxsize=2_000)
def _for_acts(sql: str) -> str:
    if ENDS.match(sql):
        raise StoreError(f"an act must not end the transaction it shares with others: {sql}")
    if ALTERS.match(sql):
        raise StoreError(f"an act must not change the schema, that is for migrations: {sql}")
    return numbered(sql)


def _storable(values: Sequence[Any]) -> list[Any]:
    return [each.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(each, str) else each for each in values]


class _BoolDumper(Dumper):
    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> Buffer:
        return b"1" if obj else b"0"


class _NumberLoader(Loader):
    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)
