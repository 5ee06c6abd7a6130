"""Bringing the base in: only into a head of ours."""

from tests.kit.cases import asked


def test_only_a_head_of_ours_is_brought_up_to_date() -> None:
    assert asked("update_branch", "stale_base") == "rebase"
    assert asked("update_branch", "stale_base", head="b" * 40) == ""
    assert asked("update_branch", "stale_base", check="") == ""
