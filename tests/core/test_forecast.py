"""forecast: the end of a run, the chain it depends on, and what may be late; and honest words about it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core import graph
from services.core.forecast import Forecast, end_in_words, forecast, lengths_in_words, slack_in_words
from services.core.lengths import Guess, Source
from services.core.plan import Plan, Task
from services.core.task_state import State, TaskState
from tests.core.drawn import plans
from tests.kit.plans import NOW, plan, task

MINUTE = 60.0


def minutes(lengths: Mapping[str, float], source: Source = "learned") -> Callable[[Task], Guess]:
    return lambda one: Guess(work=lengths[one.id] * MINUTE / 2, whole=lengths[one.id] * MINUTE, source=source)


DIAMOND = plan(task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"))
LENGTHS = minutes({"a": 10, "b": 30, "c": 20, "d": 5})


def state(task_id: str, state: State, *, ago: float = 0.0) -> TaskState:
    return TaskState(id=task_id, state=state, started_at=NOW - timedelta(minutes=ago), since=NOW)


def test_before_it_starts() -> None:
    found = forecast(DIAMOND, {}, LENGTHS, 4, NOW)
    assert (found.path, found.chain, found.seconds) == (("a", "b", "d"), 45 * MINUTE, 45 * MINUTE)
    assert dict(found.slack) == {"a": 0.0, "b": 0.0, "c": 10 * MINUTE, "d": 0.0}
    assert [slack_in_words(found, one) for one in "abcd"] == ["critical", "critical", "10 min", "critical"]


def test_real_lengths_move_the_critical_path() -> None:
    """c has taken longer than guessed: it is expected to need a quarter of its time once more."""
    states = {"a": state("a", "done"), "b": state("b", "running", ago=29), "c": state("c", "in_review", ago=40)}
    found = forecast(DIAMOND, {**states, "d": TaskState(id="d")}, LENGTHS, 4, NOW)
    assert (found.path, found.chain) == (("c", "d"), 15 * MINUTE)
    assert found.slack["b"] == 2.75 * MINUTE
    assert "a" not in found.slack


def test_with_few_places_the_work_decides() -> None:
    wide = plan(*(task(f"t{n}") for n in range(8)))
    found = forecast(wide, {}, minutes({f"t{n}": 10 for n in range(8)}), 2, NOW)
    assert (found.chain, found.seconds) == (10 * MINUTE, 20 * MINUTE), (
        "half of ten minutes is work, eight times, by two"
    )


def test_a_task_that_waits_for_its_review_needs_no_place() -> None:
    two = plan(task("a"), task("b"))
    found = forecast(two, {one: state(one, "in_review") for one in "ab"}, minutes({"a": 10, "b": 10}), 1, NOW)
    assert found.seconds == 10 * MINUTE


def test_a_slow_one_of_a_group_holds_up_what_needs_any_of_it() -> None:
    """c needs a, which merges together with b; d looks longer than a and c, and is not critical."""
    grouped = plan(task("a", group="g"), task("b", group="g"), task("c", "a"), task("d"))
    lengths = minutes({"a": 10, "b": 120, "c": 60, "d": 90})
    found = forecast(grouped, {}, lengths, 4, NOW)
    assert (found.path, found.chain) == (("b", "c"), 180 * MINUTE)
    assert dict(found.slack) == {"a": 110 * MINUTE, "b": 0.0, "c": 0.0, "d": 90 * MINUTE}
    half = forecast(grouped, {"a": state("a", "done"), "b": state("b", "running", ago=60)}, lengths, 4, NOW)
    assert (half.path, half.chain) == (("b", "c"), 120 * MINUTE)


def test_within_a_group_work_waits_only_for_a_pull_request() -> None:
    found = forecast(plan(task("a", group="g"), task("b", "a", group="g")), {}, minutes({"a": 10, "b": 20}), 4, NOW)
    assert (found.path, found.chain) == (("a", "b"), 25 * MINUTE), "half of ten minutes is work"


SAME = msgspec.structs.replace(
    plan(task("a", paths=("src/**",)), task("b", paths=("src/x",)), task("c", paths=("src/x",)), task("d")),
    apart=("acme/api",),
)
ROUND = minutes({"a": 10, "b": 20, "c": 30, "d": 50})


def test_tasks_that_may_change_the_same_files_are_one_chain() -> None:
    """The longest goes first, as it would when they start; what is under way goes before it."""
    found = forecast(SAME, {}, ROUND, 9, NOW)
    assert (found.path, found.seconds) == (("c", "b", "a"), 60 * MINUTE)
    assert dict(found.slack) == {"a": 0.0, "b": 0.0, "c": 0.0, "d": 10 * MINUTE}
    going = forecast(SAME, {"a": state("a", "running", ago=5), "b": TaskState(id="b", priority=9.0)}, ROUND, 9, NOW)
    assert (going.path, going.seconds) == (("a", "b", "c"), 55 * MINUTE)


def test_what_a_pull_request_does_not_change_waits_for_it_no_more() -> None:
    a = msgspec.structs.replace(state("a", "in_review"), changed=("src/other",))
    found = forecast(SAME, {"a": a, "gone": state("gone", "running")}, ROUND, 9, NOW)
    assert (found.path, found.slack["a"]) == (("c", "b"), 40 * MINUTE)
    held = msgspec.structs.replace(state("a", "in_review"), held=True)
    assert forecast(SAME, {"a": held}, ROUND, 9, NOW).path == ("c", "b"), "and what stands still keeps nobody back"


def test_what_is_stacked_waits_only_for_a_pull_request() -> None:
    stacked = msgspec.structs.replace(SAME, stacked=("acme/api",))
    found = forecast(stacked, {}, ROUND, 9, NOW)
    assert (found.path, found.chain) == (("d",), 50 * MINUTE)
    assert found.slack["a"] == 50 * MINUTE - (15 + 10 + 10) * MINUTE, "half of thirty minutes is work, then of twenty"


@pytest.mark.parametrize("stuck", ["failed", "needs_human", "cancelled"])
def test_while_somebody_has_to_act_no_end_is_told(stuck: State) -> None:
    states = {**{one: TaskState(id=one) for one in "abcd"}, "b": state("b", stuck)}
    found = forecast(DIAMOND, states, LENGTHS, 4, NOW)
    assert (found.waits, end_in_words(found, "running", NOW)) == (True, "")


@pytest.mark.parametrize("is_over", ["done", "skipped"])
def test_what_is_over_keeps_no_end_from_being_told_though_it_was_held(is_over: State) -> None:
    held = msgspec.structs.replace(state("a", is_over), held=True)
    found = forecast(DIAMOND, {**{one: TaskState(id=one) for one in "bcd"}, "a": held}, LENGTHS, 4, NOW)
    assert (found.waits, end_in_words(found, "running", NOW)) == (False, "about 12:35 UTC")
    still = msgspec.structs.replace(state("b", "in_review"), held=True)
    assert forecast(DIAMOND, {"a": held, "b": still}, LENGTHS, 4, NOW).waits


def test_an_end_in_words_is_rounded_up_and_says_what_it_goes_by() -> None:
    found = forecast(DIAMOND, {}, LENGTHS, 4, NOW)
    assert end_in_words(found, "running", NOW) == "about 12:45 UTC"
    assert end_in_words(found, "running", NOW + timedelta(seconds=1)) == "about 12:50 UTC"
    assert end_in_words(found, "running", NOW.replace(hour=23, minute=30)) == "about 2026-03-02 00:15 UTC"
    declared = forecast(DIAMOND, {}, minutes({"a": 10, "b": 30, "c": 20, "d": 5}, "default"), 4, NOW)
    assert end_in_words(declared, "running", NOW) == "about 12:45 UTC, if every task took all the time it has"


def test_no_end_is_told_where_there_is_none() -> None:
    found = forecast(DIAMOND, {}, LENGTHS, 4, NOW)
    assert [end_in_words(found, over, NOW) for over in ("paused", "done", "cancelled", None)] == ["", "", "", ""]
    over = forecast(DIAMOND, {one: state(one, "done") for one in "abcd"}, LENGTHS, 4, NOW)
    assert (over.path, end_in_words(over, "running", NOW), slack_in_words(over, "a")) == ((), "", "")


def test_what_lengths_go_by() -> None:
    some = Forecast(slack=dict.fromkeys("abcd", 0.0), learned=3)
    assert lengths_in_words(some) == "going by what such tasks took before, and for 1 of 4 by their timeouts"


@given(plans(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_task_that_is_later_than_its_slack_makes_the_plan_longer(found: Plan, random: Random) -> None:
    lengths = {one.id: float(random.randint(1, 9)) for one in found.tasks}

    def longest(given: Mapping[str, float]) -> float:
        return max(graph.longest_remaining(found, lambda one: given[one.id]).values(), default=0.0)

    total = longest(lengths)
    for task_id, slack in graph.slack(found, lambda one: lengths[one.id]).items():
        assert longest({**lengths, task_id: lengths[task_id] + slack}) == total
        assert longest({**lengths, task_id: lengths[task_id] + slack + 1}) == total + 1
