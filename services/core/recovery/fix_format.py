"""Putting right what a linter or formatter found: by the repository's own fixer, or by the agent."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """The fixer costs nothing and does exactly what the repository wants; only without one an agent is asked."""
    if case.rules.fixer and case.task.head_sha in case.task.heads:
        return "carry"
    return "attempt" if case.reads else ""


WAYS.add(
    "fix_format",
    Way(
        "run the repository's own fixer (`recovery.fixer`), or have the agent repair what the linter names",
        "the linter's findings are put right",
        move,
    ),
)
