"""What git and GitHub refuse is told apart by its reason: rights, rules, conflicts and a branch that is behind."""

import pytest

from services.core.classify import diagnose
from services.core.failure_facts import Answer, Facts
from services.core.failures import FailureClass
from services.core.log_lines import read_log

REFUSED = "error: failed to push some refs to 'https://example.org/a'\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("! [rejected]        fix -> fix (stale info)", "stale_base"),
        ("! [remote rejected] main -> main (protected branch hook declined)", "policy"),
        ("! [remote rejected] x -> x (pre-receive hook declined)", "policy"),
        ("remote: error: GH001: Large files detected.", "policy"),
        (
            "! [remote rejected] x -> x (refusing to allow an OAuth App to create or update workflow `a.yml`)",
            "permission",
        ),
        ("remote: Permission to acme/shop.git denied to ana.", "permission"),
        ("CONFLICT (submodule): Merge conflict in vendor", "merge_conflict"),
        ("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", "transient_api"),
        (
            "fatal: ambiguous argument 'origin/main...HEAD': unknown revision or path not in the working tree.",
            "configuration",
        ),
    ],
)
def test_why_a_push_was_refused(line: str, expected: FailureClass) -> None:
    assert diagnose(read_log(f"{line}\n{REFUSED}".encode())).cls == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (405, "Pull Request is still a draft", "policy"),
        (405, "At least 2 approving reviews are required by reviewers with write access.", "policy"),
        (409, "Head branch was modified. Review and try the merge again.", "stale_base"),
        (405, "Merge conflict between main and fix", "merge_conflict"),
        (404, "Not Found", "permission"),
    ],
)
def test_an_answer_of_githubs_is_read_by_the_same_words(status: int, body: str, expected: FailureClass) -> None:
    assert diagnose(facts=Facts(answer=Answer(status=status, body=body))).cls == expected
