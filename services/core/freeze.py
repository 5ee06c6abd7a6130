"""Times in which nothing is merged into a repository: from one moment to another, or whole days of the week (UTC)."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, field

from services.core.text import plain

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
Moment = Annotated[datetime, Meta(tz=True)]
LAST_YEAR = 9000
"""Days are counted on from an end, which must not lead out of the calendar."""


class Freeze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of them; ValueError when it is neither of the two, or has no end."""

    start: Annotated[Moment | None, Meta(description="When it begins, such as `2026-12-20T00:00:00Z`.")] = field(
        name="from", default=None
    )
    until: Annotated[Moment | None, Meta(description="When it ends.")] = None
    days: Annotated[
        tuple[Day, ...], Meta(max_length=6, description="Days of the week, in UTC, instead of moments.")
    ] = ()
    why: Annotated[str, Meta(max_length=100, description="What people are told.")] = ""

    def __post_init__(self) -> None:
        moments = self.start is not None and self.until is not None
        if moments == bool(self.days) or (self.start is None) != (self.until is None):
            raise ValueError("a freeze has either 'from' and 'until', or 'days'")
        if self.start is not None and self.until is not None and self.until <= self.start:
            raise ValueError("'until' comes after 'from'")
        if self.until is not None and self.until.year > LAST_YEAR:
            raise ValueError(f"'until' is in the year {LAST_YEAR} at the latest")

    def end(self, now: datetime) -> datetime | None:
        """When it ends, if it holds now."""
        if self.start is not None and self.until is not None:
            return self.until if self.start <= now < self.until else None
        day = now.astimezone(UTC)
        if DAYS[day.weekday()] not in self.days:
            return None
        while DAYS[day.weekday()] in self.days:
            day += timedelta(days=1)
        return datetime.combine(day.date(), time(), UTC)


UNREAD = Freeze(start=datetime(1970, 1, 1, tzinfo=UTC), until=datetime(LAST_YEAR, 1, 1, tzinfo=UTC))
"""Stands for a freeze that can't be read: a misspelt safeguard is none, so it holds until it is put right."""
UNREADABLE = "nothing is merged until the `freeze` in its settings can be read; `lockstep/config` says what is wrong"


def frozen(freezes: Sequence[Freeze], now: datetime) -> str:
    """Until when nothing is merged, and why, in words; "" when nothing speaks against it now."""
    holding = next((each for each in freezes if each.end(now)), None)
    if holding is None:
        return ""
    if UNREAD in freezes:
        return UNREADABLE
    until = now
    for _ in range(2 * len(freezes) + 2):  # one may begin where another ends
        until = max((end for each in freezes if (end := each.end(until))), default=until)
    why = f": {plain(holding.why)}" if holding.why else ""
    return f"nothing is merged before {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC{why}"
