"""What finished tasks took, read back from the history: the newest merges, however many there ever were.

Of the plans of each repository as many as of any other, so that a busy owner leaves room for everybody else's.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from operator import itemgetter

import msgspec

from services.core.lengths import Sample, sample_of
from services.core.plan import Task
from services.core.task_state import TaskState
from services.store.db import DAMAGED, Connection
from services.store.decoded import plan_of

TASKS = 1_000
RUNS = 100
"""Runs these tasks are looked for in; a plan can be a megabyte."""
MOMENTS = 50_000
"""How far back the history is searched, however seldom something was merged."""

# The newest of each repository first, then the second newest of each: where all is too much, the busiest have less.
_MERGED = """
SELECT m.seq, m.run_id, t.data FROM (
    SELECT e.seq, e.run_id, e.task, row_number() OVER (PARTITION BY p.repo ORDER BY e.seq DESC) AS place
    FROM event e JOIN plan p ON p.id = e.plan_id
    WHERE e.seq > (SELECT max(seq) FROM event) - ? AND e.kind = 'merged' AND e.after = 'done' AND e.before <> 'done'
    ORDER BY place, e.seq DESC LIMIT ?
) m JOIN task t ON t.run_id = m.run_id AND t.id = m.task
ORDER BY m.place, m.seq DESC
"""


def samples(c: Connection) -> list[Sample]:
    """Of the newest merged tasks, oldest first; what can't be read is left out."""
    found = c.execute(_MERGED, (MOMENTS, TASKS)).fetchall()
    plans = dict(_plans(c, list(dict.fromkeys(run_id for _, run_id, _ in found))[:RUNS]))
    states = [(plans.get(run_id, {}), state) for run_id, state in _states(sorted(found, key=itemgetter(0)))]
    read = (sample_of(specs[state.id], state) for specs, state in states if state.id in specs)
    return [sample for sample in read if sample is not None]


def _plans(c: Connection, run_ids: list[str]) -> Iterator[tuple[str, dict[str, Task]]]:
    for run_id in run_ids:
        row = c.execute("SELECT plan FROM run WHERE id = ?", (run_id,)).fetchone()
        with suppress(*DAMAGED):
            yield run_id, {task.id: task for task in (plan_of(row[0]).tasks if row is not None else ())}


def _states(rows: Iterable[tuple[int, str, bytes]]) -> Iterator[tuple[str, TaskState]]:
    for _, run_id, data in rows:
        with suppress(*DAMAGED):
            yield run_id, msgspec.json.decode(data, type=TaskState)
