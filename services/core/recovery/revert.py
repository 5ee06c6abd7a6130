"""Taking back what broke the base, where that was a merge of the same plan.

What waits for the base goes on waiting; beside that a pull request is opened which takes the merge back. It is a
proposal: people merge it, or repair the base in another way.
"""

from collections.abc import Sequence

from services.core.board import Run
from services.core.recovery import WAYS, Case, Move, Way
from services.core.repairs import Failure
from services.core.strategies import Rules


def move(_: Case) -> Move:
    """Nothing that its own task could do."""
    return ""


def culprits(run: Run, repo: str, failures: Sequence[Failure], rules: Rules) -> list[str]:
    """The tasks of this run whose merges made the base fail, and that nobody has taken back yet."""
    if not any(step.strategy == "revert" for step in rules.steps("broken_base")):
        return []
    broke = {each.broke_by for each in failures if each.base == "failed" and each.broke_by}
    return [
        task.id
        for task in run.tasks.values()
        if task.merge_sha in broke and task.state == "done" and not task.revert and run.plan.by_id[task.id].repo == repo
    ]


WAYS.add(
    "revert",
    Way(
        "open a pull request that takes the merge back which broke the base, where that was one of the same plan",
        "what broke its base is to be taken back",
        move,
    ),
)
