"""What is known besides a log, and that it goes before what the log says where it knows better."""

import pytest

from services.core.failure_facts import BY_STATUS, Answer, Facts, judged, of_answer
from services.core.failures import FailureClass


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (0, {}, "", "transient_api"),
        (502, {}, "<html>", "transient_api"),
        (503, {"retry-after": "3"}, "", "transient_api"),
        (429, {}, "", "rate_limited"),
        (403, {"x-ratelimit-remaining": "0"}, "", "rate_limited"),
        (403, {"retry-after": "60"}, "", "rate_limited"),
        (403, {}, "You have exceeded a secondary rate limit.", "rate_limited"),
        (403, {}, "Resource not accessible by integration", "permission"),
        (401, {}, "Bad credentials", "permission"),
        (404, {}, "Not Found", "permission"),
        (405, {}, "Base branch was modified. Review and try the merge again.", "stale_base"),
        (405, {}, "At least 1 approving review is required by reviewers with write access.", "policy"),
        (405, {}, 'Required status check "gate" is expected.', "policy"),
        (405, {}, "Pull Request is not mergeable", "merge_conflict"),
        (409, {}, "Head branch was modified. Review and try the merge again.", "stale_base"),
        (422, {}, "Update is not a fast forward", "stale_base"),
        (422, {}, "Validation Failed", "configuration"),
        (200, {}, "Bad credentials", "unknown"),
        (418, {}, "", "unknown"),
    ],
)
def test_answers_of_github(status: int, headers: dict[str, str], body: str, expected: FailureClass) -> None:
    assert of_answer(Answer(status=status, headers=headers, body=body)) == expected


@pytest.mark.parametrize(
    ("facts", "told", "expected"),
    [
        (Facts(), "lint", "lint"),
        (Facts(base_fails=True), "lint", "broken_base"),
        (Facts(base_fails=True), "rate_limited", "rate_limited"),
        (Facts(passed_before=True), "test_failure", "flaky_test"),
        (Facts(passed_before=True), "lint", "lint"),
        (Facts(passed_before=True, base_fails=True), "test_failure", "broken_base"),
        (Facts(conflicting=True), "test_failure", "merge_conflict"),
        (Facts(behind=True), "unknown", "stale_base"),
        (Facts(behind=True), "test_failure", "test_failure"),
        (Facts(conclusion="timed_out"), "unknown", "timeout"),
        (Facts(conclusion="action_required"), "unknown", "policy"),
        (Facts(conclusion="failure"), "unknown", "unknown"),
        (Facts(attempt="failed"), "test_failure", "agent_failed"),
        (Facts(attempt="empty"), "unknown", "agent_empty"),
        (Facts(attempt="budget"), "unknown", "budget"),
        (Facts(attempt="timeout"), "unknown", "timeout"),
        (Facts(answer=Answer(status=500)), "lint", "transient_api"),
        (Facts(answer=Answer(status=200)), "lint", "lint"),
    ],
)
def test_what_counts_more(facts: Facts, told: FailureClass, expected: FailureClass) -> None:
    cls, confidence = judged(facts, told, 0.5)
    assert cls == expected
    assert confidence >= 0.5


def test_words_are_surer_than_a_status() -> None:
    said = judged(Facts(answer=Answer(status=405, body="Pull Request is not mergeable")), "unknown", 0.0)
    bare = judged(Facts(answer=Answer(status=405)), "unknown", 0.0)
    assert said[1] > bare[1]


def test_statuses_of_errors_only() -> None:
    assert all(status == 0 or 400 <= status < 500 for status in BY_STATUS)
