"""Money as it stands: what is nearly used up, what is likely to come, and what the accounts advise."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import msgspec

from services.agents import providers_of
from services.agents.models import Models
from services.core.board import Run
from services.core.choose import Rules
from services.core.plan import Plan, Task
from services.core.spending import Work, bounds_in_words, likely, range_in_words, unknown_in_words, warned
from services.core.task_state import ENDED, TaskState
from services.core.troublespots import listed, patterns
from services.engine.accounts import untold_now
from services.engine.advised import advised
from services.engine.hidden import hidden_in, is_private, told_in
from services.engine.parts import Parts
from services.errors import NotPossible
from services.store.attempts import Attempts
from services.store.ledger import Call

OWN = frozenset({"attempt", "task"})
"""Budgets that are one task's."""
SPAN = timedelta(days=60)
"""In which failures are looked for that come again."""
PATTERNS = 3
"""Of them that are told with the accounts."""


async def warnings(parts: Parts, run: Run) -> list[str]:
    """Budgets of which the share is used from which on that is told, those of running tasks, too; nothing is asked
    where no model is set. What readers of the plan's place may not hear of is left out, and of sums that it is in only
    the share is told.
    """
    if parts.models is None or parts.ledger is None or parts.settings.warn >= 1:
        return []
    now, found, budgets = parts.clock.now(), list[str](), parts.models.budgets
    asking = [task for task in run.plan.tasks if providers_of(task.agent)]
    if not asking:
        return []
    call = Call(plan_id=run.plan_id, run_id=run.id, purpose="attempt", repo=run.repo)
    used = [("", each) for each in await parts.ledger.used(call, budgets.caps(call), now)]
    for task in asking:
        state = run.tasks[task.id]
        if state.state == "running":
            mine = msgspec.structs.replace(call, task=task.id, attempt=state.attempt)
            caps = [cap for cap in budgets.caps(mine, money(state, task)) if cap.scope in OWN]
            used += [(task.id, each) for each in await parts.ledger.used(mine, caps, now)]
    used = [(name, each) for name, each in used if each[0].limit and each[1] >= parts.settings.warn * each[0].limit]
    if not used:
        return []
    hidden = await untold_now(parts, run, run.tasks.keys() | run.former.keys())
    is_public = not await is_private(parts.github.reads, run.repo)
    shares = {"day", *(["plan"] if hidden else [])} if is_public else set[str]()
    for name, (cap, spent) in used:
        if name not in hidden:
            found.append(warned(cap.scope, spent, cap.limit, name, is_share=cap.scope in shares))
    return found


def money(state: TaskState, task: Task) -> Decimal | None:
    """A task's own budget, where it has one."""
    said = state.budget or task.budget
    return Decimal(said) if said else None


async def expected(parts: Parts, plan_id: str, plan: Plan, run: Run | None) -> str:
    """What the tasks of a plan that models still have to do will cost, as an interval; "" where there are none.

    run: none before the plan has one.
    """
    if parts.models is None or parts.attempts is None or parts.models.provider == "test":
        return ""
    states = run.tasks if run is not None else {}
    open_ = [task for task in plan.tasks if providers_of(task.agent) and not _is_over(task, states.get(task.id))]
    if not open_:
        return ""
    if not await _have_prices(parts, parts.models, open_):
        return unknown_in_words(len(open_))
    told = await told_in(parts.github.reads, plan_id.rpartition("#")[0])  # it stands in a comment, asked for or not
    if found := likely(await parts.attempts.costs(plan_id.partition("/")[0], told), len(open_)):
        return range_in_words(found, len(open_))
    budgets = parts.models.budgets
    return bounds_in_words([Decimal(task.budget) if task.budget else budgets.task for task in open_], budgets.plan)


async def _have_prices(parts: Parts, models: Models, tasks: Sequence[Task]) -> bool:
    """Of all models that may do these tasks. Where they have to have one, none is asked that has not."""
    if not models.budgets.allow_unpriced:
        return True
    tiers = parts.settings.models.tiers if parts.settings.models is not None else ()
    names = {task.model for task in tasks if task.model or not tiers} | {tier.model for tier in tiers}
    for name in names:
        with suppress(NotPossible):
            if not await models.named(name).has_price():
                return False
    return True


def _is_over(task: Task, state: TaskState | None) -> bool:
    return task.done if state is None else state.state in ENDED


async def told(parts: Parts, plan_id: str, plan: Plan | None, run: Run | None) -> list[str]:
    """What the accounts of a plan advise, and what its open tasks will cost. plan: what runs, or would run next."""
    if parts.attempts is None:
        return []
    ahead = await expected(parts, plan_id, plan, run) if plan is not None else ""
    works = await parts.attempts.works(plan_id)
    hidden = await hidden_in(parts.github.reads, plan_id.rpartition("#")[0], {work.repo for work in works})
    works = [work for work in works if work.repo not in hidden]
    return [*(await _learned_from(parts, parts.attempts, plan_id, works) if works else []), *([ahead] if ahead else [])]


async def _learned_from(parts: Parts, attempts: Attempts, plan_id: str, works: Sequence[Work]) -> list[str]:
    owner, rules = plan_id.partition("/")[0], parts.settings.models
    largest = rules.tiers[-1].name if rules is not None and rules.tiers else ""
    place = plan_id.rpartition("#")[0]
    told = await told_in(parts.github.reads, place) if largest else None
    said = await advised(attempts, plan_id, works, largest, told)
    home = place.lower()  # what another one's logs say may be private there
    since = parts.clock.now() - SPAN
    mine = [each for each in await attempts.failures(owner, since) if each.repo == home]
    return said + listed(patterns(mine, parts.clock.now(), SPAN, PATTERNS))


async def affordable(parts: Parts, rules: Rules, call: Call, prices: dict[str, float], budget: Decimal | None) -> Rules:
    """The rules with only those tiers that what is left of the budgets is likely to pay for; the smallest stays."""
    if parts.models is None or parts.ledger is None:
        return rules
    used = await parts.ledger.used(call, parts.models.budgets.caps(call, budget), parts.clock.now())
    left = float(min(cap.limit - spent for cap, spent in used))
    kept = tuple(tier for tier in rules.tiers if prices[tier.name] <= left) or rules.tiers[:1]
    return Rules(
        tiers=kept, policy=rules.policy, failure_cost=rules.failure_cost, attempts=rules.attempts, bounds=rules.bounds,
        fixed=rules.fixed, explore=rules.explore, dearer=rules.dearer,
    )  # fmt: skip
