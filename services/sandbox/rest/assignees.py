"""Who can be assigned, and who is. People without access are dropped without a word; ten at most."""

from services.sandbox import access, copilot, issue_views, issues
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, not_found, route
from services.sandbox.rest.issues import logins

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/assignees"


@route("GET", "/repos/{owner}/{repo}/assignees", need="metadata:read")
def list_assignees(call: Call) -> Json:
    repo = call.repo()
    people = [a for a in call.state.accounts.values() if a.type == "User"]
    rows = [a.login for a in people if issues.assignable(call.sandbox, repo, a.login)]
    return [issue_views.person(call.state, call.base, login) for login in call.page(rows)]


@route("GET", "/repos/{owner}/{repo}/assignees/{assignee}", need="metadata:read")
def check_assignee(call: Call) -> Response:
    if not issues.assignable(call.sandbox, call.repo(), call.params["assignee"]):
        raise not_found()
    return Response(status=204)


@route("GET", ON_ISSUE + "/{assignee}", need="issues:read")
def check_for_issue(call: Call) -> Response:
    repo, _ = access.subject(call)
    if not issues.assignable(call.sandbox, repo, call.params["assignee"]):
        raise not_found()
    return Response(status=204)


@route("POST", ON_ISSUE, need="issues:write")
def add_assignees(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    wanted = logins(call, "assignees")
    issues.assign(call.sandbox, issue, wanted, call.actor, call.app_id)
    if copilot.ASSIGNED_AS in wanted:
        copilot.assigned(call.sandbox, issue, call.who)
    return Response(status=201, json=issue_views.issue(call.state, call.base, issue))


@route("DELETE", ON_ISSUE, need="issues:write")
def remove_assignees(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    names = [copilot.LOGIN if name == copilot.ASSIGNED_AS else name for name in logins(call, "assignees")]
    issues.unassign(call.sandbox, issue, names, call.actor, call.app_id)
    return issue_views.issue(call.state, call.base, issue)
