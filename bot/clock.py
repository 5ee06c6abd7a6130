"""The one place that reads the time, and lets it pass."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (a `services.core.clock.Clock`)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


async def pause(seconds: float) -> None:
    """Let this much time pass; never to wait for something that tells when it is there."""
    await asyncio.sleep(seconds)
