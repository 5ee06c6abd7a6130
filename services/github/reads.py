"""Typed reads, all through the cache; each takes "owner/name" and finds the installation itself.

A read uses a token that can only read: every granted permission, lowered. What is decided upon (a merge, a right) is
read with `fresh=True`; the rest may be as old as the cache allows. Errors are those of the tree: NotFound, Refused,
RateLimited, Unreachable.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from services.core.admission import Rank
from services.errors import NotFound, Refused, Unreachable
from services.github import places, protected, said, shapes
from services.github.actions_reads import ActionsReads
from services.github.batch import Batcher
from services.github.cache import LIST, Cache
from services.github.entries import Key, Read
from services.github.exchange import APP, Identity, decode, repo_path, segment
from services.github.infos import (
    AnnotationInfo,
    AppInfo,
    AuthoredPull,
    CheckInfo,
    CommentInfo,
    CommitInfo,
    Installation,
    IssueInfo,
    PullInfo,
    PushInfo,
    RelatedInfo,
    RemarkInfo,
    RepoInfo,
    ReviewInfo,
)
from services.github.queries import Wanted, check_bodies, issue_body, pull_body, review_body, suite_body

PAGE = places.PAGE
ROLES = frozenset({"none", "read", "triage", "write", "maintain", "admin"})


class Reads(ActionsReads):
    """GitHub as it is now, or was at most a cache's life ago."""

    def __init__(
        self,
        cache: Cache,
        batcher: Batcher | None = None,
        rank: Rank = "event",
        told: Mapping[Key, bytes] | None = None,
        began: int = 0,
    ) -> None:
        """batcher: None reads everything one by one; for the rest see Reading."""
        super().__init__(cache, rank, told, began)
        self._batcher = batcher

    def ranked(self, rank: Rank) -> "Reads":
        """The same, more or less urgent."""
        return self if rank == self._rank else Reads(self._cache, self._batcher, rank)

    async def app(self) -> AppInfo:
        found, _ = await self._get(Read(APP, "app", shapes.OwnApp, "", "app"))
        return AppInfo(id=str(found.id), slug=found.slug)

    async def installation_of(self, repo: str) -> Installation:
        """NotFound when the App is not installed there."""
        return (await self._get(places.installation(repo)))[0].info()

    async def installed_repositories(self, installation_id: str) -> tuple[RepoInfo, ...]:
        """All repositories of an installation. Invalidated by ("", "installed:<id>")."""
        identity = Identity(installation_id, permissions=(("metadata", "read"),))
        subject = f"installed:{segment(installation_id)}"
        path = f"installation/repositories?per_page={PAGE}"
        read = Read(identity, path, shapes.RepoList, "", subject)
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
            found, _ = await self._get(read, fresh=fresh)
        except NotFound:
            return "none"
        role = found.role_name if found.role_name in ROLES else found.permission
        return role if role in ROLES else "none"

    async def is_account(self, repo: str, login: str) -> bool:
        """Is there anybody of that name? Asked as the repository's installation."""
        read = Read(await self._reader(repo), f"users/{segment(login)}", shapes.Account, repo, f"user:{login.lower()}")
        try:
            await self._get(read, fresh=True)
        except NotFound:
            return False
        return True

    async def is_member(self, repo: str, team: str, login: str) -> bool:
        """Is somebody in that team (`organisation/slug`) now? Asked as the repository's installation; Refused where the
        App may not see members.
        """
        organisation, _, slug = team.partition("/")
        path = f"orgs/{segment(organisation)}/teams/{segment(slug)}/memberships/{segment(login)}"
        read = Read(await self._reader(repo), path, said.Membership, repo, f"membership:{login.lower()}")
        try:
            return (await self._get(read, fresh=True))[0].state == "active"
        except NotFound:
            return False

    async def issue(self, repo: str, number: int, *, fresh: bool = False) -> IssueInfo:
        """Of many that are asked for at once and may be remembered, those that are not are read together."""
        read = places.issue(await self._reader(repo), repo, number)
        if not fresh and self._batcher is not None and not self._cache.has(read):
            began = self._cache.begin()
            found = await self._batcher.look_up(read.identity, self._rank, Wanted("issue", repo, number))
            if found is not None:
                self._cache.put(read, issue_body(found), began)
        return (await self._get(read, fresh=fresh))[0].info()

    async def edited_at(self, repo: str, number: int) -> str:
        """When an issue's text or title was last edited, as it is now, "" for never. REST does not tell: where calls
        are not to be shared, or GraphQL is refused, it counts as never.  Unreachable: nobody says it now.
        """
        if self._batcher is None:
            return ""
        who = await self._reader(repo)
        found = await self._batcher.look_up(who, self._rank, Wanted("edits", repo, number))
        if found is None and self._batcher.is_refused(who):
            return ""
        if found is None:
            raise Unreachable(0, "GitHub does not say when the text was edited")
        renamed = (found.get("timelineItems") or {}).get("nodes") or [{}]
        return max(found.get("lastEditedAt") or "", (renamed[-1] or {}).get("createdAt") or "")

    async def left_queue(self, repo: str, number: int, sha: str) -> bool:
        """Is a pull request open, with this head, and in no merge queue now? What can't be told is taken for no."""
        if self._batcher is None:
            return False
        found = await self._batcher.look_up(await self._reader(repo), self._rank, Wanted("queue", repo, number))
        return found == {"state": "OPEN", "headRefOid": sha, "isInMergeQueue": False}

    async def prepare_pull(self, repo: str, number: int) -> None:
        """Read a pull request and its head's checks by one call that others share, where it would take several; what is
        asked for afterwards comes from memory then.
        """
        if self._batcher is None:
            return
        who = await self._reader(repo)
        read = places.pull(who, repo, number)
        if self._cache.has(read):
            sha = (await self._get(read))[0].head.sha
            if self._cache.has(places.check_runs(who, repo, sha)) or self._cache.has(places.statuses(who, repo, sha)):
                return
        began = self._cache.begin()
        try:
            found = await self._batcher.look_up(who, self._rank, Wanted("pull", repo, number))
        except NotFound:  # REST says so too, and its answer is the one that counts
            return
        if found is None:
            return
        if (body := pull_body(found)) is not None:
            self._cache.put(read, body, began)
        if (bodies := check_bodies(found)) is not None:
            sha = str(found["headRefOid"])
            self._cache.put(places.check_runs(who, repo, sha), bodies[0], began)
            self._cache.put(places.statuses(who, repo, sha), bodies[1], began)

    async def at_once(self, repo: str, number: int) -> "Reads":
        """These reads, for which counts as fresh what one call, made now, tells of a pull request, its checks, suites
        and reviews. What it can't tell is asked for when it is wanted, as ever.
        """
        if self._batcher is None:
            return self
        who, began = await self._reader(repo), self._cache.begin()
        try:
            found = await self._batcher.look_up(who, self._rank, Wanted("merge", repo, number))
        except NotFound:
            return self
        if found is None:
            return self
        sha = str(found["headRefOid"])
        checks = check_bodies(found) or (None, None)
        told: list[tuple[Read[Any], bytes | None]] = [
            (places.pull(who, repo, number), pull_body(found) if found.get("mergeable") != "UNKNOWN" else None),
            (places.check_runs(who, repo, sha), checks[0]),
            (places.statuses(who, repo, sha), checks[1]),
            (places.suites(who, repo, sha), suite_body(found)),
            (places.reviews(who, repo, number), review_body(found)),
        ]
        bodies = {read.key: body for read, body in told if body is not None}
        return Reads(self._cache, self._batcher, self._rank, bodies, began)

    async def comments(self, repo: str, number: int, *, fresh: bool = False) -> tuple[CommentInfo, ...]:
        """All comments of an issue or of a pull request's conversation, oldest first."""
        read = places.comments(await self._reader(repo), repo, number)
        return tuple([comment.info() for comment in await self._pages(read, lambda page: page, fresh=fresh)])

    async def sub_issues(self, repo: str, number: int) -> tuple[RelatedInfo, ...]:
        """The sub-issues of an issue, in their order, as they are now; only those that its installation may see."""
        read = places.sub_issues(await self._reader(repo), repo, number)
        return tuple([each.related() for each in await self._pages(read, lambda page: page, fresh=True)])

    async def blockers(self, repo: str, number: int) -> tuple[RelatedInfo, ...]:
        """The issues that block it, closed ones too, as they are now."""
        read = places.blockers(await self._reader(repo), repo, number)
        return tuple([each.related() for each in await self._pages(read, lambda page: page, fresh=True)])

    async def issues_since(self, repo: str, since: datetime, creator: str) -> tuple[IssueInfo, ...]:
        """Issues (no pull requests) of that creator, changed since then, newest first; never from memory."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = urlencode({"state": "all", "creator": creator, "since": moment, "per_page": PAGE})
        found = await self._list(repo, f"/issues?{query}", list[shapes.IssueShape], f"issue:{LIST}", fresh=True)
        return tuple(info for info in (issue.info() for issue in found) if not info.is_pull)

    async def pull(self, repo: str, number: int, *, fresh: bool = False, worked_out: bool = False) -> PullInfo:
        """One pull request, of which only a fresh answer, or with `worked_out`, tells if it can be merged.

        worked_out: `mergeable` for the base of now. Asking is what makes GitHub work it out, so an answer without it is
        not kept for that.
        """
        read = places.pull(await self._reader(repo), repo, number, worked_out=worked_out)
        found, _ = await self._get(read, fresh=fresh, wanted=_is_settled if worked_out else None)
        return found.info(worked_out=fresh or worked_out)

    async def files(self, repo: str, number: int, *, fresh: bool = False) -> tuple[str, ...]:
        """The paths a pull request changes, and of renamed files the old ones too; at most 3,000, as GitHub tells."""
        read = places.files(await self._reader(repo), repo, number)
        return _paths(await self._pages(read, lambda page: page, fresh=fresh))

    async def changed(self, repo: str, base: str, sha: str) -> tuple[str, ...]:
        """The paths that exactly this commit changes since it left `base`, whatever branches are at by now, and of
        renamed files the old ones too; of 300 files, as GitHub tells no more.
        """
        path = f"/compare/{segment(base)}...{segment(sha)}?per_page=1"  # of its commits; the files come with the first
        found = decode(await self._past(repo, path), said.Compared).files
        return _paths(found)

    async def pulls_with_head(self, repo: str, branch: str, *, fresh: bool = False) -> tuple[PullInfo, ...]:
        """Pull requests in any state from that branch of the repository itself (not of a fork), newest first."""
        query = urlencode({"state": "all", "head": f"{repo.partition('/')[0]}:{branch}", "per_page": PAGE})
        found = await self._list(repo, f"/pulls?{query}", list[shapes.PullShape], f"pull:{LIST}", fresh=fresh)
        pulls = [pull.info() for pull in found if not pull.is_from_fork]
        return tuple(sorted(pulls, key=lambda pull: -pull.number))

    async def pulls_into(self, repo: str, branch: str, *, forks: bool = False) -> tuple[PullInfo, ...]:
        """Open pull requests into that branch, newest first, asked for now; with `forks` not only from the repository
        itself.
        """
        query = urlencode({"state": "open", "base": branch, "per_page": PAGE})
        found = await self._list(repo, f"/pulls?{query}", list[shapes.PullShape], f"pull:{LIST}", fresh=True)
        return tuple([pull.info() for pull in found if forks or not pull.is_from_fork])

    async def reviews(self, repo: str, number: int, *, fresh: bool = False) -> tuple[ReviewInfo, ...]:
        """All reviews of a pull request, oldest first."""
        read = places.reviews(await self._reader(repo), repo, number)
        return tuple([review.info() for review in await self._pages(read, lambda page: page, fresh=fresh)])

    async def checks(self, repo: str, sha: str, *, fresh: bool = False) -> tuple[CheckInfo, ...]:
        """The newest check run of each name and App, and the newest status of each context, oldest first."""
        runs = await self.check_runs(repo, sha, fresh=fresh)
        read = places.statuses(await self._reader(repo), repo, sha)
        statuses = await self._pages(read, lambda page: page.statuses, fresh=fresh)
        return (*runs, *(status.info() for status in sorted(statuses, key=lambda status: status.id)))

    async def check_runs(self, repo: str, sha: str, *, only: str = "", fresh: bool = False) -> tuple[CheckInfo, ...]:
        """The newest check run of each name and App, or with `only` every run of that name, sorted by creation."""
        read = places.check_runs(await self._reader(repo), repo, sha, only=only)
        runs = await self._pages(read, lambda page: page.check_runs, fresh=fresh)
        return tuple([run.info() for run in sorted(runs, key=lambda run: run.id)])

    async def annotations(self, repo: str, sha: str, check_id: str) -> tuple[AnnotationInfo, ...]:
        """What a check run says about lines of files, the first fifty."""
        found, _ = await self._get(places.annotations(await self._reader(repo), repo, sha, check_id))
        return tuple([each.info() for each in found])

    async def newest_pulls(self, repo: str) -> tuple[AuthoredPull, ...]:
        """The hundred newest pull requests, as they are now, and whose they are."""
        path = "/pulls?state=all&sort=created&direction=desc&per_page=100"
        found = decode(await self._past(repo, path), list[said.AuthoredShape])
        return tuple([pull.authored() for pull in found])

    async def authored_pull(self, repo: str, number: int) -> AuthoredPull:
        """A pull request as it is now, and whose it is."""
        return decode(await self._past(repo, f"/pulls/{number}"), said.AuthoredShape).authored()

    async def pushes(self, repo: str, branch: str) -> tuple[PushInfo, ...]:
        """The last thirty times that the branch was moved, newest first, as it is now."""
        query = urlencode({"ref": f"refs/heads/{branch}", "per_page": 30})
        found = decode(await self._past(repo, f"/activity?{query}"), list[said.PushShape])
        return tuple([each.info() for each in found])

    async def pull_commits(self, repo: str, number: int) -> tuple[CommitInfo, ...]:
        """The commits of a pull request as it is now, oldest first; 250 at most, as GitHub tells."""
        path, shape = f"/pulls/{number}/commits?per_page={PAGE}", list[shapes.CommitShape]
        found = await self._list(repo, path, shape, f"pull:{number}", fresh=True)
        return tuple([commit.info() for commit in found])

    async def happened_in(self, repo: str, number: int) -> tuple[tuple[str, str], ...]:
        """The timeline of an issue or pull request as it is now, oldest first: names of events, and their ids."""
        path, shape = f"/issues/{number}/timeline?per_page={PAGE}", list[said.HappenedShape]
        found = await self._list(repo, path, shape, f"pull:{number}", fresh=True)
        return tuple([(each.event, str(each.id or "")) for each in found])

    async def remarks(self, repo: str, number: int, review_id: str) -> tuple[RemarkInfo, ...]:
        """The comments on lines of one review, a hundred at most, as they are now."""
        read = places.remarks(await self._reader(repo), repo, number, review_id)
        found, _ = await self._get(read, fresh=True)
        return tuple([each.info() for each in found])

    async def suites_open(self, repo: str, sha: str) -> bool:
        """Has the commit a check suite with runs that is not completed, so that more runs may still come?

        A run that needs another one is created only when that one has passed: in between, all there are look green.
        Suites without runs stay queued for ever and do not count, nor do our own.
        """
        read = places.suites(await self._reader(repo), repo, sha)
        suites = await self._pages(read, lambda page: page.check_suites, fresh=True)
        ours = (await self.app()).id
        return any(suite.is_open and not (suite.app and str(suite.app.id) == ours) for suite in suites)

    async def commit(self, repo: str, sha: str) -> CommitInfo:
        """One commit; it never changes."""
        return (await self._one(repo, f"/commits/{segment(sha)}", shapes.CommitShape, f"commit:{sha}")).info()

    async def branch(self, repo: str, name: str, *, fresh: bool = False) -> str | None:
        """The branch's commit, or None when there is no such branch (or nothing at all in the repository)."""
        read = places.branch(await self._reader(repo), repo, name)
        try:
            found, _ = await self._get(read, fresh=fresh)
        except NotFound:
            return None
        except Refused as error:
            if error.status == 409:  # "Git Repository is empty."
                return None
            raise
        return found.object.sha if found.ref == f"refs/heads/{name}" else None

    async def required(self, repo: str, branch: str) -> frozenset[str]:
        """The checks without which nothing merges into a branch, by its protection and by rulesets, as far as we may
        know.
        """
        subject, place = f"rules:{branch}", segment(branch)
        try:
            found = await self._one(repo, f"/branches/{place}", protected.BranchShape, subject)
        except NotFound:
            return frozenset()
        path = f"/rules/branches/{place}?per_page={PAGE}"
        rules = await self._list(repo, path, list[protected.RuleShape], subject)
        return found.required().union(*(rule.required() for rule in rules))

    async def file(self, repo: str, path: str, *, fresh: bool = False, through: str = "", ref: str = "") -> str | None:
        """A text file of the default branch, or of the commit `ref`; None when there is none of that name, or none that
        is at most 1 MB.

        through: the repository whose installation asks, where it is not this one's own.
        """
        place = "/".join(segment(piece) for piece in path.split("/"))
        reader = await self._reader(through or repo)
        where = f"{repo_path(repo)}/contents/{place}" + (f"?ref={segment(ref)}" if ref else "")
        read = Read(reader, where, msgspec.Raw, repo, f"file:{path}")
        try:
            found, _ = await self._get(read, fresh=fresh)
        except NotFound:
            return None
        is_directory = bytes(found).startswith(b"[")
        return None if is_directory else decode(bytes(found), shapes.FileShape).text()


def _paths(found: Iterable[shapes.ChangedFile]) -> tuple[str, ...]:
    both = [(each.filename, each.previous_filename) for each in found]
    return tuple(dict.fromkeys(path for pair in both for path in pair if path))


def _is_settled(pull: shapes.PullShape) -> bool:
    return pull.is_settled
