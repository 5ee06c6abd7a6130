"""Whose turn it is where one attempt is made at a time: nobody begins while somebody waits to whom people gave more
priority.

Asked of crowded worlds alone: there is only one place, so whoever begins has taken what the other could have had.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from services.core.board import GOING, may_start
from services.core.repairs import next_due
from services.core.schedule import PATIENCE
from services.core.task_state import TaskState
from tests.simulation.book import Row
from tests.simulation.clock import START

if TYPE_CHECKING:
    from tests.simulation.world import World

READY = "SELECT run_id, data FROM task WHERE state = 'ready'"


class _Waits(msgspec.Struct, frozen=True):
    """Since when a task could begin, with that priority."""

    since: float
    priority: float


class Turns:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._waiting: dict[tuple[str, str], _Waits] = {}

    def committed(self, rows: list[Row]) -> Iterator[str]:
        """What was just stored: who began, and who still waits."""
        if not self._world.is_crowded:
            return
        self._waiting = dict(self._ready())
        for row in rows:
            if row.kind == "started" and row.task:
                yield from self._overtook(row)

    def _ready(self) -> Iterator[tuple[tuple[str, str], _Waits]]:
        now = self._world.loop.time()
        for run_id, blob in self._world.disk.ask(READY):
            task, told = msgspec.json.decode(blob, type=TaskState), self._world.watch.book.runs[run_id]
            due = next_due(task.repairs, task.attempt)
            is_due = due is None or (due - START).total_seconds() <= now
            is_there = may_start(task) and is_due and told.state in GOING and task.id in told.plan.by_id
            if is_there and not any(self._world.watch.kept(run_id, told.plan.by_id[task.id])):
                waits, before = _Waits(now, self._priority(run_id, task)), self._waiting.get((run_id, task.id))
                is_as_before = before is not None and before.priority == waits.priority
                yield (run_id, task.id), before if before is not None and is_as_before else waits

    def _priority(self, run_id: str, task: TaskState) -> float:
        if task.priority is not None:
            return task.priority
        return self._world.watch.book.runs[run_id].task(task.id).priority

    def _overtook(self, row: Row) -> Iterator[str]:
        """Who waits for a day goes first, and no priority counts."""
        now, book = self._world.loop.time(), self._world.watch.book
        if now >= PATIENCE.total_seconds():
            return
        own = self._priority(row.run_id, book.task(row.run_id, row.task))
        for (run_id, task_id), waits in self._waiting.items():
            if waits.priority > own and self._is_known(row.run_id, run_id, waits.since):
                yield f"{row.task} was started with priority {own:g} while {task_id} waits with {waits.priority:g}"

    def _is_known(self, run_id: str, other: str, since: float) -> bool:
        """Decisions on one run follow each other. What is stored of another is known a little later, and after a crash
        one run is taken up before the other.
        """
        now, learns = self._world.loop.time(), self._world.watch.merges.learns
        return since < now if run_id == other else self._world.begun_at < since < now - learns
