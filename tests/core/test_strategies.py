"""The table of strategies: complete, ends with a person, never tries for ever."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.failures import CLASSES, FailureClass
from services.core.strategies import POLICY, STRATEGIES, Step, Strategy, next_step, pause


def test_every_class_has_strategies_and_every_strategy_a_meaning() -> None:
    assert set(POLICY) == set(CLASSES)
    assert tuple(STRATEGIES) == get_args(Strategy)
    assert {step.strategy for steps in POLICY.values() for step in steps} == set(STRATEGIES)


@pytest.mark.parametrize("cls", CLASSES)
def test_comes_to_a_person_after_few_tries(cls: FailureClass) -> None:
    assert POLICY[cls][-1].strategy == "manual"
    tried: dict[str, int] = {}
    while (step := next_step(cls, tried)).strategy != "manual":
        tried[step.strategy] = tried.get(step.strategy, 0) + 1
        assert sum(tried.values()) <= 10
    assert [step.strategy for step in POLICY[cls][:-1]] == list(tried)


def test_what_a_person_has_to_do_stays_with_a_person() -> None:
    assert next_step("budget", {"manual": 5}).strategy == "manual"


@given(
    st.sampled_from([step for steps in POLICY.values() for step in steps]), st.integers(1, 40), st.integers(0, 9_000)
)
def test_pauses_grow_to_a_bound_and_keep_what_was_asked_for(step: Step, tries: int, asked: int) -> None:
    found = pause(step, "run/task", tries, retry_after=asked)
    assert asked <= found <= max(asked, step.longest)


def test_the_first_try_waits_only_if_asked_to() -> None:
    step = POLICY["rate_limited"][0]
    assert pause(step, "k", 0) == 0.0
    assert pause(step, "k", 0, retry_after=30.0) == 30.0
