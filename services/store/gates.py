"""Pull requests of people that name others with `Depends-On`: whom each waits for, and what its check shows."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.names import repo_of
from services.core.shards import shard_of
from services.core.task_state import Override
from services.store.db import Connection, Database

Place = tuple[str, int]


class GateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. needs: wait keys (names.pull_key) of what it names.  shown: digest of the head and of what its check
    says, "" before there is one.
    """

    repo: str
    number: int
    needs: tuple[str, ...] = ()
    shown: str = ""


class Gates:
    """The tables `gate`, `gate_need` and `gate_override`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, repo: str, number: int) -> GateRow | None:
        def read(c: Connection) -> GateRow | None:
            row = c.execute("SELECT shown FROM gate WHERE repo = ? AND number = ?", (repo, number)).fetchone()
            if row is None:
                return None
            needs = c.execute("SELECT key FROM gate_need WHERE repo = ? AND number = ? ORDER BY key", (repo, number))
            return GateRow(repo=repo, number=number, needs=tuple([need[0] for need in needs]), shown=str(row[0]))

        return await self._db.read(read)

    async def waits(self, repo: str, number: int, needs: Sequence[str]) -> None:
        """From now on it waits for these and no others."""

        def write(c: Connection) -> None:
            c.execute("INSERT INTO gate (repo, number, shown) VALUES (?,?,'') ON CONFLICT DO NOTHING", (repo, number))
            c.execute("DELETE FROM gate_need WHERE repo = ? AND number = ?", (repo, number))
            rows = [(key, repo, number) for key in dict.fromkeys(needs)]
            c.executemany("INSERT INTO gate_need (key, repo, number) VALUES (?,?,?)", rows)

        await self._db.write(write)

    async def shows(self, repo: str, number: int, shown: str) -> None:
        values = (shown, repo, number)
        await self._db.write(lambda c: c.execute("UPDATE gate SET shown = ? WHERE repo = ? AND number = ?", values))

    async def drop(self, repo: str, number: int, *, is_over: bool = False) -> None:
        """It waits for nobody now. is_over: nor ever will; otherwise what was said of its head still holds for that."""

        def write(c: Connection) -> None:
            c.execute("DELETE FROM gate_need WHERE repo = ? AND number = ?", (repo, number))
            c.execute("DELETE FROM gate WHERE repo = ? AND number = ?", (repo, number))
            if is_over:
                c.execute("DELETE FROM gate_override WHERE lower(repo) = ? AND number = ?", (repo.lower(), number))

        await self._db.write(write)

    async def lift(self, repo: str, number: int, said: Override, at: datetime) -> None:
        """This need does not count for that commit; what was said of it before is over."""
        row = (repo, number, said.name, said.sha, said.actor, said.why, to_text(at))

        def write(c: Connection) -> None:
            c.execute("DELETE FROM gate_override WHERE repo = ? AND number = ? AND need = ?", row[:3])
            c.execute("INSERT INTO gate_override (repo, number, need, sha, actor, why, at) VALUES (?,?,?,?,?,?,?)", row)

        await self._db.write(write)

    async def void(self, repo: str, number: int, said: Override) -> None:
        """Its head is no longer the one that this was said of."""
        row = (repo.lower(), number, said.name, said.sha)
        query = "DELETE FROM gate_override WHERE lower(repo) = ? AND number = ? AND need = ? AND sha = ?"
        await self._db.write(lambda c: c.execute(query, row))

    async def said(self, repo: str, number: int) -> tuple[Override, ...]:
        """What does not count, each for one commit; `repo` in any spelling."""
        query = (
            "SELECT need, sha, actor, why FROM gate_override WHERE lower(repo) = ? AND number = ? ORDER BY need, sha"
        )
        rows = await self._db.read(lambda c: c.execute(query, (repo.lower(), number)).fetchall())
        return tuple(
            [
                Override(kind="need", name=str(need), sha=str(sha), actor=str(actor), why=str(why))
                for need, sha, actor, why in rows
            ]
        )

    async def lifted(self, repo: str, number: int, sha: str) -> dict[str, Override]:
        """The needs that do not count for its commit `sha`, by name; `repo` in any spelling."""
        return {said.name: said for said in await self.said(repo, number) if said.sha == sha}

    async def named_by(self, repo: str, number: int) -> list[str]:
        """Wait keys of what it names; `repo` in any spelling."""
        query = "SELECT key FROM gate_need WHERE lower(repo) = ? AND number = ? ORDER BY key"
        return await self._db.read(lambda c: [str(row[0]) for row in c.execute(query, (repo.lower(), number))])

    async def waiting_for(self, key: str) -> list[Place]:
        """Those that name the pull request with that wait key."""
        query = "SELECT repo, number FROM gate_need WHERE key = ? ORDER BY repo, number"
        return await self._db.read(lambda c: [(row[0], row[1]) for row in c.execute(query, (key,))])

    async def waiting_in(self, repos: Collection[str]) -> list[Place]:
        """Those that name a pull request in one of these repositories, in any spelling."""
        wanted = {repo.lower() for repo in repos}
        query = "SELECT key, repo, number FROM gate_need ORDER BY repo, number"
        rows = await self._db.read(lambda c: [(str(row[0]), str(row[1]), int(row[2])) for row in c.execute(query)])
        found = [(repo, number) for key, repo, number in rows if repo_of(key) in wanted]
        return list(dict.fromkeys(found))

    async def all(self, shards: Collection[int] | None) -> list[Place]:
        """All that wait, of these shards (None: of all)."""
        query = "SELECT repo, number FROM gate ORDER BY repo, number"
        rows = await self._db.read(lambda c: [(str(row[0]), int(row[1])) for row in c.execute(query)])
        return [place for place in rows if shards is None or shard_of(place[0]) in shards]
