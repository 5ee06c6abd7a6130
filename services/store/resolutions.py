"""How conflicts were resolved, a hunk a row: learned of an attempt, and known once exactly what it left has merged.

Nothing has to be done when that happens: whether a task is done, by its last attempt and without commits of others, is
asked of the task itself, so that one that was taken back is not believed any more either. Found is only what was
learned in the same repository, and only what all who resolved such a hunk agree on.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.conflict import Lines
from services.store.db import Connection, Database

MOST = 1_000
"""Kept of one repository, and what is as old as the last of these; the oldest go first."""
MOST_ASKED = 100
"""Kept of one attempt, and asked for at a time."""
KEEP = """
INSERT INTO resolution (repo, id, sha, run_id, task, attempt, at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (repo, id, sha) DO NOTHING
"""
CROWDED_OUT = """
DELETE FROM resolution WHERE repo = ?
AND at < (SELECT at FROM resolution WHERE repo = ? ORDER BY at DESC LIMIT 1 OFFSET ?)
"""
DROP = """
DELETE FROM resolution WHERE (repo, id, sha) IN (SELECT repo, id, sha FROM resolution WHERE at < ? LIMIT ?)
"""
FIND = """
SELECT r.id, r.sha, r.attempt, r.body, t.data FROM resolution r JOIN task t ON t.run_id = r.run_id AND t.id = r.task
WHERE r.repo = ? AND r.id IN ({marks}) AND t.state = 'done' AND NOT EXISTS (
    SELECT 1 FROM attempt a WHERE a.run_id = r.run_id AND a.task = r.task AND a.attempt = r.attempt
    AND a.came = 'reverted'
)
"""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt that resolved it."""

    repo: str
    run_id: str
    task: str
    attempt: int


class _Task(msgspec.Struct):
    """Of a task, what counts here."""

    attempt: int = 0
    head_sha: str = ""
    heads: tuple[str, ...] = ()
    vouched: tuple[str, ...] = ()
    merge_sha: str = ""


class Resolutions(msgspec.Struct, frozen=True):
    """The table `resolution`."""

    db: Database

    async def keep(self, source: Source, sha: str, found: Mapping[str, Lines], now: datetime) -> None:
        """What an attempt has resolved on its way to the commit `sha`."""
        repo, of = source.repo.lower(), (source.run_id, source.task, source.attempt, to_text(now))
        rows = [(repo, each, sha, *of, msgspec.json.encode(lines)) for each, lines in found.items()][:MOST_ASKED]

        def write(c: Connection) -> None:
            c.executemany(KEEP, rows)
            c.execute(CROWDED_OUT, (repo, repo, MOST - 1))

        await self.db.write(write)

    async def known(self, repo: str, ids: Collection[str]) -> dict[str, Lines]:
        """Of these hunks, those whose resolution has merged in this repository."""
        asked = sorted(set(ids))[:MOST_ASKED]
        query = FIND.format(marks=",".join("?" * len(asked)))
        rows = await self.db.read(lambda c: c.execute(query, (repo.lower(), *asked)).fetchall()) if asked else []
        found: dict[str, set[Lines]] = {}
        for each, sha, attempt, body, data in rows:
            if _has_merged(msgspec.json.decode(data, type=_Task), sha, attempt):
                found.setdefault(each, set()).add(msgspec.json.decode(body, type=Lines))
        return {each: lines for each, (lines, *others) in found.items() if not others}


def _has_merged(task: _Task, sha: str, attempt: int) -> bool:
    """As that attempt left it, but for what GitHub has merged into it of its base: a person may have corrected it."""
    if not task.merge_sha or task.attempt != attempt or not {sha, task.head_sha} <= {*task.heads}:
        return False
    return {*task.heads[task.heads.index(sha) :]}.isdisjoint(task.vouched)


def drop(c: Connection, before: str, most: int) -> int:
    """One step of retention."""
    return c.execute(DROP, (before, most)).rowcount
