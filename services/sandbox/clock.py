"""The sandbox's one source of time, so that a simulation can put virtual time in its place.

GitHub's timestamps have whole seconds; order inside a second is told by ids, which only grow.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]


def system_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """GitHub's spelling of a moment: `2026-11-22T19:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
