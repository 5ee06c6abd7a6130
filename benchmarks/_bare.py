"""The least that could be called a durable engine: a task's start and its end, each a row and a state, on the disk.

Two tables, one writer, group commit, nothing else: no outbox, no leases, no history of who and why. What it takes says
how quick a machine and its disk are, so that figures of two machines can be compared.
"""

import asyncio
import queue
import sqlite3
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks._graphs import driven
from services.core.plan import Plan

SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE event (seq INTEGER PRIMARY KEY, task TEXT NOT NULL, kind TEXT NOT NULL) STRICT;
CREATE TABLE task (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
Said = tuple[str, str, "asyncio.Future[None]"]
"""The task, what it is now, and who waits until that is on the disk."""


async def bare(plan: Plan, in_flight: int) -> float:
    """Seconds from the first start to the last end."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None, check_same_thread=False)
        connection.executescript(SCHEMA)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO task VALUES (?, 'ready')", [(task.id,) for task in plan.tasks])
        connection.execute("COMMIT")
        said: queue.SimpleQueue[Said | None] = queue.SimpleQueue()

        async def kept(task: str, state: str) -> None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            said.put((task, state, future))
            await future

        async with asyncio.TaskGroup() as group:  # what is wrong in the thread ends the other side, too
            group.create_task(asyncio.to_thread(_write, connection, said, asyncio.get_running_loop()))
            began = perf_counter()
            try:
                await driven(plan, in_flight, kept)
            finally:
                said.put(None)
            took = perf_counter() - began
        connection.close()
    return took


def _write(
    connection: sqlite3.Connection, said: "queue.SimpleQueue[Said | None]", loop: asyncio.AbstractEventLoop
) -> None:
    """All that waits in one transaction, again and again, until it is told to end."""

    def answer(futures: "list[asyncio.Future[None]]") -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)

    is_open = True
    while is_open:
        taken = [said.get()]
        while not said.empty():
            taken.append(said.get())
        is_open = None not in taken
        group = [each for each in taken if each is not None]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO event (task, kind) VALUES (?, ?)", [each[:2] for each in group])
        connection.executemany("UPDATE task SET state = ? WHERE id = ?", [(state, task) for task, state, _ in group])
        connection.execute("COMMIT")
        loop.call_soon_threadsafe(answer, [future for _, _, future in group])
