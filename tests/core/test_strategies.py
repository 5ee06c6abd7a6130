"""The table of strategies: complete, ends with a person, never tries for ever."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.failures import CLASSES, FailureClass
from services.core.recovery import summaries, way
from services.core.strategies import POLICY, Record, Rules, Step, Strategy, Tally, pause, ranked


def test_every_class_has_strategies_and_every_strategy_a_meaning() -> None:
    assert set(POLICY) == set(CLASSES)
    assert set(summaries()) == set(get_args(Strategy))
    assert {step.strategy for steps in POLICY.values() for step in steps} == set(summaries())


def test_what_people_read_of_each_strategy() -> None:
    assert {name: (way(name).summary, way(name).doing) for name in sorted(get_args(Strategy))} == snapshot(
        {
            "fix_dependency": (
                "another attempt, told which dependency is missing or does not fit",
                "the agent is told what failed and tries again",
            ),
            "fix_format": (
                "run the repository's own fixer (`recovery.fixer`), or have the agent repair what the linter names",
                "the linter's findings are put right",
            ),
            "fix_tests": (
                "another attempt, told what fails: tests, compiler or documentation",
                "the agent is told what failed and tries again",
            ),
            "manual": ("hand it to a person, with the evidence", "a person has to look"),
            "rerun_failed": ("run only the failed jobs again, on the same commit", "its failed jobs run again"),
            "resolve_conflict": (
                "merge with the base and resolve what git could not, by rules, then by the agent; then verify",
                "it is merged with its base again",
            ),
            "retry": ("do the same again, after a pause that grows", "it is done again"),
            "revert": (
                "open a pull request that takes the merge back which broke the base, where that was one of the same plan",
                "what broke its base is to be taken back",
            ),
            "stronger_model": (
                "another attempt by the next stronger model",
                "a stronger model is told what failed and tries",
            ),
            "update_branch": (
                "bring the base into the branch; what the base fails too waits until that is well",
                "its base is brought into its branch",
            ),
        }
    )


@pytest.mark.parametrize("cls", CLASSES)
def test_comes_to_a_person_after_few_tries(cls: FailureClass) -> None:
    assert POLICY[cls][-1].strategy == "manual"
    assert sum(step.most for step in POLICY[cls][:-1]) <= 10


def test_a_repository_has_its_own_order_and_a_person_comes_last_there_too() -> None:
    rules = Rules(policy={"unknown": (Step("rerun_failed", 2),)})
    assert [step.strategy for step in rules.steps("unknown")] == ["rerun_failed", "manual"]
    assert rules.steps("lint") == POLICY["lint"]


def test_what_has_not_helped_here_goes_behind_what_has_but_not_after_one_bad_day() -> None:
    def order(record: Record) -> list[str]:
        return [step.strategy for step in Rules(record=record).steps("test_failure")]

    usual = ["rerun_failed", "fix_tests", "stronger_model", "manual"]
    assert order({}) == usual
    assert order({("test_failure", "rerun_failed"): Tally(0, 2)}) == usual
    assert order({("lint", "rerun_failed"): Tally(0, 50)}) == usual
    assert order({("test_failure", "rerun_failed"): Tally(0, 4)})[:2] == ["fix_tests", "rerun_failed"]
    stronger: Record = {
        ("test_failure", "fix_tests"): Tally(0, 9),
        ("test_failure", "stronger_model"): Tally(7, 9),
        ("test_failure", "rerun_failed"): Tally(1, 9),
    }
    assert order(stronger) == ["stronger_model", "rerun_failed", "fix_tests", "manual"]


@given(
    st.sampled_from(sorted(POLICY)),
    st.dictionaries(st.sampled_from(sorted(summaries())), st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=9),
)
def test_however_they_are_ordered_they_are_the_same_and_a_person_is_last(
    cls: FailureClass, seen: dict[Strategy, tuple[int, int]]
) -> None:
    record: Record = {(cls, name): Tally(worked, worked + failed) for name, (worked, failed) in seen.items()}
    found = ranked(cls, POLICY[cls], record)
    assert sorted(found, key=str) == sorted(POLICY[cls], key=str)
    assert found[-1].strategy == "manual"
    assert found == ranked(cls, POLICY[cls], record)


@given(
    st.sampled_from([step for steps in POLICY.values() for step in steps]), st.integers(1, 40), st.integers(0, 9_000)
)
def test_pauses_grow_to_a_bound_and_keep_what_was_asked_for(step: Step, tries: int, asked: int) -> None:
    found = pause(step, "run/task", tries, retry_after=asked)
    assert asked <= found <= asked + step.longest


def test_the_first_try_waits_only_if_asked_to() -> None:
    step = POLICY["rate_limited"][0]
    assert pause(step, "k", 0) == 0.0
    assert 30.0 < pause(step, "k", 0, retry_after=30.0) <= 30.0 + step.first
