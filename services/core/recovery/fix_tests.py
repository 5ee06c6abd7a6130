"""Another attempt that is told what fails, with the evidence."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Only an agent that reads does otherwise."""
    return "attempt" if case.reads else ""


WAYS.add(
    "fix_tests",
    Way(
        "another attempt, told what fails: tests, compiler or documentation",
        "the agent is told what failed and tries again",
        move,
    ),
)
