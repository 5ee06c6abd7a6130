"""graph: small graphs whose answers are plain to see, then properties, then a hundred thousand tasks."""

import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core import graph
from services.core.plan import Plan
from tests.core.drawn import chain, plan, plans, task

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
BIG = 100_000


def test_a_diamond() -> None:
    assert graph.layers(DIAMOND) == [("a",), ("b", "c"), ("d",)]
    assert graph.order(DIAMOND) == ("a", "b", "c", "d")
    assert graph.roots(DIAMOND) == ("a",)
    assert graph.dependants(DIAMOND) == {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    assert graph.all_dependants(DIAMOND, "b") == {"d"}
    assert graph.all_dependants(DIAMOND, "a") == {"b", "c", "d"}
    assert graph.cycles(DIAMOND) == []


def test_answers_follow_the_order_of_the_input() -> None:
    assert graph.layers({"z": (), "y": ("x",), "x": (), "w": ("z",)}) == [("z", "x"), ("y", "w")]


def test_needs_that_are_no_tasks_are_ignored() -> None:
    needs = {"a": ("gone",), "b": ("a", "gone")}
    assert graph.roots(needs) == ("a",)
    assert graph.layers(needs) == [("a",), ("b",)]
    assert graph.all_dependants(needs, "gone") == frozenset()


def test_each_knot_gives_one_shortest_circle_in_order() -> None:
    needs = {"a": ("b",), "b": ("c", "a"), "c": ("a",), "x": ("y", "a"), "y": ("x",), "z": ("z", "y")}
    assert graph.knots(needs) == [("a", "b", "c"), ("x", "y")]
    assert graph.cycles(needs) == [("a", "b"), ("x", "y")]
    assert graph.layers(needs) == []


def test_a_circle_starts_with_its_first_task_and_each_needs_the_next() -> None:
    assert graph.cycles({"c": ("b",), "b": ("a",), "a": ("c",), "free": ()}) == [("c", "b", "a")]


def test_the_critical_path_by_number_and_by_duration() -> None:
    found = plan(task("a"), task("b", "a"), task("c", "b"), task("slow", timeout=9000), task("end", "a"))
    assert graph.critical_path(found) == ("a", "b", "c")
    assert graph.critical_path(found, lambda one: float(one.timeout)) == ("slow",)
    assert graph.longest_remaining(found) == {"a": 3.0, "b": 2.0, "c": 1.0, "slow": 1.0, "end": 1.0}
    assert graph.critical_path(plan()) == ()


@given(plans(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_no_chain_is_longer_than_the_critical_path(found: Plan, random: Random) -> None:
    weight = {one.id: random.randint(0, 9) for one in found.tasks}
    needs = graph.needs_of(found.tasks)
    path = graph.critical_path(found, lambda one: float(weight[one.id]))
    assert all(before in needs[after] for before, after in itertools.pairwise(path))
    longest: dict[str, int] = {}
    for name in graph.order(needs):
        longest[name] = weight[name] + max((longest[need] for need in needs[name]), default=0)
    assert sum(weight[name] for name in path) == max(longest.values())


@given(st.dictionaries(st.integers(0, 9).map(str), st.lists(st.integers(0, 9).map(str), max_size=4), max_size=10))
def test_a_task_is_on_a_circle_exactly_when_it_reaches_itself(needs: dict[str, list[str]]) -> None:
    in_knots = {name for knot in graph.knots(needs) for name in knot}
    reaches = {
        name
        for name in needs
        if any(other != name and name in graph.reach(needs, other) for other in graph.reach(needs, name))
    }
    assert in_knots == reaches
    for circle in graph.cycles(needs):
        assert len(set(circle)) == len(circle) >= 2
        assert all(after in needs[before] for before, after in zip(circle, [*circle[1:], circle[0]], strict=True))


def test_a_hundred_thousand_tasks_in_one_line() -> None:
    long = chain(BIG)
    needs = graph.needs_of(long.tasks)
    assert len(graph.critical_path(long)) == BIG
    assert len(graph.all_dependants(needs, "t0")) == BIG - 1
    ring = {**needs, "t0": (f"t{BIG - 1}",)}
    assert len(graph.cycles(ring)[0]) == BIG
