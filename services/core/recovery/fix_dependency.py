"""Another attempt that is told which dependency is missing or does not fit."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Only an agent that reads does otherwise."""
    return "attempt" if case.reads else ""


WAYS.add(
    "fix_dependency",
    Way(
        "another attempt, told which dependency is missing or does not fit",
        "the agent is told what failed and tries again",
        move,
    ),
)
