"""GitHub's events as typed, bounded values: what a handler gets to see of a delivery.

Payloads vary: by age, by product, by who sends them. So every field has a default that means "not in the payload", and
a part the payload lacks is None: handlers compare plain values. Bodies and titles stay what people wrote; whoever shows
them escapes them. handlers/reading.py makes these values.
"""

from datetime import UTC, datetime

import msgspec

ASKED = "lockstep.asked"
"""Our own event, which no webhook can be: GitHub's names have no dot, and the door takes none that has."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A moment that the payload did not tell."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """An account. `type` is GitHub's: User, Bot, Organization, Mannequin."""

    login: str = ""
    type: str = ""
    id: str = ""

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue, or the issue side of a pull request (`is_pull`). `state` is open or closed, `reason` why it is:
    completed, not_planned, duplicate or reopened.
    """

    number: int = 0
    id: str = ""
    title: str = ""
    body: str = ""
    state: str = ""
    reason: str = ""
    labels: tuple[str, ...] = ()
    author: Actor = Actor()
    is_pull: bool = False


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment; `via_app` when an App wrote it in a person's name; its times are by GitHub's clock."""

    id: str = ""
    body: str = ""
    author: Actor = Actor()
    via_app: bool = False
    created_at: datetime = LONG_AGO
    updated_at: datetime = LONG_AGO


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request. `head_repo` is "" when the fork is gone; `merge_sha` means a merge only when `merged`."""

    number: int = 0
    id: str = ""
    title: str = ""
    body: str = ""
    state: str = ""
    draft: bool = False
    merged: bool = False
    labels: tuple[str, ...] = ()
    author: Actor = Actor()
    head_sha: str = ""
    head_ref: str = ""
    head_repo: str = ""
    base_ref: str = ""
    merge_sha: str = ""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review; `state` in lower case: approved, changes_requested, commented, dismissed."""

    id: str = ""
    state: str = ""
    body: str = ""
    author: Actor = Actor()


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check run, or a check suite (`is_suite`). `identifier` names the button a person pressed."""

    is_suite: bool = False
    id: str = ""
    name: str = ""
    app_id: str = ""
    app_slug: str = ""
    head_sha: str = ""
    head_ref: str = ""
    status: str = ""
    conclusion: str = ""
    external_id: str = ""
    identifier: str = ""
    pulls: tuple[int, ...] = ()


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of GitHub Actions; `pulls` is always empty for forks, so go by `head_sha`."""

    id: str = ""
    name: str = ""
    path: str = ""
    attempt: int = 0
    cause: str = ""
    head_sha: str = ""
    head_ref: str = ""
    head_repo: str = ""
    status: str = ""
    conclusion: str = ""
    pulls: tuple[int, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A commit status of the older kind."""

    sha: str = ""
    context: str = ""
    state: str = ""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A push, or a ref that came or went; `ref` in full (refs/heads/...), `before` or `after` all zeros when it is new
    or deleted.

    paths: of all files it changed; None when the payload does not tell all of them.
    """

    ref: str = ""
    before: str = ""
    after: str = ""
    created: bool = False
    deleted: bool = False
    forced: bool = False
    paths: tuple[str, ...] | None = None

    @property
    def branch(self) -> str:
        """The branch it moved, "" for a tag."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""


class Repo(msgspec.Struct, frozen=True, kw_only=True):
    """A repository an installation gained or lost."""

    name: str = ""
    id: str = ""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation event says about the installation itself."""

    id: str = ""
    account: Actor = Actor()
    selection: str = ""
    added: tuple[Repo, ...] = ()
    removed: tuple[Repo, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a sub-issue or dependency event; `repo` is "" when GitHub does not name it."""

    repo: str = ""
    number: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was given here and not on GitHub. version: the hash of the text that was looked at, "" when nobody
    said.
    """

    id: str = ""
    command: str = ""
    version: str = ""
    why: str = ""
    at: datetime = LONG_AGO


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, read. A part is None when the payload has none; `number` is the issue or pull request it is about.

    changed: the keys of `changes`.  body_before: a text that was edited.
    old_name: a renamed repository's bare name, or a moved one's old owner.
    head_sha: of a check, status, Actions run or merge group.  readable: whether the body was a JSON object at all.
    head_ref: of a merge group.  reason: why a pull request left a merge queue.
    told: what of the payload the cache may keep, as JSON (handlers/telling.py).
    """

    name: str
    guid: str = ""
    action: str = ""
    readable: bool = True
    installation_id: str = ""
    repo: str = ""
    repo_id: str = ""
    default_branch: str = ""
    sender: Actor = Actor()
    number: int | None = None
    head_sha: str = ""
    head_ref: str = ""
    reason: str = ""
    changed: tuple[str, ...] = ()
    body_before: str = ""
    old_name: str = ""
    label: str = ""
    issue: Issue | None = None
    comment: Comment | None = None
    pull: Pull | None = None
    review: Review | None = None
    check: Check | None = None
    workflow_run: WorkflowRun | None = None
    status: Status | None = None
    push: Push | None = None
    installation: Installation | None = None
    link: Link | None = None
    asked: Asked | None = None
    told: bytes = b""


def key(event: Event) -> str:
    """What an event is about. Events with one key are handled in order, others side by side.

    Repository and issue or pull request; else repository and commit; else repository; else installation; else the name.
    """
    place = event.repo_id or event.repo.lower()
    if place and event.number:
        return f"{place}#{event.number}"
    if place and event.head_sha:
        return f"{place}@{event.head_sha}"
    return place or (f"installation:{event.installation_id}" if event.installation_id else event.name)
