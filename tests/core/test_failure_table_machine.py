"""Failures of no language: a machine's or service's trouble is told from what is wrong with the code."""

import pytest

from services.core.classify import diagnose
from services.core.failures import FailureClass
from services.core.log_lines import read_log

TESTS = "E   AssertionError: 29 != 30\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "out_of_resources"),
        ("java.lang.OutOfMemoryError: Java heap space", "out_of_resources"),
        ("The hosted runner: Hosted Agent lost communication with the server.", "runner"),
        ("No output has been received in the last 10 minutes", "timeout"),
        ("toomanyrequests: You have reached your pull rate limit", "rate_limited"),
        ("CONFLICT (content): Merge conflict in cart.py", "merge_conflict"),
        ("remote: error: GH013: Repository rule violations found for refs/heads/main.", "policy"),
        ("Bad credentials", "permission"),
        ("fatal: unable to access 'https://example.org/a/': The requested URL returned error: 403", "permission"),
        ("npm error code E401", "permission"),
    ],
)
def test_goes_before_what_failed_because_of_it(line: str, expected: FailureClass) -> None:
    assert diagnose(read_log(f"{TESTS}{line}\n".encode())).cls == expected
