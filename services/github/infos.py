"""What the rest of Lockstep sees of GitHub: small frozen values, ids as strings, absent things empty.

Only what is used is here; GitHub's own objects have ten times the fields, and anything may be missing from them.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the App is installed; `permissions` is what was granted there, like {"issues": "write"}."""

    id: str
    account: str
    app_id: str
    suspended: bool
    permissions: Mapping[str, str] = {}


class AppInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The App itself; `login` is the name its comments and pull requests carry."""

    id: str
    slug: str

    @property
    def login(self) -> str:
        return f"{self.slug}[bot]"


class RepoInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A repository. The merge methods are True where GitHub doesn't tell: the merge call is the judge."""

    id: str
    full_name: str
    default_branch: str
    private: bool
    archived: bool
    allow_merge_commit: bool
    allow_squash_merge: bool
    allow_rebase_merge: bool
    node_id: str = ""


class IssueInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An issue, or a pull request seen as one (`is_pull`). `id` is the database id that link calls want; `updated_at`
    is by GitHub's clock, and comments count as updates.
    """

    id: str
    number: int
    title: str
    body: str
    state: str
    labels: tuple[str, ...]
    author: str
    is_pull: bool
    url: str
    updated_at: datetime | None = None
    node_id: str = ""


class CommentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on an issue or a pull request; `author_type` is User, Bot or Organization; `updated_at` by GitHub's
    clock.
    """

    id: str
    body: str
    author: str
    author_type: str
    updated_at: datetime | None = None


class PullInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request. `mergeable` is None while GitHub has not worked it out, and always in lists.

    merge_sha: the commit it became, empty until it is merged.  test_merge: GitHub's merge of it with its base, where
    that is worked out; the base may have moved on since.  head_repo: empty when the fork was deleted.  from_fork:
    its head lies in another repository, or did.
    """

    id: str
    number: int
    url: str
    state: str
    merged: bool
    merge_sha: str
    head_sha: str
    head_ref: str
    head_repo: str
    base_ref: str
    base_sha: str
    mergeable: bool | None
    mergeable_state: str
    draft: bool
    labels: tuple[str, ...]
    title: str
    body: str
    test_merge: str = ""
    from_fork: bool = False


class CommitInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A commit. author, committer: the accounts behind it, "" for none, and only what the commit says of itself;
    verified: signed with a key of the committer's, for which GitHub vouches.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    committer: str
    verified: bool
    tree: str = ""


class ReviewInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A review. state: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING; `author_type` as of comments; sha:
    the commit that was looked at, "" where that was not told.
    """

    author: str
    author_type: str
    state: str
    sha: str = ""


class PushInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a branch came from `before` to `sha`. kind: push, force_push, branch_creation, branch_deletion, pr_merge or
    merge_queue_merge; actor: "" for an account that is gone, `actor_type` as of comments.
    """

    before: str
    sha: str
    kind: str
    actor: str
    actor_type: str


class CheckInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A check run, or a commit status in the same words (then `app_slug` is "status" and there is neither `app_id` nor
    `node_id`).
    """

    id: str
    name: str
    app_slug: str
    app_id: str
    status: str
    conclusion: str
    url: str
    external_id: str
    node_id: str = ""


class JobInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A job of Actions: the run it belongs to, and in which attempt of that."""

    run_id: str
    attempt: int


class AuthoredPull(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request, and whose it is. kind: User or Bot."""

    pull: PullInfo
    author: str
    kind: str


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow run in its newest attempt. head_sha: the commit it began with; path: of its file."""

    id: str
    status: str
    attempt: int
    conclusion: str = ""
    head_sha: str = ""
    path: str = ""


class AnnotationInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a check says about a line of a file. level: notice, warning or failure; the texts are somebody else's."""

    path: str
    line: int
    level: str
    title: str
    message: str


class RemarkInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on a line of a pull request. `line` is 0 when it is on the file, or outdated."""

    id: str
    path: str
    line: int
    body: str
    author: str


class RelatedInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that another one is related to. children, blockers: how many it has itself."""

    repo: str
    number: int
    title: str
    body: str
    is_open: bool
    children: int = 0
    blockers: int = 0
