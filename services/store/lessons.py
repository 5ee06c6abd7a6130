"""Lessons of repositories: proposed once, decided by people, counted when attempts are told of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.lessons import Lesson
from services.store.db import Connection, Database

MOST = 200
"""Kept of one repository; nothing is proposed beyond that until some are deleted."""


class Lessons:
    """The table `lesson`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def propose(self, lesson: Lesson, now: datetime) -> bool:
        """False when it is there already, in whatever state, or there are too many."""

        def write(c: Connection) -> bool:
            count = c.execute("SELECT count(*) FROM lesson WHERE repo = ?", (lesson.repo.lower(),)).fetchone()
            if count is not None and count[0] >= MOST:
                return False
            done = c.execute(
                "INSERT INTO lesson (id, repo, state, uses, at, body) VALUES (?,?,?,0,?,?) ON CONFLICT DO NOTHING",
                (lesson.id, lesson.repo.lower(), lesson.state, to_text(now), msgspec.json.encode(lesson)),
            )
            return bool(done.rowcount)

        return await self._db.write(write)

    async def of(self, repos: Iterable[str], state: str = "", limit: int = 50) -> list[Lesson]:
        """Of these repositories, the newest first. state: only those in it."""
        names = [repo.lower() for repo in repos]
        marks = ",".join("?" * len(names))
        query = (
            f"SELECT body, uses FROM lesson WHERE repo IN ({marks}) AND (? = '' OR state = ?)"  # noqa: S608 - only question marks
            " ORDER BY at DESC, id LIMIT ?"
        )
        values = (*names, state, state, limit)
        return await self._db.read(lambda c: [_lesson(*row) for row in c.execute(query, values)]) if names else []

    async def get(self, lesson_id: str) -> Lesson | None:
        query = "SELECT body, uses FROM lesson WHERE id = ?"
        return await self._db.read(lambda c: next((_lesson(*row) for row in c.execute(query, (lesson_id,))), None))

    async def put(self, lesson: Lesson, before: str) -> bool:
        """Store what was decided; False when it is not in the state `before` any more."""
        values = (lesson.state, msgspec.json.encode(lesson), lesson.id, before)
        query = "UPDATE lesson SET state = ?, body = ? WHERE id = ? AND state = ?"
        return await self._db.write(lambda c: bool(c.execute(query, values).rowcount))

    async def delete(self, lesson_id: str) -> bool:
        query = "DELETE FROM lesson WHERE id = ?"
        return await self._db.write(lambda c: bool(c.execute(query, (lesson_id,)).rowcount))

    async def used(self, ids: Sequence[str]) -> None:
        """An attempt was told of these."""
        rows = [(each,) for each in ids]
        await self._db.write(lambda c: c.executemany("UPDATE lesson SET uses = uses + 1 WHERE id = ?", rows))


def _lesson(body: bytes, uses: int) -> Lesson:
    return msgspec.structs.replace(msgspec.json.decode(body, type=Lesson), uses=uses)
