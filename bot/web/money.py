"""What models have cost, by day, model, repository, plan and purpose: each figure says what it is counted from."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from bot.web.charts import Chart, Series
from bot.web.figures import Fact
from bot.web.views import Places
from services.core.cost import between, dollars, purpose_in_words
from services.store.reports import Bill, Repaired

DAYS = 30
PLANS = 30
"""And repositories."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """Money and tokens of one day, model, repository, plan or purpose. share: of the largest, in percent of a bar."""

    name: str
    url: str
    calls: int
    tokens: int
    cached: int
    cost: str
    unpriced: int
    share: float


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    figures: tuple[Fact, ...]
    days: tuple[Sum, ...]
    models: tuple[Sum, ...]
    plans: tuple[Sum, ...]
    repos: tuple[Sum, ...]
    purposes: tuple[Sum, ...]
    savings: tuple[Fact, ...]
    chart: Chart | None


def money(bills: Sequence[Bill], repairs: Sequence[Repaired], places: Places, now: datetime) -> Money:
    """From the accounts of the last days, and the repairs of failed checks in them."""
    days = _sums(bills, lambda bill: bill.day)
    models = _sums(bills, lambda bill: bill.model)
    purposes = _sums(bills, lambda bill: purpose_in_words(bill.purpose))
    plans = _sums(bills, lambda bill: bill.plan_id)
    return Money(
        figures=_figures(bills),
        days=tuple(sorted(days, key=lambda each: each.name, reverse=True)),
        models=models,
        plans=tuple(msgspec.structs.replace(each, url=places.plan_of(each.name)) for each in plans[:PLANS]),
        repos=_sums(bills, lambda bill: bill.repo)[:PLANS],
        purposes=purposes,
        savings=tuple(savings(bills, repairs)),
        chart=_chart(bills, now, [each.name for each in models]) if bills else None,
    )


def _figures(bills: Sequence[Bill]) -> tuple[Fact, ...]:
    calls = sum(bill.calls for bill in bills)
    read = sum(bill.usage.input for bill in bills)
    cached = sum(bill.usage.cache_read for bill in bills)
    unpriced = sum(bill.unpriced for bill in bills)
    return (
        Fact(name="Spent", text=_between(bills) if bills else dollars(Decimal(0)), more=f"in {DAYS} days"),
        Fact(name="Model calls", text=f"{calls:,}", more=f"{unpriced:,} without a known price" if unpriced else ""),
        Fact(name="Tokens read", text=f"{read:,}"),
        Fact(name="Tokens written", text=f"{sum(bill.usage.output for bill in bills):,}"),
        Fact(name="Read from cache", text=f"{cached:,}", more="tokens that cost a fraction"),
    )


def savings(bills: Sequence[Bill], repairs: Sequence[Repaired]) -> Iterator[Fact]:
    """What did not have to be paid or done, each with how that is counted."""
    prices = _prices(bills)
    dearest = max(prices, key=prices.__getitem__, default="")
    priced = [bill for bill in bills if not bill.unpriced]
    if len(prices) > 1:
        tokens = sum(bill.usage.input + bill.usage.output for bill in priced)
        spent = sum((bill.cost for bill in priced), Decimal(0))
        how = f"than if {dearest} had read and written the same tokens, at what it cost a token here"
        yield Fact(
            name="By choosing models",
            text=f"{dollars(max(tokens * prices[dearest] - spent, Decimal(0)))} less",
            more=how,
        )
    read, cached = sum(bill.usage.input for bill in bills), sum(bill.usage.cache_read for bill in bills)
    if read:
        yield Fact(name="Read from the cache", text=f"{cached:,} of {read:,}", more="tokens that models were given")
    known = sum(each.count for each in repairs if each.outcome in {"worked", "failed"})
    if known:
        worked = sum(each.count for each in repairs if each.outcome == "worked")
        yield Fact(name="Repaired without a person", text=f"{worked:,} of {known:,}", more="repairs that are decided")


def _prices(bills: Sequence[Bill]) -> dict[str, Decimal]:
    """Model -> US dollars a token, of all that it read and wrote, for models whose price is known."""
    cost: dict[str, Decimal] = {}
    tokens: Counter[str] = Counter()
    for bill in bills:
        if not bill.unpriced:
            cost[bill.model] = cost.get(bill.model, Decimal(0)) + bill.cost
            tokens[bill.model] += bill.usage.input + bill.usage.output
    return {model: cost[model] / tokens[model] for model in cost if tokens[model]}


def _sums(bills: Sequence[Bill], key: Callable[[Bill], str]) -> tuple[Sum, ...]:
    """The dearest first."""
    found: dict[str, list[Bill]] = {}
    for bill in bills:
        found.setdefault(key(bill), []).append(bill)
    costs = {name: sum((bill.cost for bill in parts), Decimal(0)) for name, parts in found.items()}
    most = max(costs.values(), default=Decimal(0))
    ranked = sorted(found, key=lambda name: (-costs[name], -sum(bill.calls for bill in found[name]), name))
    return tuple(_sum(name, found[name], costs[name], most) for name in ranked)


def _sum(name: str, bills: Sequence[Bill], cost: Decimal, most: Decimal) -> Sum:
    return Sum(
        name=name,
        url="",
        calls=sum(bill.calls for bill in bills),
        tokens=sum(bill.usage.input + bill.usage.output for bill in bills),
        cached=sum(bill.usage.cache_read for bill in bills),
        cost=_between(bills),
        unpriced=sum(bill.unpriced for bill in bills),
        share=float(round(100 * cost / most, 1)) if most else 0.0,
    )


def _between(bills: Sequence[Bill]) -> str:
    calls, unpriced = sum(bill.calls for bill in bills), sum(bill.unpriced for bill in bills)
    cost, held = (sum((getattr(bill, name) for bill in bills), Decimal(0)) for name in ("cost", "held"))
    return between(calls, unpriced, cost, held)


def _chart(bills: Sequence[Bill], now: datetime, models: Sequence[str]) -> Chart:
    """A bar for each day, also for those without a call; the dearest models apart, the others as one."""
    days = [f"{now - timedelta(days=back):%Y-%m-%d}" for back in range(DAYS - 1, -1, -1)]
    named = list(models[:4])
    rows = [*named, *(["other models"] if len(models) > len(named) else [])]
    cost: dict[tuple[str, str], Decimal] = {}
    for bill in bills:
        at = (bill.model if bill.model in named else "other models", bill.day)
        cost[at] = cost.get(at, Decimal(0)) + bill.cost
    colours = ("running", "in_review", "ready", "needs_human", "skipped")
    return Chart(
        name="Money spent on models, by day",
        labels=tuple(days),
        series=tuple(
            Series(
                name=row, values=tuple(float(cost.get((row, day), Decimal(0))) for day in days), colour=colours[at]
            )
            for at, row in enumerate(rows)
        ),
        unit="$",
    )  # fmt: skip
