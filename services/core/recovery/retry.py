"""Doing the same again: a service or a machine had a bad moment."""

from services.core.failures import OF_THE_MACHINE
from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Jobs of Actions run again; an attempt is made again where it can come to something else."""
    if case.failure.check:
        return "rerun" if case.failure.jobs else ""
    return "attempt" if case.reads or case.failure.cls in OF_THE_MACHINE else ""


WAYS.add(
    "retry",
    Way(
        "do the same again, after a pause that grows",
        "it is done again",
        move,
    ),
)
