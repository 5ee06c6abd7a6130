"""Runs, their tasks, history, waits and outbox: one decision is one transaction.

`commit` writes the tasks that changed, the history, the wait rows and the new actions together, and with them settles
the outbox row whose result led to the decision. So after a crash either all of it is there or none, and an action
that was decided twice has one row, because its key is the primary key.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from services.core.board import Action, Decision, Moment, Run
from services.core.clock import from_text, to_text
from services.core.groups import Barrier
from services.core.lengths import Sample
from services.core.shards import shard_of
from services.core.task_state import TaskState
from services.errors import Fenced
from services.store import attempts, history, outbox
from services.store.db import Connection, Database
from services.store.decoded import plan_of, time_of
from services.store.fence import Fence
from services.store.news import EVENT, ring
from services.store.outbox import Due, Settle
from services.store.plans import PlanRow, Sticky, approve, plan_row, sticky_row, want
from services.store.recoveries import keep
from services.store.rows import with_keys, write_rows

encode = msgspec.json.Encoder().encode
replace = msgspec.structs.replace
# The row of a task is there since the run began, or since an edit of its plan added it; where it stands says the plan.
CHANGE_TASKS = """
INSERT INTO task (run_id, id, position, state, data) VALUES {rows}
ON CONFLICT (run_id, id) DO UPDATE SET state = excluded.state, data = excluded.data
"""
DROP_WAITS = "DELETE FROM wait WHERE run_id = ? AND task IN {keys}"
ADD_WAITS = "INSERT INTO wait (key, run_id, task) VALUES {rows} ON CONFLICT DO NOTHING"
ADD_EVENTS = "INSERT INTO event (plan_id, run_id, task, at, kind, before, after, actor, text) VALUES {rows}"

LIVE = ("running", "paused", "failed")


class Told(msgspec.Struct, frozen=True, kw_only=True):
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
    """Reads and writes of run, task, wait, event and outbox rows.

    What decides about a run is refused with Fenced when another process conducts it. shards: only runs in those; None:
    in all that the fence holds.
    """

    def __init__(self, db: Database, fence: Fence | None = None) -> None:
        self._db = db
        self._fence = fence or Fence()

    def holds(self, place: str) -> bool:
        """Does this process conduct the runs of this owner, repository or plan?"""
        return self._fence.holds(place)

    async def load(self, run_id: str) -> Run | None:
        return await self._db.read(lambda c: _load(c, run_id))

    async def outwait(self, plan_id: str) -> None:
        """What was decided about the plan, and nobody said whether it is stored, is or never will be after this."""
        if self._fence.shards is not None:  # else nobody but this process writes
            await self._db.write(lambda c: self._fence.outwait(c, plan_id))

    async def of_plan(self, plan_id: str) -> Run | None:
        """The plan's newest run."""
        return await self._db.read(lambda c: _newest(c, plan_id))

    async def shown(self, repo: str, number: int) -> tuple[Sticky, PlanRow | None, Run | None]:
        """What an issue's comment is made of, in one look: how far it has come, its plan and that one's newest run."""

        def read(c: Connection) -> tuple[Sticky, PlanRow | None, Run | None]:
            sticky = sticky_row(c, repo, number)  # first: what changes after it has to be shown once more
            plan = plan_row(c, f"{repo}#{number}")
            return sticky, plan, _newest(c, plan.id) if plan is not None else None

        return await self._db.read(read)

    # `state <> 'done'` is there for SQLite, which finds the index of what is open by it.

    async def unfinished(self, shards: Collection[int] | None = None) -> list[str]:
        """Ids of runs that have effects to carry out, also of those that are over: their issues may still be open."""
        query = (
            "SELECT DISTINCT r.id, r.plan_id FROM outbox o JOIN run r ON r.id = o.run_id"
            " WHERE o.state <> 'done' AND o.state = 'waiting'"
        )
        rows = await self._db.read(lambda c: c.execute(query).fetchall())
        return [row[0] for row in rows if self._is_ours(row[1], shards)]

    async def live(self, shards: Collection[int] | None = None) -> list[str]:
        """Ids of all runs that are not over."""
        query = "SELECT id, plan_id FROM run WHERE state IN (?,?,?) ORDER BY started_at, id"
        rows = await self._db.read(lambda c: c.execute(query, LIVE).fetchall())
        return [row[0] for row in rows if self._is_ours(row[1], shards)]

    def _is_ours(self, plan_id: str, shards: Collection[int] | None) -> bool:
        return self._fence.holds(plan_id) and (shards is None or shard_of(plan_id) in shards)

    async def create(self, run: Run, decision: Decision, now: datetime) -> list[Action] | None:
        """Store a new run with its first decision; the actions to carry out, or None when the plan has a live run."""

        def write(c: Connection) -> list[Action] | None:
            self._fence.check(c, run.plan_id)
            if _another_lives(c, run.plan_id, run.id):
                return None
            c.execute(
                "INSERT INTO run (id, plan_id, state, actor, approver, trace, plan, started_at) VALUES"
                " (?,?,?,?,?,?,?,?)",
                (run.id, run.plan_id, run.state, run.actor, run.approver, run.trace, encode(run.plan), to_text(now)),
            )
            rows = [
                (run.id, task.id, n, task.state, msgspec.json.encode(task)) for n, task in enumerate(run.tasks.values())
            ]
            c.executemany("INSERT INTO task (run_id, id, position, state, data) VALUES (?,?,?,?,?)", rows)
            began = Moment(task="", kind="started", before="", after="running", actor=run.actor)
            return _write(
                c, run.plan_id, msgspec.structs.replace(decision, history=(began, *decision.history)), now, ()
            )

        return await self._db.write(write)

    async def approved(self, run_id: str, actor: str) -> None:
        """From now on the run merges what this person may merge."""

        def write(c: Connection) -> None:
            self._check_run(c, run_id)
            c.execute("UPDATE run SET approver = ? WHERE id = ?", (actor, run_id))

        await self._db.write(write)

    async def count(self, plan_id: str) -> int:
        """How many runs the plan has had."""
        return await self._db.read(
            lambda c: int(c.execute("SELECT count(*) FROM run WHERE plan_id = ?", (plan_id,)).fetchone()[0])
        )

    async def commit(
        self, plan_id: str, decision: Decision, now: datetime, settles: Sequence[Settle] = ()
    ) -> list[Action]:
        """Store one decision, and with it the ends of the effects that led to it.

        Returns the actions that are new: they are marked as begun, and the caller carries them out. One whose key is
        there already is under way, or done.
        """

        def write(c: Connection) -> list[Action]:
            with self._fence.held(c, plan_id):
                return _write(c, plan_id, decision, now, settles)

        return await self._db.write(write)

    async def waiting_on(self, keys: Sequence[str]) -> list[tuple[str, str, str]]:
        """(plan, run, task) of tasks that wait for any of the keys, whoever conducts them."""
        if not keys:
            return []
        marks = ",".join("?" * len(keys))
        query = (
            "SELECT DISTINCT r.plan_id, w.run_id, w.task FROM wait w JOIN run r ON r.id = w.run_id"  # noqa: S608 - only question marks
            f" WHERE w.key IN ({marks}) ORDER BY w.run_id, w.task"
        )
        return await self._db.read(lambda c: [(row[0], row[1], row[2]) for row in c.execute(query, tuple(keys))])

    async def waiting_in(self, prefix: str) -> list[tuple[str, str, str]]:
        """(plan, run, task) of tasks that wait for any key that begins so; the prefix ends in `#` or `@`."""
        query = (
            "SELECT DISTINCT r.plan_id, w.run_id, w.task FROM wait w JOIN run r ON r.id = w.run_id"
            " WHERE w.key >= ? AND w.key < ? ORDER BY w.run_id, w.task"
        )
        between = (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        return await self._db.read(lambda c: [(row[0], row[1], row[2]) for row in c.execute(query, between)])

    async def due(self, run_id: str, now: datetime) -> list[tuple[Action, datetime]]:
        """What is to be carried out now of a run, oldest first, each with when it was due."""
        return await self._db.read(lambda c: outbox.due(c, run_id, now))

    async def begin_again(self, run_id: str, keys: Collection[str]) -> list[Due]:
        """Those of these effects that wait are to be carried out, oldest first: they are marked as begun before this
        returns.
        """

        def write(c: Connection) -> list[Due]:
            self._check_run(c, run_id)
            return outbox.begin_again(c, run_id, keys)

        return await self._db.write(write)

    def _check_run(self, c: Connection, run_id: str) -> None:
        if self._fence.shards is not None:
            row = c.execute("SELECT plan_id FROM run WHERE id = ?", (run_id,)).fetchone()
            self._fence.check(c, row[0] if row is not None else "")

    async def reopen(
        self, busy: Collection[str] = (), shards: Collection[int] | None = None, *, run_id: str = ""
    ) -> int:
        """What was begun, was never settled and is not among `busy` is to be carried out again, with a look first;
        of these shards, or of one run. Returns how many.
        """
        query = (
            "SELECT o.key, r.plan_id FROM outbox o JOIN run r ON r.id = o.run_id"
            " WHERE o.state <> 'done' AND o.state = 'doing' AND (o.run_id = ? OR ? = '')"
        )

        def write(c: Connection) -> int:
            begun = [
                key
                for key, plan in c.execute(query, (run_id, run_id))
                if key not in busy and self._is_ours(plan, shards)
            ]
            c.executemany("UPDATE outbox SET state = 'waiting' WHERE key = ?", [(key,) for key in begun])
            return len(begun)

        return await self._db.write(write)

    async def next_due(self, run_id: str, after: datetime) -> datetime | None:
        """When the earliest waiting outbox row of a run is due of those that are not by then."""
        query = "SELECT min(due) FROM outbox WHERE run_id = ? AND state <> 'done' AND state = 'waiting' AND due > ?"

        def read(c: Connection) -> datetime | None:
            row = c.execute(query, (run_id, to_text(after))).fetchone()
            return from_text(row[0]) if row and row[0] else None

        return await self._db.read(read)

    async def waiting(self, run_id: str) -> set[str]:
        """Keys of the effects of a run that are between two tries."""
        query = "SELECT key FROM outbox WHERE run_id = ? AND state <> 'done' AND state = 'waiting'"
        return {row[0] for row in await self._db.read(lambda c: c.execute(query, (run_id,)).fetchall())}

    async def history(self, plan_id: str, limit: int = 50) -> list[Told]:
        """The newest moments of a plan, newest first."""
        query = (
            "SELECT seq, run_id, task, at, kind, before, after, actor, text FROM event WHERE plan_id = ? "
            "ORDER BY seq DESC LIMIT ?"
        )
        names = Told.__struct_fields__
        return await self._db.read(
            lambda c: [Told(**dict(zip(names, row, strict=True))) for row in c.execute(query, (plan_id, limit))]
        )

    async def samples(self) -> list[Sample]:
        """What the tasks that finished last took, of all runs, oldest first."""
        return await self._db.read(history.samples)

    async def log(self, run_id: str, task: str) -> str:
        """The end of the output of a task's newest attempt."""
        query = (
            "SELECT log FROM outbox WHERE key > ? AND key < ? AND key LIKE '%/attempt' AND log <> ''"
            " ORDER BY seq DESC LIMIT 1"
        )
        between = (f"{run_id}/{task}/", f"{run_id}/{task}0")  # "0" follows "/"
        row = await self._db.read(lambda c: c.execute(query, between).fetchone())
        return str(row[0]) if row else ""


def _another_lives(c: Connection, plan_id: str, run_id: str) -> bool:
    query = "SELECT 1 FROM run WHERE plan_id = ? AND id <> ? AND state IN (?,?,?)"
    return c.execute(query, (plan_id, run_id, *LIVE)).fetchone() is not None


def _load(c: Connection, run_id: str) -> Run | None:
    query = (
        "SELECT r.id, r.plan_id, p.repo, p.number, r.plan, r.state, r.actor, r.approver, "
        "r.started_at, r.finished_at, r.barriers, r.trace, r.resumed_at"
        " FROM run r JOIN plan p ON p.id = r.plan_id WHERE r.id = ?"
    )
    row = c.execute(query, (run_id,)).fetchone()
    if row is None:
        return None
    tasks = c.execute("SELECT data FROM task WHERE run_id = ? ORDER BY position", (run_id,)).fetchall()
    states = [msgspec.json.decode(data[0], type=TaskState) for data in tasks]
    plan = plan_of(row[4])
    places = {task.id: place for place, task in enumerate(plan.tasks)}
    states.sort(key=lambda state: places.get(state.id, len(places)))
    return Run(
        id=row[0],
        plan_id=row[1],
        repo=row[2],
        number=row[3],
        plan=plan,
        state=row[5],
        actor=row[6],
        approver=row[7],
        started_at=time_of(row[8]),
        finished_at=time_of(row[9]) if row[9] else None,
        tasks={state.id: state for state in states if state.id in places or state.was is None},
        former={state.id: state for state in states if state.id not in places and state.was is not None},
        barriers=msgspec.json.decode(row[10], type=dict[str, Barrier]),
        trace=row[11],
        resumed_at=time_of(row[12]) if row[12] else None,
    )


def _newest(c: Connection, plan_id: str) -> Run | None:
    row = c.execute(
        "SELECT id FROM run WHERE plan_id = ? ORDER BY started_at DESC, seq DESC LIMIT 1", (plan_id,)
    ).fetchone()
    return _load(c, row[0]) if row else None


def _write(c: Connection, plan_id: str, decision: Decision, now: datetime, settles: Sequence[Settle]) -> list[Action]:
    run_id, at = decision.run_id, to_text(now)
    if (adopted := decision.adopted) is not None:
        approve(c, plan_id, adopted.plan.hash, adopted.actor, now, required=adopted.required)
        plan = encode(adopted.plan)
        c.execute("UPDATE run SET plan = ?, approver = ? WHERE id = ?", (plan, adopted.actor, run_id))
    if decision.barriers:
        row = c.execute("SELECT barriers FROM run WHERE id = ?", (run_id,)).fetchone()
        known = msgspec.json.decode(row[0], type=dict[str, Barrier])
        c.execute("UPDATE run SET barriers = ? WHERE id = ?", (encode(known | dict(decision.barriers)), run_id))
    write_rows(c, CHANGE_TASKS, [(run_id, task.id, 0, task.state, encode(task)) for task in decision.changed])
    with_keys(c, DROP_WAITS, (run_id,), [task_id for task_id, _ in decision.waits])
    write_rows(c, ADD_WAITS, [(key, run_id, task_id) for task_id, keys in decision.waits for key in keys])
    write_rows(
        c,
        ADD_EVENTS,
        [(plan_id, run_id, m.task, at, m.kind, m.before, m.after, m.actor, m.text) for m in decision.history],
    )
    if decision.history:
        ring(c, EVENT)
    if decision.changed or decision.history:
        repo, _, number = plan_id.rpartition("#")
        want(c, repo, int(number))
    for place in decision.told:
        want(c, *place)
    if decision.repairs:
        keep(c, plan_id, run_id, decision.repairs, now)
    if decision.tries:
        attempts.keep(c, plan_id, run_id, decision.tries, now)
    outbox.settle(c, settles, at)
    if any(moment.kind == "run" for moment in decision.history):
        if decision.state in LIVE and _another_lives(c, plan_id, run_id):
            raise Fenced("another run of this plan goes on by now")  # what was over goes on no more
        times = [to_text(at) if at else None for at in (decision.finished_at, decision.resumed_at)]
        c.execute(
            "UPDATE run SET state = ?, finished_at = ?, resumed_at = ? WHERE id = ?", (decision.state, *times, run_id)
        )
    return outbox.begin(c, run_id, decision.actions, at)
