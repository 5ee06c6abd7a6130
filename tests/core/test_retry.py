"""Doing the same again: jobs of Actions, and attempts that can come to something else."""

from tests.kit.cases import asked


def test_jobs_run_again_and_what_has_none_does_not() -> None:
    assert asked("retry", "transient_api") == "rerun"
    assert asked("retry", "transient_api", jobs=False) == ""


def test_an_attempt_is_made_again_by_who_reads_or_where_the_machine_was_to_blame() -> None:
    assert asked("retry", "agent_failed", check="", agent="coder") == "attempt"
    assert asked("retry", "agent_failed", check="") == ""
    assert asked("retry", "runner", check="") == "attempt"
