"""Letting go of work in good order: what can end soon may end, the rest is cut off."""

import asyncio
from collections.abc import Collection


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
