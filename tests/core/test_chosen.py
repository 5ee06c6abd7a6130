"""chosen: the sentences, as people read them."""

import random

from inline_snapshot import snapshot

from services.core.choose import Asked, Rules, choose
from services.core.chosen import (
    LISTED,
    LONGEST,
    Chosen,
    asked_for,
    carried,
    goes_on,
    listed,
    named,
    no_money_for,
    reasons,
    told,
    why,
)
from services.core.complexity import Bound, judge
from services.core.posterior import Known
from tests.core.test_choose import TIERS, chosen, seen, usual


def test_what_stands_where_people_look() -> None:
    one = Chosen(tier="small", model="openai:a", why=goes_on("small"), reasons=("The path x asks for at least small.",))
    assert one.short == "model `small`"
    assert Chosen(model="openai:a").short == "model `openai:a`"
    assert Chosen().short == told(Chosen()) == ""
    assert told(one) == (
        "- Model: `small` goes on, told what was wrong with its last attempt.\n- The path x asks for at least small."
    )
    assert no_money_for("l") == "What is left of the budget would not pay for `l`."
    assert [asked_for("l"), named("l", by_person=True), named("l", by_person=False)] == [
        "`l`, because another attempt was asked for, and all others have been tried.",
        "A maintainer names `l`.",
        "The plan names `l`.",
    ]


def test_learned() -> None:
    assert why(chosen(usual())) == snapshot(
        "`small`, which passes the checks of about 60 in 100 such tasks (tried 100 times so far); what fails goes on to `medium`, then `large`; likely $0.45 and 81 in 100 solved, where the largest alone comes to $0.72 and 73."
    )


def test_straight_to_the_largest() -> None:
    known = seen("medium", 60, 100, 1.0, known=seen("large", 75, 100, 0.7, known=seen("small", 5, 100, 0.5)))
    assert why(chosen(known, attempts=1)) == snapshot(
        "`large`, which passes the checks of about 74 in 100 such tasks (tried 100 times so far); likely $0.70 and 73 in 100 solved."
    )


def test_after_a_failure() -> None:
    assert why(chosen(usual(), failed=("small",))) == snapshot(
        "`medium`, which passes the checks of about 35 in 100 such tasks (tried 100 times so far); what fails goes on to `large`; likely $1.02 and 58 in 100 solved, where the largest alone comes to $0.80 and 40."
    )


def test_trying_out() -> None:
    known = seen("small", 1, 2, 0.04)
    found = next(one for seed in range(99) if (one := chosen(known, explore=True, seed=seed)).explores)
    assert why(found) == snapshot("`medium`, to learn more about it: never tried so far.")
    assert why(found, is_bare=True) == snapshot("`medium`, to learn more about it.")


def test_without_figures() -> None:
    assert why(chosen(usual()), is_bare=True) == snapshot(
        "`small`, by what such tasks have come to; what fails its checks goes on to `medium`, then `large`."
    )


def test_making_up_for_what_was_tried() -> None:
    dear = seen("small", 0, 20, 5.0, known=seen("large", 8, 10, 0.7))
    assert why(chosen(dear, dearer=0.01)) == snapshot(
        "`large` alone, until what trying others has cost is made up for."
    )


def test_nothing_known() -> None:
    assert why(chosen(Known())) == snapshot("`small`, going by a guess, because nothing like it has been tried yet.")


def test_cascade_and_fixed() -> None:
    assert why(chosen(policy="cascade")) == snapshot(
        "`small`, the next in order; what fails its checks goes on to `medium`, then `large`."
    )
    assert why(chosen(policy="cascade", failed=("small", "medium"))) == snapshot(
        "`large`, the next in order; what fails its checks goes on to a person."
    )
    assert why(chosen(policy="fixed")) == snapshot("`large`, because the settings name it for every task.")


def test_no_further_attempt() -> None:
    assert why(chosen(usual(), failure_cost=0.1, failed=("small",))) == snapshot(
        "No further attempt: what it is likely to cost is more than it is likely to save; a person goes on."
    )
    assert why(chosen(policy="cascade", failed=tuple(tier.name for tier in TIERS))) == snapshot(
        "No further attempt: every model and attempt the settings allow has been tried; a person goes on."
    )


def test_what_else_went_into_it() -> None:
    found = chosen(bounds=(Bound(label="security @acme", at_least="large"),), labels=("security @acme",))
    assert reasons(found) == snapshot(("The label security \\@\u2060acme asks for at least large.",))
    assert reasons(chosen()) == ()


def test_the_size_is_shown_and_said_to_choose_nothing() -> None:
    asked = Asked(repo="acme/api", complexity=judge("Refactor the orders", ""))
    plain = Asked(repo="acme/api", complexity=judge("Say hello", ""))
    assert reasons(choose(plain, Rules(tiers=TIERS), Known(), random.Random(1))) == snapshot(
        (
            "It looks medium (0.3 of 1): nothing in its text stands out. Texts say little about success, so this chooses nothing by itself.",
        )
    )
    assert reasons(choose(asked, Rules(tiers=TIERS), Known(), random.Random(1))) == snapshot(
        (
            "It looks medium (0.5 of 1): it speaks of “refactor”. Texts say little about success, so this chooses nothing by itself.",
        )
    )


def test_what_is_carried_over_needs_no_new_choice() -> None:
    assert carried("small") == "`small` goes on, where what was made can't be carried over without it."


def test_a_list_of_models_is_short() -> None:
    many = {f"t{n}": Chosen(tier="small", model="openai:o", why=f"`{'x' * 400}`.") for n in range(LISTED + 5)}
    said = listed(many)
    assert said[-1] == "- … and 5 more"
    assert max(map(len, said)) <= LONGEST + 20
    assert all(line.count("`") % 2 == 0 for line in said), "no half of a name"
    assert listed({"t": Chosen(model="openai:o")}) == [], "where there is only one, there is nothing to explain"
