"""The history of repairs: what was tried on which failure, and what came of it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from services.core.clock import to_text
from services.core.failures import CLASSES
from services.core.repairs import AGAIN, Repair
from services.core.strategies import Record, Tally
from services.store.db import Connection, Database
from services.store.rows import write_rows

MOST_SIGNATURE = 400
NEWEST = 500
"""Repairs of a repository that count; what helped years ago says little."""
KEEP = """
INSERT INTO recovery (run_id, task, n, plan_id, at, strategy, class, signature, outcome, repo) VALUES {rows}
ON CONFLICT (run_id, task, n) DO UPDATE SET outcome = excluded.outcome
"""
OUTCOMES = """
SELECT class, strategy, outcome, count(*) FROM (
    SELECT class, strategy, outcome FROM recovery
    WHERE repo = ? AND outcome IN ('worked', 'failed') ORDER BY at DESC LIMIT ?
) newest GROUP BY class, strategy, outcome
"""
ALL = """
SELECT strategy, outcome, count(*) FROM recovery
WHERE outcome IN ('worked', 'failed') GROUP BY strategy, outcome ORDER BY strategy, outcome
"""
PASSED_AGAIN = """
SELECT DISTINCT signature FROM (
    SELECT strategy, signature FROM recovery WHERE repo = ? AND outcome = 'worked' ORDER BY at DESC LIMIT ?
) newest WHERE strategy IN ('retry', 'rerun_failed')
"""
OF_TASK = """
SELECT n, at, strategy, class, signature, outcome FROM recovery WHERE run_id = ? AND task = ? ORDER BY n
"""
assert {"retry", "rerun_failed"} == AGAIN  # noqa: S101 - as PASSED_AGAIN has it


class Row(msgspec.Struct, frozen=True):
    """One repair of a task, as it is kept; outcome: "" while nobody knows."""

    n: int
    at: str
    strategy: str
    cls: str
    signature: str
    outcome: str


class Recoveries(msgspec.Struct, frozen=True):
    """The table `recovery`."""

    db: Database

    async def record(self, repo: str) -> Record:
        """What has helped in a repository, by class of failure and strategy."""
        rows = await self.db.read(lambda c: c.execute(OUTCOMES, (repo.lower(), NEWEST)).fetchall())
        found: dict[tuple[str, str], Tally] = {}
        for cls, strategy, outcome, count in rows:
            seen = found.get((cls, strategy), Tally(0, 0))
            found[(cls, strategy)] = Tally(seen.worked + count * (outcome == "worked"), seen.tried + count)
        return found  # type: ignore[return-value]  # what was written is a class and a strategy

    async def by_strategy(self) -> dict[str, Tally]:
        """What has helped everywhere, by strategy: for pages."""
        found: dict[str, Tally] = {}
        for strategy, outcome, count in await self.db.read(lambda c: c.execute(ALL).fetchall()):
            seen = found.get(strategy, Tally(0, 0))
            found[strategy] = Tally(seen.worked + count * (outcome == "worked"), seen.tried + count)
        return found

    async def passed_again(self, repo: str) -> frozenset[str]:
        """What failed in a repository and passed on the same commit when it ran once more: signatures without class."""
        rows = await self.db.read(lambda c: c.execute(PASSED_AGAIN, (repo.lower(), NEWEST)).fetchall())
        found = (signature.partition(": ") for (signature,) in rows)
        return frozenset(rest for cls, _, rest in found if cls in CLASSES and rest)

    async def of_task(self, run_id: str, task: str) -> list[Row]:
        """All repairs of a task, oldest first."""
        rows = await self.db.read(lambda c: c.execute(OF_TASK, (run_id, task)).fetchall())
        return [Row(*row) for row in rows]


def keep(c: Connection, plan_id: str, run_id: str, repairs: Iterable[tuple[str, str, Repair]], now: datetime) -> None:
    """Write down, with the decision that it belongs to, what was begun and what came of what."""
    at = to_text(now)
    rows = [
        (
            run_id, task, repair.n, plan_id, at, repair.strategy, repair.cls,
            _signature(repair), repair.came, repo.lower(),
        )
        for task, repo, repair in repairs
    ]  # fmt: skip
    write_rows(c, KEEP, rows)


def _signature(repair: Repair) -> str:
    """Made of somebody's log; PostgreSQL takes no NUL."""
    return next(iter(repair.signatures), "").replace("\0", "")[:MOST_SIGNATURE]
