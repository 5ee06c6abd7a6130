"""All plans, a page at a time, by what is asked for in the address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from bot.web.bars import Share, shares
from bot.web.overview import Over, over_line
from bot.web.views import RUN_STATES, Link, Places
from services.store.reports import PlanLine

PLANS_PAGE = 50
LONGEST = 100
"""Characters of a search."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for: a state of the run or `planned`, an owner or a repository, words.

    before: (at, id) of the last plan of the page before.
    """

    state: str = ""
    repo: str = ""
    words: str = ""
    before: tuple[str, str] = ("", "")

    @staticmethod
    def of(query: Mapping[str, str]) -> "Query":
        """As far as it makes sense."""
        state = query.get("state", "")
        at, _, plan = query.get("before", "").partition(" ")
        return Query(
            state=state if state == "planned" or state in RUN_STATES else "",
            repo=_bounded(query.get("repo", "")),
            words=_bounded(query.get("q", "")),
            before=(_bounded(at), _bounded(plan)) if at and plan else ("", ""),
        )

    def url(self, **other: str) -> str:
        """The address of the same question with these values instead, from its beginning."""
        asked = {"state": self.state, "repo": self.repo, "q": self.words, **other}
        kept = {name: value for name, value in asked.items() if value}
        return f"/plans?{urlencode(kept)}" if kept else "/plans"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One plan: in words, and its tasks as a bar."""

    plan: Over
    where: Link
    actor: str
    shares: tuple[Share, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A state one can choose."""

    name: str
    count: str
    url: str
    chosen: bool


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. older: address of the next page, "" on the last one."""

    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]
    query: Query
    filters: tuple[Link, ...]
    older: str


NAMES = {
    "": "All",
    "planned": "Not started",
    "running": "Running",
    "failed": "Stopped",
    "paused": "Paused",
    "done": "Done",
    "cancelled": "Cancelled",
}


def listing(
    lines: Sequence[PlanLine], query: Query, states: Mapping[str, int], places: Places, now: datetime,
    goes_on: bool = False,
) -> Listing:  # fmt: skip
    """`lines` may be one more than a page holds: then there is a next one. states: how many there are of each.
    goes_on: there may be more to see, though no line says so.
    """
    shown = lines[:PLANS_PAGE]
    last = f"{shown[-1].at} {shown[-1].id}" if shown else " ".join(query.before).strip()
    total = sum(states.values())
    return Listing(
        lines=tuple(_line(line, places, now) for line in shown),
        choices=tuple(
            Choice(
                name=name,
                count=f"{states.get(state, 0) if state else total:,}" if states else "",
                url=query.url(state=state),
                chosen=state == query.state,
            )
            for state, name in NAMES.items()
        ),
        query=query,
        filters=tuple(
            Link(text=f"{name} {value}", url=query.url(**{key: ""}))
            for key, name, value in (("repo", "repository", query.repo), ("q", "words", query.words))
            if value
        ),
        older=query.url(before=last) if len(lines) > len(shown) or goes_on else "",
    )


def _line(line: PlanLine, places: Places, now: datetime) -> Line:
    return Line(
        plan=over_line(line, places, now),
        where=places.issue(line.repo, line.number),
        actor=line.actor,
        shares=shares(line.counts),
    )


def _bounded(text: str) -> str:
    return text.strip().replace("\0", "")[:LONGEST]
