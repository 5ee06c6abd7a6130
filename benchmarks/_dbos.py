"""The peer of `benchmarks engine`: DBOS on SQLite, one child workflow a task, started from outside as its facts ask.

An extra of the benchmarks alone (`pip install '.[bench]'`). A graph inside one workflow would be quicker, but after a
crash it can lose tasks or give one task another one's result, so that form is no peer.
"""

import asyncio
import graphlib
import tempfile
from time import perf_counter

from services.core.graph import needs_of
from services.core.plan import Plan


def dbos(plan: Plan, in_flight: int) -> float | None:
    """Seconds for the whole graph; None where DBOS is not installed."""
    try:
        import dbos as library
    except ImportError:
        return None
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        library.DBOS(
            config={
                "name": "benchmark",
                "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
                "log_level": "ERROR",
                "run_admin_server": False,
            }
        )

        @library.DBOS.workflow()  # type: ignore[untyped-decorator]
        async def nothing(task: str) -> str:
            return task

        async def one(task: str, places: asyncio.Semaphore, ended: asyncio.Queue[str]) -> None:
            async with places:
                handle = await library.DBOS.start_workflow_async(nothing, task)
                await handle.get_result()
                ended.put_nowait(task)

        async def go() -> float:
            library.DBOS.launch()
            began = perf_counter()
            order = graphlib.TopologicalSorter(needs_of(plan.tasks))
            order.prepare()
            places, ended = asyncio.Semaphore(in_flight), asyncio.Queue[str]()
            async with asyncio.TaskGroup() as group:
                while order.is_active():
                    for task in order.get_ready():
                        group.create_task(one(task, places, ended))
                    order.done(await ended.get())
            took = perf_counter() - began
            library.DBOS.destroy(destroy_registry=True)
            return took

        return asyncio.run(go())
