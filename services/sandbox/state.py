"""Everything the sandbox knows, as plain records in one tree.

One tree, so that a snapshot on disk is one encode and a restart is one decode; database ids come from one counter, as
sparse and as unlike the numbers as GitHub's, so a client that mixes the two up is found out. Git objects are not
here: they lie in bare repositories beside it (see git.py). Moments are strings in GitHub's spelling.
"""

import msgspec

from services.sandbox.actions_records import Job, Workflow, WorkflowRun
from services.sandbox.credentials import OAuthCode, Token

Role = str
"""none, read, triage, write, maintain or admin; any other word is a custom role on top of write."""

ROLES = ("none", "read", "triage", "write", "maintain", "admin")


class Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A mutable row; every record has the database id it is filed under, or a natural key."""


class Account(Record):
    id: int
    login: str
    type: str = "User"  # User, Organization or Bot
    name: str = ""
    created_at: str = "2020-01-01T00:00:00Z"
    members: dict[str, str] = {}  # of an organisation: login -> admin or member
    teams: dict[str, list[str]] = {}  # of an organisation: slug -> logins


class Label(Record):
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


class Milestone(Record):
    id: int
    number: int
    title: str
    creator: str
    created_at: str
    updated_at: str
    state: str = "open"
    description: str | None = None
    closed_at: str | None = None
    due_on: str | None = None


class Protection(Record):
    """What a branch asks for before something may be merged into it."""

    contexts: list[str] = []
    app_ids: dict[str, int] = {}  # context -> the App that must have reported it
    strict: bool = False  # the head must contain the base's tip
    approvals: int = 0
    code_owners: bool = False
    dismiss_stale: bool = False
    linear: bool = False
    pushers: list[str] | None = None  # the only logins that may push or merge into it; None: all who can write
    enforce_admins: bool = False
    merge_queue: bool = False
    ruleset: bool = False  # asked for by a ruleset (GET /rules/branches), not by branch protection


class Activity(Record):
    """A branch went from one sha to another; ids of their own, so that other ids are as far apart as ever."""

    id: int
    ref: str
    before: str
    after: str
    kind: str  # push, force_push, branch_creation, branch_deletion, pr_merge or merge_queue_merge
    actor: str
    timestamp: str


class Repo(Record):
    id: int
    owner: str
    name: str
    private: bool = False
    archived: bool = False
    fork_of: int = 0
    description: str | None = None
    default_branch: str = "main"
    created_at: str = ""
    updated_at: str = ""
    pushed_at: str = ""
    has_issues: bool = True
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    allow_auto_merge: bool = False
    delete_branch_on_merge: bool = False
    next_number: int = 1
    labels: dict[str, Label] = {}  # by lower-case name
    milestones: dict[int, Milestone] = {}  # by number
    collaborators: dict[str, Role] = {}  # by login
    protection: dict[str, Protection] = {}  # by branch
    old_names: list[str] = []  # owner/name it had before, answered with 301
    suites_off: list[int] = []  # Apps that get no check suite on a push (check-suites/preferences)
    activities: list[Activity] = []  # the newest pushes.MOST_ACTIVITIES, oldest first

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


class Issue(Record):
    """An issue, or the issue side of a pull request (then `pull` is set and shares the number)."""

    id: int
    repo_id: int
    number: int
    title: str
    user: str
    created_at: str
    updated_at: str
    body: str | None = None
    edited_at: str | None = None  # its body
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    labels: list[str] = []  # names as spelled on the repository
    assignees: list[str] = []
    locked: bool = False
    lock_reason: str | None = None
    milestone: int = 0  # its number on the repository
    via_app: int = 0  # the App that made it, 0 for a person
    parent: int = 0  # issue id
    sub_issues: list[int] = []  # issue ids, in order
    blocked_by: list[int] = []  # issue ids
    transferred_to: int = 0
    deleted: bool = False
    pull: "Pull | None" = None


class Pull(Record):
    id: int
    head_repo_id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged: bool = False
    merged_at: str | None = None
    merged_by: str | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None  # None = not computed yet; computed by the first GET, lost when either side moves
    mergeable_for: str = ""  # "head:base" the answer above is for
    asked: int = 0  # GETs since either side moved; the answer is there after State.mergeable_nulls of them
    requested_reviewers: list[str] = []
    auto_merge: str | None = None  # the method, when auto-merge is on
    auto_merge_by: str = ""
    maintainer_can_modify: bool = False


class QueueEntry(Record):
    """A pull request in a merge queue; the group's fields are set while its checks are awaited."""

    id: int
    repo_id: int
    issue_id: int
    base: str
    pull_sha: str
    actor: str
    created_at: str
    ref: str = ""
    head_sha: str = ""
    base_sha: str = ""


class Comment(Record):
    """A comment on an issue or on a pull request's conversation."""

    id: int
    issue_id: int
    user: str
    body: str
    created_at: str
    updated_at: str
    via_app: int = 0


class Review(Record):
    id: int
    issue_id: int
    user: str
    state: str  # APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
    body: str
    commit_id: str
    submitted_at: str


class ReviewComment(Record):
    id: int
    issue_id: int
    review_id: int
    user: str
    body: str
    path: str
    commit_id: str
    created_at: str
    updated_at: str = ""
    line: int | None = None
    side: str = "RIGHT"
    diff_hunk: str = ""
    in_reply_to: int = 0


class IssueEvent(Record):
    """One line of an issue's history; `data` has the event's own keys as they are shown."""

    id: int
    issue_id: int
    event: str
    actor: str
    created_at: str
    app_id: int = 0
    data: dict[str, object] = {}


class Reaction(Record):
    id: int
    subject: str  # issue:ID, comment:ID, review-comment:ID or commit-comment:ID
    user: str
    content: str
    created_at: str


class CheckSuite(Record):
    id: int
    repo_id: int
    app_id: int
    head_sha: str
    head_branch: str | None
    before: str
    created_at: str
    updated_at: str
    status: str = "queued"
    conclusion: str | None = None


class CheckRun(Record):
    id: int
    repo_id: int
    suite_id: int
    app_id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: str | None
    completed_at: str | None
    external_id: str = ""
    details_url: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, object]] = []
    actions: list[dict[str, str]] = []


class Status(Record):
    """A commit status, the older way to report on a commit."""

    id: int
    repo_id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: str
    created_at: str


class App(Record):
    id: int
    slug: str
    name: str
    owner: str
    public_key: str  # PEM
    client_id: str = ""
    client_secret: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    hook_id: int = 0
    permissions: dict[str, str] = {}
    events: list[str] = []
    created_at: str = ""


class Installation(Record):
    id: int
    app_id: int
    account: str
    permissions: dict[str, str] = {}
    events: list[str] = []
    repo_ids: list[int] | None = None  # None = all repositories of the account
    suspended_at: str | None = None
    created_at: str = ""


class Hook(Record):
    """A repository's own webhook (an App's hook is in App)."""

    id: int
    repo_id: int
    url: str
    secret: str = ""
    events: list[str] = []
    active: bool = True
    created_at: str = ""


class Delivery(Record):
    """One try to deliver one event to one hook; a redelivery keeps the guid and has an id of its own."""

    id: int
    guid: str
    hook_id: int
    app_id: int
    event: str
    action: str | None
    repo_id: int
    installation_id: int
    payload: str  # JSON text: what is signed is these bytes
    created_at: str
    redelivery: bool = False
    status_code: int = 0  # 0 = not sent yet
    status: str = "pending"
    duration: float = 0.0  # seconds
    response: str = ""
    delivered_at: str = ""


class State(Record):
    """The whole of it. `logs`: job id -> text. `manifests`: one-time code -> app id."""

    next_id: int = 1_000_001
    accounts: dict[str, Account] = {}  # by lower-case login
    repos: dict[int, Repo] = {}
    issues: dict[int, Issue] = {}
    comments: dict[int, Comment] = {}
    reviews: dict[int, Review] = {}
    review_comments: dict[int, ReviewComment] = {}
    reactions: dict[int, Reaction] = {}
    issue_events: dict[int, IssueEvent] = {}
    suites: dict[int, CheckSuite] = {}
    check_runs: dict[int, CheckRun] = {}
    statuses: dict[int, Status] = {}
    queue: list[QueueEntry] = []  # of all merge queues, in order
    workflows: dict[int, Workflow] = {}
    runs: dict[int, WorkflowRun] = {}
    jobs: dict[int, Job] = {}
    logs: dict[int, str] = {}
    job_queue: list[int] = []  # jobs that wait for a runner, in order
    apps: dict[int, App] = {}
    installations: dict[int, Installation] = {}
    tokens: dict[str, Token] = {}
    hooks: dict[int, Hook] = {}
    deliveries: dict[int, Delivery] = {}
    outgoing: list[int] = []  # deliveries nobody has sent yet, in order
    manifests: dict[str, int] = {}
    oauth_codes: dict[str, OAuthCode] = {}
    manifest_keys: dict[str, str] = {}  # one-time code -> private key, until it is fetched
    signed: dict[str, bool] = {}  # commits that GitHub made itself and signed, by sha
    mergeable_nulls: int = (
        1  # GETs of a pull request that still say `mergeable: null`, as GitHub's do until it has looked
    )
    merges: list[str] = []  # "owner/name#n sha", in the order they happened

    def new_id(self) -> int:
        """The next database id; steps of 7 so that no id is mistaken for a count or a number."""
        self.next_id += 7
        return self.next_id
