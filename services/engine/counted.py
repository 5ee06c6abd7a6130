"""What a decision means to whoever counts: attempts that began or came to something, failures, repairs, what is over.

Each is told by the process that decided it, once the store has said that it is kept. So counts only grow while a
process lives, whatever becomes of the records later, and those of all processes add up. Of what the store did not say
whether it is kept, nothing is counted; nor of what people do on GitHub to a merge whose run is over.
"""

from collections.abc import Iterator
from typing import Protocol

from services.core.board import Decision, Run
from services.core.records import BEGUN


class Counts(Protocol):
    """Whoever counts."""

    def tried(self, agent: str, outcome: str, /) -> None: ...

    def failed(self, cls: str, /) -> None: ...

    def recovered(self, strategy: str, outcome: str, /) -> None: ...

    def lasted(self, what: str, seconds: float, /) -> None: ...


def count(counts: Counts, run: Run, decision: Decision) -> None:
    """run: as it stood before the decision."""
    for each in decision.tries:
        counts.tried(each.agent, each.came or BEGUN)
    for task_id, _, repair in decision.repairs:
        before = run.tasks.get(task_id)
        if before is None or all(known.n < repair.n for known in before.repairs):
            counts.failed(repair.cls)
        if repair.came:
            counts.recovered(repair.strategy, repair.came)
    for what, seconds in _ended(run, decision):
        counts.lasted(what, seconds)


def _ended(run: Run, decision: Decision) -> Iterator[tuple[str, float]]:
    """("task" or "run", seconds from its beginning to its end) of tasks that are done now and of a run that is over."""
    tasks = {task.id: task for task in decision.changed}
    for moment in decision.history:
        if moment.before == moment.after or (moment.task and moment.after != "done"):
            continue
        if not moment.task:
            began, ended = run.started_at, decision.finished_at
        elif moment.task in run.tasks and (task := tasks.get(moment.task)) is not None:
            began, ended = task.started_at, task.finished_at
        else:  # it is in the plan no more
            continue
        if began is not None and ended is not None:
            yield "task" if moment.task else "run", (ended - began).total_seconds()
