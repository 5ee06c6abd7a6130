"""What time is to the rest of Lockstep: a value that somebody hands in.

Nothing below bot/ reads a clock, so a whole run can be replayed with any times. Times are aware, in UTC, and stored as
text of one fixed width: it sorts like the time it names and can be read in any SQLite shell.
"""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Whoever can say what time it is."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


def to_text(moment: datetime) -> str:
    """`2026-03-01T09:30:00.000000+00:00`, always 32 characters; ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not stored")
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return at.isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """The reverse of `to_text`; ValueError for anything it did not write."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not stored")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
