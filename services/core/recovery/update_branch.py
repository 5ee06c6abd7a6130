"""Bringing the base into the branch; where the base itself fails, once that is well again."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Only a head of ours is brought up to date."""
    return "rebase" if case.failure.check and case.task.head_sha in case.task.heads else ""


WAYS.add(
    "update_branch",
    Way(
        "bring the base into the branch; what the base fails too waits until that is well",
        "its base is brought into its branch",
        move,
    ),
)
