"""Random plans for benchmarks, the same for the same seed, and what goes through one without an engine."""

import asyncio
import graphlib
import random
from collections.abc import Awaitable, Callable

from services.core.graph import needs_of
from services.core.plan import Plan, Task


def layered(count: int, *, width: int = 50, seed: int = 1) -> Plan:
    """`count` tasks in layers of `width`, each needing one to three of the layer before."""
    draw = random.Random(seed)
    tasks: list[Task] = []
    before: list[str] = []
    layer: list[str] = []
    for number in range(count):
        if len(layer) == width:
            before, layer = layer, []
        needs = tuple(draw.sample(before, min(len(before), draw.randint(1, 3))))
        tasks.append(Task(id=f"t{number}", title=f"Task {number}", repo="acme/api", needs=needs))
        layer.append(tasks[-1].id)
    return Plan(title="layers", tasks=tuple(tasks))


def drawn(seed: int) -> Plan:
    """A plan of 5 to 120 tasks of one of three shapes people write: loose, layered, or a few long chains."""
    draw = random.Random(seed)
    count, shape = draw.randint(5, 120), seed % 3
    tasks: list[Task] = []
    for number in range(count):
        if shape == 0:
            earlier = [task.id for task in tasks[-15:]]
            needs = draw.sample(earlier, min(len(earlier), draw.choice([0, 0, 1, 1, 2, 3])))
        elif shape == 1:
            earlier = [task.id for task in tasks[max(0, number - number % 8 - 8) : number - number % 8]]
            needs = draw.sample(earlier, min(len(earlier), draw.randint(1, 2)))
        else:
            needs = [tasks[number - 6].id] if number >= 6 else []
        tasks.append(Task(id=f"t{number}", title=f"Task {number}", repo="acme/api", needs=tuple(sorted(needs))))
    return Plan(title=f"drawn {seed}", tasks=tuple(tasks))


async def driven(plan: Plan, in_flight: int, kept: Callable[[str, str], Awaitable[None]] | None = None) -> None:
    """asyncio and graphlib, nothing durable unless `kept` is told of a task's start and end."""
    order = graphlib.TopologicalSorter(needs_of(plan.tasks))
    order.prepare()
    ended: asyncio.Queue[str] = asyncio.Queue()
    places = asyncio.Semaphore(in_flight)

    async def one(task: str) -> None:
        async with places:
            if kept is not None:
                await kept(task, "running")
                await kept(task, "done")
            ended.put_nowait(task)

    async with asyncio.TaskGroup() as group:
        while order.is_active():
            for task in order.get_ready():
                group.create_task(one(task))
            order.done(await ended.get())
