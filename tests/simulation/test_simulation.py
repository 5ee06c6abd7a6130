"""Three hundred lives of the bot, each another mixture of delay, loss, crashes and people; none breaks a promise.

`python -m benchmarks simulate --seed N` shows one of them whole.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.fleet import MEMBERS
from tests.simulation.planted import FOUND, PLANTED, planted
from tests.simulation.world import simulate

SEEDS = 300
AT_ONCE = 10
OTHERS = 60
RARE = 100
"""Bugs that are found by none of so many seeds are looked for by the hunt alone."""
GROUPED, FLEETS = range(400, 412), range(500, 512)
BUGS = {**PLANTED, **FOUND}


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_promise_is_broken(first: int) -> None:
    broken = {
        seed: verdict.violations for seed in range(first, first + AT_ONCE) if (verdict := simulate(seed)).violations
    }
    assert not broken, f"python -m benchmarks simulate --seed {next(iter(broken))} shows it"


@pytest.mark.parametrize("first", range(200, 220, AT_ONCE))
def test_no_promise_is_broken_where_plans_are_edited_while_they_run(first: int) -> None:
    lived = {seed: simulate(seed, edits=True) for seed in range(first, first + AT_ONCE)}
    assert not {seed: verdict.violations for seed, verdict in lived.items() if verdict.violations}
    assert sum(verdict.adopted for verdict in lived.values()), "no edit was taken over"


def test_no_promise_is_broken_where_two_processes_share_the_work() -> None:
    lived = {seed: simulate(seed, fleet=True) for seed in (7, 151, 169, *FLEETS)}
    assert not {seed: verdict.violations for seed, verdict in lived.items() if verdict.violations}
    assert all(verdict.takes > MEMBERS for verdict in lived.values()), "shards changed hands at the start alone"


def test_a_process_that_is_away_for_long_is_waited_for() -> None:
    """In this seed all that was asked for in peace came while none was there."""
    assert not simulate(20_350).violations


def test_who_was_let_in_again_is_believed_though_nobody_told() -> None:
    """In this seed the author of the plan had been shut out of one of its repositories when it was read."""
    assert not simulate(6_215).violations


def test_a_text_put_there_in_the_second_of_its_approval_was_not_approved() -> None:
    """In this seed nothing of the plan had been read before."""
    assert not simulate(2_806).violations


def test_a_need_may_go_while_issues_are_tied_together() -> None:
    assert not simulate(4_821).violations


def test_who_sees_that_no_check_begins_opens_the_pull_request_anew() -> None:
    """In this seed it was turned to another branch and back, and GitHub told nobody who checks."""
    assert not simulate(7_638).violations


def test_what_a_person_merges_of_a_group_before_its_barrier_begins_nothing() -> None:
    assert not simulate(6_001).violations


def test_no_promise_is_broken_where_tasks_merge_together() -> None:
    lived = {seed: simulate(seed, grouped=True) for seed in GROUPED}
    assert not {seed: verdict.violations for seed, verdict in lived.items() if verdict.violations}
    assert {end for verdict in lived.values() for end in verdict.ends} >= {"merged", "reverting"}


def test_a_seed_is_lived_the_same_way_again_in_any_process() -> None:
    code = "from tests.simulation.world import simulate; print(simulate(7).digest)"
    root = Path(__file__).parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": str(root)},
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for number in ("1", "2")
    }  # fmt: skip
    assert digests == {simulate(7).digest}


@pytest.mark.parametrize("name", BUGS)
def test_what_a_planted_bug_swaps_is_there(name: str) -> None:
    """A refactoring that takes it away has to plant the bug elsewhere."""
    for where, what, new in BUGS[name].swaps():
        assert what in vars(where), f"{where.__name__} has no {what} of its own"
        assert vars(where)[what] is not new


@pytest.mark.parametrize(
    ("name", "seed"), [(name, bug.seed) for name, bug in BUGS.items() if bug.seed is not None and bug.seed < RARE]
)
def test_a_planted_bug_is_found(name: str, seed: int) -> None:
    """By the seed that found it first or, where a change has moved what seeds mean, by one of a few others. If not, what
    it swaps does not matter any more, or it is rare: `simulate --plant 1` looks anew.
    """
    bug = BUGS[name]
    with planted(bug):
        assert any(simulate(each, fleet=bug.is_split).violations for each in (seed, *range(OTHERS)))


def test_there_are_ten_bugs_to_plant() -> None:
    assert len(PLANTED) >= 10
