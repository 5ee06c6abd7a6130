"""From a plan's text to a run: reading the issue, approving exactly what was read, starting it.

Nothing of a repository is executed here. What is approved is a hash; what runs is the text that hash was made of,
from the store.
"""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from services.agents import agent_names, asking_models
from services.core import names, overlap, plan_advice, plan_changes
from services.core.board import Action, Run, RunState
from services.core.clock import from_text, to_text
from services.core.conduct import begin
from services.core.config import Approvals
from services.core.drafting import is_ordinary
from services.core.messages import refusals
from services.core.parse import parse
from services.core.plan import PERSON, Parsed, Plan, Problem
from services.core.plan_diff import diff
from services.core.plan_file import file_named, form_of
from services.core.plan_relations import RELATIONS, are_named, settled
from services.core.reposet import is_home
from services.core.reposet_order import in_set, is_ordered
from services.engine import drafted
from services.engine.approval import is_unseen, is_used_up
from services.engine.configs import config_of, strict_config_of
from services.engine.hidden import hidden_in
from services.engine.neighbours import beside
from services.engine.parts import WRITE, Parts
from services.engine.relations import Related, read_related
from services.engine.reposets import set_of, work_at
from services.engine.stickies import Stickies
from services.engine.teams import is_in_one
from services.errors import NotAllowed, UserError
from services.github.infos import IssueInfo
from services.store.plans import PlanRow


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that may be given. `by`: who has approved this text, once it is."""

    plan: PlanRow
    actor: str
    by: tuple[str, ...]
    required: int

    @property
    def is_enough(self) -> bool:
        return len(self.by) >= self.required


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval came to: who has approved this text by now, and how many have to.

    changes: what it has changed in the run that has taken it over, in words; "" when there is none.  run: how the run
    stands that goes on as this text.
    """

    plan: PlanRow
    by: tuple[str, ...]
    required: int
    changes: str = ""
    run: RunState | None = None

    @property
    def is_enough(self) -> bool:
        return len(self.by) >= self.required


class Intake:
    """Reads plans, approves them and starts runs."""

    def __init__(self, parts: Parts, stickies: Stickies) -> None:
        self._parts = parts
        self._stickies = stickies

    async def read(self, repo: str, number: int, *, adopt: bool = False) -> PlanRow | None:
        """Read a plan issue as it is on GitHub now and store it; None when it is no plan (no label and not `adopt`)."""
        known = await self._parts.plans.get(f"{repo}#{number}")
        issue = await self._parts.github.reads.issue(repo, number, fresh=True)
        if issue.is_pull or not (known or adopt or names.LABEL_PLAN in issue.labels):
            return None
        row = await self._parsed(repo, issue)
        if adopt and known is None and not row.parsed.tasks and not row.file:
            return None
        if known is not None and known.draft and not row.draft and self._parts.drafts is not None:
            await self._parts.drafts.void(row.id)  # the issue has a plan of its own now
        of_set = is_home(repo) or (known is not None and is_ordered(known.parsed)) or is_ordered(row.parsed)
        if known is not None and known.hash != row.hash and of_set:
            # Perhaps not the issue has changed but the set of repositories, which tells no time.
            row = msgspec.structs.replace(row, changed_at=to_text(self._parts.clock.now()))
        if RELATIONS in {row.file, known.file if known is not None else ""}:
            await self._parts.plans.relate(row.id, row.related)  # first, so that no change of one of them is missed
        if known is None or _as_read(known) != _as_read(row):
            await self._parts.plans.save(row, self._parts.clock.now())
            self._stickies.touch(repo, number)
        return await self._parts.plans.get(row.id)

    async def ordinary(self, repo: str, number: int) -> IssueInfo | None:
        """The issue as it is now, if somebody has written it and it holds no plan, not even one with mistakes."""
        issue = await self._parts.github.reads.issue(repo, number, fresh=True)
        if issue.is_pull or _file_of(issue.body) or not is_ordinary(parse(issue.body, home=repo, form="issue")):
            return None
        return None if issue.author == (await self._parts.github.reads.app()).login else issue

    async def _parsed(self, repo: str, issue: IssueInfo) -> PlanRow:
        file = _file_of(issue.body)
        changed_at, found = issue.updated_at, Related(parsed=Parsed(plan=None))
        text: str | None = issue.body
        if file == RELATIONS:
            found, changed_at = await read_related(self._parts, repo, issue), self._parts.clock.now()
        elif file:
            text, changed_at = await self._parts.github.reads.file(repo, file, fresh=True), self._parts.clock.now()
        if text is None:
            parsed = Parsed(plan=None, problems=(_missing(file),))
        elif file and parse(issue.body, home=repo, form="issue").tasks:
            parsed = Parsed(plan=None, problems=(_both(file),))
        elif file == RELATIONS:
            parsed = found.parsed
        else:
            home = await work_at(self._parts.github.reads, repo)
            nameable = await self.nameable(repo, issue, f"{text}\n{home}")
            parsed = parse(text, home=home, installed=nameable, form=form_of(file) if file else "issue")
        draft = await drafted.live(self._parts, f"{repo}#{issue.number}") if not file and is_ordinary(parsed) else None
        if draft is not None:
            parsed, changed_at = await drafted.read(self._parts, draft), from_text(draft.posted_at)
        parsed = plan_advice.with_agents(
            parsed, {*agent_names(), PERSON}, asking_models() if self._parts.models is None else ()
        )
        if parsed.tasks:
            place = f"{repo}#{issue.number}"
            parsed = await self._among_others(place, parsed, issue.author if file != RELATIONS else "")
        if file == RELATIONS:
            parsed = settled(parsed, await self._parts.runs.of_plan(f"{repo}#{issue.number}"))
        if parsed.plan is not None and not parsed.plan.title:
            titled = msgspec.structs.replace(parsed.plan, title=issue.title)
            parsed = msgspec.structs.replace(parsed, plan=titled)
        return PlanRow(
            id=f"{repo}#{issue.number}",
            repo=repo,
            number=issue.number,
            title=issue.title,
            hash=parsed.plan.hash if parsed.plan is not None else "",
            parsed=parsed,
            author=issue.author,
            issue_id=issue.id,
            changed_at=to_text(changed_at) if changed_at is not None else "",
            file=file,
            draft=draft.n if draft is not None else 0,
            asked_by=draft.actor if draft is not None else "",
            related=found.keys,
        )

    async def _among_others(self, place: str, parsed: Parsed, author: str) -> Parsed:
        """The plan as its owner's set, the settings of its repositories and the plans beside it make it. author: "" for
        one that gets no follow-ups, as its tasks are issues.
        """
        repo = place.partition("#")[0]
        reads, found = self._parts.github.reads, await set_of(self._parts.github.reads, repo)
        wants = bool(author) and found.found is not None and found.found.follow_up
        open_to = await self._open_to(repo, author) if wants else {}
        parsed = in_set(parsed, found, await self._archived(repo, parsed), open_to)
        parsed = await beside(self._parts, place, parsed)
        concerned = overlap.concerned(parsed.plan) if parsed.plan is not None else ()
        if not concerned:
            return parsed
        return overlap.settled(parsed, {each: (await config_of(reads, each)).overlap for each in concerned})

    async def _open_to(self, repo: str, author: str) -> dict[str, str]:
        """Repositories that may be named here though nobody has: public ones, and in a private place those that the
        author can read.
        """
        reads = self._parts.github.reads
        installed = await reads.installed_repositories((await reads.installation_of(repo)).id)
        hidden = await hidden_in(reads, repo, [each.full_name for each in installed if each.private])
        found = {}
        for each in installed:
            name = each.full_name
            is_open = not each.archived and name not in hidden
            if is_open and (not each.private or await reads.permission(name, author) != "none"):
                found[name.lower()] = name
        return found

    async def _archived(self, repo: str, parsed: Parsed) -> frozenset[str]:
        """Those of a plan's repositories that are archived."""
        reads, named = self._parts.github.reads, {task.repo for task in parsed.tasks}
        installed = await reads.installed_repositories((await reads.installation_of(repo)).id)
        return frozenset(each.full_name for each in installed if each.archived and each.full_name in named)

    async def nameable(self, repo: str, issue: IssueInfo, text: str, *, only_named: bool = False) -> list[str]:
        """The repositories a plan may name: its own, public ones, and private ones its text names and its author can
        read; only_named: of the public ones too only those that the text names.

        Every other one is as unknown as one that is not there, or whoever can open an issue could ask for names.
        """
        reads = self._parts.github.reads
        words = {word.strip(".") for word in re.findall(r"[a-z0-9._-]+", text.lower())}
        nameable = []
        for found in await reads.installed_repositories((await reads.installation_of(repo)).id):
            name = found.full_name
            is_named = name.lower().partition("/")[2].strip(".") in words
            may = (not found.private and (is_named or not only_named)) or name.lower() == repo.lower()
            if not may and issue.author and is_named:
                may = await self._can_read(name, issue.author)
            if may:
                nameable.append(name)
        return nameable

    async def _can_read(self, repo: str, login: str) -> bool:
        """A no is asked for anew: who was let in since may have been told of, and that is lost."""
        permission = self._parts.github.reads.permission
        return await permission(repo, login) != "none" or await permission(repo, login, fresh=True) != "none"

    async def known(self, repo: str, number: int) -> PlanRow:
        """The plan of an issue as it was last read; a helpful refusal when there is none."""
        return _found(await self._parts.plans.get(f"{repo}#{number}"))

    async def seen(self, repo: str, number: int, asked_at: datetime, command: str, *, seen: str = "") -> PlanRow:
        """The plan with the text that somebody could see who asked for something then, or that they have `seen`, by its
        hash; it is whole.
        """
        shown = await self._parts.plans.get(f"{repo}#{number}") or _found(await self.read(repo, number, adopt=True))
        fresh = await self.read(repo, number)  # what stood against it may do so no more, and no event tells of that
        whole(fresh or shown)
        wanted_hash = seen or shown.hash
        if fresh is None or fresh.hash != wanted_hash or (not seen and await is_unseen(self._parts, fresh, asked_at)):
            raise UserError(refusals.changed_since(command))
        whole(fresh)
        await drafted.check_shown(self._parts, fresh, asked_at, command)
        return fresh

    async def ask(
        self, repo: str, number: int, actor: str, asked_at: datetime, said_by: str = "", *, seen: str = ""
    ) -> Asked:
        """May `actor` approve the text that there was to see when asking? What speaks against it is said in one
        sentence. said_by: who says it in the actor's name.
        """
        fresh = await self.seen(repo, number, asked_at, "approve", seen=seen)
        wanted = await self._may_approve(actor, fresh)
        if said_by:
            await self._may_approve(said_by, fresh)
        await self.may_write(actor, whole(fresh).repos)
        by = (*(login for login in fresh.approvers if login.lower() != actor.lower()), actor)
        return Asked(plan=fresh, actor=actor, by=by, required=wanted.required)

    async def approve(self, asked: Asked) -> Approved:
        """Note the approval."""
        row = asked.plan
        last = await self._parts.runs.of_plan(row.id)
        over = last.finished_at if last is not None and last.plan.hash == row.hash else None
        approvers = await self._parts.plans.approve(
            row.id,
            row.hash,
            asked.actor,
            self._parts.clock.now(),
            required=asked.required,
            since=to_text(over) if over is not None else "",
        )
        if not approvers:
            raise UserError(refusals.JUST_CHANGED)
        self._stickies.touch(row.repo, row.number)
        return Approved(plan=row, by=approvers, required=asked.required)

    async def _may_approve(self, actor: str, plan: PlanRow) -> Approvals:
        """What the plan's home asks of approvals; NotAllowed when it asks for somebody else."""
        wanted = (await strict_config_of(self._parts.github.reads, plan.repo)).approvals
        is_author = actor.lower() in {plan.author.lower(), plan.asked_by.lower()}
        if is_author and self._parts.settings.require_other:
            raise NotAllowed(refusals.OTHER_HERE)
        if is_author and not wanted.own:
            raise NotAllowed(refusals.OTHER_IN_REPO)
        is_named = not (wanted.users or wanted.teams) or actor.lower() in {login.lower() for login in wanted.users}
        if not is_named and not await is_in_one(self._parts.github.reads, plan.repo, wanted.teams, actor):
            raise NotAllowed(refusals.NOT_NAMED)
        return wanted

    async def may_write(self, actor: str, repos: Iterable[str]) -> None:
        """A run writes only where its approver can: otherwise a plan would lend its rights to whoever approves it."""
        for repo in repos:
            role = await self._parts.github.reads.permission(repo, actor, fresh=True)
            if role not in WRITE:
                raise NotAllowed(refusals.approver_lacks(repo, role))

    async def run(self, repo: str, number: int, actor: str) -> tuple[Run, list[Action]]:
        """Start the approved plan; the text on GitHub must still be the approved one. Returns its first actions too."""
        row = _found(await self.read(repo, number, adopt=True))
        plan = whole(row)
        if not row.approved_hash:
            raise UserError(refusals.NOT_APPROVED)
        if not row.is_approved:
            raise UserError(await self._void(row, plan))
        wanted = (await strict_config_of(self._parts.github.reads, repo)).approvals.required
        if len(row.approvers) < wanted > 1:
            raise UserError(refusals.too_few(len(row.approvers), wanted))
        if is_used_up(row, await self._parts.runs.of_plan(row.id)):
            raise UserError(refusals.USED_UP)
        count = await self._parts.runs.count(row.id) + 1
        hidden = await self.shows_private(repo, plan)
        run = Run(
            id=names.hidden_run_id(row.issue_id, count) if hidden else names.run_id(repo, number, count),
            plan_id=row.id,
            repo=repo,
            number=number,
            plan=plan,
            tasks={},
            actor=actor,
            approver=row.approved_by,
            trace=self._parts.traces.here(),
        )
        now = self._parts.clock.now()
        run, decision = begin(run, now)
        actions = await self._parts.runs.create(run, decision, now)
        if actions is None:
            raise UserError(refusals.RUNNING)
        self._stickies.touch(repo, number)
        return run, actions

    async def shows_private(self, repo: str, plan: Plan) -> bool:
        """Would names made from the plan's place show a private repository in a public one?"""
        reads = self._parts.github.reads
        if not (await reads.repository(repo)).private:
            return False
        return not all([(await reads.repository(target)).private for target in plan.repos])

    async def may_start_again(self, run: Run) -> None:
        """A run that is over goes on only as what is approved now: an edit since then says that it is not wanted."""
        row = await self.read(run.repo, run.number)
        if row is None or row.hash != run.plan.hash:
            raise UserError(refusals.EDITED_SINCE)
        if not row.approved_hash:
            raise UserError(refusals.NOT_APPROVED)
        if not row.is_approved:
            raise UserError(await self._void(row, run.plan))

    async def _void(self, row: PlanRow, plan: Plan) -> str:
        """Why the approval of a plan is not one of its text."""
        before = await self._parts.plans.approved_text(row.id)
        if before is None:
            return refusals.void("")
        found = diff(before, plan)
        return refusals.COUNTS_MORE if found.is_empty else refusals.void(plan_changes.counted(found))


def _file_of(body: str) -> str:
    """Where the plan's text stands that an issue names, "" for the issue itself."""
    return RELATIONS if are_named(body) else file_named(body)


def _missing(file: str) -> Problem:
    return Problem(kind="missing_file", message=refusals.no_file(file))


def _both(file: str) -> Problem:
    return Problem(kind="two_plans", message=refusals.two_plans("" if file == RELATIONS else file))


def whole(row: PlanRow) -> Plan:
    """The plan, or a refusal when its text has problems."""
    if row.parsed.plan is None:
        raise UserError(refusals.PROBLEMS)
    return row.parsed.plan


def _found(row: PlanRow | None) -> PlanRow:
    if row is None:
        raise UserError(refusals.NO_PLAN)
    return row


def _as_read(row: PlanRow) -> tuple[object, ...]:
    """What of a plan comes from its issue; events about an issue mostly tell of something else."""
    return row.title, row.hash, row.parsed, row.author, row.issue_id, row.file, row.draft
