"""Check runs over REST. Only Apps write them, each its own; anybody with write may ask for one again.

GitHub's texts for what is too long or too many are kept word for word, since bots read them.
"""

from services.sandbox import check_views, checks
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, invalid, not_found, route
from services.sandbox.state import CheckRun, Repo

STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")
LEVELS = ("notice", "warning", "failure")
TEXT_LIMIT = 65_535
RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}"


def bad(text: str) -> Problem:
    """The third shape of 422: no `errors`, all in the message."""
    return Problem(422, f"Invalid request.\n\n{text}")


def string(source: dict[str, Json], field: str, *, required: bool = False, limit: int = 0) -> str | None:
    value = source.get(field)
    if value is None:
        if required:
            raise bad(f'"{field}" wasn\'t supplied.')
        return None
    if not isinstance(value, str):
        raise bad(f"For 'properties/{field}', {_json(value)} is not a string.")
    if limit and len(value) > limit:
        raise bad(f"Only {limit} characters are allowed; {len(value)} were supplied.")
    return value


def one_of(source: dict[str, Json], field: str, allowed: tuple[str, ...]) -> str | None:
    value = string(source, field)
    if value is not None and value not in allowed:
        listed = ", ".join(f'"{word}"' for word in allowed)
        raise bad(f"For 'properties/{field}', \"{value[:100]}\" is not a member of [{listed}].")
    return value


def listed(source: dict[str, Json], field: str, limit: int) -> list[dict[str, Json]]:
    value = source.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad(f"For 'properties/{field}', {_json(value)} is not an array of objects.")
    if len(value) > limit:
        raise bad(f"No more than {limit} items are allowed; {len(value)} were supplied.")
    return value


def commit_of(call: Call, repo: Repo, rev: str) -> str:
    """The sha a branch, tag or sha of a path or body stands for."""
    sha = call.git.resolve(repo.id, rev)
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {rev[:250]}")
    return sha


@route("POST", "/repos/{owner}/{repo}/check-runs", need="checks:write")
def create(call: Call) -> Json:
    run = filed(call, call.repo(), call.body)
    return Response(status=201, json=check_views.check_run(call.sandbox, call.base, run))


def filed(call: Call, repo: Repo, body: dict[str, Json]) -> CheckRun:
    """A new check run as REST's body describes it."""
    if not call.app_id:
        raise Problem(403, "You must authenticate via a GitHub App.")
    name = string(body, "name", required=True)
    wanted = string(body, "head_sha", required=True) or ""
    if not name:
        raise bad('"name" can\'t be blank.')
    sha = call.git.resolve(repo.id, wanted) if len(wanted) == 40 else None
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {wanted[:250]}")
    suite, _ = checks.suite_for(call.sandbox, repo, call.app_id, sha)
    run = CheckRun(
        id=0, repo_id=repo.id, suite_id=suite.id, app_id=call.app_id, name=name, head_sha=sha,
        status="queued", conclusion=None, started_at=call.now, completed_at=None,
    )  # fmt: skip
    _apply(call, run, body)
    run.id = call.state.new_id()
    checks.created(call.sandbox, run, call.actor)
    return run


@route("GET", RUN, need="checks:read")
def get(call: Call) -> Json:
    return check_views.check_run(call.sandbox, call.base, _run(call, call.repo()))


@route("PATCH", RUN, need="checks:write")
def update(call: Call) -> Json:
    run = rewritten(call, _run(call, call.repo()), call.body)
    return check_views.check_run(call.sandbox, call.base, run)


def rewritten(call: Call, run: CheckRun, body: dict[str, Json]) -> CheckRun:
    """A check run as REST's body changes it."""
    if run.app_id != call.app_id:
        raise Problem(
            403, f"Invalid app_id `{run.app_id}` - check run can only be modified by the GitHub App that created it."
        )
    was = run.conclusion
    draft = CheckRun(**{name: getattr(run, name) for name in CheckRun.__struct_fields__})
    draft.name = string(body, "name") or run.name
    _apply(call, draft, body)
    call.state.check_runs[run.id] = draft
    checks.changed(call.sandbox, draft, was, call.actor)
    return draft


@route("GET", RUN + "/annotations", need="checks:read")
def annotations(call: Call) -> Json:
    repo = call.repo()
    run = _run(call, repo)
    return [check_views.annotation(call.base, repo, run, raw) for raw in call.page(run.annotations)]


@route("POST", RUN + "/rerequest", need="checks:write")
def rerequest(call: Call) -> Json:
    from services.sandbox import actions_reruns

    run = _run(call, call.repo())
    if call.app_id and run.app_id != call.app_id:
        raise Problem(403, "This check run does not belong to the authenticated GitHub App.")
    if run.status != "completed":
        raise Problem(422, "This check run is not rerequestable")
    if run.app_id == checks.ACTIONS_APP:
        actions_reruns.rerun_job(call.sandbox, call.state.jobs[run.id], call.actor)
    else:
        checks.rerequest_run(call.sandbox, run, call.actor)
    return Response(status=201, json={})


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", need="checks:read")
def of_ref(call: Call) -> Json:
    repo = call.repo()
    sha = commit_of(call, repo, call.params["ref"])
    rows = [r for r in call.state.check_runs.values() if r.head_sha == sha and r.repo_id == repo.id]
    return page_of_runs(call, rows)


def page_of_runs(call: Call, rows: list[CheckRun]) -> Json:
    """The list both "of a ref" and "of a suite" answer with, newest created first."""
    query = call.query
    app, name, status = query.get("app_id"), query.get("check_name"), query.get("status")
    rows = [r for r in rows if (not app or str(r.app_id) == app) and (not name or r.name == name)]
    rows = sorted(rows, key=lambda r: -r.id) if query.get("filter") == "all" else checks.latest(rows)
    rows = [r for r in rows if not status or r.status == status]
    shown = [check_views.check_run(call.sandbox, call.base, r) for r in call.page(rows)]
    return {"total_count": len(rows), "check_runs": shown}


def _run(call: Call, repo: Repo) -> CheckRun:
    run = call.state.check_runs.get(call.number("check_run_id"))
    if run is None or run.repo_id != repo.id:
        raise not_found()
    return run


def _apply(call: Call, run: CheckRun, body: dict[str, Json]) -> None:
    """Put the body's fields on a run, all checked before anything is filed."""
    run.external_id = string(body, "external_id") or run.external_id
    run.details_url = _url(body) or run.details_url
    run.started_at = string(body, "started_at") or run.started_at
    if "output" in body:
        _apply_output(body["output"], run)
    if "actions" in body:
        run.actions = [_action(action) for action in listed(body, "actions", 3)]
    status = one_of(body, "status", STATUSES)
    conclusion = one_of(body, "conclusion", CONCLUSIONS)
    if status == "completed" and conclusion is None and run.conclusion is None:
        raise bad('"conclusion" wasn\'t supplied.')
    if conclusion is not None:
        run.status, run.conclusion = "completed", conclusion
        run.completed_at = string(body, "completed_at") or run.completed_at or call.now
    elif status is not None and status != "completed":
        run.status, run.conclusion, run.completed_at = status, None, None


def _url(body: dict[str, Json]) -> str | None:
    url = string(body, "details_url")
    if url and not url.startswith(("http://", "https://")):
        raise invalid("CheckRun", "details_url", "custom", "details_url must use http or https scheme")
    return url


def _apply_output(output: Json, run: CheckRun) -> None:
    if not isinstance(output, dict):
        raise bad(f"For 'properties/output', {_json(output)} is not an object.")
    title = string(output, "title", limit=TEXT_LIMIT)
    summary = string(output, "summary", required=True, limit=TEXT_LIMIT)
    if title is None and run.title is None:
        raise bad('"title" wasn\'t supplied.')
    run.title, run.summary = title or run.title, summary
    if "text" in output:
        run.text = string(output, "text", limit=TEXT_LIMIT)
    found = [_annotation(item) for item in listed(output, "annotations", 50)]
    run.annotations = [*run.annotations, *found]


def _annotation(item: dict[str, Json]) -> dict[str, object]:
    for field in ("start_line", "end_line"):
        if not isinstance(item.get(field), int):
            raise bad(f'"{field}" wasn\'t supplied.')
    string(item, "path", required=True)
    string(item, "message", required=True, limit=65_536)
    string(item, "raw_details", limit=65_536)
    string(item, "title", limit=255)
    if one_of(item, "annotation_level", LEVELS) is None:
        raise bad('"annotation_level" wasn\'t supplied.')
    return item


def _action(item: dict[str, Json]) -> dict[str, str]:
    limits = {"label": 20, "description": 40, "identifier": 20}
    return {field: string(item, field, required=True, limit=limit) or "" for field, limit in limits.items()}


def _json(value: Json) -> str:
    return str(value)[:100]
