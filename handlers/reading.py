"""From the bytes of a delivery to an Event. Whatever the bytes are, an Event comes back.

Every value goes through handlers/payload.py, which checks its type and its length; nothing here looks up a key itself.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from handlers.events import (
    ASKED,
    LONG_AGO,
    Actor,
    Asked,
    Check,
    Comment,
    Event,
    Installation,
    Issue,
    Link,
    Pull,
    Push,
    Repo,
    Review,
    Status,
    WorkflowRun,
)
from handlers.payload import (
    LINE,
    MANY,
    Json,
    flag,
    ident,
    items,
    line,
    login,
    moment,
    number,
    part,
    repo,
    sha,
    text,
    word,
)
from handlers.telling import telling

PartT = TypeVar("PartT")

_SIDES = {
    "sub_issue": ("parent_issue", "sub_issue"),
    "parent_issue": ("sub_issue", "parent_issue"),
    "blocked_by": ("blocked_issue", "blocking_issue"),
    "blocking": ("blocking_issue", "blocked_issue"),
}
"""Actions of sub_issues and issue_dependencies without _added or _removed -> our issue's key, the other one's key."""


def parse(name: str, guid: str, body: bytes) -> Event:
    """Read a delivery's body; whatever the bytes are, an Event comes back."""
    try:
        payload = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested beyond reason
        payload = None
    if not isinstance(payload, dict):
        return Event(name=name, guid=guid, readable=False)
    return read(name, guid, payload)


def read(name: str, guid: str, payload: Json) -> Event:
    """A payload that is known to be a JSON object."""
    action, repository, changes = word(payload, "action"), part(payload, "repository"), part(payload, "changes")
    issue, link = _issue_and_link(name, action, payload, changes)
    pull = _optional(payload, "pull_request", _pull)
    check = _optional(payload, "check_run", _check_run) or _optional(payload, "check_suite", _check_suite)
    if check is not None:
        check = msgspec.structs.replace(check, identifier=line(part(payload, "requested_action"), "identifier"))
    actions_run = _optional(payload, "workflow_run", _workflow_run)
    status = _status(payload) if name == "status" else None
    return Event(
        name=name,
        guid=guid,
        action=action,
        installation_id=ident(part(payload, "installation")),
        repo=repo(repository),
        repo_id=ident(repository),
        default_branch=line(repository, "default_branch"),
        sender=_actor(part(payload, "sender")),
        number=_number(pull, issue, payload),
        head_sha=_head_sha(check, actions_run, status, payload),
        head_ref=line(part(payload, "merge_group"), "head_ref"),
        reason=line(payload, "reason"),
        changed=tuple(key for key in list(changes)[:MANY] if len(key) <= 64),
        body_before=text(part(changes, "body"), "from"),
        old_name=_old_name(changes),
        label=line(part(payload, "label"), "name"),
        issue=issue,
        comment=_optional(payload, "comment", _comment),
        pull=pull,
        review=_optional(payload, "review", _review),
        check=check,
        workflow_run=actions_run,
        status=status,
        push=_push(payload) if name == "push" else _ref(payload) if name in {"create", "delete"} else None,
        installation=_installation(payload) if name.startswith("installation") else None,
        link=link,
        asked=_optional(payload, "lockstep", _asked) if name == ASKED else None,
        told=telling(name, action, payload),
    )


def _asked(source: Json) -> Asked:
    return Asked(
        id=line(source, "id"),
        command=line(source, "command"),
        version=line(source, "version"),
        why=text(source, "why", LINE),
        at=moment(source, "at") or LONG_AGO,
    )


def _optional(payload: Json, name: str, build: Callable[[Json], PartT]) -> PartT | None:
    found = part(payload, name)
    return build(found) if found else None


def _number(pull: Pull | None, issue: Issue | None, payload: Json) -> int | None:
    for found in (pull, issue):
        if found is not None and found.number:
            return found.number
    return number(payload) or None


def _head_sha(check: Check | None, actions_run: WorkflowRun | None, status: Status | None, payload: Json) -> str:
    for found in (check, actions_run):
        if found is not None:
            return found.head_sha
    if status is not None:
        return status.sha
    return sha(part(payload, "merge_group"), "head_sha") or sha(part(payload, "workflow_job"), "head_sha")


def _old_name(changes: Json) -> str:
    """A renamed repository's bare name, or the account it was moved from."""
    if renamed := line(part(part(changes, "repository"), "name"), "from"):
        return renamed
    origin = part(part(changes, "owner"), "from")
    return login(part(origin, "user")) or login(part(origin, "organization"))


def _issue_and_link(name: str, action: str, payload: Json, changes: Json) -> tuple[Issue | None, Link | None]:
    """The issue an event is about, and the one it was tied to or has become."""
    if name in {"sub_issues", "issue_dependencies"}:
        ours, other = _SIDES.get(action.rpartition("_")[0], ("issue", "issue"))
        link = Link(repo=repo(part(payload, f"{other}_repo")), number=number(part(payload, other)))
        return _optional(payload, ours, _issue), link
    issue = _optional(payload, "issue", _issue)
    if name == "issues" and "new_issue" in changes:
        return issue, Link(repo=repo(part(changes, "new_repository")), number=number(part(changes, "new_issue")))
    return issue, None


def _actor(source: Json) -> Actor:
    return Actor(login=login(source), type=text(source, "type", 32), id=ident(source))


def _labels(source: Json) -> tuple[str, ...]:
    return tuple(name for each in items(source, "labels") if (name := line(each, "name")))


def _issue(source: Json) -> Issue:
    return Issue(
        number=number(source),
        id=ident(source),
        title=line(source, "title"),
        body=text(source, "body"),
        state=word(source, "state"),
        reason=word(source, "state_reason"),
        labels=_labels(source),
        author=_actor(part(source, "user")),
        is_pull=bool(part(source, "pull_request")),
    )


def _comment(source: Json) -> Comment:
    return Comment(
        id=ident(source),
        body=text(source, "body"),
        author=_actor(part(source, "user")),
        via_app=bool(part(source, "performed_via_github_app")),
        created_at=moment(source, "created_at") or LONG_AGO,
        updated_at=moment(source, "updated_at") or LONG_AGO,
    )


def _pull(source: Json) -> Pull:
    head, base = part(source, "head"), part(source, "base")
    return Pull(
        number=number(source),
        id=ident(source),
        title=line(source, "title"),
        body=text(source, "body"),
        state=word(source, "state"),
        draft=flag(source, "draft"),
        merged=flag(source, "merged"),
        labels=_labels(source),
        author=_actor(part(source, "user")),
        head_sha=sha(head, "sha"),
        head_ref=line(head, "ref"),
        head_repo=repo(part(head, "repo")),
        base_ref=line(base, "ref"),
        merge_sha=sha(source, "merge_commit_sha"),
    )


def _review(source: Json) -> Review:
    return Review(
        id=ident(source),
        state=word(source, "state"),
        body=text(source, "body"),
        author=_actor(part(source, "user")),
    )


def _pulls(source: Json) -> tuple[int, ...]:
    return tuple(found for each in items(source, "pull_requests") if (found := number(each)))


def _check_run(source: Json) -> Check:
    suite = _check_suite(source)
    branch = line(part(source, "check_suite"), "head_branch")
    return msgspec.structs.replace(
        suite, is_suite=False, name=line(source, "name"), external_id=line(source, "external_id"), head_ref=branch
    )


def _check_suite(source: Json) -> Check:
    app = part(source, "app")
    return Check(
        is_suite=True,
        id=ident(source),
        app_id=ident(app),
        app_slug=line(app, "slug"),
        head_sha=sha(source, "head_sha"),
        head_ref=line(source, "head_branch"),
        status=word(source, "status"),
        conclusion=word(source, "conclusion"),
        pulls=_pulls(source),
    )


def _workflow_run(source: Json) -> WorkflowRun:
    return WorkflowRun(
        id=ident(source),
        name=line(source, "name"),
        path=line(source, "path"),
        attempt=number(source, "run_attempt"),
        cause=word(source, "event"),
        head_sha=sha(source, "head_sha"),
        head_ref=line(source, "head_branch"),
        head_repo=repo(part(source, "head_repository")),
        status=word(source, "status"),
        conclusion=word(source, "conclusion"),
        pulls=_pulls(source),
    )


def _status(source: Json) -> Status:
    return Status(sha=sha(source, "sha"), context=line(source, "context"), state=word(source, "state"))


def _push(source: Json) -> Push:
    return Push(
        ref=line(source, "ref"),
        before=sha(source, "before"),
        after=sha(source, "after"),
        created=flag(source, "created"),
        deleted=flag(source, "deleted"),
        forced=flag(source, "forced"),
        paths=_paths(source),
    )


def _ref(source: Json) -> Push:
    """`create` and `delete` say which branch or tag, by its short name; the push beside them says the rest."""
    kind = "heads" if word(source, "ref_type") == "branch" else "tags"
    return Push(ref=f"refs/{kind}/{line(source, 'ref')}")


def _paths(source: Json) -> tuple[str, ...] | None:
    """Of every commit what it added, changed and removed. A new or forced branch may differ in more than its commits
    say, and GitHub names 2,048 commits at most and leaves the files of large ones out.
    """
    commits = source.get("commits")
    moved_on = not (flag(source, "created") or flag(source, "deleted") or flag(source, "forced"))
    if not isinstance(commits, list) or len(commits) > MANY or not moved_on or not commits:
        return None
    found: dict[str, None] = {}
    for commit in items(source, "commits"):
        lists = [commit.get(kind) for kind in ("added", "modified", "removed")]
        paths = [path for each in lists if isinstance(each, list) for path in each]
        if not paths or len(found) + len(paths) > MANY:
            return None
        if not all(isinstance(path, str) and len(path) <= LINE for path in paths):
            return None
        found.update(dict.fromkeys(paths))
    return tuple(found)


def _installation(source: Json) -> Installation:
    """`installation.created` lists what it came with under `repositories`, later changes under their own names."""
    found = part(source, "installation")
    gained = [*items(source, "repositories"), *items(source, "repositories_added")]
    return Installation(
        id=ident(found),
        account=_actor(part(found, "account")),
        selection=word(source, "repository_selection") or word(found, "repository_selection"),
        added=_repos(gained),
        removed=_repos(items(source, "repositories_removed")),
    )


def _repos(sources: Sequence[Json]) -> tuple[Repo, ...]:
    return tuple(Repo(name=name, id=ident(each)) for each in sources if (name := repo(each)))
