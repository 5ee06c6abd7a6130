"""The picture of a graph: always the same, nothing on top of anything, lines from left to right."""

import random
from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.layout import Box, Drawing, Line, lay_out, spread

Needs = Mapping[str, tuple[str, ...]]


@st.composite
def needs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    wanted = draw(st.lists(st.sets(st.integers(0, 24), max_size=4), max_size=25))
    return {f"t{n}": tuple(f"t{m}" for m in sorted(some) if m < n) for n, some in enumerate(wanted)}


def test_a_chain_is_a_straight_line() -> None:
    assert lay_out({"a": (), "b": ("a",), "c": ("b",)}) == Drawing(
        boxes=(Box(id="a", column=0, row=0), Box(id="b", column=1, row=0), Box(id="c", column=2, row=0)),
        lines=(Line(source="a", target="b"), Line(source="b", target="c")),
        columns=3,
        rows=1,
    )


def test_a_long_line_goes_around_the_boxes_it_passes() -> None:
    drawn = lay_out({"a": (), "b": ("a",), "c": ("b", "a")})
    row = {box.id: box.row for box in drawn.boxes}
    long = next(line for line in drawn.lines if (line.source, line.target) == ("a", "c"))
    assert len(long.rows) == 1
    assert abs(long.rows[0] - row["b"]) >= 0.99


def test_lines_do_not_cross_without_need() -> None:
    drawn = lay_out({"a": (), "b": (), "c": (), "p": ("a", "b"), "q": ("a", "c")})
    row = {box.id: box.row for box in drawn.boxes}
    assert (row["b"] < row["a"] < row["c"]) == (row["p"] < row["q"])
    assert (row["c"] < row["a"] < row["b"]) == (row["q"] < row["p"])


def test_what_needs_nothing_stands_right_before_what_needs_it() -> None:
    drawn = lay_out({"a": (), "b": ("a",), "c": ("b", "late"), "late": ()})
    assert {box.id: box.column for box in drawn.boxes} == {"a": 0, "b": 1, "late": 1, "c": 2}


def test_parts_stand_below_each_other_and_lone_tasks_in_a_grid() -> None:
    drawn = lay_out({"a": (), "b": ("a",), **{f"lone{n}": () for n in range(8)}})
    place = {box.id: (box.column, box.row) for box in drawn.boxes}
    assert place["lone0"] == (0, 1.5)
    assert place["lone7"] == (1, 2.5)
    assert (drawn.columns, drawn.rows) == (6, 3.5)


def test_an_unknown_need_and_an_empty_plan_are_no_trouble() -> None:
    assert lay_out({}) == Drawing()
    assert lay_out({"a": ("gone",)}).lines == ()


@settings(max_examples=60)
@given(needs(), st.randoms(use_true_random=False))
def test_the_order_in_which_tasks_are_written_moves_nothing(graph: Needs, chance: random.Random) -> None:
    mixed = [(task, tuple(chance.sample(wanted, len(wanted)))) for task, wanted in graph.items()]
    chance.shuffle(mixed)
    assert lay_out(dict(mixed)) == lay_out(graph)


@settings(max_examples=60)
@given(needs())
def test_nothing_overlaps_and_lines_go_right(graph: Needs) -> None:
    drawn = lay_out(graph)
    place = {box.id: box for box in drawn.boxes}
    assert set(place) == set(graph)
    assert sorted((line.target, line.source) for line in drawn.lines) == sorted(
        (task, need) for task, wanted in graph.items() for need in wanted
    )
    taken: dict[int, list[float]] = {}
    for box in drawn.boxes:
        taken.setdefault(box.column, []).append(box.row)
    for line in drawn.lines:
        left, right = place[line.source].column, place[line.target].column
        assert left < right
        assert len(line.rows) == right - left - 1
        for at, row in enumerate(line.rows):
            taken[left + 1 + at].append(row)
    for rows in taken.values():
        ordered = sorted(rows)
        assert all(lower - upper >= 0.98 for upper, lower in pairwise(ordered))
        assert ordered[0] >= 0
        assert ordered[-1] <= drawn.rows


def test_places_are_as_near_to_the_wishes_as_the_distance_allows() -> None:
    assert spread([0, 5, 9], [1, 1, 1]) == [0, 5, 9]
    assert spread([2, 2, 2], [1, 1, 1]) == [1, 2, 3]
    assert spread([2, 2], [3, 1]) == [1.75, 2.75]
