"""Milestones of a repository: plain records with a number of their own, counted by the issues on them."""

from services.sandbox import access, issue_views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Response, invalid, not_found, route
from services.sandbox.state import Milestone, Repo

MILESTONES = "/repos/{owner}/{repo}/milestones"
ONE = MILESTONES + "/{milestone_number}"


def _find(call: Call, repo: Repo) -> Milestone:
    found = repo.milestones.get(call.number("milestone_number"))
    if found is None:
        raise not_found()
    return found


@route("GET", MILESTONES, need="issues:read")
def list_milestones(call: Call) -> Json:
    repo = call.repo()
    rows = [m for m in repo.milestones.values() if call.query.get("state", "open") in {"all", m.state}]
    rows.sort(key=lambda m: (m.due_on or "9", m.number), reverse=call.query.get("direction") == "desc")
    return [issue_views.milestone(call.state, call.base, repo, m) for m in call.page(rows)]


@route("POST", MILESTONES, need="issues:write")
def create_milestone(call: Call) -> Response:
    repo = call.repo()
    access.need_role(call, repo, "write")
    title = call.text("title", required=True, resource="Milestone", limit=255) or ""
    if any(m.title == title for m in repo.milestones.values()):
        raise invalid("Milestone", "title", "already_exists")
    number = max(repo.milestones, default=0) + 1
    made = Milestone(
        id=call.state.new_id(), number=number, title=title, creator=call.actor, created_at=call.now, updated_at=call.now
    )
    _set(call, made)
    repo.milestones[number] = made
    shown = issue_views.milestone(call.state, call.base, repo, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


def _set(call: Call, which: Milestone) -> None:
    """Description, due date and state from the body."""
    state = call.text("state", resource="Milestone") or which.state
    if state not in {"open", "closed"}:
        raise invalid("Milestone", "state")
    if state != which.state:
        which.state, which.closed_at = state, call.now if state == "closed" else None
    for key in ("description", "due_on"):
        if key in call.body:
            setattr(which, key, call.text(key, resource="Milestone"))


@route("GET", ONE, need="issues:read")
def get_milestone(call: Call) -> Json:
    repo = call.repo()
    return issue_views.milestone(call.state, call.base, repo, _find(call, repo))


@route("PATCH", ONE, need="issues:write")
def update_milestone(call: Call) -> Json:
    repo = call.repo()
    access.need_role(call, repo, "write")
    found = _find(call, repo)
    found.title = call.text("title", resource="Milestone", limit=255) or found.title
    _set(call, found)
    found.updated_at = call.now
    return issue_views.milestone(call.state, call.base, repo, found)


@route("DELETE", ONE, need="issues:write")
def delete_milestone(call: Call) -> Response:
    repo = call.repo()
    access.need_role(call, repo, "write")
    found = _find(call, repo)
    del repo.milestones[found.number]
    for issue in call.state.issues.values():
        if issue.repo_id == repo.id and issue.milestone == found.number:
            issue.milestone = 0
    return Response(status=204)
