"""What people ask of a plan or a pull request, as commands and buttons hand it on: each checks what the person may do,
then says to the run what happened.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from services.agents import asking_models
from services.core import explain, overrides, report
from services.core.board import Run, Wish
from services.core.boxes import Box
from services.core.chosen import Chosen
from services.core.explain import Link
from services.core.explained import told
from services.core.former_names import FormerNames
from services.core.lengths import Lengths
from services.core.messages import changes, reasons, refusals, usage
from services.core.roles import Tier, suffices
from services.core.simulate import Simulated, simulate
from services.core.targets import asking, chosen, is_place, only, to_recreate, to_retry, to_take_back
from services.core.task_state import ENDED, Happening, Kind, Override, TaskState, is_a_persons
from services.engine import accounts, adopting, choosing, pulls, reactions, remembered, spending, ticks
from services.engine.configs import config_of
from services.engine.dashboards import Boards
from services.engine.drafts import Drafter
from services.engine.effects import Effects
from services.engine.files import check_pull
from services.engine.flows import Flows
from services.engine.gates import Gatekeeper
from services.engine.intake import Approved, Intake, whole
from services.engine.learned import Learned
from services.engine.lending import Lending
from services.engine.observe import Observer
from services.engine.parts import Parts
from services.engine.placed import Place, place_of, place_of_check
from services.engine.pull_chains import PullChains
from services.engine.rereads import Rereads
from services.engine.runs import Driver
from services.engine.shown import Shown
from services.engine.stickies import Stickies
from services.engine.trials import Trying
from services.errors import NotAllowed, NotFound, Refused, UserError
from services.store.plans import Answer, PlanRow

LOOKED_AT = 20
"""Pull requests that are read to explain something, at most."""


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a second look found. edited: the plan's text.  read: how many pull requests.  moved: tasks as they were and
    as they are.
    """

    edited: bool = False
    read: int = 0
    moved: Mapping[str, tuple[TaskState, TaskState]] = msgspec.field(default_factory=dict)


class Asked(Shown):
    """The parts of the engine, and what is asked of them."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(
            parts.plans, parts.runs, parts.checkpoints, parts.settings.workers, parts.ledger, slots=parts.slots
        )
        self._parts = parts
        self.stickies = Stickies(parts)
        self.intake = Intake(parts, self.stickies)
        self.drafter = Drafter(parts, self.stickies, self.intake)
        self.flows = Flows(parts, self.intake, self.drafter)
        self.lending = Lending(parts, self.intake)
        self.learned = Learned(parts)
        self.trying = Trying(parts, self.stickies)
        self._rereads = Rereads(parts, self.intake)
        self._observer = Observer(parts)
        self._gates = Gatekeeper(parts, parts.gates) if parts.gates is not None else None
        self._moved: set[str] = set()  # repositories whose pull requests are going to be looked at
        self._former = FormerNames()
        self.boards = Boards(parts, parts.dashboards) if parts.dashboards is not None else None
        if self.boards is not None:
            self.stickies.beside = self.boards.touch
        self.pull_chains = PullChains(parts, self._gates, self._observer, self.explain)
        self._effects = Effects(parts, self._observer, self._gates)
        self.driver = Driver(parts, self.stickies, self._observer, self._effects)

    async def draft(self, repo: str, number: int, actor: str, asked_at: datetime) -> str:
        """Have a plan drafted for an issue that holds none; what to answer, "" when there is nothing to draft."""
        return await self.drafter.ask(repo, number, actor, asked_at)

    async def read_pull_files(self, repo: str, number: int, sha: str, verbs: Collection[str]) -> None:
        """A pull request has another head, or another base: plans and settings that it changes are judged on it."""
        await check_pull(self._parts, repo, number, sha, verbs)

    async def is_open(self, repo: str, number: int) -> bool:
        """Is this issue open now? One that can't be read is not."""
        try:
            return (await self._parts.github.reads.issue(repo, number, fresh=True)).state == "open"
        except (NotFound, Refused):
            return False

    async def permission(self, repo: str, login: str) -> str:
        """The sender's role, asked of GitHub now: none, read, triage, write, maintain or admin."""
        return await self._parts.github.reads.permission(repo, login, fresh=True)

    async def may(self, actor: str, needs: Tier, repos: Iterable[str]) -> None:
        """NotAllowed unless the person has that permission on each of these repositories now."""
        for repo in dict.fromkeys(repos):
            role = await self.permission(repo, actor)
            if not suffices(role, needs):
                raise NotAllowed(usage.not_allowed_there(repo, needs, role))

    async def aliases(self, repo: str) -> Mapping[str, str]:
        """The words that a repository has for verbs, from its default branch: word -> verb."""
        return (await config_of(self._parts.github.reads, repo)).aliases

    async def was_heard(self, comment_id: str) -> bool:
        """Have the commands of this comment been carried out?"""
        return await self._parts.plans.was_heard(comment_id)

    async def heard(self, comment_id: str) -> None:
        """Noted at the end: after a crash in between, a command comes once more rather than never."""
        await self._parts.plans.heard(comment_id, self._parts.clock.now())

    async def answered(self, request_id: str, text: str, *, went_well: bool) -> None:
        """What came of a command that was given on a page or through the API."""
        if self._parts.requests is not None:
            await self._parts.requests.settle(request_id, "done" if went_well else "refused", text)

    async def react(self, repo: str, comment_id: str, content: str) -> None:
        """Soon, or in vain."""
        await reactions.react(self._parts, repo, comment_id, content)

    async def answer(self, repo: str, number: int, to: str, command: str, text: str) -> None:
        """Put an answer into the sticky comment."""
        await self._parts.plans.answer(repo, number, Answer(to=to, command=command, text=text))
        self.stickies.touch(repo, number)

    async def ticked(
        self, repo: str, number: int, comment_id: str, body: str, before: str | None
    ) -> tuple[Box, ...] | None:
        """The boxes that were ticked with an edit of our own comment; None when it is not ours."""
        return await ticks.ticked(self._parts, repo, number, comment_id, body, before)

    async def write_anew(self, repo: str, number: int) -> None:
        """Somebody has changed our comment: post it again as it should be."""
        await self.stickies.write_anew(repo, number)

    async def approve(
        self, repo: str, number: int, actor: str, asked_at: datetime, said_by: str = "", *, seen: str = ""
    ) -> Approved:
        """Approve the plan. A run of this text that is under way goes on in the name of who approved it last; one of an
        earlier text takes this one over. said_by: who says it in the actor's name.  seen: the hash of the text that
        they saw.
        """
        asked = await self.intake.ask(repo, number, actor, asked_at, said_by, seen=seen)
        return await adopting.approve(self._parts, self.intake, self.driver, asked)

    async def unapprove(self, repo: str, number: int, actor: str) -> str:
        """Take the approval back, and with it what a run of the plan may still begin and merge; the state in which that
        leaves its run, "" when there is none that goes on.
        """
        row, run = await self.plan_of(repo, number)
        state, was_held = "", False
        wish = Wish(state="paused", actor=actor, text=reasons.APPROVAL_TAKEN_BACK)
        if run is not None and run.finished_at is None:
            # First, so that what is cut off in between leaves nothing going, and is completed when it is said again.
            decision = await self.driver.happen(run.id, wish=wish)
            state, was_held = decision.state, any(moment.kind == "run" for moment in decision.history)
        was_approved = await self._parts.plans.unapprove(row.id, actor, self._parts.clock.now())
        _, now = await self.plan_of(repo, number)
        if now is not None and now.finished_at is None:  # somebody may have let it go on before that was written
            state = (await self.driver.happen(now.id, wish=wish)).state
        if not was_approved and not was_held:
            raise UserError(refusals.NOTHING_TO_TAKE_BACK)
        self.stickies.touch(repo, number)
        return state

    async def reread(self, repo: str, number: int) -> tuple[PlanRow, Run | None]:
        """The plan of an issue as it is on GitHub now, and its newest run; a refusal for an issue without a plan."""
        await self.intake.read(repo, number, adopt=True)
        return await self.plan_of(repo, number)

    async def refresh(self, repo: str, number: int) -> Refreshed:
        """Read the plan and every open pull request of its run anew, and act on it."""
        before, _ = await self.plan_of(repo, number)
        row = await self.intake.read(repo, number) or before
        run = await self._parts.runs.of_plan(row.id)
        if run is None or run.finished_at is not None:
            return Refreshed(edited=row.hash != before.hash or row.parsed != before.parsed)
        open_ = [task.id for task in run.tasks.values() if task.pull and task.state not in ENDED]
        facts = await self._observer.facts(run, open_, fresh=True)
        decision = await self.driver.happen(run.id, facts=facts)
        moved = {task.id: (run.tasks[task.id], task) for task in decision.changed}
        return Refreshed(edited=row.parsed != before.parsed, read=len(facts), moved=moved)

    async def merge_now(
        self, repo: str, number: int, targets: Sequence[str], actor: str, hidden: frozenset[str]
    ) -> tuple[str, ...]:
        """Look at these tasks' pull requests now and merge what may be merged; UserError says of the first one that may
        not be why. Returns the ids.
        """
        run = await self._run_of(repo, number)
        ids = chosen(run, targets)
        await self.may(actor, "maintain", [run.plan.by_id[task_id].repo for task_id in ids])
        chains = await self.explain(run, ids)
        for task_id, chain in chains.items():
            if any(link.kind not in {"merging", "deadline", "overridden"} for link in chain):
                raise UserError(changes.not_merged(told(run, task_id, chain, hidden)))
        facts = await self._observer.facts(run, ids, fresh=True)
        await self.driver.happen(run.id, facts=facts)
        return tuple(task_id for task_id, fact in facts.items() if fact.state == "open")

    async def override(
        self, repo: str, number: int, targets: Sequence[str], name: str, actor: str, why: str
    ) -> tuple[str, Override]:
        """This check, or this need, of the one task that is meant no longer counts for its head as it is now; UserError
        names those that there are. Returns the task's id too.
        """
        run = await self._run_of(repo, number)
        task_id = only(run, targets)
        state, spec = run.tasks[task_id], run.plan.by_id[task_id]
        await self.may(actor, "maintain", [spec.repo])
        fact = (await self._observer.facts(run, [task_id], fresh=True)).get(task_id)
        found = overrides.named(name, report.unmet(run, state), fact) if fact is not None else ""
        if self._gates is not None and fact is not None and not found and is_a_persons(state):
            lifted = await self._gates.lift(spec.repo, state.pull, name, actor, why)  # it may name others besides
            if lifted is not None:
                return task_id, lifted
        if fact is None or not found:
            raise UserError(overrides.choices(report.unmet(run, state), fact))
        happening = Happening(kind="overridden", sha=fact.head_sha, name=found, text=why, actor=actor)
        decision = await self.driver.happen(run.id, [(task_id, happening)])
        self.stickies.touch(repo, number)
        after = next((each for each in decision.changed if each.id == task_id), None)
        if after is None or not after.overrides:
            raise UserError(refusals.NOT_OUR_HEAD)
        return task_id, after.overrides[-1]

    async def asked_in(self, repo: str, number: int, body: str, review_id: str, said: str) -> pulls.Asked | None:
        """What a review asks of us, if it is about the pull request of a task."""
        return await pulls.asked(self._parts, repo, number, body, review_id, said)

    async def revise(self, repo: str, wish: pulls.Asked, actor: str) -> str:
        """Try a task again, with what a review said; what to answer."""
        return await pulls.revise(self._parts, self.driver, repo, wish, actor)

    async def rollback(self, repo: str, number: int, targets: Sequence[str], actor: str) -> tuple[str, ...]:
        """Open pull requests that take back what these tasks have merged; the ids of those that have."""
        run = await self._run_of(repo, number)
        await self.may(actor, "maintain", [run.plan.by_id[task_id].repo for task_id in chosen(run, targets)])
        asked = [(each, Happening(kind="reverting", actor=actor)) for each in to_take_back(run, targets)]
        decision = await self.driver.happen(run.id, asked)
        self.stickies.touch(repo, number)
        return tuple([task.id for task in decision.changed if task.revert < 0])

    async def run(self, repo: str, number: int, actor: str) -> Run:
        run, actions = await self.intake.run(repo, number, actor)
        self.driver.carry_out(run.id, actions)
        self.driver.wake(run.id)
        return run

    async def plan_of(self, repo: str, number: int) -> tuple[PlanRow, Run | None]:
        """The plan of an issue as it was last read, and its newest run; asking makes no issue a plan."""
        row = await self.intake.known(repo, number)
        return row, await self._parts.runs.of_plan(row.id)

    async def place_of(self, repo: str, number: int, body: str) -> Place:
        """The plan, and perhaps the task, that a comment there is about; `body` is the issue's or pull request's."""
        return await place_of(self._parts, repo, number, body)

    async def place_of_check(self, repo: str, external_id: str) -> Place | None:
        """The plan and the task that a check run of ours is about."""
        return await place_of_check(self._parts, repo, external_id)

    async def explain(self, run: Run, targets: Sequence[str]) -> dict[str, tuple[Link, ...]]:
        """What holds these tasks back, by id; with no targets, those at the plan's ends. Pull requests that stand in
        the way are read anew, so many of them.
        """
        asked = chosen(run, targets) if targets else explain.last(run)
        known = {task_id: explain.explain(run, task_id) for task_id in asked}
        looked_at = dict.fromkeys(link.task for chain in known.values() for link in chain if link.kind == "waits")
        facts = await self._observer.facts(run, list(looked_at)[:LOOKED_AT], fresh=True)
        return {
            task_id: explain.explain(
                run,
                task_id,
                facts=facts,
                full=lambda each: self.driver.lacking(run.id, each),
                patience=self._parts.settings.patience,
            )
            for task_id in asked
        }

    async def is_of_plan(self, repo: str, number: int, target: str) -> bool:
        """Does a target such as `owner/repo#n` mean a task of the newest run of the plan here?"""
        run = await self._parts.runs.of_plan(f"{repo}#{number}")
        return run is not None and is_place(run, target)

    async def cost(self, repo: str, number: int) -> accounts.Accounts:
        """What models have cost for the plan of an issue and all its runs, as far as that may be told there; a refusal
        where nothing was ever asked.
        """
        spent = await self.spent(f"{repo}#{number}")
        if not spent:
            await self.intake.known(repo, number)
        return await accounts.accounts_of(self._parts, f"{repo}#{number}", spent)

    async def advice(self, row: PlanRow, run: Run | None) -> list[str]:
        """What the accounts of a plan advise, and what is likely to come."""
        return await spending.told(self._parts, row.id, run.plan if run is not None else row.parsed.plan, run)

    def model_named(self, name: str) -> str:
        """The full name of a model that can be asked here; UserError for one that can't."""
        if self._parts.models is None:
            raise UserError(refusals.NO_MODEL)
        found = self._parts.models.named(name)
        if found.provider == "test" and name != "test":
            raise UserError(refusals.ONLY_TEST_MODEL)
        return found.title

    async def chosen(self, run: Run, tasks: Sequence[str], own: str = "") -> dict[str, Chosen]:
        """Which models make the newest attempts of these tasks, and why; own: the task in whose place that is told."""
        return await choosing.chosen_for(self._parts, run, tasks, own)

    async def alike(self, run: Run, task_id: str) -> str:
        """What was merged before and is like a task, in words; "" for nothing."""
        return await remembered.alike(self._parts, run, task_id)

    async def simulate(self, repo: str, number: int) -> Simulated:
        """What is left of the plan, lived many times: as it would run, or goes on running."""
        row, run = await self.plan_of(repo, number)
        going = run if run is not None and run.finished_at is None else None
        plan, states = (going.plan, dict(going.tasks)) if going is not None else (whole(row), {})
        lengths = Lengths(await self._parts.runs.samples())
        return await asyncio.to_thread(simulate, plan, states, lengths, self._parts.limits)

    async def change(
        self,
        repo: str,
        number: int,
        kind: Kind,
        targets: Sequence[str],
        actor: str,
        text: str = "",
        value: float = 0.0,
        *,
        needs: Tier,
        name: str = "",
    ) -> tuple[str, ...]:
        """Apply a person's cancel, retry, skip, hold or priority to tasks of the newest run; returns the ids that
        changed. `needs`: what the person must be allowed to do in every repository of these tasks.
        """
        run = await self._run_of(repo, number)
        if run.finished_at is not None and kind != "retried":
            return ()  # only a retry takes up a run that is over
        ids = {"retried": to_retry, "recreated": to_recreate}.get(kind, chosen)(run, targets)
        await self.may(actor, needs, [run.plan.by_id[task_id].repo for task_id in ids])
        if run.finished_at is not None:
            await self.intake.may_start_again(run)  # last, so that nobody takes the approval back meanwhile
        happened = [(task_id, Happening(kind=kind, actor=actor, text=text, value=value, name=name)) for task_id in ids]
        decision = await self.driver.happen(run.id, happened)
        self.stickies.touch(repo, number)
        return tuple(dict.fromkeys(m.task for m in decision.history if (m.kind, m.actor) == (kind, actor)))

    async def set_for_models(
        self,
        repo: str,
        number: int,
        kind: Literal["modelled", "budgeted"],
        targets: Sequence[str],
        actor: str,
        text: str,
        *,
        name: str,
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Change what models are asked for these tasks, or may cost; the ids that changed, and those that were meant
        though no model does them.
        """
        asks, rest = asking(await self._run_of(repo, number), targets, asking_models())
        changed = await self.change(repo, number, kind, asks, actor, text, needs="maintain", name=name)
        return changed, tuple(rest)

    async def wish(self, repo: str, number: int, wish: Wish) -> bool:
        """Hold the whole run back, or let it go on; False when it was so already, or is over."""
        run = await self._run_of(repo, number)
        if wish.state == "running" and await self._parts.plans.is_taken_back(run.plan_id, run.plan.hash):
            raise UserError(refusals.TAKEN_BACK)
        decision = await self.driver.happen(run.id, wish=wish)
        self.stickies.touch(repo, number)
        return any(moment.kind == "run" for moment in decision.history)

    async def _run_of(self, repo: str, number: int) -> Run:
        _, run = await self.plan_of(repo, number)
        if run is None:
            raise UserError(refusals.NOT_STARTED)
        return run
