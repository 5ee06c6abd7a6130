"""Reads a plan that is made of an issue's sub-issues and of what blocks them: all of it, as it is on GitHub now.

Where the plan's issue can be read by more people than a sub-issue, nothing of that is told: neither its text nor where
it is. That is so for a private repository under a public plan, and for one that the plan's author can't read.
"""

import asyncio
from collections import deque
from collections.abc import Collection

import msgspec

from services.core.names import issue_key
from services.core.plan import MAX_TASKS, Parsed, Problem
from services.core.plan_relations import DEPTH, Blocker, Place, SubIssue, read_relations
from services.core.problems import TOO_MANY_TASKS
from services.engine.parts import Parts
from services.github.infos import IssueInfo, RelatedInfo

MOST = 2 * MAX_TASKS
"""Sub-issues that are read, groups among them; where there are more, there are too many."""
AT_ONCE = 20
_TOO_MANY = Problem(kind="too_many_tasks", message=TOO_MANY_TASKS)


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """parsed: the plan.  keys: of all issues whose change may change it."""

    parsed: Parsed
    keys: tuple[str, ...] = ()


async def read_related(parts: Parts, repo: str, issue: IssueInfo) -> Related:
    reader = _Reader(parts, repo, issue.author)
    await reader.prepare()
    found = await reader.walk(issue.number)
    keys = tuple(issue_key(sub.repo, sub.number) for sub, _ in found)
    if reader.is_cut:
        return Related(parsed=Parsed(plan=None, problems=(_TOO_MANY,)), keys=keys)
    places = asyncio.Semaphore(AT_ONCE)

    async def whole(sub: RelatedInfo, children: tuple[Place, ...]) -> SubIssue:
        async with places:
            return SubIssue(
                repo=sub.repo,
                number=sub.number,
                title=sub.title,
                body=sub.body,
                is_open=sub.is_open,
                blockers=await reader.blockers(sub),
                children=children,
            )

    subs = await asyncio.gather(*(whole(*each) for each in found))
    parsed = read_relations(issue.title, subs, home=repo, installed=reader.named, left_out=reader.left_out)
    return Related(parsed=parsed, keys=keys)


class _Reader:
    """named: the repositories that may be named.  left_out: sub-issues of which nothing may be told.  is_cut: there are
    more than are read.
    """

    def __init__(self, parts: Parts, repo: str, author: str) -> None:
        self._reads = parts.github.reads
        self._repo, self._author = repo, author
        self._private: dict[str, bool] = {}  # of the installed repositories
        self._may: dict[str, bool] = {}
        self.named: Collection[str] = ()
        self.left_out = 0
        self.is_cut = False

    async def prepare(self) -> None:
        installation = await self._reads.installation_of(self._repo)
        installed = await self._reads.installed_repositories(installation.id)
        self._private = {each.full_name.lower(): each.private for each in installed}
        self.named = [each.full_name for each in installed]

    async def walk(self, number: int) -> list[tuple[RelatedInfo, tuple[Place, ...]]]:
        """Everything below the issue that may be told of, level by level, each with its own sub-issues."""
        found: list[tuple[RelatedInfo, tuple[Place, ...]]] = []
        below: dict[Place, tuple[Place, ...]] = {}
        open_ = deque([(self._repo, number, 0)])
        seen: dict[Place, RelatedInfo] = {}
        while open_ and len(seen) <= MOST:
            repo, parent, depth = open_.popleft()
            children = [sub for sub in await self._reads.sub_issues(repo, parent) if await self._is_told(sub.repo)]
            new = [sub for sub in children if (sub.repo, sub.number) not in seen]
            below[repo, parent] = tuple((sub.repo, sub.number) for sub in new)
            for sub in new:
                seen[sub.repo, sub.number] = sub
                if sub.children and depth + 1 < DEPTH and sub.repo.lower() in self._private:
                    open_.append((sub.repo, sub.number, depth + 1))
        self.is_cut = bool(open_)  # a group that was not read would look like a task
        for place, sub in seen.items():
            found.append((sub, below.get(place, ())))
        return found

    async def _is_told(self, repo: str) -> bool:
        may = await self._may_name(repo)
        self.left_out += not may
        return may

    async def _may_name(self, repo: str) -> bool:
        """One that the App is not on is public, or GitHub would not have told us of it."""
        key = repo.lower()
        if key == self._repo.lower() or not self._private.get(key):
            return True
        if not self._private.get(self._repo.lower()) or not self._author:
            return False
        if key not in self._may:
            self._may[key] = await self._reads.permission(repo, self._author) != "none"
        return self._may[key]

    async def blockers(self, sub: RelatedInfo) -> tuple[Blocker, ...]:
        if not sub.blockers or sub.repo.lower() not in self._private:
            return ()
        return tuple(
            [
                Blocker(
                    repo=each.repo,
                    number=each.number,
                    is_open=each.is_open,
                    name=f"{each.repo}#{each.number}" if await self._may_name(each.repo) else "",
                )
                for each in await self._reads.blockers(sub.repo, sub.number)
            ]
        )
