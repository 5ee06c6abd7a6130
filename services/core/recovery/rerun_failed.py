"""Running only what failed once more, on the same commit. That it passes then is what tells a flaky test."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Only of Actions we know the jobs."""
    return "rerun" if case.failure.jobs else ""


WAYS.add(
    "rerun_failed",
    Way(
        "run only the failed jobs again, on the same commit",
        "its failed jobs run again",
        move,
    ),
)
