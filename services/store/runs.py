"""Runs, their tasks, history, waits and outbox: one decision is one transaction.

`commit` writes the tasks that changed, the history, the wait rows and the new actions together, and with them settles
the outbox row whose result led to the decision. So after a crash either all of it is there or none, and an action
that was decided twice has one row, because its key is the primary key.
"""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from services.core.clock import from_text, to_text
from services.core.conduct import Action, Decision, Run, wait_keys
from services.core.machine import TaskState
from services.core.plan import Plan
from services.store.db import Database
from services.store.plans import want

LIVE = ("running", "paused", "failed")


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox row to carry out. `tries` > 0: it was begun before, so look before doing it again."""

    run_id: str
    action: Action
    tries: int


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """How an effect ended. `again_at`: not yet, try then. `forget`: the key may be decided anew. Neither: done."""

    key: str
    again_at: datetime | None = None
    forget: bool = False
    note: str = ""
    log: str = ""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a plan's history as stored; `at` is ISO 8601 in UTC."""

    seq: int
    run_id: str
    task: str
    at: str
    kind: str
    before: str
    after: str
    actor: str
    text: str


class Runs:
    """Reads and writes of run, task, wait, event and outbox rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, run_id: str) -> Run | None:
        return await self._db.read(lambda c: _load(c, run_id))

    async def of_plan(self, plan_id: str) -> Run | None:
        """The plan's newest run."""
        return await self._db.read(lambda c: _newest(c, plan_id))

    async def live(self) -> list[str]:
        """Ids of all runs that are not over."""
        query = "SELECT id FROM run WHERE state IN (?,?,?) ORDER BY started_at, id"
        return await self._db.read(lambda c: [row[0] for row in c.execute(query, LIVE)])

    async def create(self, plan_id: str, decision: Decision, now: datetime) -> bool:
        """Store a new run with its first decision; False when the plan has a live run already."""

        def write(c: sqlite3.Connection) -> bool:
            run = decision.run
            if c.execute("SELECT 1 FROM run WHERE plan_id = ? AND state IN (?,?,?)", (plan_id, *LIVE)).fetchone():
                return False
            values = (run.id, plan_id, run.state, run.actor, run.approver, msgspec.json.encode(run.plan), to_text(now))
            c.execute(
                "INSERT INTO run (id, plan_id, state, actor, approver, plan, started_at) VALUES (?,?,?,?,?,?,?)", values
            )
            _moment(c, run, now, task="", kind="started", before="", after="running", actor=run.actor, text="")
            _write(c, decision, now, None)
            return True

        return await self._db.write(write)

    async def approved(self, run_id: str, actor: str) -> None:
        """From now on the run merges what this person may merge."""
        query = "UPDATE run SET approver = ? WHERE id = ?"
        await self._db.write(lambda c: c.execute(query, (actor, run_id)).rowcount)

    async def count(self, plan_id: str) -> int:
        """How many runs the plan has had."""
        return await self._db.read(
            lambda c: int(c.execute("SELECT count(*) FROM run WHERE plan_id = ?", (plan_id,)).fetchone()[0])
        )

    async def commit(self, decision: Decision, now: datetime, settle: Settle | None = None) -> None:
        """Store one decision, and with it the end of the effect that led to it."""
        await self._db.write(lambda c: _write(c, decision, now, settle))

    async def waiting_on(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        """(run, task) pairs that wait for any of the keys."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT DISTINCT run_id, task FROM wait WHERE key IN ({marks}) ORDER BY run_id, task"  # noqa: S608 - only question marks
        return await self._db.read(lambda c: [(row[0], row[1]) for row in c.execute(query, tuple(keys))])

    async def due(self, run_id: str, now: datetime) -> list[Due]:
        """Outbox rows of a run to carry out now, oldest first; they are marked as begun before this returns."""

        def write(c: sqlite3.Connection) -> list[Due]:
            query = (
                "SELECT action, tries FROM outbox WHERE run_id = ? AND state = 'waiting' AND due <= ? ORDER BY rowid"
            )
            rows = c.execute(query, (run_id, to_text(now))).fetchall()
            found = [Due(run_id=run_id, action=msgspec.json.decode(row[0], type=Action), tries=row[1]) for row in rows]
            c.executemany(
                "UPDATE outbox SET state = 'doing', tries = tries + 1 WHERE key = ?",
                [(item.action.key,) for item in found],
            )
            return found

        return await self._db.write(write)

    async def reopen(self, busy: Collection[str] = ()) -> int:
        """What was begun, was never settled and is not among `busy` is to be carried out again, with a look first.

        Returns how many.
        """

        def write(c: sqlite3.Connection) -> int:
            begun = [row[0] for row in c.execute("SELECT key FROM outbox WHERE state = 'doing'") if row[0] not in busy]
            c.executemany("UPDATE outbox SET state = 'waiting' WHERE key = ?", [(key,) for key in begun])
            return len(begun)

        return await self._db.write(write)

    async def next_due(self) -> datetime | None:
        """When the earliest waiting outbox row is due."""

        def read(c: sqlite3.Connection) -> datetime | None:
            row = c.execute("SELECT min(due) FROM outbox WHERE state = 'waiting'").fetchone()
            return from_text(row[0]) if row and row[0] else None

        return await self._db.read(read)

    async def overdue(self, now: datetime) -> list[str]:
        """Runs with outbox rows that are due."""
        query = "SELECT DISTINCT run_id FROM outbox WHERE state = 'waiting' AND due <= ?"
        return await self._db.read(lambda c: [row[0] for row in c.execute(query, (to_text(now),))])

    async def history(self, plan_id: str, limit: int = 50) -> list[Moment]:
        """The newest moments of a plan, newest first."""
        query = (
            "SELECT seq, run_id, task, at, kind, before, after, actor, text FROM event WHERE plan_id = ? "
            "ORDER BY seq DESC LIMIT ?"
        )
        names = Moment.__struct_fields__
        return await self._db.read(
            lambda c: [Moment(**dict(zip(names, row, strict=True))) for row in c.execute(query, (plan_id, limit))]
        )

    async def log(self, run_id: str, task: str) -> str:
        """The end of the output of a task's newest attempt."""
        query = (
            "SELECT log FROM outbox WHERE run_id = ? AND key LIKE ? ESCAPE '\\' AND log <> '' ORDER BY rowid "
            "DESC LIMIT 1"
        )
        like = f"{run_id}/{task}/".replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%") + "%/attempt"
        row = await self._db.read(lambda c: c.execute(query, (run_id, like)).fetchone())
        return str(row[0]) if row else ""


def _load(c: sqlite3.Connection, run_id: str) -> Run | None:
    query = (
        "SELECT r.id, r.plan_id, p.slug, p.repo, p.number, r.plan, r.state, r.actor, r.approver, "
        "r.started_at, r.finished_at"
        " FROM run r JOIN plan p ON p.id = r.plan_id WHERE r.id = ?"
    )
    row = c.execute(query, (run_id,)).fetchone()
    if row is None:
        return None
    tasks = c.execute("SELECT data FROM task WHERE run_id = ? ORDER BY position", (run_id,)).fetchall()
    states = [msgspec.json.decode(data[0], type=TaskState) for data in tasks]
    return Run(
        id=row[0],
        plan_id=row[1],
        slug=row[2],
        repo=row[3],
        number=row[4],
        plan=msgspec.json.decode(row[5], type=Plan),
        state=row[6],
        actor=row[7],
        approver=row[8],
        started_at=from_text(row[9]),
        finished_at=from_text(row[10]) if row[10] else None,
        tasks={state.id: state for state in states},
    )


def _newest(c: sqlite3.Connection, plan_id: str) -> Run | None:
    row = c.execute(
        "SELECT id FROM run WHERE plan_id = ? ORDER BY started_at DESC, rowid DESC LIMIT 1", (plan_id,)
    ).fetchone()
    return _load(c, row[0]) if row else None


def _write(c: sqlite3.Connection, decision: Decision, now: datetime, settle: Settle | None) -> None:
    run, at = decision.run, to_text(now)
    position = {task_id: n for n, task_id in enumerate(run.tasks)}
    for task in decision.changed:
        row = (run.id, task.id, position[task.id], task.state, msgspec.json.encode(task))
        c.execute(
            "INSERT INTO task VALUES (?,?,?,?,?) ON CONFLICT (run_id, id) DO UPDATE SET state = "
            "excluded.state, data = excluded.data",
            row,
        )
        c.execute("DELETE FROM wait WHERE run_id = ? AND task = ?", (run.id, task.id))
        c.executemany(
            "INSERT OR IGNORE INTO wait VALUES (?,?,?)", [(key, run.id, task.id) for key in wait_keys(run, task)]
        )
    for m in decision.history:
        _moment(c, run, now, task=m.task, kind=m.kind, before=m.before, after=m.after, actor=m.actor, text=m.text)
    if decision.changed or decision.history:
        want(c, run.repo, run.number)
    if settle is not None:
        _settle(c, settle, at)
    new = [(action.key, run.id, msgspec.json.encode(action), at, at) for action in decision.actions]
    c.executemany(
        "INSERT OR IGNORE INTO outbox (key, run_id, action, state, due, created_at) VALUES (?,?,?,'waiting',?,?)", new
    )
    finished = to_text(run.finished_at) if run.finished_at else None
    c.execute("UPDATE run SET state = ?, finished_at = ? WHERE id = ?", (run.state, finished, run.id))


def _settle(c: sqlite3.Connection, settle: Settle, at: str) -> None:
    if settle.forget:
        c.execute("DELETE FROM outbox WHERE key = ?", (settle.key,))
    elif settle.again_at is not None:
        due = to_text(settle.again_at)
        c.execute(
            "UPDATE outbox SET state = 'waiting', due = ?, note = ? WHERE key = ?", (due, settle.note, settle.key)
        )
    else:
        values = (settle.note, settle.log, at, settle.key)
        c.execute("UPDATE outbox SET state = 'done', note = ?, log = ?, settled_at = ? WHERE key = ?", values)


def _moment(
    c: sqlite3.Connection,
    run: Run,
    now: datetime,
    *,
    task: str,
    kind: str,
    before: str,
    after: str,
    actor: str,
    text: str,
) -> None:
    c.execute(
        "INSERT INTO event (plan_id, run_id, task, at, kind, before, after, actor, text) VALUES (?,?,?,?,?,?,?,?,?)",
        (run.plan_id, run.id, task, to_text(now), kind, before, after, actor, text),
    )
