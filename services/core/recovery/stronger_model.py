"""Another attempt by the next stronger model, told what fails."""

from services.core.recovery import WAYS, Case, Move, Way
from services.core.repairs import tier


def move(case: Case) -> Move:
    """As long as there is a stronger one. Of what is past a person has spoken, and it begins with the first again."""
    return "attempt" if case.chooses and tier(case.task.repairs) < case.rules.stronger else ""


WAYS.add(
    "stronger_model",
    Way(
        "another attempt by the next stronger model",
        "a stronger model is told what failed and tries",
        move,
    ),
)
