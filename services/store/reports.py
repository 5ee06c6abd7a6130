"""What pages ask over all plans and runs: read-only, bounded, and without decoding what is only counted.

Rows name the plan or the repository they belong to, because who looks may not see all of them: what is summed up is
summed up by the reader, after the rows that are hidden from them have been left out.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from services.core.clock import from_text, to_text
from services.core.cost import Usage
from services.core.lessons import Lesson
from services.core.troublespots import Failed
from services.store.attempts import Attempts
from services.store.db import Connection, Database
from services.store.gaps import Gaps
from services.store.ledger import from_stored, title
from services.store.runs import Told

MOST_MOVES = 20_000
"""State changes of one run that are read: a thousand tasks with a few attempts each."""
MOST_GROUPS = 5_000
MOST_BILLS = 50_000
"""The newest; what is summed up should lack none."""


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and how its newest run stands. readable: its text has no errors.  state: of the run, or `planned`.

    at: when it last began something.  counts: its tasks by state, empty before a run.
    """

    id: str
    repo: str
    number: int
    title: str
    readable: bool
    approved: bool
    state: str
    at: str
    run_id: str = ""
    actor: str = ""
    started_at: str = ""
    finished_at: str = ""
    counts: Counter[str] = msgspec.field(default_factory=Counter)


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task came into another state."""

    task: str
    at: datetime
    kind: str
    after: str


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox as it stands. log: the end of what an attempt printed."""

    key: str
    state: str
    tries: int
    note: str
    log: str
    began: datetime
    ended: datetime | None


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A finished step of an attempt, with its small JSON."""

    attempt: int
    step: str
    at: datetime
    seconds: float
    data: bytes


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """One repair, or `count` alike. outcome: worked, failed, superseded, or "" while nobody knows."""

    plan_id: str
    cls: str
    strategy: str
    outcome: str
    signature: str = ""
    repo: str = ""
    task: str = ""
    at: str = ""
    count: int = 1


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """Model calls of one day, plan, repository, purpose and model. repo: lower case; the plan's own where it is about
    no task.  unpriced: calls whose cost nobody knows; held: what those can have cost at most.
    """

    day: str
    plan_id: str
    repo: str
    purpose: str
    model: str
    calls: int
    usage: Usage
    cost: Decimal
    unpriced: int
    held: Decimal


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery without its body. outcome: "" while it waits.  kept: is the body still there?"""

    row: int
    guid: str
    event: str
    at: datetime
    size: int
    outcome: str
    note: str
    kept: bool


_OF_PLANS = """
FROM plan p LEFT JOIN run r ON r.seq = (SELECT max(n.seq) FROM run n WHERE n.plan_id = p.id)
"""
_PLANS = f"""
SELECT p.id, p.repo, p.number, p.title, p.hash <> '', p.hash <> '' AND p.hash = p.approved_hash,
  coalesce(r.state, 'planned'),
  coalesce(r.started_at, p.changed_at) AS at, coalesce(r.id, ''), coalesce(r.actor, ''), coalesce(r.started_at, ''),
  coalesce(r.finished_at, '') {_OF_PLANS}"""
_AT = "coalesce(r.started_at, p.changed_at)"
_LESSONS = " WHERE (? = '' OR state = ?) AND (? = '' OR at < ? OR (at = ? AND id > ?))"


class Reports:
    """Reads of what others write."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.attempts = Attempts(db)
        self.gaps = Gaps(db)

    async def plans(
        self, *, state: str = "", repo: str = "", words: str = "", before: tuple[str, str] = ("", ""), limit: int = 50,
        repos: Collection[str] | None = None, since: str = "",
    ) -> list[PlanLine]:  # fmt: skip
        """What began last first. state, repo, words: only such; before: (at, id) of the last one seen; repos: of these
        alone; since: newer than this.
        """
        where, values = _plans_asked(state, repo, words, before)
        if repos is not None:
            where, values = f"{where} AND p.repo IN ({','.join('?' * len(repos))})", [*values, *repos]
        query = f"{_PLANS}{where} AND {_AT} > ? ORDER BY at DESC, p.id DESC LIMIT ?"
        values.append(since)

        def read(c: Connection) -> list[PlanLine]:
            rows = c.execute(query, (*values, limit)).fetchall()
            counts = _counts(c, [row[8] for row in rows if row[8]])
            names = PlanLine.__struct_fields__[:12]
            lines: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
            for line in lines:  # SQLite has numbers for what is true
                line |= {name: bool(line[name]) for name in ("readable", "approved")}
            return [PlanLine(**line, counts=counts.get(line["run_id"], Counter())) for line in lines]

        return await self._db.read(read) if repos is None or repos else []

    async def plan_repos(
        self, *, state: str = "", repo: str = "", words: str = "", before: tuple[str, str] = ("", "")
    ) -> list[tuple[str, str]]:
        """Every repository that such plans are of, and when the newest of them began; the newest first."""
        where, values = _plans_asked(state, repo, words, before)
        query = f"SELECT p.repo, max({_AT}) {_OF_PLANS}{where} GROUP BY p.repo ORDER BY 2 DESC, 1"
        return await self._db.read(lambda c: [(str(row[0]), str(row[1])) for row in c.execute(query, values)])

    async def states(self) -> dict[str, int]:
        """How many plans there are in each state of their newest run."""
        query = (
            "SELECT coalesce(r.state, 'planned'), count(*) FROM plan p LEFT JOIN run r"
            " ON r.seq = (SELECT max(n.seq) FROM run n WHERE n.plan_id = p.id) GROUP BY 1"
        )
        return await self._db.read(lambda c: {str(row[0]): int(row[1]) for row in c.execute(query)})

    async def newest_event(self) -> int:
        """Number of the newest line of history, of all plans."""
        row = await self._db.read(lambda c: c.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone())
        return int(row[0])

    async def moves(self, plan_id: str, run_id: str) -> list[Move]:
        """How the tasks of a run came from state to state, oldest first."""
        query = (
            "SELECT task, at, kind, after FROM event WHERE plan_id = ? AND run_id = ? AND task <> ''"
            " AND before <> after ORDER BY seq LIMIT ?"
        )
        rows = await self._db.read(lambda c: c.execute(query, (plan_id, run_id, MOST_MOVES)).fetchall())
        return [Move(task=row[0], at=from_text(row[1]), kind=row[2], after=row[3]) for row in rows]

    async def history(self, plan_id: str, *, task: str = "", before: int = 0, limit: int = 50) -> list[Told]:
        """The newest moments of a plan, newest first. task: of this one alone; before: older than this number."""
        names = Told.__struct_fields__
        query = (
            f"SELECT {', '.join(names)} FROM event WHERE plan_id = ? AND (? = '' OR task = ?)"  # noqa: S608 - our own columns
            " AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?"
        )
        values = (plan_id, task, task, before, before, limit)
        rows = await self._db.read(lambda c: c.execute(query, values).fetchall())
        return [Told(**dict(zip(names, row, strict=True))) for row in rows]

    async def effects(self, run_id: str, task: str, limit: int = 200, *, kind: str = "") -> list[Effect]:
        """What was done outside for a task, newest first. kind: only what is of this one and an attempt's own."""
        query = (
            "SELECT key, state, tries, note, log, created_at, settled_at FROM outbox WHERE key > ? AND key < ?"
            " AND key LIKE ? ORDER BY seq DESC LIMIT ?"
        )
        values = (f"{run_id}/{task}/", f"{run_id}/{task}0", f"%/{kind}" if kind else "%", limit)  # "0" follows "/"
        rows = await self._db.read(lambda c: c.execute(query, values).fetchall())
        return [
            Effect(
                key=row[0], state=row[1], tries=row[2], note=row[3], log=row[4], began=from_text(row[5]),
                ended=from_text(row[6]) if row[6] else None,
            )
            for row in rows
        ]  # fmt: skip

    async def steps(self, run_id: str, task: str) -> list[StepRow]:
        """The steps of all attempts of a task, oldest first."""
        query = "SELECT attempt, step, at, seconds, data FROM checkpoint WHERE run_id = ? AND task = ? ORDER BY at"
        rows = await self._db.read(lambda c: c.execute(query, (run_id, task)).fetchall())
        return [
            StepRow(attempt=row[0], step=row[1], at=from_text(row[2]), seconds=row[3], data=bytes(row[4]))
            for row in rows
        ]

    async def repairs(self, since: datetime) -> list[Repaired]:
        """Repairs since then, counted by plan, class, strategy, outcome, signature and repository."""
        query = (
            "SELECT plan_id, class, strategy, outcome, signature, repo, count(*) FROM recovery WHERE at > ?"
            " GROUP BY plan_id, class, strategy, outcome, signature, repo"
            " ORDER BY count(*) DESC, signature, repo LIMIT ?"
        )
        names = ("plan_id", "cls", "strategy", "outcome", "signature", "repo", "count")
        rows = await self._db.read(lambda c: c.execute(query, (to_text(since), MOST_GROUPS)).fetchall())
        return [Repaired(**dict(zip(names, row, strict=True))) for row in rows]

    async def newest_repairs(self, limit: int = 50, *, skip: int = 0) -> list[Repaired]:
        """The newest repairs one by one."""
        query = (
            "SELECT plan_id, class, strategy, outcome, signature, repo, task, at FROM recovery"
            " ORDER BY at DESC, run_id, task, n DESC LIMIT ? OFFSET ?"
        )
        names = ("plan_id", "cls", "strategy", "outcome", "signature", "repo", "task", "at")
        rows = await self._db.read(lambda c: c.execute(query, (limit, skip)).fetchall())
        return [Repaired(**dict(zip(names, row, strict=True))) for row in rows]

    async def failed(self, since: datetime) -> list[tuple[str, Failed]]:
        """Attempts that failed since then, the newest first, each with the plan it was made for."""
        query = (
            "SELECT plan_id, at, repo, agent, model, class, signature FROM attempt"
            " WHERE at > ? AND class <> '' ORDER BY at DESC LIMIT ?"
        )
        rows = await self._db.read(lambda c: c.execute(query, (to_text(since), MOST_GROUPS)).fetchall())
        return [(str(plan_id), Failed(from_text(at), *map(str, rest))) for plan_id, at, *rest in rows]

    async def bills(self, since: datetime) -> list[Bill]:
        """What models were called for since then, by day."""
        query = (
            "SELECT substr(at, 1, 10), plan_id, purpose, provider, model, count(*), sum(input), sum(cache_read),"
            " sum(cache_write), sum(output), coalesce(sum(cost), 0), sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END),"
            " sum(held), repo FROM ledger WHERE at > ?"
            " GROUP BY 1, 2, 3, 4, 5, repo ORDER BY 1 DESC, 2, 3, 4, 5, repo LIMIT ?"
        )
        rows = await self._db.read(lambda c: c.execute(query, (to_text(since), MOST_BILLS)).fetchall())
        return [
            Bill(
                day=row[0], plan_id=row[1], repo=row[13] or row[1].rpartition("#")[0].lower(), purpose=row[2],
                model=title(row[3], row[4]), calls=int(row[5]),
                usage=Usage(
                    input=int(row[6]), cache_read=int(row[7]), cache_write=int(row[8]), output=int(row[9])
                ),
                cost=from_stored(row[10]), unpriced=int(row[11]), held=from_stored(row[12]),
            )
            for row in rows
        ]  # fmt: skip

    async def lessons(
        self, state: str = "", *, before: tuple[str, str] = ("", ""), limit: int = 50,
        repos: Collection[str] | None = None, since: str = "",
    ) -> list[tuple[str, Lesson]]:  # fmt: skip
        """(when, lesson) of all repositories, the newest first. state: only those in it; before: (when, id) of the
        last one seen; repos: of these alone, in small letters; since: newer than this.
        """
        only = f" AND repo IN ({','.join('?' * len(repos))})" if repos is not None else ""
        query = f"SELECT at, body, uses FROM lesson{_LESSONS}{only} AND at > ? ORDER BY at DESC, id LIMIT ?"  # noqa: S608 - only question marks
        values = (state, state, before[0], before[0], *before, *(repos or ()), since, limit)
        rows = await self._db.read(lambda c: c.execute(query, values).fetchall()) if repos != () else []
        return [
            (str(at), msgspec.structs.replace(msgspec.json.decode(body, type=Lesson), uses=int(uses)))
            for at, body, uses in rows
        ]

    async def lesson_repos(self, state: str = "", *, before: tuple[str, str] = ("", "")) -> list[tuple[str, str]]:
        """Every repository with such lessons, and when its newest was taught; the newest first."""
        query = f"SELECT repo, max(at) FROM lesson{_LESSONS} GROUP BY repo ORDER BY 2 DESC, 1"  # noqa: S608 - our own words
        values = (state, state, before[0], before[0], *before)
        return await self._db.read(lambda c: [(str(row[0]), str(row[1])) for row in c.execute(query, values)])

    async def learned_in(self, sources: Sequence[str]) -> dict[str, str]:
        """Pull request (`owner/name#n`) -> the plan that a task of its was of, as far as that is known."""
        query = (
            "SELECT t.key FROM past_task t JOIN past_repo r ON r.id = t.repo_id WHERE r.repo = ? AND t.number = ?"
            " ORDER BY t.ordinal DESC LIMIT 1"
        )

        def read(c: Connection) -> dict[str, str]:
            found = {}
            for source in dict.fromkeys(sources):
                repo, _, number = source.rpartition("#")
                row = c.execute(query, (repo.lower(), int(number))).fetchone() if number.isdecimal() else None
                run_id = row[0].rsplit("/", 2)[0] if row is not None else ""  # its key: run, task and commit
                plan = c.execute("SELECT plan_id FROM run WHERE id = ?", (run_id,)).fetchone()
                if plan is not None:
                    found[source] = str(plan[0])
            return found

        return await self._db.read(read)

    async def lesson_counts(self) -> list[tuple[str, str, int]]:
        """(repository, state, how many)."""
        query = "SELECT repo, state, count(*) FROM lesson GROUP BY repo, state"
        return await self._db.read(lambda c: [(row[0], row[1], int(row[2])) for row in c.execute(query)])

    async def deliveries(
        self, *, event: str = "", outcome: str = "", before: int = 0, limit: int = 50, row: int = 0
    ) -> list[Arrived]:
        """The newest first. outcome: handled, failed, ignored or waiting; before: older than this row; row: only it."""
        query = (
            "SELECT id, guid, event, received_at, size, coalesce(outcome, ''), note,"
            " CASE WHEN body IS NULL THEN 0 ELSE 1 END FROM inbox WHERE (? = '' OR event = ?)"
            " AND (? = '' OR coalesce(outcome, 'waiting') = ?) AND (? = 0 OR id < ?)"
            " AND (? = 0 OR id = ?) ORDER BY id DESC LIMIT ?"
        )
        values = (event, event, outcome, outcome, before, before, row, row, limit)
        rows = await self._db.read(lambda c: c.execute(query, values).fetchall())
        return [
            Arrived(
                row=row[0], guid=row[1], event=row[2], at=from_text(row[3]), size=int(row[4]), outcome=row[5],
                note=row[6], kept=bool(row[7]),
            )
            for row in rows
        ]  # fmt: skip

    async def delivery_counts(self, since: datetime) -> dict[str, int]:
        """Deliveries since then by outcome; `waiting` for those no handler has seen."""
        query = "SELECT coalesce(outcome, 'waiting'), count(*) FROM inbox WHERE received_at > ? GROUP BY 1"
        values = (to_text(since),)
        return await self._db.read(lambda c: {str(row[0]): int(row[1]) for row in c.execute(query, values)})


def _plans_asked(state: str, repo: str, words: str, before: tuple[str, str]) -> tuple[str, list[str]]:
    """The condition and its values."""
    asked: list[tuple[str, tuple[str, ...]]] = [("WHERE 1 = 1", ())]
    if state:
        asked.append(("coalesce(r.state, 'planned') = ?", (state,)))
    if repo:
        asked.append(("(lower(p.repo) = ? OR lower(p.repo) LIKE ? ESCAPE '!')", (repo.lower(), f"{_like(repo)}/%")))
    if words:
        like = f"%{_like(words)}%"
        asked.append(("(lower(p.title) LIKE ? ESCAPE '!' OR lower(p.id) LIKE ? ESCAPE '!')", (like, like)))
    if before[0]:
        asked.append((f"({_AT}, p.id) < (?, ?)", before))
    return " AND ".join(part for part, _ in asked), [value for _, part in asked for value in part]


def _like(words: str) -> str:
    """For LIKE … ESCAPE '!', in which only our own percent signs mean something."""
    return words.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _counts(c: Connection, run_ids: Sequence[str]) -> dict[str, Counter[str]]:
    """The tasks of these runs by state."""
    found: dict[str, Counter[str]] = {}
    if not run_ids:
        return found
    marks = ",".join("?" * len(run_ids))
    query = f"SELECT run_id, state, count(*) FROM task WHERE run_id IN ({marks}) GROUP BY run_id, state"  # noqa: S608 - only question marks
    for run_id, state, count in c.execute(query, tuple(run_ids)):
        found.setdefault(run_id, Counter())[state] = int(count)
    return found
