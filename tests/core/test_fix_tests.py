"""Another attempt with the evidence: only of who reads."""

from tests.kit.cases import asked


def test_only_who_reads_does_otherwise() -> None:
    assert asked("fix_tests", agent="coder") == "attempt"
    assert asked("fix_tests", check="", agent="coder") == "attempt"
    assert asked("fix_tests") == ""
