"""Commit statuses over REST, the older way to report; anyone with write may post one."""

from services.sandbox import check_views, checks, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, route
from services.sandbox.rest.checks import commit_of, string
from services.sandbox.state import Status

STATES = ("error", "failure", "pending", "success")
PER_CONTEXT = 1_000


@route("POST", "/repos/{owner}/{repo}/statuses/{sha}", need="statuses:write")
def create(call: Call) -> Json:
    repo = call.repo()
    sha = call.params["sha"]
    if len(sha) != 40 or call.git.resolve(repo.id, sha) is None:
        raise Problem(422, f"No commit found for SHA: {sha[:250]}")
    state = string(call.body, "state", required=True)
    if state not in STATES:
        raise invalid("Status", "state", "custom", "state is not included in the list")
    description = string(call.body, "description")
    if description is not None and len(description) > 140:
        raise invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)")
    url = string(call.body, "target_url")
    if url and not url.startswith(("http://", "https://")):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")
    context = string(call.body, "context") or "default"
    same = [s for s in call.state.statuses.values() if s.sha == sha and s.context == context and s.repo_id == repo.id]
    if len(same) >= PER_CONTEXT:
        text = "This SHA and context has reached the maximum number of statuses."
        raise Problem(422, "Validation Failed", errors=[{"resource": "Status", "code": "custom", "message": text}])
    row = Status(
        id=call.state.new_id(), repo_id=repo.id, sha=sha, state=state, context=context, description=description,
        target_url=url or None, creator=call.actor, created_at=call.now,
    )  # fmt: skip
    checks.post_status(call.sandbox, repo, row, call.actor)
    return Response(status=201, json=check_views.status(call.sandbox, call.base, row))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", need="statuses:read")
def of_ref(call: Call) -> Json:
    """All of them, newest first."""
    repo = call.repo()
    sha = commit_of(call, repo, call.params["ref"])
    rows = [s for s in call.state.statuses.values() if s.sha == sha and s.repo_id == repo.id]
    rows.sort(key=lambda s: -s.id)
    return [check_views.status(call.sandbox, call.base, s) for s in call.page(rows)]


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", need="statuses:read")
def combined(call: Call) -> Json:
    """The newest of each context, and one state for all of them."""
    repo = call.repo()
    sha = commit_of(call, repo, call.params["ref"])
    rows = checks.latest_statuses(call.state, repo, sha)
    api = f"{call.base}/repos/{repo.full_name}"
    return {
        "state": checks.combined(rows),
        "statuses": [check_views.short_status(call.sandbox, call.base, s) for s in call.page(rows)],
        "sha": sha,
        "total_count": len(rows),
        "repository": views.minimal_repo(call.state, call.base, repo),
        "commit_url": f"{api}/commits/{sha}",
        "url": f"{api}/commits/{sha}/status",
    }
