"""What an operator watches of the whole store: counted when somebody looks, and no more often than every few seconds.

Numbers are those of all processes on one database, so whoever sums over processes takes the highest and not the sum.
They are by states and by agents, as plans name them: `services.metrics` makes labels only of those that there are.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from services.core.clock import to_text
from services.store.db import Connection, Database
from services.store.ledger import from_stored

FRESH = timedelta(seconds=10)
DAY = timedelta(days=1)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """plans: by state of their newest run; tasks: of runs that are not over, by state.  attempts: (agent, what came of
    it) -> how many there is a record of.  tokens: kind -> how many; cost: of all calls; spent: in a day.
    """

    plans: dict[str, int] = {}
    tasks: dict[str, int] = {}
    attempts: dict[tuple[str, str], int] = {}
    effects: int = 0
    tokens: dict[str, int] = {}
    cost: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)


class Watched:
    """Reads them. StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = Totals()
        self._at: datetime | None = None

    async def totals(self, now: datetime) -> Totals:
        if self._at is None or now - self._at >= FRESH:
            self._last, self._at = await self._database.read(lambda c: _totals(c, now)), now
        return self._last


_PLANS = """
SELECT coalesce(r.state, 'planned'), count(*) FROM plan p LEFT JOIN run r
  ON r.seq = (SELECT max(n.seq) FROM run n WHERE n.plan_id = p.id) GROUP BY 1
"""
_TASKS = """
SELECT t.state, count(*) FROM task t JOIN run r ON r.id = t.run_id
WHERE r.state IN ('running', 'paused', 'failed') GROUP BY t.state
"""
_ATTEMPTS = """
SELECT agent, CASE WHEN came <> '' THEN came ELSE coalesce((SELECT t.state FROM task t WHERE t.run_id = a.run_id
  AND t.id = a.task AND t.state IN ('running', 'in_review') AND a.attempt = (SELECT max(n.attempt) FROM attempt n
  WHERE n.run_id = a.run_id AND n.task = a.task)), 'stopped') END AS outcome, count(*) FROM attempt a GROUP BY 1, 2
"""
"""Of one that nothing is known of: whether its task is still at it."""
_LEDGER = """
SELECT coalesce(sum(input), 0), coalesce(sum(cache_read), 0), coalesce(sum(cache_write), 0), coalesce(sum(output), 0),
  coalesce(sum(cost), 0), coalesce(sum(CASE WHEN at > ? THEN coalesce(cost, 0) + held ELSE 0 END), 0) FROM ledger
"""


def _totals(c: Connection, now: datetime) -> Totals:
    kinds = ("input", "cache_read", "cache_write", "output")
    ledger = c.execute(_LEDGER, (to_text(now - DAY),)).fetchone()
    attempts = c.execute(_ATTEMPTS).fetchall()
    effects = c.execute("SELECT count(*) FROM outbox WHERE state <> 'done'").fetchone()
    return Totals(
        plans={str(row[0]): int(row[1]) for row in c.execute(_PLANS).fetchall()},
        tasks={str(row[0]): int(row[1]) for row in c.execute(_TASKS).fetchall()},
        attempts={(str(row[0]), str(row[1])): int(row[2]) for row in attempts},
        effects=int(effects[0]),
        tokens={kind: int(ledger[at]) for at, kind in enumerate(kinds)},
        cost=from_stored(ledger[4]),
        spent=from_stored(ledger[5]),
    )
