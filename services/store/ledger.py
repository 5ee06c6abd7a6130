"""The accounts: one row for every model call, written before it is made and completed when it has ended.

A row that was never completed is a call that a crash cut off: it may have been paid, so what it could have cost at
most stays held against the budgets, as it does for an answer that broke off or did not say what it took. Budgets are
asked in the transaction that writes the row, so of calls that begin at the same time each sees the others.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from services.core.clock import to_text
from services.core.cost import Purpose, Spent, Usage
from services.store.db import Connection, Database

SCALE = 12
"""Money is stored as whole numbers of 10**-12 US dollars; a token may cost a few thousand of those."""
MOST = Decimal(1_000_000)
"""What one row says at most: no call costs more, and what was said of one must not be too much to be kept or added."""
DAY = timedelta(days=1)

Scope = Literal["attempt", "task", "plan", "repo", "day"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is made for. run_id, task: empty where it is about a plan that does not run; repo: whose budget it
    counts for, too.
    """

    plan_id: str
    purpose: Purpose
    run_id: str = ""
    task: str = ""
    attempt: int = 0
    repo: str = ""


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many US dollars: for an attempt, for a task in its run, for a run (or a plan outside of one), or
    within 24 hours for a repository or for all.
    """

    scope: Scope
    limit: Decimal


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """A cap that is reached, and what was spent and is held of it. for_now: it would be, by a call beside those under
    way.
    """

    cap: Cap
    spent: Decimal
    for_now: bool = False


class Ledger:
    """The table `ledger`. ended: the next call of this process has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ended = asyncio.Event()

    async def begin(
        self,
        call: Call,
        provider: str,
        model: str,
        held: Decimal,
        caps: Sequence[Cap],
        now: datetime,
        *,
        under_way: datetime | None = None,
    ) -> int | Full:
        """Note a call that is made next, and what it may cost at most; or the cap that has no room for another one.

        under_way: calls begun since then may not have ended; beside one of those there has to be room for all of it.
        """

        def write(c: Connection) -> int | Full:
            c.execute("UPDATE ledger_turn SET calls = calls + 1")  # or two processes would not see each other
            for cap in caps:
                spent = _spent(c, cap.scope, call, now)
                if spent >= cap.limit:
                    return Full(cap=cap, spent=spent)
                if under_way and spent + held > cap.limit and _is_under_way(c, cap.scope, call, now, under_way):
                    return Full(cap=cap, spent=spent, for_now=True)
            query = (
                "INSERT INTO ledger (at, plan_id, run_id, task, attempt, repo, purpose, provider, model, state, held)"
                " VALUES (?,?,?,?,?,?,?,?,?,'open',?) RETURNING id"
            )
            about = (call.plan_id, call.run_id, call.task, call.attempt, call.repo.lower())
            where = (to_text(now), *about, call.purpose, provider, model)
            return int(c.execute(query, (*where, _stored(held))).fetchone()[0])

        return await self._database.write(write)

    async def used(self, call: Call, caps: Sequence[Cap], now: datetime) -> list[tuple[Cap, Decimal]]:
        """What is spent and held of each budget."""
        return await self._database.read(lambda c: [(cap, _spent(c, cap.scope, call, now)) for cap in caps])

    async def end(self, row: int, usage: Usage, cost: Decimal | None, price: str) -> None:
        """The call was answered. cost: None where nobody knows it, and then what it may have cost stays held."""
        query = (
            "UPDATE ledger SET state = 'done', input = ?, cache_read = ?, cache_write = ?, output = ?, cost = ?,"
            " held = held * ?, price = ? WHERE id = ?"
        )
        tokens = (usage.input, usage.cache_read, usage.cache_write, usage.output)
        values = (*tokens, None if cost is None else _stored(cost), int(cost is None), price, row)
        await self._ended(query, values)

    async def fail(self, row: int, *, free: bool) -> None:
        """The call came to nothing. free: it was refused before anything was made of it, so it cost nothing."""
        query = "UPDATE ledger SET state = 'failed', cost = 0, held = 0, price = 'refused' WHERE id = ?"
        if not free:
            query = "UPDATE ledger SET state = 'failed' WHERE id = ?"
        await self._ended(query, (row,))

    async def cut(self, row: int, usage: Usage, most: Decimal | None) -> None:
        """The answer broke off. usage: what it had told; most: what it may have cost, which stays held; None where
        nobody knows it, and then what was held stays.
        """
        query = (
            "UPDATE ledger SET state = 'failed', input = ?, cache_read = ?, cache_write = ?, output = ?,"
            " held = coalesce(?, held) WHERE id = ?"
        )
        tokens = (usage.input, usage.cache_read, usage.cache_write, usage.output)
        await self._ended(query, (*tokens, None if most is None else _stored(most), row))

    async def told(self, call: Call, cost: Decimal) -> None:
        """What an agent's own program says an attempt cost, kept with the attempt's last call."""
        query = (
            "UPDATE ledger SET told = ? WHERE id = (SELECT max(id) FROM ledger"
            " WHERE plan_id = ? AND run_id = ? AND task = ? AND attempt = ?)"
        )
        values = (_stored(cost), call.plan_id, call.run_id, call.task, call.attempt)
        await self._database.write(lambda c: c.execute(query, values))

    async def _ended(self, query: str, values: Sequence[object]) -> None:
        await self._database.write(lambda c: c.execute(query, tuple(values)))
        self.ended.set()
        self.ended = asyncio.Event()

    async def spent(self, plan_id: str) -> list[Spent]:
        """What was called for a plan and all its runs, by task, purpose and model."""
        query = (
            "SELECT task, purpose, provider, model, count(*), sum(input), sum(cache_read), sum(cache_write),"
            " sum(output), coalesce(sum(cost), 0), sum(CASE WHEN cost IS NULL AND state = 'done' THEN 1 ELSE 0 END),"
            " sum(CASE WHEN cost IS NULL AND state <> 'done' THEN 1 ELSE 0 END), sum(held)"
            " FROM ledger WHERE plan_id = ? GROUP BY task, purpose, provider, model"
            " ORDER BY task, purpose, provider, model"
        )
        rows = await self._database.read(lambda c: c.execute(query, (plan_id,)).fetchall())
        return [
            Spent(
                task=row[0],
                purpose=row[1],
                model=title(row[2], row[3]),
                calls=int(row[4]),
                usage=Usage(input=int(row[5]), cache_read=int(row[6]), cache_write=int(row[7]), output=int(row[8])),
                cost=from_stored(row[9]),
                unpriced=int(row[10]),
                unknown=int(row[11]),
                held=from_stored(row[12]),
            )
            for row in rows
        ]

    async def places(self, plan_id: str) -> set[tuple[str, str]]:
        """(task, repository in small letters) of all calls for a plan, as far as that was noted."""
        query = "SELECT DISTINCT task, repo FROM ledger WHERE plan_id = ? AND repo <> ''"
        rows = await self._database.read(lambda c: c.execute(query, (plan_id,)).fetchall())
        return {(str(task), str(repo)) for task, repo in rows}


def title(provider: str, model: str) -> str:
    """`openai:gpt-4o`, and `test` for the model that is its own provider."""
    return provider if provider == model else f"{provider}:{model}"


_WHERE: dict[Scope, str] = {
    "attempt": "plan_id = ? AND run_id = ? AND task = ? AND attempt = ?",
    "task": "plan_id = ? AND run_id = ? AND task = ?",
    "plan": "plan_id = ? AND run_id = ?",
    "repo": "at > ? AND repo = ?",
    "day": "at > ?",
}


def _spent(c: Connection, scope: Scope, call: Call, now: datetime) -> Decimal:
    """What was spent there, with what may have been."""
    query = f"SELECT coalesce(sum(coalesce(cost, 0) + held), 0) FROM ledger WHERE {_WHERE[scope]}"  # noqa: S608 - our own words
    return from_stored(c.execute(query, _values(scope, call, now)).fetchone()[0])


def _is_under_way(c: Connection, scope: Scope, call: Call, now: datetime, since: datetime) -> bool:
    """Does a call there go on that may cost something?"""
    query = f"SELECT 1 FROM ledger WHERE {_WHERE[scope]} AND state = 'open' AND held > 0 AND at > ? LIMIT 1"  # noqa: S608 - our own words
    return c.execute(query, (*_values(scope, call, now), to_text(since))).fetchone() is not None


def _values(scope: Scope, call: Call, now: datetime) -> tuple[object, ...]:
    """Of the question marks in the scope's words."""
    since = to_text(now - DAY)
    values: dict[Scope, tuple[object, ...]] = {
        "attempt": (call.plan_id, call.run_id, call.task, call.attempt),
        "task": (call.plan_id, call.run_id, call.task),
        "plan": (call.plan_id, call.run_id),
        "repo": (since, call.repo.lower()),
        "day": (since,),
    }
    return values[scope]


def _stored(money: Decimal) -> int:
    return int(min(money, MOST).scaleb(SCALE).to_integral_value())


def from_stored(stored: int | Decimal) -> Decimal:
    """US dollars of what is stored; PostgreSQL's sums of whole numbers are decimals."""
    return Decimal(int(stored)).scaleb(-SCALE).normalize() + Decimal(0)
