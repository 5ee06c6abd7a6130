"""Starting a flow on an issue: who may, where it may, and the plan that comes of it, to be approved as any other.

It is posted and not started at once, though the sender may be one who may approve it: the issue's text becomes the work
of agents, and whoever only looked at the issue has not seen what of it is hidden there. In the plan's comment all of it
is shown.
"""

from datetime import datetime

from services.core.flows import members_of, planned
from services.core.messages import offers
from services.core.plan import RepoName
from services.core.plan_text import nearest
from services.core.reposet import HOME, RepoSet, closed_to
from services.core.reposet_order import closed
from services.engine.drafts import Drafter
from services.engine.hidden import is_private
from services.engine.intake import Intake
from services.engine.parts import WRITE, Parts
from services.engine.reposets import set_of
from services.errors import NotAllowed, NotFound, Refused, UserError
from services.github.infos import RepoInfo
from services.github.reads import Reads


class Flows:
    """Makes plans of flows."""

    def __init__(self, parts: Parts, intake: Intake, drafter: Drafter) -> None:
        self._parts, self._intake, self._drafter = parts, intake, drafter

    async def start(self, repo: str, number: int, actor: str, asked_at: datetime, name: str) -> str:
        """Have the plan of a flow posted on an issue that holds none; what to answer. UserError says what stands
        against it: nothing is done then.
        """
        found = (await set_of(self._parts.github.reads, repo, fresh=True)).found
        if found is None:
            raise UserError(offers.SET_BROKEN)
        may_name = await self._may_name(repo)
        flow = found.flow(name)
        if flow is None:
            raise UserError(_unknown(name, found if may_name else RepoSet()))
        repos = [member.repo for group in members_of(found, flow) for member in group]
        spelled = await self._checked(repo, actor, repos, found, may_name=may_name)
        issue = await self._intake.ordinary(repo, number)
        if issue is None:
            raise UserError(offers.HOLDS_A_PLAN)
        if issue.state != "open":
            raise UserError(offers.CLOSED)
        text, plan = planned(found, flow, issue.title, issue.body)
        await self._drafter.offer(repo, number, actor, asked_at, flow=flow.name, text=text, plan=plan, repos=spelled)
        return offers.flow_planned(flow.name, len(plan.tasks))

    async def _may_name(self, repo: str) -> bool:
        """May what the set says be told here? In a public place only if the set is public too."""
        reads, home = self._parts.github.reads, f"{repo.partition('/')[0]}/{HOME}"
        return await is_private(reads, repo) or not await is_private(reads, home)

    async def _checked(
        self, repo: str, actor: str, repos: list[RepoName], found: RepoSet, *, may_name: bool
    ) -> tuple[RepoName, ...]:
        """These repositories as GitHub spells them, once nothing stands against work of `actor` in each."""
        reads = self._parts.github.reads
        installed = await reads.installed_repositories((await reads.installation_of(repo)).id)
        there = {each.full_name.lower() for each in installed}
        infos = []
        for name in repos:
            info = await _info(reads, name) if name.lower() in there else None
            if info is None or info.full_name.lower() != name.lower():  # GitHub answers to old names too
                raise UserError(offers.not_installed(name if may_name else ""))
            infos.append(info)
        if any(info.private for info in infos) and not await is_private(reads, repo):
            raise UserError(offers.PUBLIC)
        for member in closed_to(found, repos):
            raise UserError(closed(member.repo))
        for info in infos:
            if info.archived:
                raise UserError(offers.archived(info.full_name))
        for info in infos:
            role = await reads.permission(info.full_name, actor, fresh=True)
            if role not in WRITE:
                raise NotAllowed(offers.lacks_write(info.full_name, role))
        return tuple(info.full_name for info in infos)


async def _info(reads: Reads, repo: str) -> RepoInfo | None:
    try:
        return await reads.repository(repo)
    except (NotFound, Refused):
        return None


def _unknown(name: str, found: RepoSet) -> str:
    names = [flow.name for flow in found.flows]
    return offers.unknown_flow(name, nearest(name, names) or "", names)
