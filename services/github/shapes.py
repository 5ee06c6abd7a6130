"""How GitHub spells things, and the way from there to our values.

Payloads vary between github.com, Enterprise versions and plain age: every field but the identifying ones may be
missing or null, and unknown ones are ignored.
"""

import base64
from datetime import datetime
from typing import Any

import msgspec

from services.github.infos import (
    CheckInfo,
    CommentInfo,
    CommitInfo,
    Installation,
    IssueInfo,
    PullInfo,
    RepoInfo,
    ReviewInfo,
)


class Account(msgspec.Struct, frozen=True):
    login: str = ""
    slug: str = ""  # an enterprise has this instead
    type: str = "User"


class Label(msgspec.Struct, frozen=True):
    name: str | None = None


class App(msgspec.Struct, frozen=True):
    id: int = 0
    slug: str | None = None


class OwnApp(msgspec.Struct, frozen=True):
    id: int
    slug: str


class InstallationShape(msgspec.Struct, frozen=True):
    id: int
    account: Account | None = None
    app_id: int = 0
    suspended_at: str | None = None
    permissions: dict[str, str] = {}

    def info(self) -> Installation:
        account = self.account or Account()
        return Installation(
            id=str(self.id),
            account=account.login or account.slug,
            app_id=str(self.app_id),
            suspended=self.suspended_at is not None,
            permissions=dict(self.permissions),  # the shape may be in memory for others
        )


class RepoShape(msgspec.Struct, frozen=True):
    id: int
    full_name: str
    default_branch: str = "main"
    private: bool = False
    archived: bool = False
    allow_merge_commit: bool | None = None
    allow_squash_merge: bool | None = None
    allow_rebase_merge: bool | None = None
    node_id: str = ""

    def info(self) -> RepoInfo:
        return RepoInfo(
            id=str(self.id),
            full_name=self.full_name,
            default_branch=self.default_branch,
            private=self.private,
            archived=self.archived,
            allow_merge_commit=self.allow_merge_commit is not False,
            allow_squash_merge=self.allow_squash_merge is not False,
            allow_rebase_merge=self.allow_rebase_merge is not False,
            node_id=self.node_id,
        )


class RepoList(msgspec.Struct, frozen=True):
    repositories: list[RepoShape] = []


class Permission(msgspec.Struct, frozen=True):
    permission: str = "none"
    role_name: str | None = None


class IssueShape(msgspec.Struct, frozen=True):
    id: int
    number: int
    title: str | None = None
    body: str | None = None
    state: str = "open"
    labels: list[Label | str] = []
    user: Account | None = None
    pull_request: dict[str, Any] | None = None
    html_url: str = ""
    updated_at: datetime | None = None
    node_id: str = ""

    def steady(self) -> IssueInfo:
        """All of it: whatever changes on an issue changes `updated_at`."""
        return self.info()

    def info(self) -> IssueInfo:
        return IssueInfo(
            id=str(self.id),
            number=self.number,
            title=self.title or "",
            body=self.body or "",
            state=self.state,
            labels=_names(self.labels),
            author=self.user.login if self.user else "",
            is_pull=self.pull_request is not None,
            url=self.html_url,
            updated_at=self.updated_at,
            node_id=self.node_id,
        )


class CommentShape(msgspec.Struct, frozen=True):
    id: int
    body: str | None = None
    user: Account | None = None
    updated_at: datetime | None = None

    def info(self) -> CommentInfo:
        user = self.user or Account()
        return CommentInfo(
            id=str(self.id),
            body=self.body or "",
            author=user.login,
            author_type=user.type,
            updated_at=self.updated_at,
        )


class FileShape(msgspec.Struct, frozen=True):
    encoding: str = ""
    content: str = ""

    def text(self) -> str | None:
        """None for what is no file and for a file above 1 MB, whose content GitHub leaves out."""
        if self.encoding != "base64":
            return None
        try:
            return base64.b64decode(self.content).decode(errors="replace")
        except ValueError:
            return None


class _RepoName(msgspec.Struct, frozen=True):
    full_name: str = ""


class End(msgspec.Struct, frozen=True):
    ref: str = ""
    sha: str = ""
    repo: _RepoName | None = None


class Sha(msgspec.Struct, frozen=True):
    sha: str


class _Verification(msgspec.Struct, frozen=True):
    verified: bool = False


class _CommitBody(msgspec.Struct, frozen=True):
    verification: _Verification | None = None
    tree: Sha | None = None


class CommitShape(msgspec.Struct, frozen=True):
    sha: str
    commit: _CommitBody
    parents: list[Sha] = []
    author: dict[str, Any] | None = None
    committer: dict[str, Any] | None = None

    def info(self) -> CommitInfo:
        verification = self.commit.verification
        return CommitInfo(
            sha=self.sha,
            parents=tuple(parent.sha for parent in self.parents),
            author=str((self.author or {}).get("login", "")),
            committer=str((self.committer or {}).get("login", "")),
            verified=verification is not None and verification.verified,
            tree=self.commit.tree.sha if self.commit.tree is not None else "",
        )


class PullShape(msgspec.Struct, frozen=True):
    id: int
    number: int
    head: End
    base: End
    html_url: str = ""
    state: str = "open"
    merged: bool | None = None
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    mergeable_state: str | None = None
    draft: bool | None = None
    labels: list[Label | str] = []
    title: str | None = None
    body: str | None = None
    updated_at: datetime | None = None

    def steady(self) -> PullInfo:
        """Without what GitHub works out later, and what follows from other things than the pull request itself."""
        return msgspec.structs.replace(self.info(worked_out=False), base_sha="")

    @property
    def is_settled(self) -> bool:
        """Does it say whether it can be merged, or can't it be any more? What is blocked is so by checks and reviews,
        which come without a change of the pull request.
        """
        return self.state != "open" or (self.mergeable is not None and self.mergeable_state != "blocked")

    @property
    def is_from_fork(self) -> bool:
        """True too when the fork is gone. Compared within the answer, so a renamed repository does not count as one."""
        head, base = self.head.repo, self.base.repo
        return head is None or (base is not None and head.full_name != base.full_name)

    def info(self, *, worked_out: bool = True) -> PullInfo:
        """worked_out: with what GitHub says of its mergeability."""
        # Lists have merged_at only; before the merge, merge_commit_sha is a test merge that never reaches the base.
        merged = bool(self.merged) or self.merged_at is not None
        return PullInfo(
            id=str(self.id),
            number=self.number,
            url=self.html_url,
            state=self.state,
            merged=merged,
            merge_sha=(self.merge_commit_sha or "") if merged else "",
            head_sha=self.head.sha,
            head_ref=self.head.ref,
            head_repo=self.head.repo.full_name if self.head.repo else "",
            base_ref=self.base.ref,
            base_sha=self.base.sha,
            mergeable=self.mergeable if worked_out else None,
            mergeable_state=(self.mergeable_state if worked_out else None) or "unknown",
            draft=bool(self.draft),
            labels=_names(self.labels),
            title=self.title or "",
            body=self.body or "",
            from_fork=self.is_from_fork,
            test_merge=(self.merge_commit_sha or "") if worked_out and self.mergeable and not merged else "",
        )


class ReviewShape(msgspec.Struct, frozen=True):
    id: int
    state: str = ""
    user: Account | None = None
    commit_id: str | None = None

    def info(self) -> ReviewInfo:
        user = self.user or Account()
        sha = self.commit_id or ""
        return ReviewInfo(author=user.login, author_type=user.type, state=self.state.upper(), sha=sha)


class CheckShape(msgspec.Struct, frozen=True):
    id: int
    name: str
    app: App | None = None
    status: str = "queued"
    conclusion: str | None = None
    html_url: str | None = None
    external_id: str | None = None
    completed_at: str | None = None
    node_id: str | None = None

    def info(self) -> CheckInfo:
        return CheckInfo(
            id=str(self.id),
            name=self.name,
            app_slug=(self.app.slug or "") if self.app else "",
            app_id=str(self.app.id) if self.app else "",
            status=self.status,
            conclusion=self.conclusion or "",
            url=self.html_url or "",
            external_id=self.external_id or "",
            node_id=self.node_id or "",
        )


class CheckList(msgspec.Struct, frozen=True):
    check_runs: list[CheckShape] = []

    def steady(self) -> list[CheckInfo]:
        """In an order of its own: GitHub promises none."""
        return [each.info() for each in sorted(self.check_runs, key=lambda each: each.id)]


class SuiteShape(msgspec.Struct, frozen=True):
    app: App | None = None
    status: str | None = None
    latest_check_runs_count: int = 0

    @property
    def is_open(self) -> bool:
        return self.status != "completed" and self.latest_check_runs_count > 0


class SuiteList(msgspec.Struct, frozen=True):
    check_suites: list[SuiteShape] = []


class StatusShape(msgspec.Struct, frozen=True):
    id: int
    context: str = "default"
    state: str = "pending"
    target_url: str | None = None

    def info(self) -> CheckInfo:
        pending = self.state == "pending"
        return CheckInfo(
            id=str(self.id),
            name=self.context,
            app_slug="status",
            app_id="",
            status="in_progress" if pending else "completed",
            conclusion="" if pending else "success" if self.state == "success" else "failure",
            url=self.target_url or "",
            external_id="",
        )


class ChangedFile(msgspec.Struct, frozen=True):
    filename: str
    previous_filename: str | None = None


class StatusList(msgspec.Struct, frozen=True):
    statuses: list[StatusShape] = []

    def steady(self) -> list[CheckInfo]:
        """In an order of its own: GitHub promises none."""
        return [each.info() for each in sorted(self.statuses, key=lambda each: each.id)]


class Total(msgspec.Struct, frozen=True):
    total_count: int = 0


class _Tip(msgspec.Struct, frozen=True):
    sha: str


class Ref(msgspec.Struct, frozen=True):
    ref: str
    object: _Tip


class Merged(msgspec.Struct, frozen=True):
    merged: bool = False
    sha: str | None = None
    message: str = ""


class Created(msgspec.Struct, frozen=True):
    id: int


class Noded(msgspec.Struct):
    node_id: str = ""


class LabelNode(Noded):
    name: str = ""


def _names(labels: list[Label | str]) -> tuple[str, ...]:
    found = (label if isinstance(label, str) else label.name for label in labels)
    return tuple(name for name in found if name)
