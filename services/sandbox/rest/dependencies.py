"""Dependencies between issues: what blocks this one, and what it blocks.

Bodies and paths carry the database id of the blocker, not its number.
"""

from services.sandbox import access, auth, issue_views, links
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, route
from services.sandbox.state import Issue

ONE = "/repos/{owner}/{repo}/issues/{issue_number}/dependencies"


def _shown(call: Call, rows: list[Issue]) -> Json:
    seen = [i for i in rows if auth.can_see(call.state, call.who, call.state.repos[i.repo_id])]
    return [issue_views.issue(call.state, call.base, i) for i in call.page(seen)]


@route("GET", ONE + "/blocked_by", need="issues:read")
def list_blocked_by(call: Call) -> Json:
    _, issue = access.subject(call)
    return _shown(call, [call.state.issues[i] for i in issue.blocked_by])


@route("GET", ONE + "/blocking", need="issues:read")
def list_blocking(call: Call) -> Json:
    _, issue = access.subject(call)
    return _shown(call, [i for i in call.state.issues.values() if issue.id in i.blocked_by])


@route("POST", ONE + "/blocked_by", need="issues:write")
def add_blocked_by(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    blocker = access.issue_by_id(call, call.body.get("issue_id"))
    links.block(call.sandbox, issue, blocker, call.actor, call.app_id)
    return Response(status=201, json=issue_views.issue(call.state, call.base, issue))


@route("DELETE", ONE + "/blocked_by/{issue_id}", need="issues:write")
def remove_blocked_by(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    blocker = access.issue_by_id(call, call.number("issue_id"))
    links.unblock(call.sandbox, issue, blocker, call.actor, call.app_id)
    return issue_views.issue(call.state, call.base, issue)
