"""The history as it is written, read along: what state every task and run is in, by the `event` rows alone.

Read after every commit, so that a row that contradicts the one before it, or the task it is about, is found when it is
made.
"""

from collections.abc import Iterator

import msgspec

from services.core.groups import Barrier
from services.core.plan import Plan, Task
from services.core.task_state import TaskState
from services.store.runs import LIVE
from tests.simulation.store import Disk

NEW = "SELECT seq, plan_id, run_id, task, kind, before, after, actor, text FROM event WHERE seq > ? ORDER BY seq"


class Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    seq: int
    plan_id: str
    run_id: str
    task: str
    kind: str
    before: str
    after: str
    actor: str
    text: str


class Told(msgspec.Struct, kw_only=True):
    """A run as its history tells it. `since`: moments in virtual seconds. `texts`: every plan it has had, and since when;
    the newest is last. `tasks` are all it has ever had.
    """

    plan_id: str
    plan: Plan
    state: str
    since: float
    tasks: dict[str, str]
    tasks_since: dict[str, float]
    texts: list[tuple[float, Plan]]

    def task(self, task_id: str) -> Task:
        """What a task says, or said last."""
        return next(plan.by_id[task_id] for _, plan in reversed(self.texts) if task_id in plan.by_id)

    def texts_since(self, moment: float) -> list[Plan]:
        """The plans that it has had since then, the newest first."""
        found = []
        for since, plan in reversed(self.texts):
            found.append(plan)
            if since < moment:
                break
        return found


class Book:
    """`runs` by id, oldest first."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._seq = 0
        self.runs: dict[str, Told] = {}

    def read(self, now: float) -> Iterator[tuple[Row, list[str]]]:
        """What was written since the last time, each row with what is wrong about it."""
        if not self._disk.news:
            return
        self._disk.news.clear()
        for values in self._disk.ask(NEW, self._seq):
            row = Row(**dict(zip(Row.__struct_fields__, values, strict=True)))
            self._seq = row.seq
            yield row, list(self._take(row, now))

    def _take(self, row: Row, now: float) -> Iterator[str]:
        if row.kind == "started" and not row.task:
            yield from self._started(row, now)
        elif row.run_id and not row.task:
            told = self.runs[row.run_id]
            if row.before != told.state:
                yield f"history says that {row.run_id} was {row.before}, and it was {told.state}"
            if row.kind == "adopted":
                self._adopted(row, told, now)
            else:
                told.state, told.since = row.after, now
        elif row.run_id:
            told = self.runs[row.run_id]
            if row.before != told.tasks[row.task]:
                yield f"history says that {row.task} was {row.before}, and it was {told.tasks[row.task]}"
            if row.after != row.before:
                told.tasks[row.task], told.tasks_since[row.task] = row.after, now

    def _adopted(self, row: Row, told: Told, now: float) -> None:
        """The run goes on as another text."""
        told.plan = self._plan(row.run_id)
        told.texts.append((now, told.plan))
        for task in told.plan.tasks:
            if task.id not in told.tasks:
                told.tasks[task.id], told.tasks_since[task.id] = "done" if task.done else "blocked", now

    def _plan(self, run_id: str) -> Plan:
        (blob,) = self._disk.ask("SELECT plan FROM run WHERE id = ?", run_id)[0]
        return msgspec.json.decode(blob, type=Plan)

    def _started(self, row: Row, now: float) -> Iterator[str]:
        plan = self._plan(row.run_id)
        others = [run_id for run_id, told in self.runs.items() if told.plan_id == row.plan_id and told.state in LIVE]
        if others:
            yield f"{row.run_id} was started while {others[0]} lives"
        self.runs[row.run_id] = Told(
            plan_id=row.plan_id,
            plan=plan,
            state="running",
            since=now,
            tasks={task.id: "done" if task.done else "blocked" for task in plan.tasks},
            tasks_since=dict.fromkeys((task.id for task in plan.tasks), now),
            texts=[(now, plan)],
        )

    def newest(self, plan_id: str) -> str:
        """The id of a plan's newest run, "" when there has been none."""
        return next((run_id for run_id, told in reversed(self.runs.items()) if told.plan_id == plan_id), "")

    def tasks_of(self, run_id: str) -> list[TaskState]:
        """The task rows of a run, in plan order."""
        rows = self._disk.ask("SELECT data FROM task WHERE run_id = ? ORDER BY position", run_id)
        return [msgspec.json.decode(row[0], type=TaskState) for row in rows]

    def newest_tasks(self, plan_id: str) -> list[TaskState]:
        """Those of the newest run that are in its plan."""
        run_id = self.newest(plan_id)
        known = self.runs[run_id].plan.by_id if run_id else {}
        return [task for task in self.tasks_of(run_id) if task.id in known]

    def task(self, run_id: str, task_id: str) -> TaskState:
        ((blob,),) = self._disk.ask("SELECT data FROM task WHERE run_id = ? AND id = ?", run_id, task_id)
        return msgspec.json.decode(blob, type=TaskState)

    def differences(self) -> Iterator[str]:
        """Where the rows of runs and tasks are not what their history led to."""
        for run_id, told in self.runs.items():
            ((state,),) = self._disk.ask("SELECT state FROM run WHERE id = ?", run_id)
            if state != told.state:
                yield f"{run_id} is {state}, and its history led to {told.state}"
            tasks = {task.id: task.state for task in self.tasks_of(run_id)}
            if tasks != told.tasks:
                yield f"the tasks of {run_id} are {tasks}, and their history led to {told.tasks}"

    def barriers(self, run_id: str) -> dict[str, Barrier]:
        """How far the groups of a run are, as it is stored."""
        ((stored,),) = self._disk.ask("SELECT barriers FROM run WHERE id = ?", run_id)
        return msgspec.json.decode(stored, type=dict[str, Barrier])

    def summary(self, plan_id: str) -> str:
        """The newest run in one line."""
        run_id = self.newest(plan_id)
        if not run_id:
            return "no run"
        tasks = [f"{task.id} {task.state} ({task.reason})" for task in self.tasks_of(run_id)]
        return f"{run_id} is {self.runs[run_id].state}: {'; '.join(tasks)}"
