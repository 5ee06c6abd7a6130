"""How long a task may take as a whole, and how long its pull request may wait: then a person is told.

Both are counted from times that stand in the task's row, and looked at in every sweep; nothing runs while they pass.
What people hold back on purpose is never late, and once it goes on its time begins anew. A group of which a part has
merged is not: it would be taken back for a timer.
"""

from datetime import datetime, timedelta

import msgspec

from services.core import groups
from services.core.board import GOING, Run
from services.core.task_state import Happening, TaskState, unheld_since


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
    found = [(task.id, _expired(run, task, patience, now)) for task in run.tasks.values()]
    return [(task_id, happening) for task_id, happening in found if happening is not None]


def deadline(run: Run, task: TaskState, patience: Patience) -> datetime | None:
    """When a person is told that a task takes long, as it stands now; None: never."""
    if task.state == "running":
        since, bound = task.started_at, patience.task
    elif task.state == "in_review" and not _is_merging(run, task):
        since, bound = task.since, patience.review
    else:
        return None
    if task.held or since is None or bound is None:
        return None
    return unheld_since(since, task, run.resumed_at) + bound


def _is_merging(run: Run, task: TaskState) -> bool:
    return groups.barrier_of(run, groups.name_of(run, task.id)).phase == "merging"


def _expired(run: Run, task: TaskState, patience: Patience, now: datetime) -> Happening | None:
    at = deadline(run, task, patience)
    if at is None or now < at:
        return None
    if task.state == "running":
        said, bound, advice = (
            "it has not come to an end in",
            patience.task,
            f"`/lockstep retry {task.id}` begins it anew",
        )
    else:
        said, bound = "its pull request has waited for", patience.review
        advice = f"merge or close it, or let it wait on with `/lockstep resume {task.id}`"
    return Happening(kind="expired", text=f"{said} {_days(bound or timedelta())}: {advice}")


def _days(bound: timedelta) -> str:
    count = bound / timedelta(days=1)
    return f"{count:g} day{'s' * (count != 1)}"
