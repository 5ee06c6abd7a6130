"""The one place that reads the time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (a `services.core.clock.Clock`)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def seconds() -> float:
    """Of no certain beginning; they pass while this process stands still, and where that can be told while the machine
    sleeps, too.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
