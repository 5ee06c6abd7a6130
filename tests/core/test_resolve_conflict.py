"""Merging with the base again: of a head of ours, and not what was left of the last try."""

from tests.kit.cases import asked


def test_a_heads_conflict_is_taken_over() -> None:
    assert asked("resolve_conflict", "merge_conflict") == "carry"
    assert asked("resolve_conflict", "merge_conflict", head="b" * 40) == ""


def test_what_is_left_of_a_conflict_is_not_tried_again() -> None:
    assert asked("resolve_conflict", "merge_conflict", check="", agent="coder") == ""


def test_nothing_else_is_a_conflict() -> None:
    assert asked("resolve_conflict") == ""
