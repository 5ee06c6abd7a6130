"""What a decision has brought to its end, and how long that took: for whoever counts."""

from collections.abc import Iterator

from services.core.board import Decision, Run
from services.core.task_state import TaskState


def ended_by(run: Run, decision: Decision) -> Iterator[tuple[str, float]]:
    """("task" or "run", seconds from its beginning to its end) of tasks that are done now and of a run that is over."""
    for moment in decision.history:
        if moment.before == moment.after or (moment.task and moment.after != "done"):
            continue
        over: Run | TaskState | None = run.tasks.get(moment.task) if moment.task else run
        if over is not None and over.started_at is not None and over.finished_at is not None:
            yield "task" if moment.task else "run", (over.finished_at - over.started_at).total_seconds()
