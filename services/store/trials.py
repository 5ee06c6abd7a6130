"""Merges that are tried: whose, of what, and on which commit the checks run. One for each pull request."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.shards import shard_of
from services.store.db import Connection, Database
from services.store.plans import Answer, add_answer


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """n: which try of this pull request it is.  sha: the merge, "" before there is one; of `head` into `base`.
    verdict: what is said at its end, "" before that is known.
    """

    repo: str
    number: int
    n: int
    actor: str
    asked_at: str
    sha: str = ""
    head: str = ""
    base: str = ""
    begun_at: str = ""
    verdict: str = ""


_COLUMNS = ", ".join(TrialRow.__struct_fields__)


class Trials:
    """The table `trial`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, repo: str, number: int, actor: str, now: datetime) -> None:
        """Another try of this pull request, in place of one that is under way."""
        query = (
            "INSERT INTO trial (repo, number, n, actor, asked_at) VALUES (?,?,1,?,?) ON CONFLICT (repo, number)"
            " DO UPDATE SET n = trial.n + 1, actor = excluded.actor, asked_at = excluded.asked_at,"
            " sha = '', head = '', base = '', begun_at = '', verdict = ''"
        )
        await self._db.write(lambda c: c.execute(query, (repo, number, actor, to_text(now))))

    async def get(self, repo: str, number: int) -> TrialRow | None:
        rows = await self._rows("WHERE repo = ? AND number = ?", (repo, number))
        return rows[0] if rows else None

    async def open(self, repo: str) -> list[TrialRow]:
        """All of a repository."""
        return await self._rows("WHERE repo = ?", (repo,))

    async def on(self, sha: str) -> list[TrialRow]:
        """Those whose checks run on this commit."""
        return await self._rows("WHERE sha = ?", (sha,)) if sha else []

    async def all(self, shards: Collection[int] | None) -> list[TrialRow]:
        """All, of these shards (None: of all)."""
        rows = await self._rows("", ())
        return [row for row in rows if shards is None or shard_of(row.repo) in shards]

    async def _rows(self, where: str, values: tuple[object, ...]) -> list[TrialRow]:
        query = f"SELECT {_COLUMNS} FROM trial {where} ORDER BY repo, number"  # noqa: S608 - our own column list

        def read(c: Connection) -> list[TrialRow]:
            names = TrialRow.__struct_fields__
            return [msgspec.convert(dict(zip(names, row, strict=True)), TrialRow) for row in c.execute(query, values)]

        return await self._db.read(read)

    async def begun(self, row: TrialRow, sha: str, head: str, base: str, now: datetime) -> bool:
        """The merge is there; False when another try has taken its place."""
        query = (
            "UPDATE trial SET sha = ?, head = ?, base = ?, begun_at = ?"
            " WHERE repo = ? AND number = ? AND n = ? AND sha = ''"
        )
        values = (sha, head, base, to_text(now), row.repo, row.number, row.n)
        return bool(await self._db.write(lambda c: c.execute(query, values).rowcount))

    async def judged(self, row: TrialRow, verdict: str) -> bool:
        """What came of it is known; False when another try has taken its place."""
        query = "UPDATE trial SET verdict = ? WHERE repo = ? AND number = ? AND n = ?"
        values = (verdict, row.repo, row.number, row.n)
        return bool(await self._db.write(lambda c: c.execute(query, values).rowcount))

    async def finish(self, row: TrialRow, answer: Answer) -> bool:
        """It is over, and what it came to is said; False when another try has taken its place."""

        def write(c: Connection) -> bool:
            query = "DELETE FROM trial WHERE repo = ? AND number = ? AND n = ?"
            done = bool(c.execute(query, (row.repo, row.number, row.n)).rowcount)
            if done:
                add_answer(c, row.repo, row.number, answer)
            return done

        return await self._db.write(write)
