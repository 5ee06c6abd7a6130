"""The first page as values: what needs a person, what runs, what waits on whom, what has not started, what is over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from bot.web.figures import Fact
from bot.web.times import When, when
from bot.web.views import Ahead, Ask, Card, Places, Seen, TaskLine, parts_of
from services.core.board import Run
from services.core.clock import from_text
from services.core.forecast import end_in_words
from services.core.report import WORDS, skipped_in_words
from services.core.spans import Span, spans
from services.core.text import visible
from services.store.plans import PlanRow
from services.store.reports import PlanLine

ASKS = 20
ASKS_OF_ONE = 5
"""A plan with a hundred failed tasks shall not hide another's one."""
LINES = 4
PLANS = 20
FINISHED = 10
WAITS = 8
MOVING = ("running", "in_review")


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """An ask and the plan it belongs to."""

    card: Card
    ask: Ask


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that runs, with the tasks that move; `hidden`: those that move and are not listed; `end`: when it may be
    over.
    """

    card: Card
    lines: tuple[TaskLine, ...]
    hidden: int
    end: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """So many tasks in review wait for the same."""

    what: tuple[Span, ...]
    count: int


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is over, in one line."""

    title: str
    url: str
    state: str
    word: str
    done: int
    skipped: str
    total: int
    since: When | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. `needs_count`: all asks, listed or not; lists are cut at what a page can hold.

    waiting: plans that have not begun and found no place among the asks.
    """

    figures: tuple[Fact, ...]
    needs_count: int
    needs_more: int
    needs: tuple[Need, ...]
    running_count: int
    running: tuple[Running, ...]
    waits: tuple[Waiting, ...]
    waiting: tuple[Card, ...]
    finished: tuple[Over, ...]


def overview(
    plans: Sequence[tuple[PlanRow, Run | None]],
    places: Places,
    now: datetime,
    ahead: Ahead | None = None,
    *,
    over: Sequence[PlanLine] = (),
    states: Mapping[str, int] | None = None,
) -> Overview:
    """The page from the plans that live or wait, the newest first. over: those that are done or cancelled, the last one
    first.  states: how many plans there are in each state, where not all of them are named.
    """
    seen = [Seen(row, run, places, now, ahead) for row, run in plans]
    cards = [(each, each.card(ASKS_OF_ONE)) for each in seen]
    needs = [Need(card=card, ask=ask) for _, card in cards for ask in card.asks]
    needs.sort(key=_urgency)
    listed = {need.card.url for need in needs[:ASKS]}
    live = [(each, card) for each, card in cards if each.run is not None and each.run.finished_at is None]
    count = sum(asked(card) for _, card in cards)
    return Overview(
        figures=_figures([each for each, _ in live], count, states or {}),
        needs_count=count,
        needs_more=count - sum(1 + len(need.ask.others) + need.ask.more for need in needs[:ASKS]),
        needs=tuple(needs[:ASKS]),
        running_count=len(live),
        running=tuple(_running(each, card) for each, card in live[:PLANS]),
        waits=_waits([each for each, _ in live]),
        waiting=tuple(card for each, card in cards if each.run is None and card.url not in listed)[:PLANS],
        finished=tuple(over_line(line, places, now) for line in over[:FINISHED]),
    )


def asked(card: Card) -> int:
    """How much of a plan a person has to look at: tasks, or the plan itself."""
    return sum(1 + len(ask.others) + ask.more for ask in card.asks) + card.more_asks


def over_line(line: PlanLine, places: Places, now: datetime) -> Over:
    """A plan in one line."""
    state, word = parts_of(line.state, readable=line.readable, approved=line.approved)
    at = line.finished_at or line.at
    return Over(
        title=visible(line.title) or "untitled",
        url=places.plan_at(line.repo, line.number),
        state=state,
        word=word,
        done=line.counts["done"],
        skipped=skipped_in_words(line.counts["skipped"]),
        total=sum(line.counts.values()),
        since=when(from_text(at), now) if at else None,
    )


def _urgency(need: Need) -> tuple[bool, bool, int, str]:
    """Stuck runs before plans that have not begun, the critical path before the rest, then by what it holds up."""
    ask = need.ask
    return (not ask.task, not ask.critical, -ask.holds_up, ask.since.iso if ask.since is not None else "")


def _running(seen: Seen, card: Card) -> Running:
    moving = [task for task in seen.ranked() if seen.tasks[task.id].state in MOVING]
    return Running(
        card=card,
        lines=tuple(map(seen.line, moving[:LINES])),
        hidden=max(len(moving) - LINES, 0),
        end=end_in_words(seen.ahead, seen.run.state, seen.now) if seen.run is not None else "",
    )


def _figures(live: Sequence[Seen], asks: int, states: Mapping[str, int]) -> tuple[Fact, ...]:
    """The whole in a few numbers."""
    counts: Counter[str] = Counter()
    for seen in live:
        counts.update(task.state for task in seen.tasks.values())
    plans = (
        states.get("running", 0)
        if states
        else sum(seen.run is not None and seen.run.state == "running" for seen in live)
    )
    total = sum(counts.values())
    return (
        Fact(name="Needs a person", text=f"{asks:,}", hot="needs_human" if asks else ""),
        Fact(name="Plans that run", text=f"{plans:,}"),
        *(Fact(name=WORDS[state].capitalize(), text=f"{counts[state]:,}") for state in ("running", "in_review")),
        Fact(name="Not begun", text=f"{counts['blocked'] + counts['ready']:,}"),
        Fact(name="Done", text=f"{counts['done']:,}", more=f"of {total:,} tasks of these plans" if total else ""),
    )


def _waits(live: Sequence[Seen]) -> tuple[Waiting, ...]:
    """What tasks in review wait for, the most frequent first."""
    reasons = Counter(
        task.reason for seen in live for task in seen.tasks.values() if task.state == "in_review" and task.reason
    )
    return tuple(Waiting(what=spans(reason), count=count) for reason, count in reasons.most_common(WAITS))
