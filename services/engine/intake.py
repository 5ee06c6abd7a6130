"""From a plan's text to a run: reading the issue, approving exactly what was read, starting it.

Nothing of a repository is executed here. What is approved is a hash; what runs is the text that hash was made of,
from the store.
"""

from datetime import datetime

import msgspec

from services.core import names
from services.core.clock import to_text
from services.core.conduct import Action, Run, begin
from services.core.parse import parse
from services.core.plan import Parsed, Plan
from services.core.text import code
from services.engine.parts import WRITE, Parts
from services.engine.stickies import Stickies
from services.errors import NotAllowed, UserError
from services.github.infos import IssueInfo
from services.store.plans import PlanRow


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
        if adopt and known is None and not row.parsed.tasks:
            return None
        await self._parts.plans.save(row, self._parts.clock.now())
        if known is None or known.parsed != row.parsed:
            self._stickies.touch(repo, number)
        return await self._parts.plans.get(row.id)

    async def _parsed(self, repo: str, issue: IssueInfo) -> PlanRow:
        reads = self._parts.github.reads
        installation = await reads.installation_of(repo)
        installed = [found.full_name for found in await reads.installed_repositories(installation.id)]
        parsed = parse(issue.body, home=repo, installed=installed, form="issue")
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
            changed_at=to_text(issue.updated_at) if issue.updated_at is not None else "",
        )

    async def current(self, repo: str, number: int) -> tuple[PlanRow, Plan]:
        """The plan of an issue and its checked tasks; a helpful refusal when there is none."""
        row = await self._parts.plans.get(f"{repo}#{number}") or await self.read(repo, number, adopt=True)
        if row is None:
            raise UserError(
                "This issue holds no plan: write tasks as `- [ ] **id** What to do (owner/repo)` or in a `yaml` block."
            )
        return row, _whole(row.parsed)

    async def approve(self, repo: str, number: int, actor: str, asked_at: datetime) -> PlanRow:
        """Approve the text that `actor` could see when asking; everything that speaks against it is said in one
        sentence.
        """
        shown, _ = await self.current(repo, number)
        fresh = await self.read(repo, number)
        if fresh is None or fresh.hash != shown.hash or _second(fresh.changed_at) > asked_at.replace(microsecond=0):
            raise UserError(
                "The plan has changed since you looked at it. Read the comment above again, then repeat "
                "`/lockstep approve`."
            )
        plan = _whole(fresh.parsed)
        if self._parts.settings.require_other and actor.lower() == fresh.author.lower():
            raise NotAllowed("This instance asks for an approval by somebody other than the plan's author.")
        await self._may_write(actor, plan)
        if not await self._parts.plans.approve(fresh.id, fresh.hash, actor, self._parts.clock.now()):
            raise UserError("The plan has just changed. Read it again, then repeat `/lockstep approve`.")
        self._stickies.touch(repo, number)
        return fresh

    async def _may_write(self, actor: str, plan: Plan) -> None:
        """A run writes only where its approver can: otherwise a plan would lend its rights to whoever approves it."""
        for repo in plan.repos:
            role = await self._parts.github.reads.permission(repo, actor, fresh=True)
            if role not in WRITE:
                raise NotAllowed(
                    "Approving needs the write permission on every repository of the plan; you have "
                    f"{role} on {code(repo)}."
                )

    async def run(self, repo: str, number: int, actor: str) -> tuple[Run, list[Action]]:
        """Start the approved plan; the text must still be the approved one. Returns its first actions too."""
        row, plan = await self.current(repo, number)
        if not row.approved_hash:
            raise UserError("The plan is not approved yet. A maintainer approves it with `/lockstep approve`.")
        if not row.is_approved:
            raise UserError(
                "The plan was edited after its approval, so the approval is void. Approve it again with "
                "`/lockstep approve`."
            )
        count = await self._parts.runs.count(row.id)
        run = Run(
            id=names.run_id(repo, number, count + 1),
            plan_id=row.id,
            repo=repo,
            number=number,
            plan=plan,
            tasks={},
            actor=actor,
            approver=row.approved_by,
        )
        now = self._parts.clock.now()
        run, decision = begin(run, now)
        actions = await self._parts.runs.create(run, decision, now)
        if actions is None:
            raise UserError("This plan is running already; `/lockstep status` shows how far it is.")
        self._stickies.touch(repo, number)
        return run, actions


def _whole(parsed: Parsed) -> Plan:
    if parsed.plan is None:
        raise UserError(
            "The plan has problems; my comment lists them with their lines. Edit the issue and I look again."
        )
    return parsed.plan


def _second(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(microsecond=0)
