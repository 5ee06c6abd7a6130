"""Letting go of work in good order: what can end soon may end, the rest is cut off."""

import asyncio
from collections.abc import Awaitable, Callable, Collection


async def ended(tasks: Collection["asyncio.Task[object]"], patience: float) -> bool:
    """Wait so many seconds for these tasks to end and cancel what is left; True when nothing was."""
    if not tasks:
        return True
    _, rest = await asyncio.wait(tasks, timeout=patience)
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest)
    return not rest


class Busy:
    """What is under way for owners, repositories or plans, each in a task of its own. holds: is such a place ours?"""

    def __init__(self, holds: Callable[[str], bool]) -> None:
        self._holds = holds
        self._tasks: dict[asyncio.Task[object], str] = {}

    async def carry_out(self, place: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do this in the task that asks, unless others conduct that place by now."""
        task = asyncio.current_task()
        if task is None or not self._holds(place):
            return
        self._tasks[task] = place
        try:
            await work()
        finally:
            del self._tasks[task]

    async def let_go(self, patience: float) -> bool:
        """Do nothing more for what others conduct; False when something was cut off after so many seconds."""
        return await ended([task for task, place in self._tasks.items() if not self._holds(place)], patience)
