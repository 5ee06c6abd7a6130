"""GraphQL fields of the query root, people, repositories, labels and rate limits.

And finding a record by its node id.
"""

import re
from datetime import UTC, datetime
from typing import Any

from services.sandbox import auth, views
from services.sandbox.clock import stamp
from services.sandbox.graphql import FIELDS, INTERFACES, Args, Context, Node, Refused, Rows
from services.sandbox.state import Account, Issue, Label, Repo

_ID = re.compile(r"([A-Z]+)_kw([0-9a-f]{1,15})")
ACTOR = {"Actor", "Node", "UniformResourceLocatable"}
INTERFACES |= {
    "User": ACTOR | {"RepositoryOwner", "RequestedReviewer", "Assignee"},
    "Bot": ACTOR | {"RequestedReviewer", "Assignee"},
    "Organization": ACTOR | {"RepositoryOwner"},
    "Repository": {"Node", "RepositoryInfo", "UniformResourceLocatable"},
    "Label": {"Node"},
}


def actor(context: Context, login: str | None) -> Node | None:
    """A person, organisation or bot; GraphQL shows a bot's login without its "[bot]"."""
    if not login:
        return None
    found = views.account(context.state, login)
    return Node(found.type if found.type in {"Bot", "Organization"} else "User", found)


def find(context: Context, given: Any) -> Node:
    """The object of a global id; NOT_FOUND for what is not there or not to be seen."""
    parts = _ID.fullmatch(given) if isinstance(given, str) else None
    found = _find(context, parts[1], int(parts[2], 16)) if parts else None
    if found is None:
        raise Refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{str(given)[:100]}'.")
    repo = _repo_of(context, found)
    if repo is not None:
        context.need(repo, "metadata:read")
    return found


def _find(context: Context, kind: str, number: int) -> Node | None:
    state = context.state
    if kind == "PR":
        issue = next((i for i in state.issues.values() if i.pull is not None and i.pull.id == number), None)
        return Node("PullRequest", issue) if issue is not None else None
    if kind == "U":
        who = next((a for a in state.accounts.values() if a.id == number), None)
        return Node(who.type, who) if who is not None else None
    if kind == "LA":
        pair = next(((r, x) for r in state.repos.values() for x in r.labels.values() if x.id == number), None)
        return Node("Label", pair) if pair is not None else None
    tables: dict[str, tuple[str, dict[int, Any]]] = {
        "I": ("Issue", state.issues),
        "R": ("Repository", state.repos),
        "IC": ("IssueComment", state.comments),
        "CR": ("CheckRun", state.check_runs),
        "CS": ("CheckSuite", state.suites),
        "PRR": ("PullRequestReview", state.reviews),
    }
    name, rows = tables.get(kind, ("", {}))
    row = rows.get(number)
    gone = isinstance(row, Issue) and (row.deleted or row.transferred_to or row.pull is not None)
    return Node(name, row) if row is not None and not gone else None


def _repo_of(context: Context, node: Node) -> Repo | None:
    row = node.row
    if isinstance(row, Repo):
        return row
    if isinstance(row, tuple):
        return row[0] if isinstance(row[0], Repo) else None
    if hasattr(row, "issue_id"):
        row = context.state.issues[row.issue_id]
    return context.state.repos[row.repo_id] if hasattr(row, "repo_id") else None


def repository(context: Context, full_name: str) -> Node:
    repo = context.sandbox.repo_named(full_name)
    if repo is None or not auth.can_see(context.state, context.call.who, repo):
        raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    return Node("Repository", repo)


def numbered(context: Context, repo: Repo, number: Any, kind: str) -> Node:
    """An issue or pull request by its number. `kind`: Issue, PullRequest, or both in words."""
    found = context.sandbox.issue_numbered(repo, number) if isinstance(number, int) else None
    is_gone = found is None or found.deleted or bool(found.transferred_to)
    if (
        found is None
        or is_gone
        or (kind != "issue or pull request" and (found.pull is not None) != (kind == "PullRequest"))
    ):
        raise Refused("NOT_FOUND", f"Could not resolve to {_article(kind)} {kind} with the number of {number}.")
    context.need(repo, "pull_requests:read" if found.pull is not None else "issues:read")
    return Node("PullRequest" if found.pull is not None else "Issue", found)


def _article(kind: str) -> str:
    return "an" if kind[0] in "Ii" else "a"


def _viewer(context: Context, row: Any, args: Args) -> Node | None:
    return actor(context, context.call.actor)


def _user(context: Context, row: Any, args: Args) -> Node:
    login = str(args.get("login", ""))
    found = context.state.accounts.get(login.lower())
    if found is None or found.type == "Organization":
        raise Refused("NOT_FOUND", f"Could not resolve to a User with the login of '{login[:100]}'.")
    return Node("User", found)


def _organization(context: Context, row: Any, args: Args) -> Node:
    login = str(args.get("login", ""))
    found = context.state.accounts.get(login.lower())
    if found is None or found.type != "Organization":
        raise Refused("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login[:100]}'.")
    return Node("Organization", found)


def _rate_limit(context: Context, row: Any, args: Args) -> Node:
    found = context.sandbox.limits.row(context.call.who, context.sandbox.now(), "graphql")
    reset = stamp(datetime.fromtimestamp(int(found["reset"]), UTC))
    counts = {name: found[name] for name in ("limit", "remaining", "used")}
    return Node("RateLimit", {**counts, "cost": 1, "nodeCount": context.touched, "resetAt": reset})


def _type(context: Context, row: Any, args: Args) -> Node | None:
    """Introspection, as far as clients use it to see whether a field is there."""
    name = str(args.get("name", ""))
    if name not in FIELDS:
        return None
    fields = [Node("__Field", {"name": field, "args": []}) for field in sorted(FIELDS[name])]
    return Node("__Type", {"name": name, "kind": "OBJECT", "fields": fields, "inputFields": None, "enumValues": None})


def _nodes(context: Context, row: Any, args: Args) -> list[Node | None]:
    out: list[Node | None] = []
    for position, given in enumerate(args.get("ids") or []):
        try:
            out.append(find(context, given))
        except Refused as refused:
            context.add(refused.kind, str(refused), ["nodes", position], None)
            out.append(None)
    return out


FIELDS["Query"] = {
    "viewer": _viewer,
    "user": _user,
    "organization": _organization,
    "repositoryOwner": lambda c, r, a: (
        actor(c, c.state.accounts[a["login"].lower()].login)
        if str(a.get("login", "")).lower() in c.state.accounts
        else None
    ),
    "rateLimit": _rate_limit,
    "repository": lambda c, r, a: repository(c, f"{a.get('owner')}/{a.get('name')}"),
    "node": lambda c, r, a: find(c, a.get("id")),
    "nodes": _nodes,
    "__type": _type,
}


def _account_fields(kind: str) -> None:
    def is_viewer(context: Context, row: Account, args: Args) -> bool:
        return row.login.lower() == context.call.actor.lower()

    FIELDS[kind] = {
        "id": lambda c, r, a: views.node_id("U", r.id),
        "databaseId": lambda c, r, a: r.id,
        "login": lambda c, r, a: r.login.removesuffix("[bot]"),
        "avatarUrl": lambda c, r, a: f"{c.base}/avatars/u/{r.id}",
        "url": lambda c, r, a: f"{c.base}/{r.login}",
        "resourcePath": lambda c, r, a: f"/{r.login}",
        "createdAt": lambda c, r, a: r.created_at,
    }
    if kind != "Bot":
        FIELDS[kind]["name"] = lambda c, r, a: r.name or None
        FIELDS[kind]["repositories"] = _repositories
    if kind == "User":
        FIELDS[kind]["isViewer"] = is_viewer


def _repositories(context: Context, row: Account, args: Args) -> Rows:
    seen = [
        repo
        for repo in context.state.repos.values()
        if repo.owner.lower() == row.login.lower() and auth.can_see(context.state, context.call.who, repo)
    ]
    return Rows("Repository", seen)


for _kind in ("User", "Bot", "Organization"):
    _account_fields(_kind)


def _permission(context: Context, repo: Repo, args: Args) -> str:
    rank = context.call.role(repo)
    return ("READ", "READ", "TRIAGE", "WRITE", "MAINTAIN", "ADMIN")[rank]


def _in_states(issue: Issue, states: Any) -> bool:
    word = "MERGED" if issue.pull is not None and issue.pull.merged else issue.state.upper()
    return not states or word in (states if isinstance(states, list) else [states])


def _ordered(rows: list[Issue], args: Args) -> list[Issue]:
    order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    by_update = order.get("field") == "UPDATED_AT"
    rows.sort(key=lambda i: (i.updated_at if by_update else i.created_at, i.id))
    return rows[::-1] if order.get("direction") == "DESC" else rows


def _issues(context: Context, repo: Repo, args: Args) -> Rows:
    context.need(repo, "issues:read")
    labels = {name.lower() for name in args.get("labels") or []}
    rows = [
        i
        for i in context.state.issues.values()
        if i.repo_id == repo.id
        and i.pull is None
        and not (i.deleted or i.transferred_to)
        and _in_states(i, args.get("states"))
        and (not labels or labels & {name.lower() for name in i.labels})
    ]
    return Rows("Issue", _ordered(rows, args))


def _pulls(context: Context, repo: Repo, args: Args) -> Rows:
    context.need(repo, "pull_requests:read")
    head, base = args.get("headRefName"), args.get("baseRefName")
    rows = [
        i
        for i in context.state.issues.values()
        if i.repo_id == repo.id
        and i.pull is not None
        and _in_states(i, args.get("states"))
        and (head is None or i.pull.head_ref == head)
        and (base is None or i.pull.base_ref == base)
    ]
    return Rows("PullRequest", _ordered(rows, args))


FIELDS["Repository"] = {
    "id": lambda c, r, a: views.node_id("R", r.id),
    "databaseId": lambda c, r, a: r.id,
    "name": lambda c, r, a: r.name,
    "nameWithOwner": lambda c, r, a: r.full_name,
    "owner": lambda c, r, a: actor(c, r.owner),
    "url": lambda c, r, a: f"{c.base}/{r.full_name}",
    "resourcePath": lambda c, r, a: f"/{r.full_name}",
    "description": lambda c, r, a: r.description,
    "isPrivate": lambda c, r, a: r.private,
    "isArchived": lambda c, r, a: r.archived,
    "isFork": lambda c, r, a: bool(r.fork_of),
    "isEmpty": lambda c, r, a: not c.git.refs(r.id),
    "visibility": lambda c, r, a: "PRIVATE" if r.private else "PUBLIC",
    "parent": lambda c, r, a: Node("Repository", c.state.repos[r.fork_of]) if r.fork_of in c.state.repos else None,
    "viewerPermission": _permission,
    "hasIssuesEnabled": lambda c, r, a: r.has_issues,
    "hasWikiEnabled": lambda c, r, a: False,
    "hasProjectsEnabled": lambda c, r, a: False,
    "hasDiscussionsEnabled": lambda c, r, a: False,
    "mergeCommitAllowed": lambda c, r, a: r.allow_merge_commit,
    "squashMergeAllowed": lambda c, r, a: r.allow_squash_merge,
    "rebaseMergeAllowed": lambda c, r, a: r.allow_rebase_merge,
    "autoMergeAllowed": lambda c, r, a: r.allow_auto_merge,
    "deleteBranchOnMerge": lambda c, r, a: r.delete_branch_on_merge,
    "createdAt": lambda c, r, a: r.created_at,
    "updatedAt": lambda c, r, a: r.updated_at,
    "pushedAt": lambda c, r, a: r.pushed_at or None,
    "issue": lambda c, r, a: numbered(c, r, a.get("number"), "Issue"),
    "pullRequest": lambda c, r, a: numbered(c, r, a.get("number"), "PullRequest"),
    "issueOrPullRequest": lambda c, r, a: numbered(c, r, a.get("number"), "issue or pull request"),
    "issues": _issues,
    "pullRequests": _pulls,
    "labels": lambda c, r, a: Rows("Label", [(r, label) for label in r.labels.values()]),
    "label": lambda c, r, a: label_named(r, str(a.get("name", ""))),
}


def label_named(repo: Repo, name: str) -> Node | None:
    found = repo.labels.get(name.lower())
    return Node("Label", (repo, found)) if found is not None else None


def _label_url(context: Context, row: tuple[Repo, Label], args: Args) -> str:
    return f"{context.base}/{row[0].full_name}/labels/{row[1].name}"


FIELDS["Label"] = {
    "id": lambda c, r, a: views.node_id("LA", r[1].id),
    "name": lambda c, r, a: r[1].name,
    "color": lambda c, r, a: r[1].color,
    "description": lambda c, r, a: r[1].description,
    "isDefault": lambda c, r, a: r[1].name in {"bug", "documentation", "enhancement", "question"},
    "repository": lambda c, r, a: Node("Repository", r[0]),
    "url": _label_url,
}
