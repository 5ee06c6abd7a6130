"""The last look before a group's first merge: at all its pull requests, anew and together.

What is remembered of one may be older than what was just heard of another. And who approved the plan must still be able
to write where each of them goes, or the first would merge and a later one could not.
"""

import msgspec

from services.core import groups
from services.core.board import Run
from services.core.gate import PullFact
from services.core.messages import notes, reasons
from services.engine.observe import Observer
from services.engine.outcome import Outcome
from services.engine.parts import WRITE, Parts


async def muster(parts: Parts, observer: Observer, run: Run, task: str) -> Outcome:
    """Look at all of the task's group that is still open; what follows is decided about all of it at once."""
    name = groups.name_of(run, task)
    if not name or groups.missing(run, name):
        return Outcome(forget=True, note=notes.NOT_COMPLETE)
    found = await observer.facts(run, groups.open_of(run, name), fresh=True, rank="merge")
    reads, may = parts.github.reads.ranked("merge"), {}
    facts: dict[str, PullFact] = {}
    for member, fact in found.items():
        repo = run.plan.by_id[member].repo
        if repo not in may:
            may[repo] = await reads.permission(repo, run.approver, fresh=True) in WRITE
        facts[member] = fact if may[repo] else msgspec.structs.replace(fact, barred=reasons.APPROVER_LOST_WRITE)
    return Outcome(facts=facts, mustered=name, forget=True)
