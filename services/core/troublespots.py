"""Which failures come again: by what they are called, in which repository, with which agent and model, and whether they
become more.

What failed once is no pattern. A trend is only told where there is enough on both sides of the middle of the time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from services.core.text import code, plain

FEWEST = 2
TREND = 4
"""Failures from which a trend is told."""
Trend = Literal["", "more", "fewer", "the same"]


class Failed(NamedTuple):
    """One attempt that failed."""

    at: datetime
    repo: str
    agent: str
    model: str
    cls: str
    signature: str


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind. share: of all that the agent failed at there, in this time."""

    repo: str
    agent: str
    model: str
    cls: str
    signature: str
    count: int
    share: float
    trend: Trend


def patterns(failed: Iterable[Failed], now: datetime, span: timedelta, most: int = 20) -> list[Pattern]:
    """Of the time before now, the most frequent first."""
    since, middle = now - span, now - span / 2
    groups: dict[tuple[str, str, str, str, str], list[datetime]] = defaultdict(list)
    whole: dict[tuple[str, str], int] = defaultdict(int)
    for each in failed:
        if since <= each.at <= now:
            groups[each.repo, each.agent, each.model, each.cls, each.signature or each.cls].append(each.at)
            whole[each.repo, each.agent] += 1
    found = [
        Pattern(
            repo=key[0],
            agent=key[1],
            model=key[2],
            cls=key[3],
            signature=key[4],
            count=len(times),
            share=len(times) / whole[key[0], key[1]],
            trend=_trend(times, middle),
        )
        for key, times in groups.items()
        if len(times) >= FEWEST
    ]
    return sorted(found, key=lambda each: (-each.count, each.repo, each.signature))[:most]


def _trend(times: Sequence[datetime], middle: datetime) -> Trend:
    """Twice as many in one half as in the other."""
    if len(times) < TREND:
        return ""
    late = sum(at > middle for at in times)
    early = len(times) - late
    return "more" if late >= 2 * early else "fewer" if early >= 2 * late else "the same"


def listed(found: Sequence[Pattern]) -> list[str]:
    """For people: a sentence each, without the repository, which whoever shows it knows."""
    said = []
    for each in found:
        who = code(each.agent) + (f" with {code(each.model)}" if each.model else "")
        trend = {"": "", "more": ", more of late", "fewer": ", fewer of late", "the same": ""}[each.trend]
        what = plain(each.signature.removeprefix(f"{each.cls}: "), 120)
        said.append(
            f"{each.count} times {who} failed of {code(each.cls)}: {what} ({each.share:.0%} of its failures{trend})."
        )
    return said
