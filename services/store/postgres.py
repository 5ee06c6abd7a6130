"""A PostgreSQL database, which several processes may share.

Writes are transactions of REPEATABLE READ, so what an act has read cannot change under it: one that meets another
process's is begun anew, and from then on takes turns with all that are, or of many at one row some would meet others
for ever. Each read is one snapshot on a connection of its own. A server that was restarted costs no more than a new
connection; one that is away fails what is asked of it with StoreError, until it is back.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from services.errors import UserError
from services.store.db import Connection
from services.store.migrate import migrate_postgresql
from services.store.patient import PatientConnection
from services.store.pipelined import PipelinedConnection
from services.store.writer import Again, GroupCommit, Over

T = TypeVar("T")

OLDEST = 14
"""The major version of PostgreSQL that is asked for at least."""
DEFAULTS = {
    "application_name": "lockstep",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
}
"""What a connection is opened with unless the URL says otherwise: a server that is cut off is noticed in a minute."""
SESSION = """
SELECT set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on'
                                             ELSE current_setting('synchronous_commit') END, false),
       set_config('plan_cache_mode', 'force_generic_plan', false)
"""
"""Nobody holds up the others for long; the disk has what was answered; a prepared statement is planned once."""
TURN = "LOCK TABLE ledger_turn IN SHARE ROW EXCLUSIVE MODE"
"""Waits for whoever else has said it, or has begun to account for a call, to commit. It looks at nothing, so what the
transaction sees is what is there after that."""
STANDS_STILL = 3.0
"""Seconds after which the server ends a writer that says nothing in the middle of a transaction, and undoes it. Less
than its process may be silent before others take its shards (`LEASE`), who need the rows it has locked."""
LOCKED_OUT = 3.5
"""Seconds after which a writer that waits for another's rows gives up, for the same reason; longer than one may stand
still that has them."""
SILENT = 60.0
"""Seconds without a word after which a connection is taken for lost, though what lies between may still confirm it. A
server says nothing of a whole group before its end, and each of its writes may wait for others' rows (`LOCKED_OUT`)."""
GONE = "SET client_connection_check_interval = '1s'"
"""The server looks whether whoever asked is still there, also while it works or waits; not all systems can."""


class PostgresDatabase(GroupCommit):
    """A Database on a server. url: `postgresql://user:password@host:5432/database`, or anything else libpq knows."""

    errors = psycopg.Error

    def __init__(self, url: str, *, capacity: int = 4_096, readers: int = 4) -> None:
        super().__init__(capacity=capacity, readers=readers)
        self._parameters = _parameters(url)
        self._writing: PipelinedConnection | None = None
        self._closing = threading.Event()
        self._idle: queue.SimpleQueue[PipelinedConnection | None] = queue.SimpleQueue()
        for _ in range(readers):
            self._idle.put(None)

    def _open(self) -> None:
        try:
            with psycopg.connect(**self._parameters, autocommit=True) as connection:
                _check(connection)
                _watched(connection)  # who is stopped while it waits for its turn leaves no session behind
                migrate_postgresql(connection, pause=self._pause)
            self._writing = self._connected(writes=True)
        except (psycopg.Error, Over) as error:
            fix = "check that the server runs, and the name, password and rights in the database URL"
            raise UserError(f"The database {self._where} can't be used ({self._told(error)}); {fix}.") from None

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise Over("it was closed meanwhile")

    def _rest(self) -> None:
        """The server does such things itself."""

    def _close(self) -> None:
        self._closing.set()
        if self._writing is not None:
            self._writing.close()
        self._let_idle_go()

    @contextmanager
    def _transaction(self, *, apart: bool, again: bool) -> Iterator[Connection]:
        self._writing = self._living(self._writing, writes=True)
        with self._writing.transaction(eager=apart, first=TURN if again else "") as connection:
            yield connection

    def _read(self, act: Callable[[Connection], T]) -> T:
        reader = self._idle.get()
        try:
            with suppress(Again):  # a connection that was lost without a goodbye
                reader = self._living(reader)
                with reader.snapshot() as connection:
                    return act(connection)
            reader = self._living(reader)
            with reader.snapshot() as connection:
                return act(connection)
        finally:
            self._idle.put(reader)

    def _living(self, connection: PipelinedConnection | None, *, writes: bool = False) -> PipelinedConnection:
        if connection is not None:
            if connection.is_alive:
                return connection
            connection.close()
            self._let_idle_go()
        return self._connected(writes=writes)

    def _let_idle_go(self) -> None:
        """What has cost one connection has mostly cost the others too, and each that is only silent costs a reader its
        patience.
        """
        with suppress(queue.Empty):
            for _ in range(self._idle.qsize()):
                reader = self._idle.get_nowait()
                if reader is not None:
                    reader.close()
                self._idle.put(None)

    def _connected(self, *, writes: bool = False) -> PipelinedConnection:
        try:
            with ExitStack() as unless_ready:
                connection = PatientConnection.connect(**self._parameters, autocommit=True)
                unless_ready.callback(connection.close)
                connection.patience = SILENT
                connection.execute(SESSION)
                if writes:
                    limits = {"idle_in_transaction_session_timeout": STANDS_STILL, "lock_timeout": LOCKED_OUT}
                    for name, seconds in limits.items():
                        connection.execute("SELECT set_config(%s, %s, false)", (name, f"{seconds * 1000:.0f}ms"))
                    _watched(connection)
                unless_ready.pop_all()
        except psycopg.Error as error:
            raise Over(f"the database can't be reached: {self._told(error)}") from None
        return PipelinedConnection(connection)

    @property
    def _where(self) -> str:
        given = self._parameters
        host = given.get("host") or given.get("hostaddr") or "on this machine"
        return f"{given.get('dbname') or given.get('user') or 'postgres'} at {host}"

    def _told(self, error: Exception) -> str:
        """The first line of an error, without the password."""
        told = str(error).partition("\n")[0].strip()
        password = str(self._parameters.get("password") or "")
        return told.replace(password, "…") if password else told


def _parameters(url: str) -> dict[str, Any]:
    example = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
    unread = UserError(f"The database URL can't be read; it looks like {example}, with %40 for an @ and %2F for a /.")
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:  # its text quotes parts of the URL
        raise unread from None
    told = " ".join(str(given.get(name) or "") for name in ("host", "user", "dbname"))
    ports = str(given.get("port") or "1").split(",")
    if "@" in told or not all(port.isdigit() for port in ports):  # part of a password, for all we know
        raise unread
    return DEFAULTS | given


def _watched(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.errors.InvalidParameterValue):
        connection.execute(GONE)


def _check(connection: psycopg.Connection[Any]) -> None:
    found = connection.info.server_version // 10_000
    if found < OLDEST:
        raise UserError(f"The database server is PostgreSQL {found}; Lockstep needs {OLDEST} or newer.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UserError(f"The database is encoded in {encoding}; create it with ENCODING 'UTF8'.")
