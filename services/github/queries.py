"""What is asked in GraphQL, and its answers in REST's shape, so that the rest of the client knows only one.

Repositories' names and numbers stand in the text itself: both are checked before they come here, and a text without
variables can be cut in halves.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from services.errors import ApiError, NotFound, RateLimited, Refused, Unreachable
from services.github.failures import GRAPHQL_LIMITS, LIMIT, UNSTATED_WAIT

ISSUE = """
fragment I on Issue {
  id fullDatabaseId number title body state url updatedAt
  author { login __typename }
  labels(first: 100) { nodes { name } }
}"""
PULL = """
fragment P on PullRequest {
  fullDatabaseId number title body state url merged isDraft mergeable mergeStateStatus
  headRefOid headRefName baseRefOid baseRefName
  headRepository { nameWithOwner }
  mergeCommit { oid }
  labels(first: 100) { nodes { name } }
  statusCheckRollup { contexts(first: 100) { pageInfo { hasNextPage } nodes {
    __typename
    ... on CheckRun {
      id databaseId name status conclusion permalink externalId checkSuite { app { databaseId slug } }
    }
    ... on StatusContext { context state targetUrl }
  } } }
}"""

MERGE = """
fragment M on PullRequest {
  reviews(first: 100) { pageInfo { hasNextPage } nodes {
    databaseId state author { login __typename } commit { oid }
  } }
  commits(last: 1) { nodes { commit { oid checkSuites(first: 50) { pageInfo { hasNextPage } nodes {
    status app { databaseId slug } checkRuns(first: 1, filterBy: {checkType: LATEST}) { totalCount }
  } } } } }
}"""
"""What else stands between a pull request and its merge."""

PULLS = frozenset({"pull", "merge"})
TOO_MUCH = "RESOURCE_LIMITS_EXCEEDED"
"""One call may take only so much of GitHub: what it came to until then is told, and each of the rest has this error."""
EDITS = (
    "lastEditedAt timelineItems(last: 1, itemTypes: [RENAMED_TITLE_EVENT]) "
    "{ nodes { ... on RenamedTitleEvent { createdAt } } }"
)
QUEUE = "state headRefOid isInMergeQueue"
_MERGEABLE = {"MERGEABLE": True, "CONFLICTING": False}


class Wanted(msgspec.Struct, frozen=True):
    """What to look up: kind issue, pull, merge: a pull with all that its merge depends on, queue: whether it is in its
    base's merge queue, or edits: when the text of an issue, or its title, was edited.
    """

    kind: str
    repo: str
    number: int


class Change(msgspec.Struct, frozen=True):
    """One act. name: of GraphQL's mutation; given: its input; wants: the fields of its payload."""

    name: str
    given: Mapping[str, Any]
    wants: str
    content: int = 0


def look_up(wanted: Sequence[Wanted]) -> str:
    """One query for all of them; the alias of number n is `a<n>`, below the alias of its repository."""
    repos: dict[str, list[str]] = {}
    for n, each in enumerate(wanted):
        field = f"issue(number: {each.number}) {{ {'...I' if each.kind == 'issue' else EDITS} }}"
        if each.kind == "queue":
            field = f"pullRequest(number: {each.number}) {{ {QUEUE} }}"
        elif each.kind in PULLS:
            field = f"pullRequest(number: {each.number}) {{ ...P{' ...M' if each.kind == 'merge' else ''} }}"
        repos.setdefault(each.repo, []).append(f"a{n}: {field}")
    parts = []
    for n, (repo, fields) in enumerate(repos.items()):
        owner, _, name = repo.partition("/")
        parts.append(f'r{n}: repository(owner: "{owner}", name: "{name}") {{ {" ".join(fields)} }}')
    kinds = {each.kind for each in wanted}
    texts = [ISSUE] * ("issue" in kinds) + [PULL] * bool(kinds & PULLS) + [MERGE] * ("merge" in kinds)
    return f"query {{ {' '.join(parts)} }}{''.join(texts)}"


def change(changes: Sequence[Change]) -> tuple[str, dict[str, Any]]:
    """One mutation for all of them, carried out in this order, and its variables."""
    heads = [f"$v{n}: {each.name[0].upper()}{each.name[1:]}Input!" for n, each in enumerate(changes)]
    acts = [f"a{n}: {each.name}(input: $v{n}) {{ {each.wants} }}" for n, each in enumerate(changes)]
    return f"mutation({', '.join(heads)}) {{ {' '.join(acts)} }}", {f"v{n}": c.given for n, c in enumerate(changes)}


class Error(msgspec.Struct):
    type: str | None = None
    message: str = ""
    path: list[str | int] | None = None
    locations: Any = None
    extensions: Any = None

    @property
    def is_about_the_text(self) -> bool:
        """The document was not even begun: it does not fit GitHub's schema."""
        return self.type is None and bool(self.locations or self.extensions)


class Reply(msgspec.Struct):
    data: dict[str, Any] | None = None
    errors: list[Error] = []
    message: str | None = None


def results(reply: Reply, count: int, *, acts: bool) -> list[dict[str, Any] | ApiError | None] | None:
    """What each alias came to: its fields, its error, or None when the answer says nothing of it, or not all that was
    asked, as when it took too much. None for all: the answer has no data.

    acts: the aliases are changes. One that has fields has happened, whatever could not be told of it; of one that took
    too much nobody knows.
    """
    if reply.data is None:
        return None
    found: list[dict[str, Any] | ApiError | None] = [None] * count
    below = [value for key, value in reply.data.items() if key.startswith("r") and isinstance(value, dict)]
    for fields in (reply.data, *below):
        for key, value in fields.items():
            if isinstance(value, dict) and (n := _number(key)) is not None and n < count:
                found[n] = value
    for error in reply.errors:
        path = error.path or []
        for place, n in enumerate(map(_number, path)):
            if n is None or n >= count:
                continue
            is_partial = place + 1 < len(path) and isinstance(found[n], dict)
            if not is_partial:
                found[n] = _error(error)
            elif not acts:
                found[n] = None
    return found


def _number(key: str | int) -> int | None:
    match = re.fullmatch(r"a(\d{1,4})", key) if isinstance(key, str) else None
    return int(match[1]) if match else None


def _error(error: Error) -> ApiError | None:
    text = error.message[:1_000]
    if error.type == TOO_MUCH:
        return None
    if error.type == "NOT_FOUND":
        return NotFound(404, text)
    if error.type in GRAPHQL_LIMITS or LIMIT.search(text):
        return RateLimited(200, text, retry_after=UNSTATED_WAIT)
    if error.type is None and text.startswith("Something went wrong"):
        return Unreachable(200, text)
    return Refused(403 if error.type == "FORBIDDEN" else 422, text)


def issue_body(found: Mapping[str, Any]) -> bytes:
    """As `GET issues/n` answers."""
    return msgspec.json.encode({
        **_common(found),
        "node_id": found.get("id") or "",
        "state": (found.get("state") or "open").lower(),
        "user": _user(found.get("author")),
        "updated_at": found.get("updatedAt"),
    })  # fmt: skip


def pull_body(found: Mapping[str, Any]) -> bytes | None:
    """As `GET pulls/n` answers; None for one that is blocked: that word may be old, and REST has the newer one."""
    if found.get("state") == "OPEN" and found.get("mergeStateStatus") == "BLOCKED":
        return None
    state, commit = found.get("state"), found.get("mergeCommit") or {}
    head = found.get("headRepository")
    return msgspec.json.encode({
        **_common(found),
        "state": "open" if state == "OPEN" else "closed",
        "merged": bool(found.get("merged")),
        "merge_commit_sha": commit.get("oid"),
        "mergeable": _MERGEABLE.get(found.get("mergeable") or ""),
        "mergeable_state": (found.get("mergeStateStatus") or "unknown").lower(),
        "draft": bool(found.get("isDraft")),
        "head": {
            "ref": found.get("headRefName") or "",
            "sha": found.get("headRefOid") or "",
            "repo": {"full_name": head.get("nameWithOwner", "")} if head else None,
        },
        "base": {"ref": found.get("baseRefName") or "", "sha": found.get("baseRefOid") or ""},
    })  # fmt: skip


def check_bodies(found: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """As the lists of check runs and of statuses of its head answer; None when there are more than one page."""
    contexts = (found.get("statusCheckRollup") or {}).get("contexts") or {}
    if (contexts.get("pageInfo") or {}).get("hasNextPage"):
        return None
    nodes = [node for node in contexts.get("nodes") or [] if node]
    runs = [_run(node) for node in nodes if node.get("__typename") == "CheckRun"]
    statuses = [_status(n, node) for n, node in enumerate(nodes) if node.get("__typename") == "StatusContext"]
    return msgspec.json.encode({"check_runs": runs}), msgspec.json.encode({"statuses": statuses})


def review_body(found: Mapping[str, Any]) -> bytes | None:
    """As the list of its reviews answers; None when there are more than one page."""
    reviews = found.get("reviews") or {}
    if not reviews or (reviews.get("pageInfo") or {}).get("hasNextPage"):
        return None
    nodes = [node for node in reviews.get("nodes") or [] if node]
    told = [
        {
            "id": node.get("databaseId") or 0,
            "state": node["state"],
            "user": _user(node.get("author")),
            "commit_id": (node.get("commit") or {}).get("oid"),
        }
        for node in nodes
    ]
    return msgspec.json.encode(told)


def suite_body(found: Mapping[str, Any]) -> bytes | None:
    """As the list of check suites of its head answers; None when it can't be told."""
    nodes = (found.get("commits") or {}).get("nodes") or [{}]
    commit = (nodes[0] or {}).get("commit") or {}
    suites = commit.get("checkSuites") or {}
    if commit.get("oid") != found.get("headRefOid") or not suites or (suites.get("pageInfo") or {}).get("hasNextPage"):
        return None
    told = [
        {
            "status": (node.get("status") or "").lower(),
            "app": _app(node.get("app")),
            "latest_check_runs_count": (node.get("checkRuns") or {}).get("totalCount") or 0,
        }
        for node in suites.get("nodes") or []
        if node
    ]
    return msgspec.json.encode({"check_suites": told})


def _common(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": int(found.get("fullDatabaseId") or 0),
        "number": found.get("number"),
        "title": found.get("title"),
        "body": found.get("body"),
        "html_url": found.get("url") or "",
        "labels": [node["name"] for node in (found.get("labels") or {}).get("nodes") or [] if node],
    }


def _user(author: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """GraphQL leaves a bot's "[bot]" out."""
    if author is None:
        return None
    is_bot = author.get("__typename") == "Bot"
    return {"login": f"{author['login']}[bot]" if is_bot else author["login"], "type": author.get("__typename")}


def _app(app: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"id": app.get("databaseId") or 0, "slug": app.get("slug")} if app else None


def _run(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": node.get("databaseId") or 0,
        "name": node["name"],
        "status": node["status"].lower(),
        "conclusion": node["conclusion"].lower() if node.get("conclusion") else None,
        "html_url": node.get("permalink"),
        "external_id": node.get("externalId"),
        "node_id": node.get("id"),
        "app": _app((node.get("checkSuite") or {}).get("app")),
    }


def _status(n: int, node: Mapping[str, Any]) -> dict[str, Any]:
    state = node["state"].lower()
    shown = "pending" if state == "expected" else state
    # GraphQL has no number for it, by which a webhook could be put in order.
    return {"id": -1 - n, "context": node["context"], "state": shown, "target_url": node.get("targetUrl")}
