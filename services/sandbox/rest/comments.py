"""Comments on issues and on pull requests' conversations."""

from services.sandbox import access, auth, issue_views, issues
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, not_found, route
from services.sandbox.state import Comment, Repo

ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
ALL = "/repos/{owner}/{repo}/issues/comments"
ONE = ALL + "/{comment_id}"


@route("GET", ON_ISSUE, need="issues:read")
def list_issue_comments(call: Call) -> Json:
    _, issue = access.subject(call)
    rows = [c for c in call.state.comments.values() if c.issue_id == issue.id]
    rows = [c for c in rows if c.updated_at >= call.query.get("since", "")]
    return [issue_views.comment(call.state, call.base, c) for c in call.page(rows)]


@route("POST", ON_ISSUE, need="issues:write")
def create_comment(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    body = _body(call)
    if issue.locked and (call.who.installation is not None or call.role(repo) < auth.rank("write")):
        raise Problem(403, "Unable to create comment because issue is locked.")
    made = issues.comment(call.sandbox, issue, call.actor, body, call.app_id)
    shown = issue_views.comment(call.state, call.base, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


def _body(call: Call) -> str:
    body = call.text("body", required=True, resource="IssueComment")
    if not (body or "").strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    return body or ""


@route("GET", ALL, need="issues:read")
def list_comments(call: Call) -> Json:
    repo = call.repo()
    rows = [c for c in call.state.comments.values() if call.state.issues[c.issue_id].repo_id == repo.id]
    rows = [c for c in rows if c.updated_at >= call.query.get("since", "")]
    key = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    rows.sort(key=lambda c: (getattr(c, key), c.id), reverse=call.query.get("direction") == "desc")
    return [issue_views.comment(call.state, call.base, c) for c in call.page(rows)]


def find(call: Call, level: str = "read") -> tuple[Repo, Comment]:
    """The comment of the path; on a pull request, `pull_requests` is as good as `issues`."""
    repo = call.repo("metadata:read")
    found = call.state.comments.get(call.number("comment_id"))
    issue = call.state.issues[found.issue_id] if found else None
    if found is None or issue is None or issue.repo_id != repo.id:
        call.repo(f"issues:{level}")
        raise not_found()
    call.params["issue_number"] = str(issue.number)
    access.subject(call, level)
    return repo, found


@route("GET", ONE, need="issues:read")
def get_comment(call: Call) -> Json:
    return issue_views.comment(call.state, call.base, find(call)[1])


@route("PATCH", ONE, need="issues:write")
def update_comment(call: Call) -> Json:
    repo, found = find(call, "write")
    _own(call, repo, found)
    issues.edit_comment(call.sandbox, found, call.actor, _body(call))
    return issue_views.comment(call.state, call.base, found)


@route("DELETE", ONE, need="issues:write")
def delete_comment(call: Call) -> Response:
    repo, found = find(call, "write")
    _own(call, repo, found)
    issues.delete_comment(call.sandbox, found, call.actor)
    return Response(status=204)


def _own(call: Call, repo: Repo, found: Comment) -> None:
    if call.who.installation is None and found.user != call.actor:
        call.require(repo, "write")
