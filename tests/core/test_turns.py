"""Turns: who is kept waiting by whom, and needs with the order that follows."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core import graph
from services.core.turns import Turns, in_turn

PAIR = {"a": [("b", "a rest")], "b": [("a", "b rest")]}
NEEDS: dict[str, tuple[str, ...]] = {"a": (), "a rest": ("a",), "b": (), "b rest": ("b",)}


def test_who_begins_keeps_the_other_waiting_until_it_is_over() -> None:
    turns = Turns(PAIR)
    assert (turns.keeps("b"), turns.begin("a"), turns.keeps("b")) == (False, ["b"], True)
    assert (turns.end("a"), turns.keeps("b")) == ([], True)
    assert (turns.end("a rest"), turns.keeps("b"), turns.after) == (["b"], False, {"b": ["a rest"]})
    assert turns.begin("b") == [], "whoever has begun is kept no more"


def test_the_first_in_rank_of_those_that_can_begin_goes_first() -> None:
    lengths = dict.fromkeys(NEEDS, 1.0)
    assert in_turn(NEEDS, lengths, PAIR, lambda node: node != "b")["a"] == ("b rest",)
    late = {**NEEDS, "z": (), "b": ("z",)}
    assert in_turn(late, {**lengths, "z": 5.0}, PAIR, lambda node: node != "b")["b"] == ("z", "a rest")


@given(st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_no_two_that_keep_each_other_waiting_are_under_way_at_once(count: int, random: Random) -> None:
    names = [f"t{n}" for n in range(count)]
    needs = {name: tuple(random.sample(names[:at], min(at, random.randint(0, 1)))) for at, name in enumerate(names)}
    lengths = {name: float(random.randint(0, 3)) for name in names}
    pairs = [(one, other) for one in names for other in names if one < other and random.random() < 0.5]
    holds: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    for one, other in pairs:
        holds[one].append((other, one))
        holds[other].append((one, other))
    found = in_turn(needs, lengths, holds, names.index)
    assert len(graph.order(found)) == count, "no circle"
    begins: dict[str, float] = {}
    for name in graph.order(found):
        begins[name] = max((begins[need] + lengths[need] for need in found[name]), default=0.0)
    for one, other in pairs:
        first, then = sorted((one, other), key=lambda name: (begins[name], begins[name] + lengths[name]))
        assert begins[first] + lengths[first] <= begins[then]
