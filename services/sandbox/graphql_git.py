"""GraphQL fields of git objects and of what is said about commits: refs, commits, trees, blobs, checks, statuses."""

from typing import Any

from services.sandbox import checks, views
from services.sandbox.git_values import Commit, Entry
from services.sandbox.graphql import FIELDS, INTERFACES, Args, Context, Node, Refused, Rows
from services.sandbox.graphql_fields import actor
from services.sandbox.state import CheckRun, Repo, Status

GIT = {"GitObject", "Node"}
INTERFACES |= {
    "Commit": GIT | {"UniformResourceLocatable"},
    "Tree": GIT,
    "Blob": GIT,
    "Ref": {"Node"},
    "StatusCheckRollup": {"Node"},
    "CheckSuite": {"Node"},
    "CheckRun": {"Node", "StatusCheckRollupContext", "RequirableByPullRequest", "UniformResourceLocatable"},
    "StatusContext": {"Node", "StatusCheckRollupContext", "RequirableByPullRequest"},
}
ROLLUP = {"failure": "FAILURE", "pending": "PENDING", "success": "SUCCESS"}


def commit(context: Context, repo: Repo, sha: str | None) -> Node | None:
    found = context.git.commit(repo.id, sha) if sha else None
    return Node("Commit", (repo, found)) if found is not None else None


def ref(repo: Repo, name: str, sha: str | None) -> Node | None:
    """A branch or tag by its full name; None when it is not there."""
    return Node("Ref", (repo, name, sha)) if sha else None


def _object(context: Context, repo: Repo, args: Args) -> Node | None:
    """`expression` is a rev, or "rev:path"; `oid` a commit."""
    context.need(repo, "contents:read")
    text = args.get("expression") or args.get("oid")
    if not isinstance(text, str):
        raise Refused("UNPROCESSABLE", "One of `expression` and `oid` is needed.")
    rev, colon, path = text.partition(":")
    sha = context.git.resolve(repo.id, rev)
    if sha is None:
        return None
    if not colon:
        return commit(context, repo, sha)
    if not path:
        found = context.git.commit(repo.id, sha)
        return Node("Tree", (repo, sha, "", found.tree if found else "")) if found else None
    entry = context.git.entry(repo.id, sha, path)
    return _entry_object(repo, sha, entry) if entry is not None else None


def _entry_object(repo: Repo, sha: str, entry: Entry) -> Node | None:
    if entry.type == "tree":
        return Node("Tree", (repo, sha, entry.path, entry.sha))
    return Node("Blob", (repo, entry.sha)) if entry.type == "blob" else None


def _ref(context: Context, repo: Repo, args: Args) -> Node | None:
    name = str(args.get("qualifiedName", ""))
    known = context.git.refs(repo.id, "refs/")
    full = next((n for n in (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}") if n in known), "")
    return ref(repo, full, known.get(full))


def _refs(context: Context, repo: Repo, args: Args) -> Rows:
    prefix = str(args.get("refPrefix", "refs/heads/"))
    wanted = str(args.get("query") or "").lower()
    found = context.git.refs(repo.id, prefix if prefix.endswith("/") else prefix + "/")
    return Rows("Ref", [(repo, name, sha) for name, sha in found.items() if wanted in name.lower()])


def _default_branch(context: Context, repo: Repo, args: Args) -> Node | None:
    name = f"refs/heads/{repo.default_branch}"
    return ref(repo, name, context.git.refs(repo.id).get(name))


FIELDS["Repository"] |= {"object": _object, "ref": _ref, "refs": _refs, "defaultBranchRef": _default_branch}
FIELDS["Ref"] = {
    "id": lambda c, r, a: f"REF_{r[0].id:x}_{r[1]}",
    "name": lambda c, r, a: r[1].split("/", 2)[-1],
    "prefix": lambda c, r, a: "/".join(r[1].split("/")[:2]) + "/",
    "target": lambda c, r, a: commit(c, r[0], c.git.resolve(r[0].id, r[1])),
    "repository": lambda c, r, a: Node("Repository", r[0]),
}


def _message_body(context: Context, row: tuple[Repo, Commit], args: Args) -> str:
    return row[1].message.partition("\n")[2].strip("\n")


def _person(context: Context, who: Any) -> Node:
    login = next((a.login for a in context.state.accounts.values() if a.login == who.name or a.name == who.name), None)
    return Node("GitActor", {"name": who.name, "email": who.email, "date": who.date, "user": actor(context, login)})


def _history(context: Context, row: tuple[Repo, Commit], args: Args) -> Rows:
    found = context.git.log(row[0].id, row[1].sha, path=str(args.get("path") or ""))
    return Rows("Commit", [(row[0], each) for each in found])


def rollup(context: Context, row: tuple[Repo, Commit], args: Args) -> Node | None:
    """What is said about the commit as a whole; null when nothing is."""
    verdicts = checks.rollup(context.sandbox, row[0], row[1].sha)
    if not verdicts:
        return None
    states = {verdict.state for verdict in verdicts}
    word = next(word for word in ROLLUP if word in states)
    return Node("StatusCheckRollup", (row[0], row[1], ROLLUP[word]))


def _contexts(context: Context, row: tuple[Repo, Commit, str], args: Args) -> Rows:
    repo, sha = row[0], row[1].sha
    items = [Node("CheckRun", run) for run in checks.latest(checks.runs_of(context.state, repo, sha))]
    items += [Node("StatusContext", status) for status in checks.latest_statuses(context.state, repo, sha)]
    return Rows("StatusCheckRollupContext", items)


def _suites(context: Context, row: tuple[Repo, Commit], args: Args) -> Rows:
    found = [s for s in context.state.suites.values() if s.head_sha == row[1].sha and s.repo_id == row[0].id]
    return Rows("CheckSuite", found)


FIELDS["Commit"] = {
    "id": lambda c, r, a: f"C_{r[0].id:x}_{r[1].sha}",
    "oid": lambda c, r, a: r[1].sha,
    "abbreviatedOid": lambda c, r, a: r[1].sha[:7],
    "message": lambda c, r, a: r[1].message,
    "messageHeadline": lambda c, r, a: r[1].message.split("\n", 1)[0],
    "messageBody": _message_body,
    "committedDate": lambda c, r, a: r[1].committer.date,
    "authoredDate": lambda c, r, a: r[1].author.date,
    "author": lambda c, r, a: _person(c, r[1].author),
    "committer": lambda c, r, a: _person(c, r[1].committer),
    "authors": lambda c, r, a: Rows("GitActor", [_person(c, r[1].author)]),
    "tree": lambda c, r, a: Node("Tree", (r[0], r[1].sha, "", r[1].tree)),
    "parents": lambda c, r, a: Rows("Commit", [n for p in r[1].parents if (n := commit(c, r[0], p))]),
    "history": _history,
    "url": lambda c, r, a: f"{c.base}/{r[0].full_name}/commit/{r[1].sha}",
    "repository": lambda c, r, a: Node("Repository", r[0]),
    "statusCheckRollup": rollup,
    "checkSuites": _suites,
}
FIELDS["StatusCheckRollup"] = {
    "id": lambda c, r, a: f"SCR_{r[0].id:x}_{r[1].sha}",
    "state": lambda c, r, a: r[2],
    "commit": lambda c, r, a: Node("Commit", (r[0], r[1])),
    "contexts": _contexts,
}


def _entries(context: Context, row: tuple[Repo, str, str, str], args: Args) -> list[Node]:
    repo, sha, path, _ = row
    return [Node("TreeEntry", (repo, sha, entry)) for entry in context.git.tree(repo.id, sha, path)]


FIELDS["Tree"] = {
    "id": lambda c, r, a: f"T_{r[0].id:x}_{r[3]}",
    "oid": lambda c, r, a: r[3],
    "entries": _entries,
    "repository": lambda c, r, a: Node("Repository", r[0]),
}
FIELDS["TreeEntry"] = {
    "name": lambda c, r, a: r[2].path.rpartition("/")[2],
    "path": lambda c, r, a: r[2].path,
    "mode": lambda c, r, a: int(r[2].mode, 8),
    "type": lambda c, r, a: r[2].type,
    "oid": lambda c, r, a: r[2].sha,
    "object": lambda c, r, a: _entry_object(r[0], r[1], r[2]),
}


def _text(context: Context, row: tuple[Repo, str], args: Args) -> str | None:
    content = context.git.blob(row[0].id, row[1])
    return None if b"\0" in content[:8_000] else content.decode(errors="replace")


FIELDS["Blob"] = {
    "id": lambda c, r, a: f"B_{r[0].id:x}_{r[1]}",
    "oid": lambda c, r, a: r[1],
    "byteSize": lambda c, r, a: len(c.git.blob(r[0].id, r[1])),
    "isBinary": lambda c, r, a: b"\0" in c.git.blob(r[0].id, r[1])[:8_000],
    "isTruncated": lambda c, r, a: False,
    "text": _text,
}


def _required(context: Context, names: str, args: Args, repo_id: int) -> bool:
    repo = context.state.repos[repo_id]
    issue = context.sandbox.issue_numbered(repo, args.get("pullRequestNumber") or 0)
    rules = repo.protection.get(issue.pull.base_ref) if issue is not None and issue.pull is not None else None
    return rules is not None and names in rules.contexts


def _run_url(context: Context, run: CheckRun, args: Args) -> str:
    return f"{context.base}/{context.state.repos[run.repo_id].full_name}/runs/{run.id}"


FIELDS["CheckRun"] = {
    "id": lambda c, r, a: views.node_id("CR", r.id),
    "databaseId": lambda c, r, a: r.id,
    "name": lambda c, r, a: r.name,
    "status": lambda c, r, a: r.status.upper(),
    "conclusion": lambda c, r, a: r.conclusion.upper() if r.conclusion else None,
    "startedAt": lambda c, r, a: r.started_at,
    "completedAt": lambda c, r, a: r.completed_at,
    "detailsUrl": lambda c, r, a: r.details_url or _run_url(c, r, a),
    "url": _run_url,
    "permalink": _run_url,
    "externalId": lambda c, r, a: r.external_id or None,
    "title": lambda c, r, a: r.title,
    "summary": lambda c, r, a: r.summary,
    "text": lambda c, r, a: r.text,
    "isRequired": lambda c, r, a: _required(c, r.name, a, r.repo_id),
    "checkSuite": lambda c, r, a: Node("CheckSuite", c.state.suites[r.suite_id]),
}


def _suite_runs(context: Context, row: Any, args: Args) -> Rows:
    wanted = args.get("filterBy") or {}
    runs = [r for r in context.state.check_runs.values() if r.suite_id == row.id]
    if wanted.get("checkType") != "ALL":
        runs = checks.latest(runs)
    name = wanted.get("checkName")
    return Rows("CheckRun", [r for r in runs if not name or r.name == name])


def _workflow_run(context: Context, row: Any, args: Args) -> Node | None:
    run = next((r for r in context.state.runs.values() if r.suite_id == row.id), None)
    if run is None:
        return None
    workflow = Node(
        "Workflow", {"id": views.node_id("W", run.workflow_id), "name": run.name, "databaseId": run.workflow_id}
    )
    known = {"databaseId": run.id, "event": run.event, "runNumber": run.run_number, "workflow": workflow}
    return Node("WorkflowRun", {"id": views.node_id("WFR", run.id), **known})


def _app(context: Context, row: Any, args: Args) -> Node:
    app = context.state.apps[row.app_id]
    return Node("App", {"id": views.node_id("A", app.id), "databaseId": app.id, "slug": app.slug, "name": app.name})


FIELDS["CheckSuite"] = {
    "id": lambda c, r, a: views.node_id("CS", r.id),
    "databaseId": lambda c, r, a: r.id,
    "status": lambda c, r, a: r.status.upper(),
    "conclusion": lambda c, r, a: r.conclusion.upper() if r.conclusion else None,
    "app": _app,
    "checkRuns": _suite_runs,
    "workflowRun": _workflow_run,
    "commit": lambda c, r, a: commit(c, c.state.repos[r.repo_id], r.head_sha),
    "createdAt": lambda c, r, a: r.created_at,
    "updatedAt": lambda c, r, a: r.updated_at,
}


def _status_commit(context: Context, row: Status, args: Args) -> Node | None:
    return commit(context, context.state.repos[row.repo_id], row.sha)


FIELDS["StatusContext"] = {
    "id": lambda c, r, a: views.node_id("SC", r.id),
    "context": lambda c, r, a: r.context,
    "state": lambda c, r, a: r.state.upper(),
    "description": lambda c, r, a: r.description,
    "targetUrl": lambda c, r, a: r.target_url,
    "createdAt": lambda c, r, a: r.created_at,
    "creator": lambda c, r, a: actor(c, r.creator),
    "commit": _status_commit,
    "isRequired": lambda c, r, a: _required(c, r.context, a, r.repo_id),
}
