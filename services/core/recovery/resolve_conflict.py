"""Merging what the last attempt made with what the base has become, and resolving what git could not."""

from services.core.recovery import WAYS, Case, Move, Way


def move(case: Case) -> Move:
    """Once for each conflict that a head has; what is left of one afterwards is not for this to try again."""
    is_of_head = case.failure.cls == "merge_conflict" and case.task.state == "in_review"
    return "carry" if is_of_head and case.task.head_sha in case.task.heads else ""


WAYS.add(
    "resolve_conflict",
    Way(
        "merge with the base and resolve what git could not, by rules, then by the agent; then verify",
        "it is merged with its base again",
        move,
    ),
)
