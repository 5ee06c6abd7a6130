"""Ranges of what tasks will cost, and what their costs tell."""

import random
from decimal import Decimal

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core.spending import Work, advice, bounds_in_words, likely, range_in_words, warned


def work(task: str, tier: str, cost: str, *, passed: bool | None, good: bool | None = None, came: str = "") -> Work:
    return Work(
        task=task, repo="acme/api", tier=tier, model=f"openai:{tier}", cost=Decimal(cost), came=came, passed=passed,
        good=good,
    )  # fmt: skip


@pytest.mark.parametrize("known", [5, 20, 100])
def test_a_range_holds_eight_times_of_ten(known: int) -> None:
    chance = random.Random(1)
    hits = 0
    for _ in range(600):
        costs = [chance.lognormvariate(0, 1) for _ in range(known + 10)]
        found = likely(costs[:known], 10)
        assert found is not None
        hits += found.low <= sum(costs[known:]) <= found.high
    assert 0.74 <= hits / 600 <= 0.88


def test_too_few_tasks_tell_nothing() -> None:
    assert likely([1.0] * 4, 3) is None
    assert likely([1.0] * 5, 0) is None
    assert range_in_words(likely([0.0] * 5, 3), 3).startswith(
        "The 3 tasks that models still have to do will cost $0.00"
    )
    assert range_in_words(None, 3) == ""


def test_what_attempts_tell() -> None:
    works = [
        work("a", "small", "0.10", passed=False),
        work("a", "large", "1.00", passed=True, good=True, came="merged"),
        work("b", "small", "0.20", passed=True, good=False, came="reverted"),
        work("c", "small", "0.30", passed=None),
        work("d", "", "9.00", passed=True),
    ]
    assert advice(works, "large", 1.25, 4) == snapshot(
        [
            "Always `large` would have come to about $3.75 for 3 tasks, by 4 of its attempts; this came to $1.60.",
            "Checks let through what was not good in 1 of 3 that passed: `b` (taken back). A `verify` that fails there would have saved it.",
            "These should have started higher: `a` with `large` ($0.1000 in vain).",
        ]
    )
    free = [*works, msgspec.structs.replace(works[2], task="e", unpriced=True)]
    assert not any("Always" in said for said in advice(free, "large", 1.25, 4)), (
        "what came to nobody knows what is no sum"
    )
    assert advice([], "large", 1.0, 0) == []
    assert advice([work("c", "small", "0.30", passed=True, good=True)], "", 0.0, 0) == []


def test_a_budget_that_is_nearly_used_up_is_told() -> None:
    assert [warned(scope, Decimal(20), Decimal(25)) for scope in ("plan", "repo", "day")] == snapshot(
        [
            "80% of the budget of this run is used: $20.00 of $25.00.",
            "80% of the budget of this repository today is used: $20.00 of $25.00.",
            "80% of the budget of this day is used: $20.00 of $25.00.",
        ]
    )


def test_what_is_left_will_cost_in_words() -> None:
    assert range_in_words(likely([1.0, 2.0, 1.5, 1.2, 1.8], 3), 3) == snapshot(
        "The 3 tasks that models still have to do will cost $3.01 to $6.47 in about eight of ten cases, by 5 that are done."
    )


def test_while_too_few_are_done_the_budgets_bound_it() -> None:
    assert bounds_in_words([Decimal(5), Decimal("2.5")], Decimal(25)) == snapshot(
        "The 2 tasks that models still have to do will cost $0.00 to $7.50: too few like them are done to tell more than their budgets do."
    )
    assert "will cost $0.00 to $6.00: too few" in bounds_in_words([Decimal(5)] * 2, Decimal(6))


def test_what_checks_let_through_is_told_with_what_came_of_it() -> None:
    works = [
        work(name, "small", "0.20", passed=True, good=False, came=came)
        for name, came in (("a", "reviewed"), ("b", "closed"), ("c", "other"))
    ]
    assert advice(works, "", 0.0, 0) == snapshot(
        [
            "Checks let through what was not good in 3 of 3 that passed: `a` (a review asked for changes), `b` (closed without merging), `c` (not good). A `verify` that fails there would have saved it."
        ]
    )
