"""How far an approval reaches: it starts one run, of exactly the text it was given for."""

from services.core.board import Run
from services.core.clock import from_text
from services.store.plans import PlanRow


def is_used_up(row: PlanRow, last: Run | None) -> bool:
    """Was the plan approved for its last run, or while that was under way, and is that run over?"""
    if last is None or last.finished_at is None or last.plan.hash != row.approved_hash:
        return False
    return bool(row.approved_at) and from_text(row.approved_at) <= last.finished_at
