"""posterior: what counts say, what they lean on, and that they can be stored."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core import posterior
from services.core.posterior import AFTER, FIRST, FIRST_SEEN, HARDER, LEAK, Known, Outcome, Tally, Verdict

GUESS = Decimal("0.30")


def outcome(
    *, tier: str = "small", repo: str = "acme/api", after: bool = False, passed: bool = True, cost: str = "0.10"
) -> Outcome:
    return Outcome(tier=tier, repo=repo, after=after, passed=passed, cost=Decimal(cost))


def after_learning(*outcomes: Outcome) -> Known:
    known = Known()
    for each in outcomes:
        known = known.learn(each)
    return known


def test_nothing_known_is_a_guess() -> None:
    known = Known()
    assert known.rate("small", False, "acme/api").mean == FIRST
    assert known.rate("small", True, "acme/api").mean == pytest.approx(FIRST * AFTER)
    assert known.cost("small", False, GUESS) == pytest.approx(0.30)
    assert known.leak() == pytest.approx(LEAK)
    assert known.good("small", 0.6) == pytest.approx((1 - LEAK / 0.6) / (1 - LEAK))


def test_outcomes_are_counted_for_the_repository_and_for_all() -> None:
    known = after_learning(outcome(), outcome(passed=False, cost="0.30"), outcome(repo="acme/web"))
    assert known.of("small", False) == Tally(tried=3, passed=2, spent=Decimal("0.50"))
    assert known.of("small", False, "Acme/API") == Tally(tried=2, passed=1, spent=Decimal("0.40"))
    assert known.of("small", True) == known.of("large", False) == Tally()


def test_a_repository_is_believed_slowly() -> None:
    others = [outcome(repo="acme/web", passed=False) for _ in range(60)]
    few = after_learning(*others, *[outcome() for _ in range(3)])
    many = after_learning(*others, *[outcome() for _ in range(100)])
    pooled = few.rate("small", False, "acme/new").mean
    assert pooled < few.rate("small", False, "acme/api").mean < 0.2
    assert many.rate("small", False, "acme/api").mean > 0.8
    assert many.rate("small", False, "acme/new").mean == pytest.approx((100 + FIRST_SEEN * FIRST) / (160 + FIRST_SEEN))


def test_after_a_failure_is_another_question() -> None:
    known = after_learning(*[outcome() for _ in range(50)])
    assert known.rate("small", True, "acme/api").mean < 0.6 < known.rate("small", False, "acme/api").mean
    known = after_learning(*[outcome(after=True) for _ in range(50)])
    assert known.rate("small", True, "acme/api").mean > 0.9
    assert known.rate("small", False, "acme/api").mean == FIRST
    assert known.rate("small", True, "").tried == 50


def test_costs_lean_on_the_tier_as_a_whole() -> None:
    known = after_learning(*[outcome(cost="1.00") for _ in range(30)])
    assert known.cost("small", False, GUESS) == pytest.approx(1.0, rel=0.05)
    assert known.cost("small", True, GUESS) == pytest.approx(1.0, rel=0.05), "none after a failure has been seen"
    known = known.learn(outcome(after=True, cost="5.00"))
    assert 1.5 < known.cost("small", True, GUESS) < 3


def test_of_those_who_seldom_pass_more_of_what_does_is_wrong() -> None:
    known = Known()
    assert known.good("small", 0.9) > known.good("small", 0.3) > known.good("small", 0.1) > 0
    assert known.good("small", LEAK / 2) == 0
    assert known.good("small", 1.0) == 1


def test_what_comes_to_light_later_counts_for_its_tier_and_for_the_checks() -> None:
    known = after_learning(*[outcome(passed=number < 60) for number in range(100)])
    for number in range(40):
        known = known.hear(Verdict(tier="small", good=number >= 20))
    assert known.leak() > 0.3, "of 46 that were wrong, as far as anybody looked, 20 passed"
    assert known.good("small", 0.6) < 0.65
    assert known.good("small", 0.6) < known.good("large", 0.6) < Known().good("large", 0.6)
    assert known.of("small", False).tried == 100, "a verdict is no attempt"
    for _ in range(200):
        known = known.hear(Verdict(tier="small", good=True))
    assert known.good("small", 0.6) > 0.8


def test_what_was_spent_and_what_one_tier_alone_would_have_cost() -> None:
    known = after_learning(
        outcome(passed=False),
        outcome(tier="large", after=True, cost="0.90"),
        outcome(repo="acme/web", cost="0.20"),
    )
    assert known.spent() == pytest.approx((1.2, 2))
    assert known.alone("large") == pytest.approx((HARDER * 0.9, 1)), "such tasks are harder"
    for _ in range(100):
        known = known.learn(outcome(tier="large", cost="0.50"))
    assert known.alone("large") == pytest.approx((0.5, 101), rel=0.02)
    assert known.alone("medium") == (0, 1)


def test_of_too_many_repositories_only_all_together_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "MOST", 3)
    known = after_learning(*[outcome(repo=f"acme/{number}") for number in range(9)])
    assert len(known.tallies) == 3
    assert known.of("small", False).tried == 9
    assert known.learn(outcome(repo="acme/0")).of("small", False, "acme/0").tried == 2, "those that are known go on"


OUTCOMES = st.lists(
    st.builds(
        Outcome,
        tier=st.sampled_from(["small", "large"]),
        repo=st.sampled_from(["acme/api", "acme/web", "Acme/Web"]),
        after=st.booleans(),
        passed=st.booleans(),
        cost=st.decimals(0, 100, places=4),
    ),
    max_size=40,
)


@given(OUTCOMES)
def test_it_is_a_plain_value_and_the_order_does_not_matter(outcomes: list[Outcome]) -> None:
    known = after_learning(*outcomes)
    assert msgspec.json.decode(msgspec.json.encode(known), type=Known) == known
    assert after_learning(*reversed(outcomes)) == known


@given(OUTCOMES, st.booleans())
def test_rates_are_rates_and_costs_lie_between_what_was_seen(outcomes: list[Outcome], after: bool) -> None:
    known = after_learning(*outcomes)
    rate = known.rate("small", after, "acme/api")
    assert 0 <= known.good("small", rate.mean) <= 1
    assert 0 < known.leak() < 1
    assert 0 < rate.mean < 1
    assert rate.failed > 0
    costs = [float(each.cost) for each in outcomes if each.tier == "small"] + [float(GUESS)]
    assert min(costs) - 1e-9 <= known.cost("small", after, GUESS) <= max(costs) + 1e-9


@given(OUTCOMES)
def test_a_pass_never_makes_a_pass_less_likely(outcomes: list[Outcome]) -> None:
    known = after_learning(*outcomes)
    for repo in ("acme/api", "acme/web"):
        was = known.rate("small", False, repo).mean
        assert known.learn(outcome(repo="acme/api")).rate("small", False, repo).mean >= was - 1e-9
