"""Labels of a repository, and labels on issues and pull requests."""

import msgspec

from services.sandbox import access, issue_views, labels
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.rest.issues import label_names, names_in
from services.sandbox.state import Issue, Label, Repo

LABELS = "/repos/{owner}/{repo}/labels"
ON_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/labels"


def _find(call: Call, repo: Repo) -> Label:
    found = repo.labels.get(call.params["name"].lower())
    if found is None:
        raise not_found()
    return found


@route("GET", LABELS, need="issues:read")
def list_labels(call: Call) -> Json:
    repo = call.repo()
    return [issue_views.label(call.base, repo, item) for item in call.page(list(repo.labels.values()))]


@route("POST", LABELS, need="issues:write")
def create_label(call: Call) -> Response:
    repo = call.repo()
    access.need_role(call, repo, "write")
    name = call.text("name", required=True, resource="Label") or ""
    color = call.text("color", resource="Label")
    made = labels.create(call.sandbox, repo, name, call.actor, color, call.text("description", resource="Label"))
    shown = issue_views.label(call.base, repo, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


@route("GET", LABELS + "/{name}", need="issues:read")
def get_label(call: Call) -> Json:
    repo = call.repo()
    return issue_views.label(call.base, repo, _find(call, repo))


@route("PATCH", LABELS + "/{name}", need="issues:write")
def update_label(call: Call) -> Json:
    repo = call.repo()
    access.need_role(call, repo, "write")
    found = _find(call, repo)
    asked = [key for key in ("color", "description") if key in call.body]
    changes: dict[str, str | None] = {key: call.text(key, resource="Label") for key in asked}
    if new := call.text("new_name", resource="Label"):
        changes["name"] = new
    labels.change(call.sandbox, repo, found, call.actor, changes)
    return issue_views.label(call.base, repo, found)


@route("DELETE", LABELS + "/{name}", need="issues:write")
def delete_label(call: Call) -> Response:
    repo = call.repo()
    access.need_role(call, repo, "write")
    labels.remove(call.sandbox, repo, _find(call, repo), call.actor)
    return Response(status=204)


def _names(call: Call) -> list[str]:
    """The labels of a body `{"labels": [...]}` or, as some clients send it, of a bare array."""
    if not call.request.body.lstrip().startswith(b"["):
        return label_names(call)
    try:
        return names_in(msgspec.json.decode(call.request.body))
    except msgspec.DecodeError:
        raise Problem(400, "Problems parsing JSON") from None


def _shown(call: Call, repo: Repo, issue: Issue) -> list[Json]:
    return issue_views.labels(call.base, repo, issue)


@route("GET", ON_ISSUE, need="issues:read")
def list_on_issue(call: Call) -> Json:
    repo, issue = access.subject(call)
    return call.page(_shown(call, repo, issue))


@route("POST", ON_ISSUE, need="issues:write")
def add_to_issue(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    names = _names(call)
    if not names:
        raise Problem(
            422, "Validation Failed", errors=[{"resource": "Label", "field": "name", "code": "missing_field"}]
        )
    labels.add(call.sandbox, issue, names, call.actor, call.app_id)
    return _shown(call, repo, issue)


@route("PUT", ON_ISSUE, need="issues:write")
def set_on_issue(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    labels.replace(call.sandbox, issue, _names(call), call.actor, call.app_id)
    return _shown(call, repo, issue)


@route("DELETE", ON_ISSUE, need="issues:write")
def clear_issue(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    labels.take_off(call.sandbox, issue, list(issue.labels), call.actor, call.app_id)
    return Response(status=204)


@route("DELETE", ON_ISSUE + "/{name}", need="issues:write")
def take_off_issue(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    name = call.params["name"]
    if name.lower() not in {label.lower() for label in issue.labels}:
        raise Problem(404, "Label does not exist")
    labels.take_off(call.sandbox, issue, [name], call.actor, call.app_id)
    return _shown(call, repo, issue)


@route("GET", "/repos/{owner}/{repo}/milestones/{milestone_number}/labels", need="issues:read")
def list_on_milestone(call: Call) -> Json:
    repo = call.repo()
    number = call.number("milestone_number")
    if number not in repo.milestones:
        raise not_found()
    worn = {n for i in call.state.issues.values() if (i.repo_id, i.milestone) == (repo.id, number) for n in i.labels}
    return call.page([issue_views.label(call.base, repo, repo.labels[name.lower()]) for name in sorted(worn)])
