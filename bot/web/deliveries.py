"""Deliveries from GitHub as the inbox has them: what came, what became of it, what waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from bot.web.figures import Fact
from bot.web.listing import Choice
from bot.web.times import When, when
from services.core.durations import lasting, took
from services.core.gaps import Blind
from services.core.text import visible
from services.store.reports import Arrived

PAGE = 50
WINDOWS = 10
OUTCOMES = {"": "All", "waiting": "Waiting", "failed": "Failed", "handled": "Handled", "ignored": "Ignored"}
LOOKS = {"handled": "done", "failed": "failed", "ignored": "skipped", "": "ready"}


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for; before: older than this row."""

    event: str = ""
    outcome: str = ""
    before: int = 0

    @staticmethod
    def of(query: Mapping[str, str], before: int) -> "Query":
        """As far as it makes sense."""
        outcome = query.get("outcome", "")
        event = query.get("event", "").strip().replace("\0", "")[:64]
        return Query(event=event, outcome=outcome if outcome in OUTCOMES else "", before=before)

    def url(self, **other: str) -> str:
        """The same question with these values instead."""
        kept = {
            name: value for name, value in ({"event": self.event, "outcome": self.outcome} | other).items() if value
        }
        return f"/deliveries?{urlencode(kept)}" if kept else "/deliveries"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery. again: may it be given to the handlers once more?"""

    row: int
    guid: str
    event: str
    when: When | None
    size: str
    state: str
    word: str
    note: str
    again: bool


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which webhooks did not come. left: how many of them could not be had again."""

    began: When | None
    lasted: str
    missed: str
    left: str
    state: str
    word: str


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    figures: tuple[Fact, ...]
    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]
    query: Query
    older: str
    windows: tuple[Window, ...]


def deliveries(
    rows: Sequence[Arrived],
    counts: Mapping[str, int],
    query: Query,
    waits: float,
    now: datetime,
    windows: Sequence[Blind] = (),
) -> Deliveries:
    """`rows` may be one more than a page holds. counts: of the last day by outcome; waits: seconds that the
    oldest has waited.
    """
    shown = rows[:PAGE]
    failed = counts.get("failed", 0)
    return Deliveries(
        figures=(
            Fact(name="Came in", text=f"{sum(counts.values()):,}", more="in the last day"),
            Fact(
                name="Waiting",
                text=f"{counts.get('waiting', 0):,}",
                more=f"the oldest for {took(waits)}" if waits else "",
            ),
            Fact(name="Failed", text=f"{failed:,}", more="in the last day", hot="failed" if failed else ""),
            Fact(name="Ignored", text=f"{counts.get('ignored', 0):,}", more="nothing here is about them"),
        ),
        lines=tuple(_line(row, now) for row in shown),
        choices=tuple(
            Choice(name=name, count="", url=query.url(outcome=outcome), chosen=outcome == query.outcome)
            for outcome, name in OUTCOMES.items()
        ),
        query=query,
        older=query.url(before=str(shown[-1].row)) if len(rows) > len(shown) else "",
        windows=tuple(_window(each, now) for each in windows),
    )


def _window(blind: Blind, now: datetime) -> Window:
    left = blind.missed - blind.recovered
    state = "ready" if blind.unseen else "failed" if left else "done"
    words = {"ready": "nobody knows", "failed": "not all brought in", "done": "all brought in"}
    return Window(
        began=when(blind.began, now),
        lasted=lasting((blind.ended - blind.began).total_seconds()),
        missed="" if blind.unseen else f"{blind.missed:,}",
        left="" if blind.unseen else f"{left:,}",
        state=state,
        word=words[state],
    )


def _line(row: Arrived, now: datetime) -> Line:
    return Line(
        row=row.row,
        guid=visible(row.guid, 64),
        event=visible(row.event, 64),
        when=when(row.at, now),
        size=f"{row.size / 1000:,.1f} kB",
        state=LOOKS.get(row.outcome, "ready"),
        word=row.outcome or "waiting",
        note=visible(row.note, 300),
        again=row.kept and row.outcome != "",
    )
