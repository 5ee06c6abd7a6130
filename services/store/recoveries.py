"""The history of repairs: what was tried on which failure, and what came of it."""

from collections.abc import Iterable
from datetime import datetime

from services.core.clock import to_text
from services.core.repairs import Repair
from services.store.db import Connection
from services.store.rows import write_rows

MOST_SIGNATURE = 400
KEEP = """
INSERT INTO recovery (run_id, task, n, plan_id, at, strategy, class, signature, outcome) VALUES {rows}
ON CONFLICT (run_id, task, n) DO UPDATE SET outcome = excluded.outcome
"""


def keep(c: Connection, plan_id: str, run_id: str, repairs: Iterable[tuple[str, Repair]], now: datetime) -> None:
    """Write down, with the decision that it belongs to, what was begun and what came of what."""
    at = to_text(now)
    rows = [
        (
            run_id, task, repair.n, plan_id, at, repair.strategy, repair.cls,
            _signature(repair), repair.came,
        )
        for task, repair in repairs
    ]  # fmt: skip
    write_rows(c, KEEP, rows)


def _signature(repair: Repair) -> str:
    """Made of somebody's log; PostgreSQL takes no NUL."""
    return next(iter(repair.signatures), "").replace("\0", "")[:MOST_SIGNATURE]
