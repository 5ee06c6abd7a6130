"""The order in the layers of a drawing: nodes stay, crossings go."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.core.untangle import Layers, crossings, untangle


def joined(nodes: int, lines: set[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(nodes)]
    after: list[list[int]] = [[] for _ in range(nodes)]
    for left, right in sorted(lines):
        after[left].append(right)
        before[right].append(left)
    return before, after


def test_a_knot_that_can_be_undone_is_undone() -> None:
    before, after = joined(6, {(0, 5), (1, 4), (2, 3)})
    layers = [[0, 1, 2], [3, 4, 5]]
    assert crossings(layers, after) == 3
    assert crossings(untangle(layers, before, after), after) == 0
    assert layers == [[0, 1, 2], [3, 4, 5]]


def test_lines_that_end_together_do_not_cross() -> None:
    _, after = joined(4, {(0, 2), (1, 2), (0, 3)})
    assert crossings([[0, 1], [2, 3]], after) == 1
    assert crossings([[0, 1], [3, 2]], after) == 0


@st.composite
def layered(draw: st.DrawFn) -> tuple[Layers, set[tuple[int, int]]]:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    layers: Layers = []
    for size in sizes:
        first = sum(map(len, layers))
        layers.append(list(range(first, first + size)))
    pairs = [(a, b) for left, right in pairwise(layers) for a in left for b in right]
    return layers, draw(st.sets(st.sampled_from(pairs))) if pairs else set()


@given(layered())
def test_it_never_gets_worse_and_loses_nobody(drawn: tuple[Layers, set[tuple[int, int]]]) -> None:
    layers, lines = drawn
    before, after = joined(sum(map(len, layers)), lines)
    order = untangle(layers, before, after)
    assert [sorted(layer) for layer in order] == layers
    assert crossings(order, after) <= crossings(layers, after)


@given(layered())
def test_crossings_are_counted_as_one_would_by_hand(drawn: tuple[Layers, set[tuple[int, int]]]) -> None:
    layers, lines = drawn
    _, after = joined(sum(map(len, layers)), lines)
    by_hand = sum(
        (a < c and b > d) or (a > c and b < d)
        for left, right in pairwise(layers)
        for a, b in lines
        for c, d in lines
        if a in left and c in left and b in right and d in right
    )
    assert crossings(layers, after) * 2 == by_hand
