"""A worker for the benchmark `fleet`, in a process of its own: its attempts end at once, or never.

`python -m benchmarks._taker URL PLACES ends|hangs`; it prints `begun KEY` for each attempt.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import uvloop

from bot.conducting import attend
from bot.dispatch import isolated
from bot.loops import pause
from services.engine.orders import Order, Result
from services.engine.taking import Worker
from services.store.bell import Bell
from services.store.news import RESULT
from services.store.postgres import PostgresDatabase
from services.store.queue import CHANNEL, Queue
from services.store.results import Results
from services.store.tenure import Tenure


class _Nothing:
    """Carries nothing out."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs

    async def attempt(self, order: Order, _: Callable[[], Awaitable[bool]]) -> Result:
        sys.stdout.write(f"begun {order.key}\n")
        sys.stdout.flush()
        if self._hangs:
            await asyncio.Event().wait()
        return Result(kind="unchanged", fence=order.fence)


async def _work(url: str, places: int, *, hangs: bool) -> None:
    database = PostgresDatabase(url)
    await database.open()
    bell = Bell(url, (RESULT, CHANNEL), pause)
    queue = Queue(url, bell, pause)
    await bell.open()
    await queue.open()
    worker = Worker(
        name=f"taker-{id(queue)}", slots=places, queue=queue, results=Results(database),
        local=_Nothing(hangs=hangs), isolate=isolated,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        for work in (bell.run(), worker.run(), attend(Tenure(url, slots=places), pause)):
            group.create_task(work)


if __name__ == "__main__":
    uvloop.run(_work(sys.argv[1], int(sys.argv[2]), hangs=sys.argv[3] == "hangs"))
