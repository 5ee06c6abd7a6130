"""Typed reads, all through the cache; each takes "owner/name" and finds the installation itself.

A read uses a token that can only read: every granted permission, lowered. What is decided upon (a merge, a right) is
read with `fresh=True`; the rest may be as old as the cache allows. Errors are those of the tree: NotFound, Refused,
RateLimited, Unreachable.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from services.errors import NotFound, Refused, Unreachable
from services.github import shapes
from services.github.cache import LIST, Cache, Read
from services.github.exchange import APP, Identity, branch_path, decode, repo_path, segment
from services.github.infos import (
    AppInfo,
    CheckInfo,
    CommentInfo,
    CommitInfo,
    Installation,
    IssueInfo,
    PullInfo,
    RepoInfo,
    ReviewInfo,
)

Shape = TypeVar("Shape")
Item = TypeVar("Item")

ROLES = frozenset({"none", "read", "triage", "write", "maintain", "admin"})
WRITE_ONLY = frozenset({"workflows", "profile"})
PAGE = 100
MAX_PAGES = 100


class Reads:
    """GitHub as it is now, or was at most a cache's life ago."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def app(self) -> AppInfo:
        found, _ = await self._cache.get(Read(APP, "app", shapes.OwnApp, "", "app"))
        return AppInfo(id=str(found.id), slug=found.slug)

    async def installation_of(self, repo: str) -> Installation:
        """NotFound when the App is not installed there."""
        read = Read(APP, f"{repo_path(repo)}/installation", shapes.InstallationShape, repo, "installation")
        return (await self._cache.get(read))[0].info()

    async def installed_repositories(self, installation_id: str) -> tuple[RepoInfo, ...]:
        """All repositories of an installation. Invalidated by ("", "installed:<id>")."""
        identity = Identity(installation_id, permissions=(("metadata", "read"),))
        subject = f"installed:{segment(installation_id)}"
        read = Read(identity, f"installation/repositories?per_page={PAGE}", shapes.RepoList, "", subject)
        return tuple([found.info() for found in await self._pages(read, lambda page: page.repositories)])

    async def repository(self, repo: str) -> RepoInfo:
        return (await self._one(repo, "", shapes.RepoShape, "repository")).info()

    async def permission(self, repo: str, login: str, *, fresh: bool = False) -> str:
        """The login's role: none, read, triage, write, maintain or admin.

        A custom role counts as what it is based on.
        """
        path = f"/collaborators/{segment(login)}/permission"
        read = await self.read_of(repo, path, shapes.Permission, f"permission:{login.lower()}")
        try:
            found, _ = await self._cache.get(read, fresh=fresh)
        except NotFound:
            return "none"
        role = found.role_name if found.role_name in ROLES else found.permission
        return role if role in ROLES else "none"

    async def issue(self, repo: str, number: int, *, fresh: bool = False) -> IssueInfo:
        found = await self._one(repo, f"/issues/{number}", shapes.IssueShape, f"issue:{number}", fresh=fresh)
        return found.info()

    async def comments(self, repo: str, number: int, *, fresh: bool = False) -> tuple[CommentInfo, ...]:
        """All comments of an issue or of a pull request's conversation, oldest first."""
        path = f"/issues/{number}/comments?per_page={PAGE}"
        found = await self._list(repo, path, list[shapes.CommentShape], f"comments:{number}", fresh=fresh)
        return tuple([comment.info() for comment in found])

    async def issues_since(self, repo: str, since: datetime, creator: str) -> tuple[IssueInfo, ...]:
        """Issues (no pull requests) of that creator, changed since then, newest first; never from memory."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = urlencode({"state": "all", "creator": creator, "since": moment, "per_page": PAGE})
        found = await self._list(repo, f"/issues?{query}", list[shapes.IssueShape], f"issue:{LIST}", fresh=True)
        return tuple(info for info in (issue.info() for issue in found) if not info.is_pull)

    async def pull(self, repo: str, number: int, *, fresh: bool = False) -> PullInfo:
        """One pull request. An answer without mergeability is not kept: asking is what makes GitHub work it out."""
        found = await self._one(repo, f"/pulls/{number}", shapes.PullShape, f"pull:{number}", fresh=fresh)
        info = found.info()
        if info.mergeable is None and info.state == "open":
            self._cache.invalidate(repo, f"pull:{number}")
        return info

    async def pulls_with_head(self, repo: str, branch: str, *, fresh: bool = False) -> tuple[PullInfo, ...]:
        """Pull requests in any state from that branch of the repository itself (not of a fork), newest first."""
        query = urlencode({"state": "all", "head": f"{repo.partition('/')[0]}:{branch}", "per_page": PAGE})
        found = await self._list(repo, f"/pulls?{query}", list[shapes.PullShape], f"pull:{LIST}", fresh=fresh)
        pulls = [pull.info() for pull in found if not pull.is_from_fork]
        return tuple(sorted(pulls, key=lambda pull: -pull.number))

    async def reviews(self, repo: str, number: int, *, fresh: bool = False) -> tuple[ReviewInfo, ...]:
        """All reviews of a pull request, oldest first."""
        path = f"/pulls/{number}/reviews?per_page={PAGE}"
        found = await self._list(repo, path, list[shapes.ReviewShape], f"pull:{number}", fresh=fresh)
        return tuple([review.info() for review in found])

    async def checks(self, repo: str, sha: str, *, fresh: bool = False) -> tuple[CheckInfo, ...]:
        """The newest check run of each name and App, and the newest status of each context, oldest first."""
        path = f"/commits/{segment(sha)}"
        runs = await self.check_runs(repo, sha, fresh=fresh)
        subject = f"statuses:{sha}"
        read = await self.read_of(repo, f"{path}/status?per_page={PAGE}", shapes.StatusList, subject)
        statuses = await self._pages(read, lambda page: page.statuses, fresh=fresh)
        return (*runs, *(status.info() for status in sorted(statuses, key=lambda status: status.id)))

    async def check_runs(self, repo: str, sha: str, *, only: str = "", fresh: bool = False) -> tuple[CheckInfo, ...]:
        """The newest check run of each name and App, or with `only` every run of that name, sorted by creation."""
        wanted = {"per_page": PAGE, **({"check_name": only, "filter": "all"} if only else {"filter": "latest"})}
        path = f"/commits/{segment(sha)}/check-runs?{urlencode(wanted)}"
        read = await self.read_of(repo, path, shapes.CheckList, f"checks:{sha}")
        runs = await self._pages(read, lambda page: page.check_runs, fresh=fresh)
        return tuple([run.info() for run in sorted(runs, key=lambda run: run.id)])

    async def suites_open(self, repo: str, sha: str) -> bool:
        """Has the commit a check suite with runs that is not completed, so that more runs may still come?

        A run that needs another one is created only when that one has passed: in between, all there are look green.
        Suites without runs stay queued for ever and do not count, nor do our own.
        """
        path = f"/commits/{segment(sha)}/check-suites?per_page={PAGE}"
        read = await self.read_of(repo, path, shapes.SuiteList, f"checks:{sha}")
        suites = await self._pages(read, lambda page: page.check_suites, fresh=True)
        ours = (await self.app()).id
        return any(suite.is_open and not (suite.app and str(suite.app.id) == ours) for suite in suites)

    async def has_workflows(self, repo: str) -> bool:
        """Has the repository any Actions workflow? Refused when the App was not given `actions: read`."""
        read = await self.read_of(repo, "/actions/workflows?per_page=1", shapes.Total, "workflows")
        try:
            return (await self._cache.get(read))[0].total_count > 0
        except NotFound:
            return False

    async def commit(self, repo: str, sha: str) -> CommitInfo:
        """One commit; it never changes."""
        return (await self._one(repo, f"/commits/{segment(sha)}", shapes.CommitShape, f"commit:{sha}")).info()

    async def branch(self, repo: str, name: str, *, fresh: bool = False) -> str | None:
        """The branch's commit, or None when there is no such branch (or nothing at all in the repository)."""
        read = await self.read_of(repo, f"/git/ref/{branch_path(name)}", shapes.Ref, f"branch:{name}")
        try:
            found, _ = await self._cache.get(read, fresh=fresh)
        except NotFound:
            return None
        except Refused as error:
            if error.status == 409:  # "Git Repository is empty."
                return None
            raise
        return found.object.sha if found.ref == f"refs/heads/{name}" else None

    async def file(self, repo: str, path: str, *, fresh: bool = False) -> str | None:
        """A text file of the default branch; None when there is none of that name, or none that is at most 1 MB."""
        place = "/".join(segment(piece) for piece in path.split("/"))
        read = await self.read_of(repo, f"/contents/{place}", msgspec.Raw, f"file:{path}")
        try:
            found, _ = await self._cache.get(read, fresh=fresh)
        except NotFound:
            return None
        is_directory = bytes(found).startswith(b"[")
        return None if is_directory else decode(bytes(found), shapes.FileShape).text()

    async def read_of(self, repo: str, path: str, shape: type[Shape], subject: str) -> Read[Shape]:
        """A read below `repos/owner/name`, as its installation, with reading rights only."""
        found = await self.installation_of(repo)
        rights = sorted((name, "read") for name in found.permissions if name not in WRITE_ONLY)
        return Read(Identity(found.id, (), tuple(rights)), repo_path(repo) + path, shape, repo, subject)

    async def _one(self, repo: str, path: str, shape: type[Shape], subject: str, *, fresh: bool = False) -> Shape:
        return (await self._cache.get(await self.read_of(repo, path, shape, subject), fresh=fresh))[0]

    async def _list(
        self, repo: str, path: str, shape: type[list[Item]], subject: str, *, fresh: bool = False
    ) -> list[Item]:
        return await self._pages(await self.read_of(repo, path, shape, subject), lambda page: page, fresh=fresh)

    async def _pages(
        self, first: Read[Shape], items: Callable[[Shape], Iterable[Item]], *, fresh: bool = False
    ) -> list[Item]:
        found: list[Item] = []
        path = first.path
        for _ in range(MAX_PAGES):
            read = Read(first.identity, path, first.shape, first.repo, first.subject, first.accept)
            page, path = await self._cache.get(read, fresh=fresh)
            found.extend(items(page))
            if not path:
                return found
        raise Unreachable(200, f"the list goes on after {MAX_PAGES} pages")
