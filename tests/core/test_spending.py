"""Ranges of what tasks will cost, and what their costs tell."""

import random
from decimal import Decimal

from inline_snapshot import snapshot

from services.core.spending import Work, advice, likely, range_in_words, warned


def work(task: str, tier: str, cost: str, *, passed: bool | None, good: bool | None = None, came: str = "") -> Work:
    return Work(
        task=task, repo="acme/api", tier=tier, model=f"openai:{tier}", cost=Decimal(cost), came=came, passed=passed,
        good=good,
    )  # fmt: skip


def test_a_range_holds_eight_times_of_ten() -> None:
    chance = random.Random(1)
    hits = 0
    for _ in range(600):
        costs = [chance.lognormvariate(0, 1) for _ in range(30)]
        found = likely(costs[:20], 10)
        assert found is not None
        hits += found.low <= sum(costs[20:]) <= found.high
    assert 0.7 <= hits / 600 <= 0.9


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
    assert advice([], "large", 1.0, 0) == []
    assert advice([work("c", "small", "0.30", passed=True, good=True)], "", 0.0, 0) == []


def test_a_budget_that_is_nearly_used_up_is_told() -> None:
    assert warned("plan", Decimal(20), Decimal(25)) == "80% of the budget of this run is used: $20.00 of $25.00."
