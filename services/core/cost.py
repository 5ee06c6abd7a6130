"""What model calls have cost, as values and in words. A price nobody knows is said to be unknown; it never counts as
nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from services.core.text import code

Purpose = Literal["draft", "attempt", "diagnose"]
WORDS: dict[str, str] = {"draft": "drafting the plan", "attempt": "doing the work", "diagnose": "finding a cause"}
ELSEWHERE = "What tasks elsewhere cost is not told here."
"""For accounts from which what readers may not hear of was left out."""
SHOWN = 30
"""Rows of the table; a plan can have a thousand tasks."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one call, or of many. `input` counts those from and to the cache too, whatever the provider does.

    cache_write_hour: those of cache_write that stay there for an hour, which cost more; it is for the price alone.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0
    output: int = 0


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one task (empty: of the plan itself) for one purpose to one model. `cost` is of those that have a
    price.  unpriced: calls that have none.  unknown: calls of which nobody knows what became, by a crash or a failure.
    held: what those two may have cost at most, which counts against the budgets.
    """

    task: str
    purpose: Purpose
    model: str
    calls: int = 0
    usage: Usage = Usage()
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    unknown: int = 0
    held: Decimal = Decimal(0)

    @property
    def said(self) -> str:
        """The cost of all of it in words; what is estimated shows as a range."""
        return between(self.calls, self.unpriced + self.unknown, self.cost, self.held)


def between(calls: int, without: int, cost: Decimal, held: Decimal) -> str:
    """The cost of so many calls in words. without: those of which it is not known; held: what they can have cost."""
    if without and held:
        return f"at most {dollars(held)}" if without == calls else f"{dollars(cost)} to {dollars(cost + held)}"
    return "not known" if without == calls else dollars(cost) + (" and more" if without else "")


def dollars(cost: Decimal) -> str:
    """`$1.23`, and four digits after the point below a dollar; what is less than that is not rounded to nothing."""
    if 0 < cost < Decimal("0.0001"):
        return "less than $0.0001"
    return f"${cost:,.2f}" if cost >= 1 or not cost else f"${cost:.4f}"


def cost_in_words(spent: Sequence[Spent], *, is_short: bool = False) -> str:
    """One sentence: what all of it has cost, as far as that is known; is_short: some of it may not be told."""
    if is_short:
        return f"{cost_in_words(spent)} {ELSEWHERE}" if spent else ELSEWHERE
    calls, unpriced, unknown = (sum(getattr(each, name) for each in spent) for name in ("calls", "unpriced", "unknown"))
    if not calls:
        return "No model was called, so nothing was spent."
    made, held = f"{calls} model call{'s' * (calls != 1)}", sum((each.held for each in spent), Decimal(0))
    most = f" It counts with **{dollars(held)}**, the most that it can be." if held else ""
    if unpriced + unknown == calls:
        return f"{made}, and what {'they have' if calls > 1 else 'it has'} cost is not known.{most}"
    total = dollars(sum((each.cost for each in spent), Decimal(0)))
    lacking = [f"{unpriced} without a known price" if unpriced else "", f"{unknown} that broke off" if unknown else ""]
    said = " and ".join(filter(None, lacking))
    return f"**{total}** for {made}" + (f", and on top what is not known: {said}.{most}" if said else ".")


def purpose_in_words(purpose: str) -> str:
    """One that a newer Lockstep has written, before somebody went back to this one, is named as it is."""
    return WORDS.get(purpose, purpose)


def table(spent: Sequence[Spent]) -> list[str]:
    """By task, purpose and model, the dearest first."""
    if not spent:
        return []
    lines = [
        "| Task | For | Model | Calls | Tokens in | of them cached | Tokens out | Cost |",
        "| --- | --- | --- | --: | --: | --: | --: | --: |",
    ]
    ranked = sorted(spent, key=lambda each: (-each.cost, each.task, each.purpose, each.model))
    lines += [_row(each) for each in ranked[:SHOWN]]
    missing = len(spent) - SHOWN
    return [*lines, *([f"| … | {missing} more | | | | | | |"] if missing > 0 else [])]


def _row(spent: Spent) -> str:
    usage = spent.usage
    figures = f"{spent.calls} | {usage.input:,} | {usage.cache_read:,} | {usage.output:,}"
    task = code(spent.task) if spent.task else "the plan"
    what = WORDS.get(spent.purpose) or code(spent.purpose)
    return f"| {task} | {what} | {code(spent.model)} | {figures} | {spent.said} |"


def told(
    spent: Sequence[Spent], advice: Sequence[str] = (), models: Sequence[str] = (), *, is_short: bool = False
) -> str:
    """The answer to `/lockstep cost`. advice: what follows from it, a sentence each; models: a line for each task that
    says why it has its model; is_short: there is more that may not be told.
    """
    said = [f"- {each}" for each in advice]
    why = ["", "Models of the newest attempts:", "", *models] if models else []
    total = cost_in_words(spent, is_short=is_short)
    return "\n".join([total, *(["", *table(spent)] if spent else []), *(["", *said] if said else []), *why])
