"""Lessons of repositories: proposed once, decided by people, counted when attempts are told of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.lessons import Lesson, confirmed, same
from services.core.worth import Told
from services.store.db import Connection, Database

MOST = 200
"""Kept of one repository; nothing is proposed beyond that until some are deleted."""


class Lessons:
    """The table `lesson`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def propose(self, lesson: Lesson, now: datetime, needed: int = 0) -> bool:
        """False when it is there already, in whatever state, or there are too many; then it is one more word for that.
        needed: so many pull requests make it active.
        """

        def write(c: Connection) -> bool:
            rows = c.execute("SELECT body, uses FROM lesson WHERE repo = ?", (lesson.repo.lower(),)).fetchall()
            known = [_lesson(*row) for row in rows]
            for each in known:
                if same(each, lesson):
                    after = confirmed(each, lesson, needed)
                    values = (after.state, msgspec.json.encode(after), after.id)
                    c.execute("UPDATE lesson SET state = ?, body = ? WHERE id = ?", values)
                    return False
            if len(known) >= MOST:
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

    async def used(self, told: Mapping[str, bool], attempt: tuple[str, str, int], now: datetime) -> None:
        """An attempt (run, task, number) was told of these, or was held back from them; noted once."""

        def write(c: Connection) -> None:
            for lesson, is_told in told.items():
                new = c.execute(
                    "INSERT INTO lesson_use (lesson, run_id, task, attempt, told, at) VALUES (?,?,?,?,?,?)"
                    " ON CONFLICT DO NOTHING",
                    (lesson, *attempt, is_told, to_text(now)),
                ).rowcount
                if new and is_told:
                    c.execute("UPDATE lesson SET uses = uses + 1 WHERE id = ?", (lesson,))

        await self._db.write(write)

    async def known(self, ids: Sequence[str], repo: str) -> dict[str, Told]:
        """What attempts in this repository came to that were told of each, and those that were not."""
        return await self._db.read(lambda c: _known(c, ids, repo.lower())) if ids else {}


GOOD = "sum(CASE WHEN passed = 1 AND coalesce(good, 1) = 1 THEN 1 ELSE 0 END)"
NEWEST = 2_000
"""Attempts of a repository that a lesson is compared with."""


def _known(c: Connection, ids: Sequence[str], repo: str) -> dict[str, Told]:
    whole = (
        f"SELECT count(*), {GOOD} FROM (SELECT passed, good FROM attempt WHERE repo = ? AND model <> ''"  # noqa: S608 - our own words
        " AND passed IS NOT NULL ORDER BY at DESC LIMIT ?) a"
    )
    tried, good = (int(each or 0) for each in c.execute(whole, (repo, NEWEST)).fetchone())
    marks = ",".join("?" * len(ids))
    told = (
        f"SELECT u.lesson, count(*), {GOOD} FROM lesson_use u JOIN attempt a"  # noqa: S608
        " ON a.run_id = u.run_id AND a.task = u.task AND a.attempt = u.attempt"
        f" WHERE u.lesson IN ({marks}) AND u.told = 1 AND a.passed IS NOT NULL GROUP BY u.lesson"
    )
    rows = {row[0]: (int(row[1]), int(row[2])) for row in c.execute(told, tuple(ids))}
    found = {}
    for lesson in ids:
        uses, well = rows.get(lesson, (0, 0))
        others, others_good = max(tried - uses, 0), min(max(good - well, 0), max(tried - uses, 0))
        found[lesson] = Told(good=well, bad=uses - well, good_without=others_good, bad_without=others - others_good)
    return found


def _lesson(body: bytes, uses: int) -> Lesson:
    return msgspec.structs.replace(msgspec.json.decode(body, type=Lesson), uses=uses)
