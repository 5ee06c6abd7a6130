"""What is kept for how long: one policy for everything that only grows.

Old things go in small steps between other writes, in an order: first what is big and only needed while its attempt
runs, then logs, then the steps and effects of runs that are over. One that has failed and was left alone may be
retried: of each of its tasks the newest attempt stays, and what of its branch is ours. What a run needs that goes on is
never touched, and plans, runs, their tasks and their history stay for good.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from services.core.clock import to_text
from services.store import access, answers, job_logs, learned, requests, resolutions
from services.store.db import DAMAGED, Connection, Database
from services.store.inbox import Inbox

PRUNE = 500
"""Rows one step touches, so that deliveries don't queue behind it."""
PRUNE_BLOBS = 20
"""Blobs one step drops; each may be megabytes."""

What = Literal["logs", "steps"]

MOST_RUNS = 100
"""Runs that one step clears, where there is little of each."""
MOST_STEPS = 200
"""Steps at a time; what they leave is for the next sweep."""
REST = timedelta(hours=1)
"""Between one time that nothing old was left and the next look: what is kept is kept for days."""

# The newest attempt of a running task may be under way, or be taken up again.
DROP_BLOBS = """
UPDATE checkpoint SET blob = NULL WHERE (run_id, task, fence, step) IN (
    SELECT c.run_id, c.task, c.fence, c.step FROM checkpoint c LEFT JOIN task t ON t.run_id = c.run_id AND t.id = c.task
    WHERE c.blob IS NOT NULL AND c.at < ? AND NOT (coalesce(t.state, '') = 'running' AND c.fence = (
        SELECT max(n.fence) FROM checkpoint n WHERE n.run_id = c.run_id AND n.task = c.task
    )) LIMIT ?
)
"""
DROP_COMMANDS = """
DELETE FROM command WHERE comment_id IN (SELECT comment_id FROM command WHERE at < ? ORDER BY at LIMIT ?)
"""
OVER = """
SELECT id, finished_at FROM run r WHERE finished_at < ?
AND NOT EXISTS (SELECT 1 FROM cleared x WHERE x.run_id = r.id AND x.what = ? AND x.finished_at = r.finished_at)
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = r.id AND o.state <> 'done') ORDER BY finished_at LIMIT ?
"""
# The first of the two conditions on the state is there for SQLite, which finds the index by it.
LEFT_ALONE = """
SELECT id, since FROM (
    SELECT r.id, (
        SELECT e.at FROM event e WHERE e.plan_id = r.plan_id AND e.run_id = r.id ORDER BY e.seq DESC LIMIT 1
    ) AS since FROM run r WHERE r.state IN ('running', 'paused', 'failed') AND r.state = 'failed'
) f WHERE since < ?
AND NOT EXISTS (SELECT 1 FROM cleared x WHERE x.run_id = f.id AND x.what = ? AND x.finished_at = f.since)
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.run_id = f.id AND o.state <> 'done') ORDER BY since LIMIT ?
"""
DROP_LOGS = """
UPDATE outbox SET log = '' WHERE key IN (SELECT key FROM outbox WHERE key > ? AND key < ? AND log <> '' LIMIT ?)
"""
DROP_EFFECTS = "DELETE FROM outbox WHERE key IN (SELECT key FROM outbox WHERE key > ? AND key < ? LIMIT ?)"
DROP_STEPS = """
DELETE FROM checkpoint WHERE (run_id, task, fence, step) IN (
    SELECT run_id, task, fence, step FROM checkpoint WHERE run_id = ? LIMIT ?
)
"""
# What a commit was stays known: by it a branch is told from one that somebody has pushed to.
DROP_PAST_STEPS = """
DELETE FROM checkpoint WHERE (run_id, task, fence, step) IN (
    SELECT c.run_id, c.task, c.fence, c.step FROM checkpoint c WHERE c.run_id = ? AND c.step <> 'commit' AND c.fence < (
        SELECT max(n.fence) FROM checkpoint n WHERE n.run_id = c.run_id AND n.task = c.task
    ) LIMIT ?
)
"""
CLEARED = """
INSERT INTO cleared (run_id, what, finished_at) VALUES (?, ?, ?)
ON CONFLICT (run_id, what) DO UPDATE SET finished_at = excluded.finished_at
"""


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How long. delivery_bodies, deliveries: after a webhook came, the latter also for what was asked for by a command,
    in a comment or on a page.

    work: what an attempt left, after it has ended.  logs, steps: after the run is over, or has failed and nothing was
    done with it since; `steps` are checkpoints and settled effects; `logs` are also those of CI's jobs, after they were
    read, and how conflicts were resolved, after that was learned.  answers: GitHub's, after they were last known to
    hold.  records: of attempts and repairs, after they began.
    """

    delivery_bodies: timedelta = timedelta(days=4)
    deliveries: timedelta = timedelta(days=90)
    work: timedelta = timedelta(days=1)
    logs: timedelta = timedelta(days=30)
    steps: timedelta = timedelta(days=90)
    answers: timedelta = timedelta(days=7)
    records: timedelta = timedelta(days=400)


class _Task(msgspec.Struct):
    attempt: int = 0


class Retention:
    """Carries the policy out. answer_bytes: how much GitHub's answers may take, the oldest go first."""

    def __init__(self, database: Database, keep: Keep, answer_bytes: int = 256 * 1024 * 1024) -> None:
        self._database = database
        self._inbox = Inbox(database)
        self._keep = keep
        self._answer_bytes = answer_bytes
        self._rests_until: datetime | None = None

    async def tidy(self, now: datetime) -> None:
        """Let all go that is too old, or as much as there is time for between two looks at everything, unless that was
        done within the last hour. StoreError.
        """
        if self._rests_until is not None and now < self._rests_until:
            return
        for _ in range(MOST_STEPS):
            if not await self.step(now):
                self._rests_until = now + REST
                return

    async def step(self, now: datetime) -> int:
        """One small step of each kind; how many rows were touched, 0 when there is nothing left to do. StoreError."""
        keep = self._keep
        touched = await self._inbox.prune(bodies_before=now - keep.delivery_bodies, rows_before=now - keep.deliveries)
        touched += await self._drop(DROP_COMMANDS, now - keep.deliveries, PRUNE)
        unasked = to_text(now - keep.deliveries)
        touched += await self._database.write(lambda c: requests.drop(c, unasked, PRUNE))
        touched += await self._database.write(lambda c: access.drop(c, to_text(now), PRUNE))
        touched += await self._drop(DROP_BLOBS, now - keep.work, PRUNE_BLOBS)
        unused = to_text(now - keep.answers)
        touched += await self._database.write(lambda c: answers.drop(c, unused, self._answer_bytes))
        touched += await self._database.write(lambda c: learned.prune(c, to_text(now - keep.records)))
        unread = to_text(now - keep.logs)
        touched += await self._database.write(lambda c: job_logs.drop(c, unread, PRUNE_BLOBS))
        touched += await self._database.write(lambda c: resolutions.drop(c, unread, PRUNE))
        touched += await self._database.write(lambda c: _clear(c, "logs", now - keep.logs))
        return touched + await self._database.write(lambda c: _clear(c, "steps", now - keep.steps))

    async def _drop(self, statement: str, before: datetime, most: int) -> int:
        return await self._database.write(lambda c: c.execute(statement, (to_text(before), most)).rowcount)


def _clear(c: Connection, what: What, before: datetime) -> int:
    """Clear a part of some runs that have nothing left to do and are over since then, or else have failed and were left
    alone; as many as one step may take.
    """
    since = (to_text(before), what, MOST_RUNS)
    over = c.execute(OVER, since).fetchall()
    touched = 0
    for run_id, finished_at in over or c.execute(LEFT_ALONE, since).fetchall():
        touched += _clear_run(c, what, run_id, finished_at, is_over=bool(over))
        if touched >= PRUNE:
            break
    return touched


def _clear_run(c: Connection, what: What, run_id: str, since: str, *, is_over: bool) -> int:
    between = (f"{run_id}/", f"{run_id}0")  # "0" follows "/"
    if what == "logs":
        counts = [c.execute(DROP_LOGS, (*between, PRUNE)).rowcount]
    elif is_over:
        counts = [c.execute(DROP_EFFECTS, (*between, PRUNE)).rowcount, c.execute(DROP_STEPS, (run_id, PRUNE)).rowcount]
    else:
        counts = [_drop_past_effects(c, run_id), c.execute(DROP_PAST_STEPS, (run_id, PRUNE)).rowcount]
    cleared = c.execute(CLEARED, (run_id, what, since)).rowcount if PRUNE not in counts else 0
    return sum(counts) + cleared


def _drop_past_effects(c: Connection, run_id: str) -> int:
    """Those of attempts that have a successor: nothing is decided about them any more."""
    room = PRUNE
    for task, data in c.execute("SELECT id, data FROM task WHERE run_id = ?", (run_id,)).fetchall():
        with suppress(*DAMAGED):  # one that can't be read keeps what it has
            for n in range(1, msgspec.json.decode(data, type=_Task).attempt):
                between = (f"{run_id}/{task}/{n}/", f"{run_id}/{task}/{n}0")
                room -= c.execute(DROP_EFFECTS, (*between, room)).rowcount
    return PRUNE - room
