"""The first page as values: what needs a person, what runs, what has not started, what is over."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bot.web.views import Ahead, Ask, Card, Places, Seen, TaskLine
from services.core.board import Run
from services.core.machine import ENDED
from services.store.plans import PlanRow

ASKS = 20
ASKS_OF_ONE = 5
"""A plan with a hundred failed tasks shall not hide another's one."""
LINES = 8
PLANS = 20
FINISHED = 10


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """An ask and the plan it belongs to."""

    card: Card
    ask: Ask


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that runs, with the tasks worth a look; `hidden`: tasks that are not listed."""

    card: Card
    lines: tuple[TaskLine, ...]
    hidden: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page. `needs_count`: all asks, listed or not; lists are cut at what a page can hold.

    waiting: plans that have not begun and found no place among the asks.
    """

    needs_count: int
    needs: tuple[Need, ...]
    running: tuple[Running, ...]
    waiting: tuple[Card, ...]
    finished: tuple[Card, ...]


def overview(
    plans: Sequence[tuple[PlanRow, Run | None]], places: Places, now: datetime, ahead: Ahead | None = None
) -> Overview:
    """The page from the newest plans, newest first."""
    seen = [Seen(row, run, places, now, ahead) for row, run in plans]
    cards = [(each, each.card(ASKS_OF_ONE)) for each in seen]
    needs = [Need(card=card, ask=ask) for _, card in cards for ask in card.asks]
    needs.sort(key=_urgency)
    listed = {need.card.url for need in needs[:ASKS]}
    live = [(each, card) for each, card in cards if each.run is not None and each.run.finished_at is None]
    over = [card for each, card in cards if each.run is not None and each.run.finished_at is not None]
    over.sort(key=lambda card: card.since.iso if card.since is not None else "", reverse=True)
    return Overview(
        needs_count=sum(len(card.asks) + card.more_asks for _, card in cards),
        needs=tuple(needs[:ASKS]),
        running=tuple(_running(each, card) for each, card in live[:PLANS]),
        waiting=tuple(card for each, card in cards if each.run is None and card.url not in listed)[:PLANS],
        finished=tuple(over[:FINISHED]),
    )


def _urgency(need: Need) -> tuple[bool, bool, int, str]:
    """Stuck runs before plans that have not begun, the critical path before the rest, then by what it holds up."""
    ask = need.ask
    return (not ask.task, not ask.critical, -ask.holds_up, ask.since.iso if ask.since is not None else "")


def _running(seen: Seen, card: Card) -> Running:
    tasks = seen.ranked()
    if len(tasks) > LINES:
        tasks = [task for task in tasks if seen.tasks[task.id].state not in ENDED][:LINES]
    elif seen.plan is not None:
        tasks = list(seen.plan.tasks)
    return Running(card=card, lines=tuple(map(seen.line, tasks)), hidden=len(seen.tasks) - len(tasks))
