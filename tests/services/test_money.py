"""What is left of budgets decides which models may be looked at, and prices are those that providers publish."""

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.clock import SystemClock
from services.agents.models import Budgets, Models, Way
from services.agents.prices import Prices
from services.agents.wire import PydanticWire
from services.core.board import Run
from services.core.choose import Rules, Tier
from services.core.cost import Usage
from services.core.plan import Task
from services.engine.orders import Result
from services.engine.parts import Parts
from services.engine.spending import affordable, warnings
from services.engine.tries import exceeded
from services.errors import BudgetUsedUp
from services.store.ledger import Call, Ledger
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import happen, task, tracked

CALL = Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="a", attempt=1, repo="acme/api")
RULES = Rules(tiers=(Tier(name="small"), Tier(name="medium"), Tier(name="large")), attempts=5)
PRICES = {"small": 0.1, "medium": 0.5, "large": 2.0}


@pytest.mark.parametrize(
    ("spent", "budgets", "budget", "left"),
    [
        ("0", {}, None, ("small", "medium", "large")),
        ("4", {}, None, ("small", "medium")),
        ("0", {}, Decimal(1), ("small", "medium")),
        ("0.4", {"repo": Decimal("0.6")}, None, ("small",)),
        ("0.4", {"attempt": Decimal("0.6")}, None, ("small",)),
        ("9", {}, None, ("small",)),
    ],
)
async def test_what_is_left_has_to_pay_for_it_and_the_smallest_stays(
    tmp_path: Path, spent: str, budgets: dict[str, Any], budget: Decimal | None, left: tuple[str, ...]
) -> None:
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    ledger, clock = Ledger(database), SystemClock()
    row = await ledger.begin(CALL, "openai", "gpt-4o", Decimal(1), (), clock.now())
    assert isinstance(row, int)
    await ledger.end(row, Usage(), Decimal(spent), "settings")
    wire = PydanticWire("openai", "gpt-4o", Way())
    models = Models("openai", "gpt-4o", wire, ledger, Prices({}), Budgets(**budgets), clock)
    parts = cast("Parts", SimpleNamespace(models=models, ledger=ledger, clock=clock))
    found = await affordable(parts, RULES, CALL, PRICES, budget)
    assert tuple(tier.name for tier in found.tiers) == left
    assert found.attempts == 5
    await database.close()


class Reads:
    """Which repositories are private, none given: all."""

    def __init__(self, *private: str) -> None:
        self._private = private

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=not self._private or repo in self._private)


def in_progress(*tasks: Task) -> Run:
    """A run whose first task is worked on, for the first time."""
    current = tracked(*tasks).run
    return happen(current, tasks[0].id, "started").run if current.tasks[tasks[0].id].state != "running" else current


SCOPES = ("attempt", "task", "plan", "repo", "day")


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_budget_warns_and_downgrades_before_it_stops_or_pauses(tmp_path: Path, scope: str) -> None:
    """Of 1 dollar 0.90 are spent: that is told, a large model is not looked at any more, one call goes out, no other."""
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    ledger, clock = Ledger(database), SystemClock()
    current = in_progress(task("a", agent="coder"))
    call = Call(plan_id=current.plan_id, purpose="attempt", run_id=current.id, task="a", attempt=1, repo=current.repo)
    rich: dict[str, Any] = {name: Decimal(100) for name in SCOPES}
    models = Models(
        "openai", "gpt-4o", PydanticWire("openai", "gpt-4o", Way()), ledger, Prices({}),
        Budgets(**{**rich, scope: Decimal(1)}), clock,
    )  # fmt: skip
    settings = SimpleNamespace(warn=Decimal("0.8"))
    github = SimpleNamespace(reads=Reads())
    parts = cast("Parts", SimpleNamespace(models=models, ledger=ledger, clock=clock, settings=settings, github=github))
    assert await warnings(parts, current) == []
    row = await models.reserve(call, 3_000, 1_000)
    await ledger.end(row, Usage(), Decimal("0.9"), "settings")
    (said,) = await warnings(parts, current)
    whose = {"attempt": "this attempt at `a`", "task": "`a`", "plan": "this run", "repo": "this repository today"}
    share = f"90% of the budget of {whose.get(scope, 'this day')} is used"
    assert said == f"{share}: $0.9000 of $1.00."
    github.reads = Reads("acme/secret")
    assert await warnings(parts, current) == [f"{share}: $0.9000 of $1.00." if scope != "day" else f"{share}."]
    github.reads = Reads("acme/api")
    there = {"plan": [f"{share}."], "day": [f"{share}."], "repo": [f"{share}: $0.9000 of $1.00."]}
    assert await warnings(parts, current) == there.get(scope, []), (
        "the task is in a private repository, the plan is not"
    )
    left = await affordable(parts, RULES, call, PRICES, None)
    assert [tier.name for tier in left.tiers] == ["small"], "downgrade"
    row = await models.reserve(call, 3_000, 1_000)
    await ledger.end(row, Usage(), Decimal("0.5"), "settings")
    with pytest.raises(BudgetUsedUp) as caught:
        await models.reserve(call, 3_000, 1_000)
    assert caught.value.scope == scope, "stop, one request over it"
    result = Result(kind="failed", fence=1, reason="used up", over=scope)
    assert exceeded(result, "stop") is exceeded(result, "downgrade") is None
    wish = exceeded(result, "pause")
    assert (wish is None) == (scope in {"attempt", "task"}), "what is one task's own holds no other"
    await database.close()


@pytest.mark.parametrize(
    ("provider", "model", "into", "out"),
    [
        ("anthropic", "claude-3-5-haiku-latest", "0.80", "4"),
        ("anthropic", "claude-opus-4-5", "5", "25"),
        ("openai", "gpt-4o", "2.50", "10"),
        ("openai", "gpt-4o-mini", "0.15", "0.60"),
    ],
)
def test_a_price_is_the_providers_own(provider: str, model: str, into: str, out: str) -> None:
    """Dollars for a million tokens, as the providers' pages have them; a tenth of a hundredth is allowed."""
    price = Prices({}).of(provider, model, Usage(input=40_000, output=3_000)).cost
    assert price is not None
    published = (40_000 * Decimal(into) + 3_000 * Decimal(out)) / 1_000_000
    assert abs(price / published - 1) <= Decimal("0.001")


@pytest.mark.parametrize(
    ("provider", "model", "rates"),
    [("anthropic", "claude-opus-4-5", "5/0.50/6.25/25"), ("openai", "gpt-4o", "2.50/1.25/2.50/10")],
)
def test_what_goes_through_the_cache_has_the_providers_own_prices(provider: str, model: str, rates: str) -> None:
    """Rates: input, from the cache, into it, output."""
    usage = Usage(input=40_000, cache_read=30_000, cache_write=4_000 if provider == "anthropic" else 0, output=3_000)
    fresh = usage.input - usage.cache_read - usage.cache_write
    counts = (fresh, usage.cache_read, usage.cache_write, usage.output)
    parts = (count * Decimal(rate) for count, rate in zip(counts, rates.split("/"), strict=True))
    published = sum(parts, Decimal(0)) / 1_000_000
    price = Prices({}).of(provider, model, usage).cost
    assert price is not None
    assert abs(price / published - 1) <= Decimal("0.001")
