"""choose: the policies, what each looks at, and what holds whatever is known."""

import random
from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.core.choose import Asked, Choice, Policy, Rules, Tier, choose
from services.core.complexity import Bound
from services.core.posterior import Known, Outcome, Verdict

TIERS = tuple(Tier(name=name, model=f"maker/{name}") for name in ("small", "medium", "large"))


def seen(tier: str, passed: int, tried: int, cost: float, *, after: bool = False, known: Known | None = None) -> Known:
    known = known or Known()
    for count in range(tried):
        known = known.learn(
            Outcome(tier=tier, repo="acme/api", after=after, passed=count < passed, cost=Decimal(str(cost)))
        )
    return known


def usual() -> Known:
    """A cheap one that does much, and a dear one that does most."""
    known = seen("small", 60, 100, 0.04)
    known = seen("medium", 70, 100, 0.45, known=known)
    known = seen("large", 75, 100, 0.72, known=known)
    known = seen("medium", 35, 100, 0.5, after=True, known=known)
    return seen("large", 43, 100, 0.8, after=True, known=known)


def chosen(
    known: Known | None = None,
    *,
    policy: Policy = "learned",
    failed: tuple[str, ...] = (),
    seed: int = 1,
    failure_cost: float = 3,
    explore: bool = False,
    attempts: int = 3,
    bounds: tuple[Bound, ...] = (),
    labels: tuple[str, ...] = (),
    fixed: str = "",
    dearer: float | None = None,
) -> Choice:
    rules = Rules(
        tiers=TIERS,
        policy=policy,
        failure_cost=Decimal(str(failure_cost)),
        explore=explore,
        attempts=attempts,
        bounds=bounds,
        fixed=fixed,
        dearer=dearer,
    )
    asked = Asked(repo="acme/api", failed=failed, labels=labels)
    return choose(asked, rules, known or Known(), random.Random(seed))


def test_fixed_takes_its_own_again_and_again() -> None:
    assert chosen(policy="fixed", fixed="medium").ladder == ("medium", "medium", "medium")
    assert chosen(policy="fixed", fixed="medium", failed=("medium", "medium")).ladder == ("medium",)
    assert chosen(policy="fixed", fixed="medium", failed=("medium",) * 3).tier == ""
    assert chosen(policy="fixed").tier == "large", "none is named"


def test_cascade_goes_up_one_at_a_time() -> None:
    assert chosen(policy="cascade").ladder == ("small", "medium", "large")
    assert chosen(policy="cascade", failed=("small",)).tier == "medium"
    assert chosen(policy="cascade", failed=("small", "medium")).tier == "large"
    assert chosen(policy="cascade", failed=("small", "medium", "large")).tier == ""
    assert chosen(policy="cascade", attempts=2).ladder == ("small", "medium")
    assert chosen(policy="cascade", attempts=2, failed=("small", "medium")).tier == ""


def test_learned_takes_the_cheap_one_that_does_much_and_then_the_large_one() -> None:
    found = chosen(usual())
    assert (found.tier, found.ladder[-1], found.policy) == ("small", "large", "learned")
    assert found.likely is not None
    assert found.biggest is not None
    assert found.likely.spend < 0.7 * found.biggest.spend
    assert found.likely.total < found.biggest.total


def test_learned_leaves_out_one_that_is_bad_or_dear() -> None:
    bad = seen("medium", 60, 100, 1.0, known=seen("large", 75, 100, 0.7, known=seen("small", 5, 100, 0.5)))
    assert chosen(bad).ladder[0] == "large"


def test_the_value_of_a_failure_decides_how_far_it_goes() -> None:
    assert chosen(usual(), failure_cost=0.1).ladder == ("small",)
    assert len(chosen(usual(), failure_cost=50).ladder) == 3
    assert chosen(usual(), failure_cost=0.1, failed=("small",)).tier == "", "giving up costs less"
    assert chosen(usual(), failure_cost=0.1, failed=("small",)).left == 2
    assert chosen(usual(), failure_cost=0).tier, "a task is tried at least once"


def test_after_a_failure_the_rates_are_those_after_a_failure() -> None:
    hopeless = seen("large", 0, 60, 0.8, after=True, known=usual())
    assert chosen(hopeless, failed=("small", "medium"), failure_cost=2).tier == ""
    assert chosen(usual(), failed=("small", "medium"), failure_cost=3).tier == "large"
    assert chosen(usual(), failed=("small", "medium"), failure_cost=3).passes < 0.5


def test_what_passes_and_is_not_good_makes_a_tier_worth_less() -> None:
    known = usual()
    for _ in range(100):
        known = known.hear(Verdict(tier="small", good=False)).hear(Verdict(tier="large", good=True))
    assert chosen(known).tier != "small"


def test_bounds_hold_for_every_policy() -> None:
    bounds = (Bound(label="security", at_least="large"),)
    for policy in ("fixed", "cascade", "learned"):
        found = chosen(usual(), policy=policy, fixed="small", bounds=bounds, labels=("security",))
        assert set(found.ladder) == {"large"}
        assert found.narrowed == ("the label security asks for at least large",)


def test_the_same_seed_gives_the_same_choice_and_others_try_things_out() -> None:
    known = seen("small", 1, 2, 0.04)
    assert chosen(known, explore=True, seed=7) == chosen(known, explore=True, seed=7)
    several = Counter(chosen(known, explore=True, seed=seed).tier for seed in range(60))
    assert len(several) > 1
    assert {chosen(known, seed=seed).tier for seed in range(20)} == {chosen(known).tier}, "without exploring"
    assert any(chosen(known, explore=True, seed=seed).explores for seed in range(60))


def test_much_that_is_known_leaves_little_to_try_out() -> None:
    known = seen("small", 5, 200, 0.5, known=usual())
    picked = Counter(chosen(known, explore=True, seed=seed).tier for seed in range(100))
    assert picked["small"] <= 2


def lived(tasks: int, dearer: float | None, seed: int = 1) -> tuple[float, Known]:
    """Two tiers, of which the small one costs nearly as much and hardly ever passes; what all tasks cost."""
    rules = Rules(tiers=(TIERS[0], TIERS[2]), dearer=dearer)
    draw, spent, known = random.Random(seed), 0.0, Known()
    for _ in range(tasks):
        failed: tuple[str, ...] = ()
        while tier := choose(Asked(repo="acme/api", failed=failed), rules, known, draw).tier:
            passed = draw.random() < (0.3 if tier == "small" else 0.75)
            cost = Decimal("0.35") if tier == "small" else Decimal("0.70")
            spent += float(cost)
            known = known.learn(Outcome(tier=tier, repo="acme/api", after=bool(failed), passed=passed, cost=cost))
            if passed:
                break
            failed = (*failed, tier)
    return spent, known


def test_learning_never_costs_much_more_than_the_largest_alone() -> None:
    for seed in range(5):
        assert lived(200, 0.01, seed)[0] <= 200 * 0.70 * 1.01 + 4 * 0.70
    assert max(lived(200, None, seed)[0] for seed in range(5)) > 200 * 0.70 * 1.03, "or it would not be needed"


def test_what_was_spent_on_learning_is_made_up_for_first() -> None:
    dear = seen("small", 0, 20, 5.0, known=seen("large", 8, 10, 0.7))
    found = chosen(dear, explore=True, dearer=0.01)
    assert (found.ladder, found.repays, found.explores) == (("large",), True, False)
    saving = seen("small", 60, 100, 0.04, known=seen("large", 8, 10, 0.7))
    assert chosen(saving, dearer=0.01).tier == "small"
    assert not chosen(dear, failed=("small",), dearer=0.01).repays, "what has begun goes on"
    unseen = seen("small", 2, 2, 0.01)
    assert chosen(unseen, dearer=0.01).repays, "what the largest costs has to be found out"
    assert not chosen(Known(), dearer=0.01).repays


KNOWN = st.lists(
    st.builds(
        Outcome,
        tier=st.sampled_from([tier.name for tier in TIERS]),
        repo=st.just("acme/api"),
        after=st.booleans(),
        passed=st.booleans(),
        cost=st.decimals(0, 50, places=2),
    ),
    max_size=25,
)
FAILED = st.lists(st.sampled_from(["small", "medium", "large", "gone"]), max_size=4).map(tuple)


@given(KNOWN, FAILED, st.sampled_from(["fixed", "cascade", "learned"]), st.integers(0, 9), st.integers(1, 4))
def test_whatever_is_known(
    outcomes: list[Outcome], failed: tuple[str, ...], policy: Policy, seed: int, attempts: int
) -> None:
    known = Known()
    for each in outcomes:
        known = known.learn(each)
    found = chosen(known, policy=policy, failed=failed, seed=seed, explore=True, attempts=attempts, dearer=0.01)
    names = [tier.name for tier in TIERS]
    assert len(found.ladder) + len(failed) <= max(attempts, len(failed)), "never more attempts than allowed"
    if policy != "fixed":
        assert list(found.ladder) == sorted(set(found.ladder), key=names.index), "never back to a smaller one"
        assert not set(found.ladder) & set(failed)
    if not failed:
        assert found.tier, "a task is tried at least once"
    if found.likely is not None:
        assert 0 <= found.likely.solved <= 1
        assert found.likely.spend >= 0
