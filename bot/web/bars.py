"""A bar of so many tasks in each state, as parts of a width."""

from collections.abc import Mapping

import msgspec

from services.core.report import WORDS

STATES = (
    "done",
    "skipped",
    "cancelled",
    "in_review",
    "running",
    "needs_human",
    "failed",
    "ready",
    "blocked",
)
"""As they follow each other in a bar: what is over, what moves, what is stuck, what waits."""
THINNEST = 1.5
"""Percent of a bar that even one task of a thousand gets, so that a single failure is seen."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a bar that one state has: `x` and `width` in percent."""

    state: str
    word: str
    count: int
    x: float
    width: float


def shares(counts: Mapping[str, int], words: Mapping[str, str] = WORDS) -> tuple[Share, ...]:
    """The parts of a bar of so many tasks in each state."""
    present = [state for state in STATES if counts.get(state)]
    total = sum(counts[state] for state in present)
    raw = [max(100 * counts[state] / total, THINNEST) for state in present]
    found, x = [], 0.0
    for state, part in zip(present, raw, strict=True):
        width = round(100 * part / sum(raw), 2)
        found.append(Share(state=state, word=words[state], count=counts[state], x=round(x, 2), width=width))
        x += width
    return tuple(found)
