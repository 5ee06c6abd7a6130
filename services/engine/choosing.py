"""Which model makes an attempt: asked before each, decided by `core.choose` from what is stored, and written down.

What people have named comes first. What is to go on where it was, because it is told what was wrong, goes on with the
same model; what is to be done by a stronger one, or has failed, is chosen among those that are left. Chance comes from
the attempt's own name, so the same records give the same choice.
"""

import hashlib
import random
from collections.abc import Collection, Sequence

import msgspec

from services.agents import providers_of
from services.core.board import Run
from services.core.choose import Asked, Rules, choose
from services.core.chosen import Chosen, asked_for, carried, goes_on, named, no_money_for, reasons, why
from services.core.complexity import judge
from services.core.plan import Task
from services.core.posterior import Known
from services.core.repairs import FIXES, under_way
from services.core.task_state import TaskState
from services.engine.accounts import untold_now
from services.engine.configs import config_of
from services.engine.hidden import told_in
from services.engine.parts import Parts
from services.engine.spending import affordable, money
from services.errors import NotFound, Refused
from services.store.attempts import Record
from services.store.ledger import Call


async def chosen_for(parts: Parts, run: Run, tasks: Sequence[str], own: str = "") -> dict[str, Chosen]:
    """What was chosen for the newest attempts of these tasks, as far as their agents ask models and readers of the
    plan's place may hear of them. own: the task in whose own place it is told instead.
    """
    asking = [task for task in tasks if run.tasks[task].attempt and providers_of(run.plan.by_id[task].agent)]
    found = await parts.attempts.chosen(run.id, asking) if parts.attempts is not None and asking else {}
    hidden = await untold_now(parts, run, found.keys() - {own}) if found else frozenset[str]()
    return {task: each for task, each in found.items() if task not in hidden}


class Choosing:
    """Chooses for one attempt at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def for_attempt(self, run: Run, task: Task, state: TaskState) -> Chosen:
        """What this attempt is given; without a tier and a model where its agent has none, or no further one is worth
        it: then `why` says so.
        """
        providers = providers_of(task.agent)
        attempts = self._parts.attempts
        if not providers or attempts is None:
            return Chosen(model=task.model)
        known = await attempts.of(run.id, task.id)
        own = next((each.chosen for each in known if each.attempt == state.attempt), Chosen())
        if own.model:  # taken up again: what it has spent meanwhile is no reason to end it
            return own
        earlier = [each for each in known if each.attempt < state.attempt]
        found = await self._choose(run, task, state, providers, earlier)
        if found.why and not found.model:
            return found  # nobody makes this attempt
        return await attempts.choose(run.id, task.id, state.attempt, found)

    async def _choose(
        self, run: Run, task: Task, state: TaskState, providers: frozenset[str], earlier: Sequence[Record]
    ) -> Chosen:
        rules, repair = self._rules(providers), under_way(state.repairs)
        failed = _failed(earlier)
        if name := state.model or task.model:
            found = _named(rules, name, by_person=bool(state.model), after=bool(failed))
            is_test = self._parts.models is not None and self._parts.models.provider == "test"  # which answers for all
            return msgspec.structs.replace(found, model="test") if is_test else found
        if rules is None or not rules.tiers:
            return Chosen(model=self._parts.models.title if self._parts.models is not None else "")
        is_told = repair is not None and repair.strategy in FIXES and repair.strategy != "stronger_model"
        last = earlier[-1] if earlier else None
        if last is not None and last.chosen.tier and state.carry:
            return msgspec.structs.replace(last.chosen, why=carried(last.chosen.tier), reasons=(), again=True)
        if last is not None and last.chosen.tier and (is_told or last.came == "reviewed"):
            return msgspec.structs.replace(last.chosen, why=goes_on(last.chosen.tier), reasons=(), again=True)
        rules = msgspec.structs.replace(rules, bounds=(await config_of(self._parts.github.reads, task.repo)).models)
        asked = Asked(
            repo=task.repo.lower(),
            labels=await self._labels(rules, task, state),
            paths=task.paths,
            failed=failed,
            complexity=judge(task.title, task.body, task.paths),
        )
        assert self._parts.attempts is not None  # noqa: S101 - for_attempt has seen to it
        known = await self._parts.attempts.known(task.repo.partition("/")[0])
        before = rules.tiers
        if self._parts.settings.on_exceed == "downgrade":
            rules = await self._affordable(run, task, state, rules, known, after=bool(failed))
        chance = random.Random(hashlib.sha256(f"{run.id}/{task.id}/{state.attempt}".encode()).digest())  # noqa: S311 - nobody has to guess it
        choice = choose(asked, rules, known, chance)
        tier = choice.tier
        places, owner = {run.repo, task.repo}, task.repo.partition("/")[0]
        is_bare = rules.policy == "learned" and not await may_tell_known(self._parts, owner, places, known)
        said = why(choice, is_bare=is_bare)
        if not tier and repair is None:  # a person wants another attempt
            tier = rules.tiers[-1].name
            said = asked_for(tier)
        if not tier:
            return Chosen(why=said)
        model = next(each.model for each in rules.tiers if each.name == tier)
        return Chosen(
            tier=tier,
            model=model,
            why=said,
            reasons=(*reasons(choice), *([no_money_for(before[-1].name)] if rules.tiers[-1:] != before[-1:] else [])),
            after=bool(failed),
            left=choice.ladder[1:],
        )

    async def _affordable(
        self, run: Run, task: Task, state: TaskState, rules: Rules, known: Known, *, after: bool
    ) -> Rules:
        """Without the tiers that what is left of the budgets would not pay for."""
        prices = {tier.name: known.cost(tier.name, after, tier.guess) for tier in rules.tiers}
        call = Call(plan_id=run.plan_id, run_id=run.id, task=task.id, purpose="attempt", repo=task.repo)
        return await affordable(self._parts, rules, call, prices, money(state, task))

    def _rules(self, providers: frozenset[str]) -> Rules | None:
        """The operator's rules, with only the tiers that the agent can ask."""
        rules = self._parts.settings.models
        if rules is None:
            return None
        tiers = tuple(tier for tier in rules.tiers if tier.model.partition(":")[0] in providers)
        return msgspec.structs.replace(rules, tiers=tiers)

    async def _labels(self, rules: Rules, task: Task, state: TaskState) -> tuple[str, ...]:
        """Those of the tracking issue, where some bound asks for one."""
        if not state.issue or not any(bound.label for bound in rules.bounds):
            return ()
        try:
            return tuple((await self._parts.github.reads.issue(task.repo, state.issue)).labels)
        except (NotFound, Refused):
            return ()


async def may_tell_known(parts: Parts, owner: str, places: Collection[str], known: Known) -> bool:
    """May readers of all these places hear what is known of this owner's attempts? Where they are public, not if it
    goes by private repositories; where they are another owner's, never.
    """
    for place in sorted(places) if known.tallies else ():
        assert parts.attempts is not None  # noqa: S101 - something is known
        if place.partition("/")[0].lower() != owner.lower():
            return False
        try:
            told = await told_in(parts.github.reads, place)
        except (NotFound, Refused):
            return False
        if told is not None and await parts.attempts.known(owner, told) != known:
            return False
    return True


def _failed(earlier: Sequence[Record]) -> tuple[str, ...]:
    """The tiers that have failed at the task, in order; one that was good in the end has not."""
    tiers = dict.fromkeys(each.chosen.tier for each in earlier if each.chosen.tier and each.passed is False)
    passed = {each.chosen.tier for each in earlier if each.passed}
    return tuple(tier for tier in tiers if tier not in passed)


def _named(rules: Rules | None, wanted: str, *, by_person: bool, after: bool) -> Chosen:
    """A tier or a model that people have named."""
    for tier in rules.tiers if rules is not None else ():
        if wanted in {tier.name, tier.model}:
            said = named(tier.name, by_person=by_person)
            return Chosen(tier=tier.name, model=tier.model, why=said, after=after)
    return Chosen(model=wanted, why=named(wanted, by_person=by_person), after=after)
