"""What models cost in words: what is not known is said, and never counts as nothing."""

from decimal import Decimal
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.cost import SHOWN, Purpose, Spent, Usage, cost_in_words, dollars, purpose_in_words, table, told


def spent(task: str = "", cost: str = "0", held: str = "0", **more: int) -> Spent:
    return Spent(
        task=task, purpose="attempt" if task else "draft", model="openai:gpt-4o", calls=more.pop("calls", 1),
        usage=Usage(input=1_000, cache_read=400, output=50), cost=Decimal(cost), held=Decimal(held), **more,
    )  # fmt: skip


def test_the_answer_to_cost() -> None:
    found = [spent(cost="0.0123", calls=2), spent("api", "1.5", calls=3, unpriced=1), spent("web", calls=1, unknown=1)]
    assert told(found) == snapshot("""\
**$1.51** for 6 model calls, and on top what is not known: 1 without a known price and 1 that broke off.

| Task | For | Model | Calls | Tokens in | of them cached | Tokens out | Cost |
| --- | --- | --- | --: | --: | --: | --: | --: |
| `api` | doing the work | `openai:gpt-4o` | 3 | 1,000 | 400 | 50 | $1.50 and more |
| the plan | drafting the plan | `openai:gpt-4o` | 2 | 1,000 | 400 | 50 | $0.0123 |
| `web` | doing the work | `openai:gpt-4o` | 1 | 1,000 | 400 | 50 | not known |\
""")


def test_a_purpose_of_a_newer_version_is_named_as_it_is() -> None:
    newer = msgspec.structs.replace(spent("api"), purpose=cast("Purpose", "re|view"))
    assert "| `api` | `re¦view` | `openai:gpt-4o` |" in told([newer])
    assert purpose_in_words("review") == "review"
    assert purpose_in_words("draft") == "drafting the plan"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No model was called, so nothing was spent."),
        ([spent(unpriced=1)], "1 model call, and what it has cost is not known."),
        ([spent(unpriced=2, unknown=1, calls=3)], "3 model calls, and what they have cost is not known."),
        ([spent(cost="2")], "**$2.00** for 1 model call."),
        (
            [spent(held="0.5", unknown=1)],
            "1 model call, and what it has cost is not known. It counts with **$0.5000**, the most that it can be.",
        ),
        (
            [spent(cost="2", calls=3, held="1", unknown=1)],
            (
                "**$2.00** for 3 model calls, and on top what is not known: 1 that broke off. "
                "It counts with **$1.00**, the most that it can be."
            ),
        ),
    ],
)
def test_what_is_not_known_is_said(found: list[Spent], said: str) -> None:
    assert cost_in_words(found) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (spent(cost="2"), "$2.00"),
        (spent(cost="2", calls=2, unpriced=1), "$2.00 and more"),
        (spent(unknown=1), "not known"),
        (spent(unknown=1, held="0.5"), "at most $0.5000"),
        (spent(cost="2", calls=2, unknown=1, held="0.5"), "$2.00 to $2.50"),
    ],
)
def test_what_is_estimated_is_said_as_a_range(found: Spent, said: str) -> None:
    assert found.said == said


@pytest.mark.parametrize(
    ("cost", "said"),
    [("0", "$0.00"), ("0.00001", "less than $0.0001"), ("0.5", "$0.5000"), ("1234.567", "$1,234.57")],
)
def test_money_in_words(cost: str, said: str) -> None:
    assert dollars(Decimal(cost)) == said


@given(st.decimals(min_value="0.000001", max_value=10_000, allow_nan=False))
def test_what_costs_something_is_never_shown_as_nothing(cost: Decimal) -> None:
    assert dollars(cost).strip("$0.") != ""


def test_a_long_table_says_how_much_is_missing() -> None:
    lines = table([spent(f"t{number}", "1") for number in range(SHOWN + 3)])
    assert len(lines) == SHOWN + 3
    assert lines[-1].startswith("| … | 3 more |")


def test_the_answer_to_cost_says_why_these_models() -> None:
    said = told([spent(cost="0.0123", calls=2)], ["Do less."], ["- `api`: `small`, the next in order."])
    assert said.endswith("\n\n- Do less.\n\nModels of the newest attempts:\n\n- `api`: `small`, the next in order.")


def test_that_some_of_it_may_not_be_told_is_said() -> None:
    assert told([], is_short=True) == snapshot("What tasks elsewhere cost is not told here.")
    assert told([], ["Do less."], is_short=True).startswith("What tasks elsewhere cost is not told here.\n\n- Do")
    assert cost_in_words([spent(cost="2")], is_short=True) == snapshot(
        "**$2.00** for 1 model call. What tasks elsewhere cost is not told here."
    )
