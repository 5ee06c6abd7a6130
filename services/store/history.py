"""What finished tasks took, read back from the history: the newest merges, however many there ever were."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from services.core.lengths import Sample, sample_of
from services.core.plan import Task
from services.core.task_state import TaskState
from services.store.db import DAMAGED, Connection
from services.store.decoded import plan_of

TASKS = 500
RUNS = 50
"""Runs these tasks are looked for in; a plan can be a megabyte."""
MOMENTS = 50_000
"""How far back the history is searched, however seldom something was merged."""

_MERGED = """
SELECT e.run_id, t.data FROM event e JOIN task t ON t.run_id = e.run_id AND t.id = e.task
WHERE e.seq > (SELECT max(seq) FROM event) - ? AND e.kind = 'merged' AND e.after = 'done' AND e.before <> 'done'
ORDER BY e.seq DESC LIMIT ?
"""


def samples(c: Connection) -> list[Sample]:
    """Of the newest merged tasks, oldest first; what can't be read is left out."""
    found = c.execute(_MERGED, (MOMENTS, TASKS)).fetchall()
    plans = dict(_plans(c, list(dict.fromkeys(row[0] for row in found))[:RUNS]))
    states = [(plans.get(run_id, {}), state) for run_id, state in _states(reversed(found))]
    read = (sample_of(specs[state.id], state) for specs, state in states if state.id in specs)
    return [sample for sample in read if sample is not None]


def _plans(c: Connection, run_ids: list[str]) -> Iterator[tuple[str, dict[str, Task]]]:
    for run_id in run_ids:
        row = c.execute("SELECT plan FROM run WHERE id = ?", (run_id,)).fetchone()
        with suppress(*DAMAGED):
            yield run_id, {task.id: task for task in (plan_of(row[0]).tasks if row is not None else ())}


def _states(rows: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, TaskState]]:
    for run_id, data in rows:
        with suppress(*DAMAGED):
            yield run_id, msgspec.json.decode(data, type=TaskState)
