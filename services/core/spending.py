"""What tasks are likely to cost, and what their costs tell: a range for what is open, and advice from what is done.

A sum of few costs is skewed, because one task may take ten times what another does; so it is taken as log-normal, with
the doubt of a mean that was learned from few tasks in it; and wider while it goes by few, as these seldom have the
dearest kind of task among them.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from services.core.cost import dollars
from services.core.text import code

EIGHT_IN_TEN = 1.2816
"""Standard deviations on each side of the middle."""
WIDER = 5
"""With so many tasks a range is half as wide again as their costs say, and with more of them less so: measured as
`benchmarks/tokens.py` does, without it five tasks foretell ten others 65 times of 100, and 15 do 73 times.
"""
FEWEST = 5
"""Tasks from which a range can be told."""
NAMED = 5
"""Tasks that one piece of advice names."""
CAME = {"reverted": "taken back", "reviewed": "a review asked for changes", "closed": "closed without merging"}


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """In about eight of ten times it is in between. seen: tasks that it goes by."""

    low: float
    high: float
    seen: int


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, for advice. tier: "" for none that has a name; unpriced: nobody knows what it cost."""

    task: str
    repo: str
    tier: str
    model: str
    cost: Decimal
    came: str
    passed: bool | None
    good: bool | None
    unpriced: bool = False


def likely(costs: Sequence[float], open_: int) -> Range | None:
    """What so many more tasks will cost, by what such tasks have cost; None while too few have."""
    seen = len(costs)
    if seen < FEWEST or open_ < 1:
        return None
    mean = math.fsum(costs) / seen
    if mean <= 0:
        return Range(low=0.0, high=0.0, seen=seen)
    spread = math.fsum((each - mean) ** 2 for each in costs) / (seen - 1)
    total, variance = open_ * mean, open_ * spread * (1 + open_ / seen)
    width = math.sqrt(math.log1p(variance / total**2))
    middle, aside = math.log(total) - width**2 / 2, EIGHT_IN_TEN * width * (1 + WIDER / (seen + WIDER))
    low, high = math.exp(middle - aside), math.exp(middle + aside)
    return Range(low=low, high=high, seen=seen)


def advice(works: Sequence[Work], largest: str, price: float, seen: int) -> list[str]:
    """What the attempts of a plan tell, a sentence each. price: what a task costs that the largest tier works on alone,
    as `seen` of its attempts say.
    """
    tasks = {work.task: None for work in works if work.tier}
    spent = sum((work.cost for work in works if work.tier), Decimal(0))
    said = []
    if tasks and largest and seen and not any(work.unpriced for work in works):
        always = Decimal(str(price)) * len(tasks)
        said.append(
            f"Always {code(largest)} would have come to about {dollars(always)} for {_tasks(len(tasks))}, by {seen} of "
            f"its attempts; this came to {dollars(spent)}."
        )
    if leaks := [work for work in works if work.passed and work.good is False]:
        named = ", ".join(f"{code(work.task)} ({CAME.get(work.came, 'not good')})" for work in leaks[:NAMED])
        passed = sum(work.passed is True for work in works)
        said.append(
            f"Checks let through what was not good in {len(leaks)} of {passed} that passed: {named}. A `verify` that "
            "fails there would have saved it."
        )
    if late := _late(works):
        first = list(late.items())[:NAMED]
        named = ", ".join(f"{code(task)} with {code(tier)} ({dollars(lost)} in vain)" for task, (tier, lost) in first)
        said.append(f"These should have started higher: {named}.")
    return said


def _late(works: Sequence[Work]) -> Mapping[str, tuple[str, Decimal]]:
    """Tasks that a larger tier did after a smaller one had failed, and what the smaller one cost."""
    found: dict[str, tuple[str, Decimal]] = {}
    for task in dict.fromkeys(work.task for work in works):
        mine = [work for work in works if work.task == task and work.tier]
        done = next((work.tier for work in mine if work.passed), "")
        lost = sum((work.cost for work in mine if work.passed is False and work.tier != done), Decimal(0))
        if done and lost:
            found[task] = (done, lost)
    return dict(sorted(found.items(), key=lambda each: -each[1][1]))


def range_in_words(found: Range | None, open_: int) -> str:
    """One sentence; "" where nothing can be told."""
    if found is None:
        return ""
    low, high = (dollars(Decimal(str(round(each, 4)))) for each in (found.low, found.high))
    return (
        f"The {_tasks(open_)} that models still have to do will cost {low} to {high} in about eight of ten cases, by "
        f"{found.seen} that are done."
    )


def unknown_in_words(open_: int) -> str:
    """The same where a model may be asked whose price nobody knows."""
    return (
        f"What the {_tasks(open_)} that models still have to do will cost is not known: nobody knows the price of a "
        "model that may do them."
    )


def bounds_in_words(budgets: Sequence[Decimal], most: Decimal) -> str:
    """The same while too few are done to go by: what the tasks' budgets, and that of all of them, leave room for."""
    top = min(sum(budgets, Decimal(0)), most)
    return (
        f"The {_tasks(len(budgets))} that models still have to do will cost $0.00 to {dollars(top)}: too few like them "
        "are done to tell more than their budgets do."
    )


def warned(scope: str, spent: Decimal, limit: Decimal, task: str = "", *, is_share: bool = False) -> str:
    """A budget is nearly used up. task: whose own it is; is_share: how much money that is may not be told."""
    whose = {
        "attempt": f"this attempt at {code(task)}",
        "task": code(task),
        "plan": "this run",
        "repo": "this repository today",
        "day": "this day",
    }[scope]
    said = f"{spent / limit:.0%} of the budget of {whose} is used"
    return f"{said}." if is_share else f"{said}: {dollars(spent)} of {dollars(limit)}."


def _tasks(count: int) -> str:
    return f"{count} task{'s' * (count != 1)}"
