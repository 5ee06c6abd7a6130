"""Issues: list, open, read, change, lock. Pull requests are listed too, with a `pull_request` key, as on GitHub."""

import msgspec

from services.sandbox import access, auth, issue_views, issues, labels
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, route
from services.sandbox.state import Issue, Repo

ISSUES = "/repos/{owner}/{repo}/issues"
ONE = ISSUES + "/{issue_number}"


@route("GET", ISSUES, need="issues:read")
def list_issues(call: Call) -> Json:
    repo = call.repo()
    rows = [i for i in call.state.issues.values() if i.repo_id == repo.id and not (i.deleted or i.transferred_to)]
    rows = [i for i in rows if _wanted(call.query, i)]
    key = {"updated": "updated_at", "comments": "comments"}.get(call.query.get("sort", ""), "created_at")
    down = call.query.get("direction", "desc") != "asc"

    def order(issue: Issue) -> tuple[str | int, int]:
        first = issue_views.comment_count(call.state, issue.id) if key == "comments" else getattr(issue, key)
        return first, issue.number

    rows.sort(key=order, reverse=down)
    return [issue_views.issue(call.state, call.base, i) for i in call.page(rows)]


def _wanted(query: dict[str, str], issue: Issue) -> bool:
    """The filters of the list: state, labels (all of them), creator, assignee, mentioned, milestone, since."""
    if query.get("state", "open") not in {"all", issue.state}:
        return False
    have = {name.lower() for name in issue.labels}
    if not all(name.strip().lower() in have for name in query.get("labels", "").split(",") if name.strip()):
        return False
    if "creator" in query and issue.user.lower() != query["creator"].lower():
        return False
    if "since" in query and issue.updated_at < query["since"]:
        return False
    if "mentioned" in query and f"@{query['mentioned'].lower()}" not in (issue.body or "").lower():
        return False
    people = [login.lower() for login in issue.assignees]
    return _one_of(query.get("assignee"), people) and _one_of(
        query.get("milestone"), [str(issue.milestone)] if issue.milestone else []
    )


def _one_of(asked: str | None, have: list[str]) -> bool:
    """`none` = nothing, `*` = anything, else this one; not asked = all."""
    if asked is None:
        return True
    if asked in {"none", "*"}:
        return bool(have) == (asked == "*")
    return asked.lower() in have


@route("POST", ISSUES, need="issues:write")
def create_issue(call: Call) -> Response:
    repo = call.repo()
    title = _title(call)
    if title is None:
        raise invalid("Issue", "title", "missing_field")
    trusted = call.role(repo) >= auth.rank("triage")  # what others send along is dropped without a word
    made = issues.create(
        call.sandbox,
        repo,
        call.actor,
        title=title,
        body=call.text("body"),
        labels=label_names(call) if trusted else [],
        assignees=_logins(call) if trusted else [],
        milestone=_milestone(call, repo) or 0 if trusted else 0,
        app_id=call.app_id,
    )
    shown = issue_views.single(call.state, call.base, made)
    return Response(status=201, json=shown, headers={"location": shown["url"]})


@route("GET", ONE, need="issues:read")
def get_issue(call: Call) -> Json:
    return issue_views.single(call.state, call.base, access.subject(call)[1])


@route("PATCH", ONE, need="issues:write")
def update_issue(call: Call) -> Json:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage", issue)
    changes = {"body": call.text("body")} if "body" in call.body else {}
    title = _title(call)
    state, reason = _new_state(call)
    wanted_labels = label_names(call) if "labels" in call.body else None
    wanted_people = _logins(call) if {"assignees", "assignee"} & call.body.keys() else None
    planned = _milestone(call, repo) if "milestone" in call.body else None
    issues.edit(call.sandbox, issue, call.actor, changes | ({"title": title} if title else {}), call.app_id)
    if wanted_labels is not None:
        labels.replace(call.sandbox, issue, wanted_labels, call.actor, call.app_id)
    if wanted_people is not None:
        keep = {login.lower() for login in wanted_people}
        issues.unassign(
            call.sandbox, issue, [n for n in issue.assignees if n.lower() not in keep], call.actor, call.app_id
        )
        issues.assign(call.sandbox, issue, wanted_people, call.actor, call.app_id)
    if planned is not None:
        issues.plan_for(call.sandbox, issue, planned, call.actor, call.app_id)
    set_state(call, issue, state, reason)
    return issue_views.single(call.state, call.base, issue)


def set_state(call: Call, issue: Issue, state: str | None, reason: str | None) -> None:
    """Close or reopen, each its own way for issues and pull requests; None leaves it."""
    if issue.pull is not None:
        from services.sandbox import pulls

        if state is not None:
            pulls.set_state(call.sandbox, issue, state, call.actor, call.app_id)
    elif state == "open":
        issues.reopen(call.sandbox, issue, call.actor, call.app_id)
    elif state == "closed" or (reason and issue.state == "closed" and reason != "reopened"):
        issues.close(call.sandbox, issue, call.actor, reason or "completed", call.app_id)


def _title(call: Call) -> str | None:
    """The title of the body: text, or a number that becomes one; never empty."""
    if isinstance(call.body.get("title"), int):
        return str(call.body["title"])
    title = call.text("title", limit=256)
    if title is not None and not title.strip():
        raise invalid("Issue", "title", "missing_field")
    return title


def _new_state(call: Call) -> tuple[str | None, str | None]:
    state, reason = call.text("state"), call.text("state_reason")
    if state not in {None, "open", "closed"}:
        raise invalid("Issue", "state")
    if reason is not None and reason not in issues.REASONS:
        raise invalid("Issue", "state_reason")
    return state, reason


def label_names(call: Call) -> list[str]:
    """The label names of a body."""
    return names_in(call.body.get("labels") or [])


def names_in(rows: Json) -> list[str]:
    """Label names of a list of strings or of objects with a name."""
    if not isinstance(rows, list):
        raise Problem(422, "Invalid request.\n\nFor 'properties/labels', it is not an array.")
    names: list[Json] = [row.get("name") if isinstance(row, dict) else row for row in rows]
    for name in names:
        labels.checked(name)
    return names


def _logins(call: Call) -> list[str]:
    return logins(call, "assignees" if "assignees" in call.body else "assignee")


def logins(call: Call, key: str) -> list[str]:
    """A list of strings of the body, or one string; 422 for anything else."""
    rows = call.body.get(key) or []
    rows = [rows] if isinstance(rows, str) else rows
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise Problem(422, f"Invalid request.\n\nFor 'properties/{key}', it is not an array of strings.")
    return rows


def _milestone(call: Call, repo: Repo) -> int:
    value = call.body.get("milestone") or 0
    try:
        number = msgspec.convert(value, int, strict=False)
    except msgspec.ValidationError:
        raise invalid("Issue", "milestone") from None
    if number and number not in repo.milestones:
        raise invalid("Issue", "milestone")
    return number


@route("PUT", ONE + "/lock", need="issues:write")
def lock_issue(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    reason = call.text("lock_reason")
    if reason not in {None, *issues.LOCK_REASONS}:
        raise invalid("Issue", "lock_reason")
    issues.lock(call.sandbox, issue, call.actor, reason, call.app_id)
    return Response(status=204)


@route("DELETE", ONE + "/lock", need="issues:write")
def unlock_issue(call: Call) -> Response:
    repo, issue = access.subject(call, "write")
    access.need_role(call, repo, "triage")
    issues.unlock(call.sandbox, issue, call.actor, call.app_id)
    return Response(status=204)
