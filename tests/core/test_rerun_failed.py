"""Running failed jobs again: only of Actions we know any."""

from tests.kit.cases import asked


def test_only_jobs_run_again() -> None:
    assert asked("rerun_failed") == "rerun"
    assert asked("rerun_failed", jobs=False) == ""
    assert asked("rerun_failed", check="") == ""
