"""How long a task may take as a whole, and how long its pull request may wait: then a person is told.

Both are counted from times that stand in the task's row, and looked at in every sweep; nothing runs while they pass.
What people hold back on purpose is never late.
"""

from datetime import datetime, timedelta

import msgspec

from services.core.board import GOING, Run
from services.core.task_state import Happening, TaskState


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """task: from a task's first start on, while it is worked on; a person's retry begins it anew. review: from the
    opening of its pull request on, or since it last came back to review. None: for ever.
    """

    task: timedelta | None = None
    review: timedelta | None = None


def overdue(run: Run, patience: Patience, now: datetime) -> list[tuple[str, Happening]]:
    """What happens to the tasks of a run that have taken too long."""
    if run.state not in GOING:
        return []
    found = [(task.id, _expired(task, patience, now)) for task in run.tasks.values() if not task.held]
    return [(task_id, happening) for task_id, happening in found if happening is not None]


def _expired(task: TaskState, patience: Patience, now: datetime) -> Happening | None:
    if task.state == "running":
        since, bound = task.started_at, patience.task
        advice = f"`/lockstep retry {task.id}` begins it anew"
        said = "it has not come to an end in"
    elif task.state == "in_review":
        since, bound = task.since, patience.review
        advice = f"merge or close it, or let it wait on with `/lockstep resume {task.id}`"
        said = "its pull request has waited for"
    else:
        return None
    if since is None or bound is None or now - since < bound:
        return None
    return Happening(kind="expired", text=f"{said} {_days(bound)}: {advice}")


def _days(bound: timedelta) -> str:
    count = bound / timedelta(days=1)
    return f"{count:g} day{'s' * (count != 1)}"
