"""GitHub's refusals of a merge, in its own words, and what each means."""

import pytest

from services.core.merging import Meaning, meaning, thrown_out


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (405, "Base branch was modified. Review and try the merge again.", "again"),
        (409, "Head branch was modified. Review and try the merge again.", "look"),
        (409, "Head branch is out of date. Review and try the merge again.", "look"),
        (405, "base branch was modified", "again"),
        (405, "head branch was modified", "look"),
        (405, "Pull Request is not mergeable", "conflict"),
        (405, 'Required status check "test" is expected.', "wait"),
        (405, "6 of 6 required status checks are expected.", "wait"),
        (405, "At least 1 approving review is required by reviewers with write access.", "wait"),
        (405, "Squash merges are not allowed on this repository.", "stop"),
        (405, "Changes must be made through the merge queue", "queue"),
        (403, "Resource not accessible by integration", "stop"),
        (409, "something new", "look"),
        (405, "something new", "stop"),
    ],
)
def test_meanings(status: int, message: str, expected: Meaning) -> None:
    assert meaning(status, message) == expected


def test_why_a_merge_queue_does_not_take_something() -> None:
    assert thrown_out("MERGE") == ""
    assert thrown_out("CI_FAILURE") == "the merge queue did not take it: its checks failed there"
    assert thrown_out("GIT_TREE_INVALID") == "the merge queue did not take it: GitHub does not say why"
