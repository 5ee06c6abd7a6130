"""How far an approval reaches: it starts one run, of exactly the text it was given for."""

import asyncio
from datetime import datetime

from services.core.board import Run
from services.core.clock import from_text
from services.core.plan_relations import RELATIONS
from services.engine.parts import Parts
from services.store.plans import PlanRow


def is_used_up(row: PlanRow, last: Run | None) -> bool:
    """Was the plan approved for its last run, or while that was under way, and is that run over?"""
    if last is None or last.finished_at is None or last.plan.hash != row.approved_hash:
        return False
    return bool(row.approved_at) and from_text(row.approved_at) <= last.finished_at


async def is_unseen(parts: Parts, plan: PlanRow, asked_at: datetime) -> bool:
    """Was this text written after somebody asked, or in that second? It may be the one that was read before, and
    another have stood there meanwhile that nobody has told of: only GitHub knows, but for files.
    """
    if _could_not_see(plan, asked_at):
        return True
    places = [(plan.repo, plan.number)]
    if plan.file == RELATIONS:
        places += [(task.repo, task.issue) for task in plan.parsed.tasks if task.issue]
    edited = await asyncio.gather(*(parts.github.reads.edited_at(*each) for each in places))
    return any(text and _second(text) >= asked_at.replace(microsecond=0) for text in edited)


def _could_not_see(plan: PlanRow, asked_at: datetime) -> bool:
    """Was this text written after the approval, or in its second?

    GitHub's times have whole seconds, and nobody reads an edit and answers it within one. A text that was never another
    is nobody's trick.
    """
    changed, asked = _second(plan.changed_at), asked_at.replace(microsecond=0)
    return changed >= asked if plan.edits else changed > asked


def _second(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(microsecond=0)
