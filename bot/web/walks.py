"""How far a task's newest attempt has come, as values for the page."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from bot.web.times import When, clock, when
from services.core.durations import took
from services.core.spans import Span
from services.core.steps import NEXT_PLACE, Trail, lacks_place, turned
from services.core.text import visible


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """now: the running step, since `since`; turns: of its agent.  again: when an attempt in trouble, or `what` follows
    it, is tried again, and `why`.  steps: those that are finished and how long each took; whole: all of them together.
    """

    now: str
    since: When | None
    turns: str
    again: str
    what: str
    why: tuple[Span, ...]
    steps: tuple[tuple[str, str], ...]
    whole: str


def _again(found: Trail, at: datetime, now: datetime) -> str:
    return NEXT_PLACE if lacks_place(found, now) else f"at {clock(at, now, seconds=True)}"


def walks(trails: Mapping[str, Trail], now: datetime) -> dict[str, Walk]:
    """By task; tasks of which nothing is known are left out."""
    return {
        task: Walk(
            now=found.now,
            since=when(found.since, now),
            turns=turned(found.turns, " · "),
            again=_again(found, found.again_at, now) if found.again_at is not None else "",
            what=found.again,
            why=(Span(text=visible(found.why, 200)),) if found.why else (),
            steps=tuple((step.name, took(step.seconds) + turned(step.turns, " in ")) for step in found.steps),
            whole=took(sum(step.seconds for step in found.steps)),
        )
        for task, found in trails.items()
        if found.steps or found.now or found.again_at
    }
