"""Folding: few boxes, none that hides what a person looks for, and never a circle."""

from hypothesis import given
from hypothesis import strategies as st

from services.core import graph
from services.core.folding import fold
from services.core.plan import Plan
from tests.kit.plans import plan, task


def fan(width: int, repos: int = 2) -> Plan:
    """One task, `width` that need it, and one that needs them all."""
    middle = [task(f"m{n}", "first", repo=f"acme/r{n % repos}") for n in range(width)]
    return plan(task("first"), *middle, task("last", *(each.id for each in middle)))


def test_a_small_plan_is_drawn_task_by_task() -> None:
    drawn = fold(fan(3), dict.fromkeys(["first", "m0", "m1", "m2", "last"], "blocked"), set(), limit=5)
    assert list(drawn.boxes) == ["first", "m0", "m1", "m2", "last"]
    assert drawn.needs["last"] == ("m0", "m1", "m2")


def test_tasks_of_one_repository_layer_and_state_are_one_box() -> None:
    big = fan(20)
    states = {each.id: "blocked" for each in big.tasks} | {"first": "done", "m0": "failed", "m2": "done"}
    drawn = fold(big, states, {"m0"}, limit=10)
    sizes = sorted((box.state, len(box.tasks)) for box in drawn.boxes.values())
    assert sizes == [("blocked", 1), ("blocked", 8), ("blocked", 10), ("done", 1), ("done", 1), ("failed", 1)]
    assert drawn.box_of()["m0"] == "m0"
    assert set(drawn.needs["last"]) == {drawn.box_of()[f"m{n}"] for n in range(20)}


def test_many_repositories_are_taken_together() -> None:
    big = fan(40, repos=40)
    drawn = fold(big, {each.id: "blocked" for each in big.tasks}, set(), limit=10)
    assert [len(box.tasks) for box in drawn.boxes.values()] == [1, 40, 1]
    assert all(not box.id.startswith("+") or len(box.tasks) > 1 for box in drawn.boxes.values())


def test_what_cannot_be_drawn_is_not_drawn() -> None:
    chain = plan(task("t0"), *(task(f"t{n}", f"t{n - 1}") for n in range(1, 40)))
    assert fold(chain, {each.id: "blocked" for each in chain.tasks}, set(), limit=10).boxes == {}


@given(st.lists(st.tuples(st.sets(st.integers(0, 30), max_size=4), st.sampled_from(["done", "blocked"])), max_size=40))
def test_no_task_is_lost_and_no_circle_made(drawn: list[tuple[set[int], str]]) -> None:
    tasks = [task(f"t{n}", *sorted(f"t{m}" for m in needs if m < n)) for n, (needs, _) in enumerate(drawn)]
    whole = Plan(title="", tasks=tuple(tasks))
    states = {f"t{n}": state for n, (_, state) in enumerate(drawn)}
    folded = fold(whole, states, set(), limit=12)
    if folded.boxes:
        assert len(folded.boxes) <= 12
        assert set(folded.box_of()) == set(states)
        assert all(states[each.id] == box.state for box in folded.boxes.values() for each in box.tasks)
        assert len(graph.order(folded.needs)) == len(folded.boxes)
