"""Sub-issues. Bodies carry database ids, never numbers; answers are the parent as it is afterwards."""

from services.sandbox import access, auth, issue_views, links
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route

ONE = "/repos/{owner}/{repo}/issues/{issue_number}"


@route("GET", ONE + "/sub_issues", need="issues:read")
def list_sub_issues(call: Call) -> Json:
    _, parent = access.subject(call)
    rows = [call.state.issues[child] for child in parent.sub_issues]
    seen = [i for i in rows if auth.can_see(call.state, call.who, call.state.repos[i.repo_id])]
    return [issue_views.issue(call.state, call.base, child) for child in call.page(seen)]


@route("GET", ONE + "/parent", need="issues:read")
def get_parent(call: Call) -> Json:
    _, child = access.subject(call)
    if not child.parent:
        raise not_found()
    return issue_views.issue(call.state, call.base, call.state.issues[child.parent])


@route("POST", ONE + "/sub_issues", need="issues:write")
def add_sub_issue(call: Call) -> Response:
    repo, parent = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    child = access.issue_by_id(call, call.body.get("sub_issue_id"), "sub_issue_id")
    replace = call.body.get("replace_parent") is True
    links.add_child(call.sandbox, parent, child, call.actor, replace_parent=replace, app_id=call.app_id)
    return Response(status=201, json=issue_views.issue(call.state, call.base, parent))


@route("DELETE", ONE + "/sub_issue", need="issues:write")
def remove_sub_issue(call: Call) -> Json:
    repo, parent = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    child = access.issue_by_id(call, call.body.get("sub_issue_id"), "sub_issue_id")
    links.remove_child(call.sandbox, parent, child, call.actor, call.app_id)
    return issue_views.issue(call.state, call.base, parent)


@route("PATCH", ONE + "/sub_issues/priority", need="issues:write")
def reprioritize(call: Call) -> Json:
    repo, parent = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    child = access.issue_by_id(call, call.body.get("sub_issue_id"), "sub_issue_id")
    links.reorder(parent, child.id, _neighbour(call, "after_id"), _neighbour(call, "before_id"))
    return issue_views.issue(call.state, call.base, parent)


def _neighbour(call: Call, field: str) -> int | None:
    value = call.body.get(field)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Problem(422, f"Invalid request.\n\nFor 'properties/{field}', it is not an integer.")
    return value
