"""Another attempt for a missing dependency: only of who reads."""

from tests.kit.cases import asked


def test_only_who_reads_does_otherwise() -> None:
    assert asked("fix_dependency", "missing_dependency", agent="coder") == "attempt"
    assert asked("fix_dependency", "missing_dependency") == ""
    assert asked("fix_dependency", "missing_dependency", agent="human") == ""
