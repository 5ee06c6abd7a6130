"""Handing over to a person."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """There is nothing that a machine could do."""
    del case
    return ""


WAYS.add(
    "manual",
    Way(
        "hand it to a person, with the evidence",
        "a person has to look",
        move,
    ),
)
