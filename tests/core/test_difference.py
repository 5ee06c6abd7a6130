"""What changed between two sequences: always true, coarse at worst, and quick on long texts."""

from hypothesis import given
from hypothesis import strategies as st

from services.core.difference import MOST_EDITS, Change, changes

few = st.lists(st.integers(0, 4), max_size=14)


def applied(old: list[int], new: list[int]) -> list[int]:
    out, at = [], 0
    for change in changes(old, new):
        assert change.start >= at
        assert change.start < change.end or change.new_start < change.new_end
        out += old[at : change.start] + new[change.new_start : change.new_end]
        at = change.end
    return out + old[at:]


@given(few, few)
def test_the_changes_lead_from_one_to_the_other(old: list[int], new: list[int]) -> None:
    assert applied(old, new) == new


@given(few)
def test_nothing_changed(old: list[int]) -> None:
    assert changes(old, old) == []


def test_an_insertion_stands_as_far_down_as_it_can() -> None:
    assert changes("ab", "aab") == [Change(1, 1, 1, 2)]
    assert changes("aaab", "aab") == [Change(2, 3, 2, 2)]


def test_lines_that_occur_once_are_anchors() -> None:
    assert changes(list("xax"), list("yay")) == [Change(0, 1, 0, 1), Change(2, 3, 2, 3)]


def test_a_moved_line_is_taken_out_and_put_in() -> None:
    found = changes(list("abcd"), list("bcda"))
    assert found == [Change(0, 1, 0, 0), Change(4, 4, 3, 4)]


def test_past_the_bound_a_stretch_counts_as_replaced() -> None:
    """No two lines are anchors here, since each occurs twice."""
    old = [number // 2 for number in range(4 * MOST_EDITS)]
    new = [-number // 2 - 1 for number in range(4 * MOST_EDITS)]
    assert changes(old, new) == [Change(0, len(old), 0, len(new))]


def test_long_texts_with_few_changes_take_few_steps() -> None:
    class Token(int):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Token.compared += 1
            return int.__eq__(self, other)

        __hash__ = int.__hash__

    def steps(length: int) -> int:
        Token.compared = 0
        old = [Token(number) for number in range(length)]
        new = [Token(number if number % 100 else -1 - number) for number in range(length)]
        assert len(changes(old, new)) == length // 100
        return Token.compared

    assert steps(20_000) < 2.5 * steps(10_000)
