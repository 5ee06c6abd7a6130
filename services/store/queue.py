"""Attempts on their way to workers: PgQueuer on the same PostgreSQL, asked on one connection of its own.

PgQueuer gives what is hard to get right: a queue that many workers take from at once, in order of priority, each piece
once; pieces of a worker that stopped beating are handed out again. It is driven through a driver of ours, because its
own keeps listening and asking on one connection and so lets a new piece wait for up to a second; here the process's
Bell listens. What is asked while the database is away is asked again until it is back: each question may be repeated.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Self

import psycopg
import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, JobId
from pgqueuer.ports.driver import Driver, NotifyCallback
from psycopg.rows import dict_row

from services.core.backoff import delay
from services.errors import StoreError, UserError
from services.store.bell import Bell
from services.store.connect import connected
from services.store.db import Connection
from services.store.owned import OwnedQueries

ENTRY = "attempt"
"""What pieces are called; those of an agent with a limit `attempt:agent`, for a limit is one of all called alike."""
CHANNEL = "lockstep_queue"
BEAT = timedelta(seconds=3)
"""A worker that has not beaten for so long is taken for dead, and what it had is handed out again; half of it is the
time between two beats. Its default of 30 s would let a killed worker's tasks stand still for half a minute."""
LOOK = timedelta(seconds=1)
"""How often a worker with free places looks for what dead ones left: nobody rings for those."""
NAMES = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel(CHANNEL),
    function="lockstep_queue_changed",
    trigger="lockstep_queue_changed",
    queue_status_type="lockstep_queue_status",
    queue_table="lockstep_queue",
    queue_table_log="lockstep_queue_log",
    statistics_table="lockstep_queue_statistics",
    schedules_table="lockstep_queue_schedules",
    durability=Durability.balanced,
)
"""Said in full, or PgQueuer would take names from whatever the environment calls CHANNEL or FUNCTION."""
FIND = "SELECT id FROM lockstep_queue WHERE dedupe_key = $1 AND status IN ('queued', 'picked')"

URGE = "UPDATE lockstep_queue SET priority = $2 WHERE dedupe_key = $1 AND status = 'queued' AND priority <> $2"
UNWANTED = """
SELECT dedupe_key FROM lockstep_queue q WHERE dedupe_key IS NOT NULL AND status IN ('queued', 'picked')
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.key = q.dedupe_key AND o.state <> 'done')
"""
OLD = "DELETE FROM lockstep_queue_log WHERE created < now() - interval '7 days'"

Work = Callable[[Job, Context], Awaitable[None]]
HandBack = RetryRequested
"""Raised by whoever carries a piece out and can't: it is handed out again, after a delay."""

log = structlog.get_logger(__name__)


class _Driver(Driver):
    """Asks on a connection of its own, and hears through the Bell."""

    def __init__(self, url: str, bell: Bell, pause: Callable[[float], Awaitable[None]]) -> None:
        self._url, self._bell, self._pause = url, bell, pause
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False
        self._shutdown = asyncio.Event()
        self._tm = TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        tries = 0
        while True:
            try:
                connection = await self._living()
                cursor = psycopg.AsyncRawCursor(connection, row_factory=dict_row)
                await cursor.execute(query.encode(), args or None)
                return await cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError as error:
                if self._connection is not None and not self._connection.closed:
                    raise
                tries += 1
                log.warning("the queue can't be asked; trying again", error=str(error).strip(), tries=tries)
                await self._pause(delay("queue", tries, base=0.2, cap=5.0))

    async def execute(self, query: str, *args: object) -> str:
        await self.fetch(query, *args)
        return ""

    async def notify(self, channel: str, payload: str) -> None:
        await self.fetch("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        self._bell.on(channel, callback)

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tm

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def connect(self) -> None:
        self._connection = await connected(self._url, "queue")

    async def close(self) -> None:
        self._is_closed = True
        async with self._connecting:
            if self._connection is not None:
                async with self._connection.lock:  # what is being asked is answered
                    await self._connection.close()

    async def _living(self) -> psycopg.AsyncConnection[Any]:
        async with self._connecting:
            if self._is_closed:
                raise StoreError("the queue is closed")
            if self._connection is None or self._connection.closed:
                await self.connect()
        assert self._connection is not None  # noqa: S101 - connect made it
        return self._connection


class _Manager(QueueManager):
    """Takes no more than `slots` at a time. PgQueuer's own setting for that allows no less than two."""

    slots = 1

    def fetch_jobs(
        self,
        batch_size: int,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> AsyncGenerator[Job, None]:
        return super().fetch_jobs(batch_size, self.slots, heartbeat_timeout)


class Queue:
    """The queue of attempts, for those who put in and those who take out. pause: waits so many seconds. limits: of each
    agent there is, how many attempts of it all workers together carry out at a time, 0 for no limit. The workers keep
    it, and each is told the same.
    """

    def __init__(
        self,
        url: str,
        bell: Bell,
        pause: Callable[[float], Awaitable[None]],
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self._limits = limits or {}
        self._driver = _Driver(url, bell, pause)
        self._queries = OwnedQueries(
            self._driver, QueryBuilderEnvironment(NAMES), QueryQueueBuilder(NAMES), QuerySchedulerBuilder(NAMES)
        )
        self._manager = _Manager(self._queries, Channel(CHANNEL))
        self._queries.owner = self._manager.queue_manager_id

    async def open(self) -> None:
        """Connect, and bring PgQueuer's tables up to the version that is installed; UserError when that fails."""
        try:
            await self._driver.connect()
            await self._queries.apply_upgrade()
        except psycopg.Error as error:
            fix = "check that the server runs and the rights of its user"
            raise UserError(f"The queue's tables can't be set up ({str(error).strip()}); {fix}.") from error

    async def close(self) -> None:
        await self._driver.close()

    async def put(self, key: str, body: bytes, priority: int, agent: str = "") -> None:
        """Have this attempt carried out by a worker. Where it waits already it is as urgent as this from now on, and
        where it runs nothing happens.
        """
        entry = f"{ENTRY}:{agent}" if self._limits.get(agent) else ENTRY
        if None in await self._queries.enqueue(entry, body, priority, dedupe_key=key, on_conflict="skip"):
            await self._driver.execute(URGE, key, priority)

    async def cancel(self, key: str) -> None:
        """Have it carried out no more: it leaves the queue, and a worker that has it is told to stop."""
        rows = await self._driver.fetch(FIND, key)
        if rows:
            await self._queries.mark_job_as_cancelled([JobId(int(str(row["id"]))) for row in rows])

    async def tidy(self) -> None:
        """Take out what nobody waits for, and drop old lines of the queue's own log."""
        for row in await self._driver.fetch(UNWANTED):
            await self.cancel(str(row["dedupe_key"]))
        await self._driver.execute(OLD)

    async def take(self, work: Work, slots: int) -> None:
        """Carry out what is put in, at most so many at a time, until `stop`; then return when the last has ended."""
        self._manager.slots = slots
        self._manager.entrypoint(ENTRY, accepts_context=True)(work)
        for agent, limit in self._limits.items():  # also without a limit: another process may have one by now
            self._manager.entrypoint(f"{ENTRY}:{agent}", accepts_context=True, concurrency_limit=limit)(work)
        await self._manager.run(
            batch_size=1,
            max_concurrent_tasks=max(2, slots),
            dequeue_timeout=LOOK,
            heartbeat_timeout=BEAT,
            log_aggregation_interval=timedelta(0),
        )

    def stop(self) -> None:
        """Take nothing more."""
        self._manager.shutdown.set()

    def finish(self, c: Connection, job: JobId) -> None:
        """Part of a transaction: this piece is done, so nobody gets it again."""
        c.execute(self._queries.qbq.build_log_job_query(), ([job], ["successful"], [None]))
