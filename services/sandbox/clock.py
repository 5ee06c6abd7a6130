"""The sandbox's one source of time, and of what goes on beside requests.

One place, so that a simulation can put virtual time there. GitHub's timestamps have whole seconds; order inside a
second is told by ids, which only grow.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Now = Callable[[], datetime]


def system_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=1_024)
def stamp(moment: datetime) -> str:
    """GitHub's spelling of a moment: `2026-11-22T19:00:00Z`."""
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{at.isoformat()[:19]}Z"


def elapsed() -> float:
    """Seconds on a clock that never jumps, to measure by."""
    return time.monotonic()


async def pause(seconds: float) -> None:
    """Let time pass: injected latency and lateness."""
    await asyncio.sleep(seconds)


def background(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Start something that runs until it is cancelled; the server keeps and ends it."""
    return asyncio.create_task(work)
