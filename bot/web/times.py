"""Times as people read them: how long ago and when, never negative, in UTC; a page's script puts them into the reader's
own zone.
"""

from datetime import UTC, datetime

import msgspec

from services.core.durations import lasting


class When(msgspec.Struct, frozen=True, kw_only=True):
    """A moment: `iso` for machines, `text` for people, such as "12 min ago · 14:02"."""

    iso: str
    text: str


def when(moment: datetime | None, now: datetime) -> When | None:
    """A moment seen from now; the date is left out on the same day."""
    if moment is None:
        return None
    there = moment.astimezone(UTC)
    at = clock(there, now)
    return When(iso=there.isoformat(timespec="seconds"), text=f"{lasting((now - there).total_seconds())} ago · {at}")


def clock(moment: datetime, now: datetime, *, seconds: bool = False) -> str:
    """14:02 (or 14:02:10) today, with the date before it on other days."""
    there = moment.astimezone(UTC)
    date = "" if there.date() == now.astimezone(UTC).date() else f"{there:%Y-%m-%d} "
    return f"{date}{there:%H:%M:%S}" if seconds else f"{date}{there:%H:%M}"
