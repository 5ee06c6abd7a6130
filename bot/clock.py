"""The one place that reads the time."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (a `services.core.clock.Clock`)."""

    def now(self) -> datetime:
        return datetime.now(UTC)
