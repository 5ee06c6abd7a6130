"""The figures of a plan: what a person asks of it first, and what its models have cost."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from bot.web.views import Card, Seen, named
from services.core.cost import Spent, dollars, purpose_in_words
from services.core.durations import lasting
from services.core.forecast import end_in_words


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A figure or a few words under a name. hot: a state that it is to be seen as."""

    name: str
    text: str
    more: str = ""
    hot: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the accounts."""

    task: str
    url: str
    what: str
    model: str
    calls: int
    tokens: str
    cost: str


def facts(seen: Seen) -> tuple[str, ...]:
    """Who and what, in short."""
    found = []
    if seen.run is not None:
        found.append(f"started by {seen.run.actor}")
    if seen.row.is_approved or seen.run is not None:
        found.append(f"approved by {seen.run.approver if seen.run is not None else seen.row.approved_by}")
    if seen.plan is not None:
        found.append(f"version {(seen.row.approved_hash or seen.row.hash)[:12]}")
    if seen.run is not None and seen.run.former:
        count = len(seen.run.former)
        found.append(f"{count} task{'s' * (count != 1)} taken out of it")
    return tuple(found)


def figures(seen: Seen) -> tuple[Fact, ...]:
    """What a person asks of a plan first."""
    if seen.plan is None:
        return ()
    card = seen.card(0)
    repos = len(seen.plan.repos)
    found = (
        [Fact(name="Done", text=f"{card.done} of {card.total}{card.skipped}", more=_in_time(seen, card))]
        if seen.run
        else []
    )
    if seen.run is None:
        found.append(Fact(name="Tasks", text=str(card.total)))
    found.append(
        Fact(name="Repositories", text=str(repos), more=", ".join(map(named, seen.plan.repos[:3])) if repos < 4 else "")
    )
    which = "open " if seen.run is not None and seen.ahead.path else ""
    length = len(seen.critical)
    more = f"{lasting(seen.ahead.chain)} still to come" if seen.run is not None and seen.ahead.chain else ""
    if length:
        found.append(Fact(name="Critical path", text=f"{length} {which}task{'s' * (length != 1)}", more=more))
    end = end_in_words(seen.ahead, seen.run.state, seen.now) if seen.run is not None else ""
    if end:
        when, _, rest = end.partition(", ")
        found.append(Fact(name="Expected end", text=when.removeprefix("about "), more=rest))
    if seen.spent:
        found.append(_spent(seen.spent))
    return tuple(found)


def _in_time(seen: Seen, card: Card) -> str:
    if not card.lasted:
        return ""
    return f"{'in' if seen.run is not None and seen.run.finished_at else 'for'} {card.lasted}"


def _spent(spent: Sequence[Spent]) -> Fact:
    calls = sum(each.calls for each in spent)
    unknown = sum(each.unpriced + each.unknown for each in spent)
    made = f"{calls} model call{'s' * (calls != 1)}"
    held = dollars(sum((each.held for each in spent), Decimal(0))) if any(each.held for each in spent) else ""
    if unknown == calls:
        return Fact(name="Models", text="not known", more=f"for {made}{held and f', at most {held}'}")
    total = dollars(sum((each.cost for each in spent), Decimal(0)))
    more = f", {unknown} of them not priced{held and f', at most {held} more'}" if unknown else ""
    return Fact(name="Models", text=total, more=f"for {made}{more}")


def cost(seen: Seen, spent: Spent) -> Cost:
    return Cost(
        task=spent.task,
        url=seen.url_of(spent.task) if spent.task in seen.tasks else "",
        what=purpose_in_words(spent.purpose),
        model=spent.model,
        calls=spent.calls,
        tokens=f"{spent.usage.input + spent.usage.output:,}",
        cost=spent.said,
    )
