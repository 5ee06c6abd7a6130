"""The records of attempts: which model made each and why, and what became of it.

What became of one is written with the decision that it belongs to; which model makes it, before it begins. Nothing is
read of another owner: what one learns is told to nobody else.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.core.chosen import Chosen
from services.core.clock import from_text, to_text
from services.core.posterior import Known, Tally, key_of
from services.core.records import Given, Try
from services.core.spending import Work
from services.core.troublespots import Failed
from services.store.db import Connection, Database
from services.store.ledger import from_stored
from services.store.rows import write_rows

NEWEST = 20_000
"""Attempts of one owner that a choice goes by, the newest ones."""
PRICED = 200
"""Tasks of one owner that a price goes by, the newest ones."""
KEEP = """
INSERT INTO attempt (run_id, task, attempt, plan_id, owner, repo, at, agent, came, passed, good, class, signature,
rounds, pull) VALUES {rows}
ON CONFLICT (run_id, task, attempt) DO UPDATE SET
came = CASE WHEN excluded.came = '' THEN attempt.came ELSE excluded.came END,
passed = coalesce(excluded.passed, attempt.passed), good = coalesce(excluded.good, attempt.good),
class = CASE WHEN excluded.class = '' THEN attempt.class ELSE excluded.class END,
signature = CASE WHEN excluded.class = '' THEN attempt.signature ELSE excluded.signature END,
rounds = CASE WHEN excluded.rounds = 0 THEN attempt.rounds ELSE excluded.rounds END,
pull = CASE WHEN excluded.pull = 0 THEN attempt.pull ELSE excluded.pull END
"""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a task. passed, good: None while nobody knows."""

    attempt: int
    came: str
    passed: bool | None
    good: bool | None
    cost: Decimal
    chosen: Chosen


class Attempts:
    """The table `attempt`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def choose(self, run_id: str, task: str, attempt: int, chosen: Chosen) -> Chosen:
        """Write down what was chosen for an attempt, once; what stands there then. An attempt that is taken up again
        keeps its model: its conversation is with that one.
        """
        values = (chosen.tier, chosen.model, chosen.after, chosen.again, msgspec.json.encode(chosen))
        key = (run_id, task, attempt)

        def write(c: Connection) -> Chosen:
            where = "run_id = ? AND task = ? AND attempt = ?"
            found = c.execute(f"SELECT body FROM attempt WHERE {where}", key).fetchone()  # noqa: S608 - our own words
            if found is not None and bytes(found[0]) != b"{}":
                return msgspec.json.decode(found[0], type=Chosen)
            query = f"UPDATE attempt SET tier = ?, model = ?, is_after = ?, is_again = ?, body = ? WHERE {where}"  # noqa: S608
            c.execute(query, (*values, *key))
            return chosen

        return await self._db.write(write)

    async def give(self, run_id: str, task: str, attempt: int, given: Given) -> None:
        """Write down what an attempt is told, as it was told first."""
        query = "UPDATE attempt SET given = ? WHERE run_id = ? AND task = ? AND attempt = ? AND given = ?"
        values = (msgspec.json.encode(given), run_id, task, attempt, b"{}")
        await self._db.write(lambda c: c.execute(query, values))

    async def of(self, run_id: str, task: str) -> list[Record]:
        """All attempts at a task, in their order."""
        query = (
            "SELECT attempt, came, passed, good, cost, body FROM attempt WHERE run_id = ? AND task = ? ORDER BY attempt"
        )
        return await self._db.read(lambda c: [_record(*row) for row in c.execute(query, (run_id, task))])

    async def works(self, plan_id: str) -> list[Work]:
        """All attempts at a plan's tasks by models, in their order."""
        query = (
            "SELECT task, repo, tier, model, cost, came, passed, good, unpriced FROM attempt"
            " WHERE plan_id = ? AND model <> '' ORDER BY at, task, attempt"
        )
        rows = await self._db.read(lambda c: c.execute(query, (plan_id,)).fetchall())
        return [
            Work(
                task=task,
                repo=repo,
                tier=tier,
                model=model,
                cost=from_stored(cost),
                came=came,
                passed=None if passed is None else bool(passed),
                good=None if good is None else bool(good),
                unpriced=bool(unpriced),
            )
            for task, repo, tier, model, cost, came, passed, good, unpriced in rows
        ]

    async def costs(self, owner: str, repos: Collection[str] | None = None) -> list[float]:
        """What the newest tasks of this owner have cost in all, of those that models have done whose price is known;
        repos: in these alone, in small letters.
        """
        query = (
            "SELECT min(repo), sum(cost) FROM attempt WHERE owner = ? AND model <> '' GROUP BY run_id, task"
            " HAVING max(passed) = 1 AND sum(unpriced) = 0 ORDER BY max(at) DESC LIMIT ?"
        )
        most = PRICED if repos is None else NEWEST
        rows = await self._db.read(lambda c: c.execute(query, (owner.lower(), most)).fetchall())
        return [float(from_stored(cost)) for repo, cost in rows if repos is None or repo in repos][:PRICED]

    async def failures(self, owner: str, since: datetime) -> list[Failed]:
        """What failed in this owner's repositories, the newest first."""
        query = (
            "SELECT at, repo, agent, model, class, signature FROM attempt"
            " WHERE owner = ? AND at > ? AND class <> '' ORDER BY at DESC LIMIT ?"
        )
        values = (owner.lower(), to_text(since), NEWEST)
        rows = await self._db.read(lambda c: c.execute(query, values).fetchall())
        return [Failed(from_text(at), *map(str, rest)) for at, *rest in rows]

    async def chosen(self, run_id: str, tasks: Sequence[str]) -> dict[str, Chosen]:
        """What was chosen for the newest attempt of each task that has one."""
        if not tasks:
            return {}
        marks = ",".join("?" * len(tasks))
        query = (
            f"SELECT task, body FROM attempt WHERE run_id = ? AND task IN ({marks}) AND model <> '' ORDER BY attempt"  # noqa: S608 - only question marks
        )
        rows = await self._db.read(lambda c: c.execute(query, (run_id, *tasks)).fetchall())
        return {task: msgspec.json.decode(body, type=Chosen) for task, body in rows}

    async def known(self, owner: str, repos: Collection[str] | None = None) -> Known:
        """What the attempts of this owner's repositories have come to; repos: of these alone, in small letters."""
        return await self._db.read(lambda c: _known(c, owner.lower(), repos))

    async def paid(self, run_id: str, task: str, attempt: int) -> None:
        """Note what the calls of an attempt have cost, and how many have no price; what may have been paid for one that
        broke off counts.
        """
        mine = (
            "FROM ledger l WHERE l.plan_id = attempt.plan_id AND l.run_id = attempt.run_id AND l.task = attempt.task"
            " AND l.attempt = attempt.attempt"
        )
        query = (
            f"UPDATE attempt SET cost = (SELECT coalesce(sum(coalesce(l.cost, 0) + l.held), 0) {mine}),"  # noqa: S608 - our own words
            f" unpriced = (SELECT count(*) {mine} AND l.state = 'done' AND l.cost IS NULL AND l.held = 0)"
            " WHERE run_id = ? AND task = ? AND attempt = ?"
        )
        await self._db.write(lambda c: c.execute(query, (run_id, task, attempt)))

    async def reverted(self, repo: str, pull: int) -> bool:
        """What was merged with this pull request was taken back; False when it was none of ours."""
        query = "UPDATE attempt SET good = 0, came = 'reverted' WHERE repo = ? AND pull = ? AND pull <> 0"
        return await self._db.write(lambda c: bool(c.execute(query, (repo.lower(), pull)).rowcount))


def keep(c: Connection, plan_id: str, run_id: str, tries: Iterable[Try], now: datetime) -> None:
    """Part of a transaction: what a decision tells of attempts; of several things about one the last counts."""
    merged: dict[tuple[str, int], Try] = {}
    for each in tries:
        key = (each.task, each.attempt)
        merged[key] = _together(merged[key], each) if key in merged else each
    at = to_text(now)
    rows = [
        (
            run_id, each.task, each.attempt, plan_id, each.repo.partition("/")[0].lower(), each.repo.lower(), at,
            each.agent, each.came, each.passed, each.good, each.cls, each.signature.replace("\0", ""), each.rounds,
            each.pull,
        )
        for each in merged.values()
    ]  # fmt: skip
    write_rows(c, KEEP, rows)


def _together(before: Try, after: Try) -> Try:
    """PostgreSQL changes no row twice in one statement."""
    told = {name: value for name, value in msgspec.structs.asdict(after).items() if value not in {None, "", 0}}
    told |= {name: False for name in ("passed", "good") if getattr(after, name) is False}
    return msgspec.structs.replace(before, **told)


def _known(c: Connection, owner: str, repos: Collection[str] | None) -> Known:
    query = (
        "SELECT tier, is_after, repo, sum(CASE WHEN is_again = 0 THEN 1 ELSE 0 END), sum(passed), sum(cost),"
        " sum(CASE WHEN good = 1 THEN 1 ELSE 0 END), sum(CASE WHEN good = 0 THEN 1 ELSE 0 END) FROM ("
        "SELECT * FROM attempt WHERE owner = ? AND model <> '' ORDER BY at DESC LIMIT ?"
        ") a WHERE tier <> '' AND passed IS NOT NULL AND unpriced = 0 GROUP BY tier, is_after, repo"
    )
    tallies: dict[str, Tally] = {}
    for tier, after, repo, tried, passed, cost, good, bad in c.execute(query, (owner, NEWEST)):
        if repos is not None and repo not in repos:
            continue
        counts = Tally(tried=int(tried), passed=min(int(passed), int(tried)), spent=from_stored(cost))
        tallies[key_of(tier, bool(after), repo)] = counts
        whole = key_of(tier, bool(after))
        tallies[whole] = _sum(tallies.get(whole, Tally()), counts)
        first = key_of(tier, after=False)
        told = Tally(good=int(good), bad=int(bad))
        tallies[first] = _sum(tallies.get(first, Tally()), told)
    return Known(tallies=tallies)


def _sum(one: Tally, other: Tally) -> Tally:
    return Tally(**{name: getattr(one, name) + getattr(other, name) for name in Tally.__struct_fields__})


def _record(attempt: int, came: str, passed: int | None, good: int | None, cost: int, body: bytes) -> Record:
    return Record(
        attempt=int(attempt),
        came=came,
        passed=None if passed is None else bool(passed),
        good=None if good is None else bool(good),
        cost=from_stored(cost),
        chosen=msgspec.json.decode(body, type=Chosen),
    )
