"""What of a plan's accounts may be told where the plan stands: nothing of what was paid for tasks in repositories that
readers of that place may not hear of, in whichever run that was.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from services.core.board import Run
from services.core.cost import Spent
from services.core.plan import Plan
from services.engine.hidden import hidden_in, is_private
from services.engine.parts import Parts


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """spent: what may be told; is_short: there is more that may not."""

    spent: Sequence[Spent] = ()
    is_short: bool = False


async def accounts_of(parts: Parts, plan_id: str, spent: Sequence[Spent]) -> Accounts:
    """What was spent for a plan, without what its place may not hear of."""
    hidden = await untold(parts, plan_id, [each.task for each in spent])
    told = [each for each in spent if each.task not in hidden]
    return Accounts(spent=told, is_short=len(told) < len(spent))


async def untold(parts: Parts, plan_id: str, tasks: Iterable[str]) -> frozenset[str]:
    """Of these tasks, those of whose costs nothing may be told at the plan, for where they work or have worked before;
    of one nobody knows that of any more, too.
    """
    place, asked = plan_id.rpartition("#")[0], {task for task in tasks if task}
    if not asked or await is_private(parts.github.reads, place):
        return frozenset()
    row, run = await parts.plans.get(plan_id), await parts.runs.of_plan(plan_id)
    found = {*(_places(run.plan, run) if run is not None else ()), *_places(row.parsed.plan if row else None, None)}
    works = await parts.attempts.works(plan_id) if parts.attempts is not None else []
    found |= {(work.task, work.repo) for work in works}
    found |= await parts.ledger.places(plan_id) if parts.ledger is not None else set()
    hidden = await hidden_in(parts.github.reads, place, {repo for task, repo in found if task in asked})
    return frozenset(
        {task for task, repo in found if task in asked and repo in hidden} | asked - {task for task, _ in found}
    )


async def untold_now(parts: Parts, run: Run, tasks: Collection[str]) -> frozenset[str]:
    """The same for what its run is doing, which is known without looking anything up."""
    found = {(task, repo) for task, repo in _places(run.plan, run) if task in tasks}
    others = {repo for _, repo in found} - {run.repo}
    hidden = await hidden_in(parts.github.reads, run.repo, others) if others else frozenset[str]()
    return frozenset([task for task, repo in found if repo in hidden])


def _places(plan: Plan | None, run: Run | None) -> set[tuple[str, str]]:
    """(task, repository), also of what was taken out of the plan, or put elsewhere, while it ran."""
    found = {(task.id, task.repo) for task in plan.tasks} if plan is not None else set()
    former = run.former.values() if run is not None else ()
    return found | {(each.id, each.was.repo) for each in former if each.was is not None}
