"""All that was learned of a repository, or of an owner's: shown, deleted, and let go of when it is old.

What was learned is attempts with their choices and ends, repairs, lessons, how conflicts were resolved, and merged
tasks by which new ones are told what is like them. Accounts are none of it: they stay.
"""

from datetime import datetime
from typing import Any

import msgspec

from services.core.clock import to_text
from services.store.db import Connection, Database

PRUNE = 500
_ATTEMPT = (
    "run_id", "task", "attempt", "plan_id", "repo", "at", "agent", "tier", "model", "is_after", "is_again", "came",
    "passed", "good", "cost", "class", "signature", "rounds", "pull", "body", "given",
    "unpriced",
)  # fmt: skip
_RECOVERY = ("run_id", "task", "n", "plan_id", "repo", "at", "strategy", "class", "signature", "outcome")
_LESSON = ("id", "repo", "state", "uses", "at", "body")
_PAST = ("repo", "ordinal", "key", "number", "title", "paths")
_RESOLUTION = ("id", "repo", "sha", "run_id", "task", "attempt", "at", "body")
_USE = ("lesson", "run_id", "task", "attempt", "told", "at")


class Learnings:
    """place: `owner/name`, or an owner; lower case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(self, place: str) -> list[dict[str, Any]]:
        """One value a record, each with what it is."""
        return await self._database.read(lambda c: exported(c, place))

    async def delete(self, place: str) -> int:
        """How many records that were."""
        return await self._database.write(lambda c: deleted(c, place))

    async def prune(self, before: datetime) -> int:
        """One small step of letting go of what is older than that."""
        return await self._database.write(lambda c: prune(c, to_text(before)))


def exported(c: Connection, place: str) -> list[dict[str, Any]]:
    """`export`, in a transaction of somebody's."""
    own, values = _own(place)
    found = []
    kinds = {"attempt": _ATTEMPT, "recovery": _RECOVERY, "lesson": _LESSON, "resolution": _RESOLUTION}
    for kind, columns in kinds.items():
        query = f"SELECT {', '.join(columns)} FROM {kind} WHERE {own}"  # noqa: S608 - our own words
        found += [_row(kind, columns, row) for row in c.execute(query, values)]
    uses = f"SELECT {', '.join(_USE)} FROM lesson_use WHERE lesson IN (SELECT id FROM lesson WHERE {own})"  # noqa: S608 - our own words
    found += [_row("lesson_use", _USE, row) for row in c.execute(uses, values)]
    past = (
        f"SELECT {', '.join(_PAST)} FROM past_task JOIN past_repo ON past_repo.id = past_task.repo_id"  # noqa: S608 - our own words
        f" WHERE {own} ORDER BY repo, ordinal"
    )
    return found + [_row("past_task", _PAST, row) for row in c.execute(past, values)]


def deleted(c: Connection, place: str) -> int:
    """`delete`, in a transaction of somebody's."""
    own, values = _own(place)
    uses = f"DELETE FROM lesson_use WHERE lesson IN (SELECT id FROM lesson WHERE {own})"  # noqa: S608 - our own words
    kinds = [f"DELETE FROM {kind} WHERE {own}" for kind in ("lesson", "attempt", "recovery", "resolution")]  # noqa: S608
    mine = f"WHERE repo_id IN (SELECT id FROM past_repo WHERE {own})"  # noqa: S608 - our own words
    for index in ("past_posting", "past_word"):
        c.execute(f"DELETE FROM {index} {mine}", values)  # noqa: S608 - our own words
    past = f"DELETE FROM past_task {mine}"  # noqa: S608 - our own words
    gone = sum([c.execute(each, values).rowcount for each in (uses, *kinds, past)])
    c.execute(f"DELETE FROM past_repo WHERE {own}", values)  # noqa: S608 - our own words
    return gone


def prune(c: Connection, before: str) -> int:
    """Part of a transaction; how many rows went. What has helped goes with them: repairs are of attempts."""
    keys = "run_id, task, attempt"
    gone = f"DELETE FROM attempt WHERE ({keys}) IN (SELECT {keys} FROM attempt WHERE at < ? LIMIT ?)"  # noqa: S608
    uses = (
        "DELETE FROM lesson_use WHERE (lesson, run_id, task, attempt) IN"
        " (SELECT lesson, run_id, task, attempt FROM lesson_use WHERE at < ? LIMIT ?)"
    )
    repairs = (
        "DELETE FROM recovery WHERE (run_id, task, n) IN (SELECT run_id, task, n FROM recovery WHERE at < ? LIMIT ?)"
    )
    return sum(c.execute(each, (before, PRUNE)).rowcount for each in (gone, uses, repairs))


def _own(place: str) -> tuple[str, tuple[str, ...]]:
    """A repository itself; an owner's are all names that begin with it and a slash ("0" follows "/")."""
    if "/" in place:
        return "repo = ?", (place,)
    return "repo > ? AND repo < ?", (f"{place}/", f"{place}0")


def _row(kind: str, columns: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    values = dict(zip(columns, row, strict=True))
    for name in values.keys() & {"body", "given", "paths"}:
        values[name] = msgspec.json.decode(bytes(values[name]))
    return {"record": kind, **{name: int(each) if isinstance(each, bool) else each for name, each in values.items()}}
