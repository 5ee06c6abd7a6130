"""Merged tasks and how they are found again: words and counts in plain tables, the same on both databases.

A database's own full text search is not used: PostgreSQL's ranks without regard to how rare a word is, and SQLite's
takes longer the more common the words are. What is read here is bounded whatever the number of tasks: the counts of
the words asked for, then of the rarest the newest entries, then the few tasks those lead to.
"""

from collections.abc import Sequence

import msgspec

from services.core import similar
from services.core.similar import Found, Match, Past, Posting
from services.store.db import Connection, Database

MOST_TITLE = 256


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was merged. key: what it is recorded as, so that it is recorded once; paths: the files it changed."""

    key: str
    repo: str
    title: str
    body: str = ""
    paths: tuple[str, ...] = ()
    number: int = 0


class PastTasks(msgspec.Struct, frozen=True):
    """The tables `past_…`."""

    db: Database

    async def record(self, tasks: Sequence[Merged]) -> int:
        """Keep these, oldest first; how many of them were new."""
        return await self.db.write(lambda c: sum([remember(c, task) for task in tasks]))

    async def alike(
        self, repo: str, title: str, body: str = "", paths: Sequence[str] = (), most: int = similar.NEAREST
    ) -> list[Match]:
        """Past tasks of a repository that are like a new one, the likest first; `paths`: what it may change."""
        asked = similar.query(title, body, paths)
        return await self.db.read(lambda c: _alike(c, repo.lower(), asked, most))


def remember(c: Connection, task: Merged) -> bool:
    """Part of a transaction: keep a merged task; False when it is kept already."""
    repo = task.repo.lower()
    c.execute("INSERT INTO past_repo (repo, tasks) VALUES (?,0) ON CONFLICT (repo) DO NOTHING", (repo,))
    repo_id, count = c.execute("SELECT id, tasks FROM past_repo WHERE repo = ?", (repo,)).fetchone()
    if c.execute("SELECT 1 FROM past_task WHERE repo_id = ? AND key = ?", (repo_id, task.key)).fetchone():
        return False
    order, paths = int(count) + 1, similar.kept(task.paths)
    c.execute("UPDATE past_repo SET tasks = ? WHERE id = ?", (order, repo_id))
    c.execute(
        "INSERT INTO past_task (repo_id, ordinal, key, number, title, paths) VALUES (?,?,?,?,?,?)",
        (repo_id, order, task.key, task.number, task.title[:MOST_TITLE], msgspec.json.encode(paths)),
    )
    weights = similar.weights(task.title[:MOST_TITLE], task.body, paths)
    c.executemany(
        "INSERT INTO past_posting (repo_id, word, ordinal, weight) VALUES (?,?,?,?)",
        [(repo_id, word, order, weight) for word, weight in weights.items()],
    )
    c.executemany(
        "INSERT INTO past_word (repo_id, word, tasks) VALUES (?,?,1)"
        " ON CONFLICT (repo_id, word) DO UPDATE SET tasks = past_word.tasks + 1",
        [(repo_id, word) for word in sorted(weights)],
    )
    return True


def _alike(c: Connection, repo: str, asked: Sequence[str], most: int) -> list[Match]:
    row = c.execute("SELECT id, tasks FROM past_repo WHERE repo = ?", (repo,)).fetchone()
    if row is None or not asked:
        return []
    repo_id, total = int(row[0]), int(row[1])
    worth = similar.rarest(asked, _counts(c, repo_id, asked), total)
    found = similar.rank(_postings(c, repo_id, list(worth)), worth, total, most)
    return similar.matches(found, _read(c, repo_id, repo, found))


def _counts(c: Connection, repo_id: int, asked: Sequence[str]) -> dict[str, int]:
    query = f"SELECT word, tasks FROM past_word WHERE repo_id = ? AND word IN ({_marks(asked)})"  # noqa: S608 - question marks
    return {str(word): int(tasks) for word, tasks in c.execute(query, (repo_id, *asked))}


def _postings(c: Connection, repo_id: int, words: Sequence[str]) -> list[Posting]:
    """For each word the newest tasks that have it."""
    if not words:
        return []
    one = (
        "SELECT * FROM (SELECT word, ordinal, weight FROM past_posting WHERE repo_id = ? AND word = ?"
        " ORDER BY ordinal DESC LIMIT ?) AS w"
    )
    query = " UNION ALL ".join(f"{one}{at}" for at in range(len(words)))
    return c.execute(query, [value for word in words for value in (repo_id, word, similar.LISTED)]).fetchall()


def _read(c: Connection, repo_id: int, repo: str, found: Sequence[Found]) -> dict[int, Past]:
    orders = [each.order for each in found]
    if not orders:
        return {}
    query = f"SELECT ordinal, number, title, paths FROM past_task WHERE repo_id = ? AND ordinal IN ({_marks(orders)})"  # noqa: S608 - question marks
    return {
        int(order): Past(
            repo=repo,
            title=str(title),
            paths=msgspec.json.decode(paths, type=tuple[str, ...]),
            number=int(number),
            order=int(order),
        )
        for order, number, title, paths in c.execute(query, (repo_id, *orders))
    }


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
