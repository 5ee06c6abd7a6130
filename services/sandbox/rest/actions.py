"""GitHub Actions over REST: workflows, runs, attempts, jobs and logs."""

from services.sandbox import actions_context, actions_file, actions_logs, actions_reruns, actions_views
from services.sandbox.actions_records import Job, Workflow, WorkflowRun
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Repo

RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}"
JOB = "/repos/{owner}/{repo}/actions/jobs/{job_id}"
FILTERS = {
    "branch": "head_branch",
    "event": "event",
    "actor": "actor",
    "head_sha": "head_sha",
    "check_suite_id": "suite_id",
}
"""Query parameter -> field of a run."""
WORKFLOWS = "/repos/{owner}/{repo}/actions/workflows"


@route("GET", WORKFLOWS, need="actions:read")
def workflows(call: Call) -> Json:
    repo = call.repo()
    rows = known_workflows(call, repo)
    shown = [actions_views.workflow(call.sandbox, call.base, row) for row in call.page(rows)]
    return {"total_count": len(rows), "workflows": shown}


@route("GET", WORKFLOWS + "/{workflow_id}", need="actions:read")
def workflow(call: Call) -> Json:
    return actions_views.workflow(call.sandbox, call.base, find_workflow(call, call.repo()))


@route("GET", WORKFLOWS + "/{workflow_id}/runs", need="actions:read")
def workflow_runs(call: Call) -> Json:
    repo = call.repo()
    found = find_workflow(call, repo)
    return _page(call, [r for r in _runs(call, repo) if r.workflow_id == found.id])


@route("GET", "/repos/{owner}/{repo}/actions/runs", need="actions:read")
def runs(call: Call) -> Json:
    return _page(call, _runs(call, call.repo()))


@route("GET", RUN, need="actions:read")
def get_run(call: Call) -> Json:
    return actions_views.run(call.sandbox, call.base, _run(call))


@route("DELETE", RUN, need="actions:write")
def delete_run(call: Call) -> Json:
    run = _run(call)
    if run.status != "completed":
        raise Problem(403, "Could not delete the workflow run")
    del call.state.runs[run.id]
    for number in [*run.jobs, *(job for old in run.earlier for job in old.jobs)]:
        for rows in (call.state.jobs, call.state.logs, call.state.check_runs):
            rows.pop(number, None)
    call.state.suites.pop(run.suite_id, None)
    return Response(status=204)


@route("GET", RUN + "/attempts/{attempt_number}", need="actions:read")
def attempt(call: Call) -> Json:
    run = _run(call)
    return actions_views.run(call.sandbox, call.base, run, _attempt(call, run))


@route("POST", RUN + "/cancel", need="actions:write")
def cancel(call: Call) -> Json:
    actions_reruns.cancel(call.sandbox, _run(call))
    return Response(status=202, json={})


@route("POST", RUN + "/force-cancel", need="actions:write")
def force_cancel(call: Call) -> Json:
    return cancel(call)


@route("POST", RUN + "/rerun", need="actions:write")
def rerun(call: Call) -> Json:
    actions_reruns.rerun(call.sandbox, _run(call), call.actor)
    return Response(status=201, json={})


@route("POST", RUN + "/rerun-failed-jobs", need="actions:write")
def rerun_failed(call: Call) -> Json:
    actions_reruns.rerun_failed(call.sandbox, _run(call), call.actor)
    return Response(status=201, json={})


@route("POST", RUN + "/approve", need="actions:write")
def approve(call: Call) -> Json:
    actions_reruns.approve(call.sandbox, _run(call), call.actor)
    return Response(status=201, json={})


@route("GET", RUN + "/jobs", need="actions:read")
def jobs(call: Call) -> Json:
    """Of the newest attempt, or with filter=all of every one."""
    run = _run(call)
    numbers = list(run.jobs)
    if call.query.get("filter") == "all":
        numbers = sorted({*run.jobs, *(job for old in run.earlier for job in old.jobs)})
    return _jobs(call, numbers)


@route("GET", RUN + "/attempts/{attempt_number}/jobs", need="actions:read")
def attempt_jobs(call: Call) -> Json:
    run = _run(call)
    return _jobs(call, _jobs_of(run, _attempt(call, run)))


@route("GET", JOB, need="actions:read")
def get_job(call: Call) -> Json:
    return actions_views.job(call.sandbox, call.base, _job(call))


@route("POST", JOB + "/rerun", need="actions:write")
def rerun_job(call: Call) -> Json:
    actions_reruns.rerun_job(call.sandbox, _job(call), call.actor)
    return Response(status=201, json={})


@route("GET", JOB + "/logs", need="actions:read")
def job_logs(call: Call) -> Json:
    """302 to text, as soon as the job is through; 410 when the logs were deleted."""
    job = _job(call)
    if job.status != "completed":
        raise not_found()
    if job.id not in call.state.logs:
        raise Problem(410, "Server Error") if job.steps else not_found()
    return actions_logs.link(call.sandbox.link_key, call.request, "jobs", job.id, call.sandbox.now())


@route("GET", RUN + "/logs", need="actions:read")
def run_logs(call: Call) -> Json:
    """302 to a zip, only when the run is over; it has the jobs of the newest attempt alone."""
    run = _run(call)
    return _zip_link(call, run, run.run_attempt)


@route("GET", RUN + "/attempts/{attempt_number}/logs", need="actions:read")
def attempt_logs(call: Call) -> Json:
    run = _run(call)
    return _zip_link(call, run, _attempt(call, run))


@route("DELETE", RUN + "/logs", need="actions:write")
def delete_logs(call: Call) -> Json:
    run = _run(call)
    for number in [*run.jobs, *(job for old in run.earlier for job in old.jobs)]:
        call.state.logs.pop(number, None)
    return Response(status=204)


@route("GET", "/_sandbox/logs/jobs/{job_id}", need="")
def text(call: Call) -> Json:
    """Where job logs are downloaded: "another host", which takes no credential."""
    number = call.number("job_id")
    actions_logs.check_link(call.sandbox.link_key, call.request, call.query, "jobs", number, call.sandbox.now())
    body = call.state.logs.get(number)
    if body is None:
        raise not_found()
    return Response(body=body.encode(errors="replace"), headers={"content-type": "text/plain; charset=utf-8"})


@route("GET", "/_sandbox/logs/runs/{run_id}/{attempt_number}", need="")
def archive(call: Call) -> Json:
    number, which = call.number("run_id"), call.number("attempt_number")
    actions_logs.check_link(
        call.sandbox.link_key, call.request, call.query, f"runs/{number}", which, call.sandbox.now()
    )
    run = call.state.runs.get(number)
    if run is None:
        raise not_found()
    rows = [job for i in _jobs_of(run, which) if (job := call.state.jobs[i]).run_attempt == which]
    packed = actions_logs.archive(call.state, rows)
    return Response(body=packed, headers={"content-type": "application/zip"})


def known_workflows(call: Call, repo: Repo) -> list[Workflow]:
    """The workflows of the default branch, and those that have run from elsewhere."""
    from services.sandbox import actions

    tip = call.git.resolve(repo.id, f"refs/heads/{repo.default_branch}")
    for path, content in actions_context.files_at(call.sandbox, repo, tip).items() if tip else ():
        try:
            name = actions_file.parse(path, content).name
        except actions_file.Broken:
            name = path
        actions.workflow_for(call.sandbox, repo, path, name)
    return sorted((w for w in call.state.workflows.values() if w.repo_id == repo.id), key=lambda w: w.id)


def find_workflow(call: Call, repo: Repo) -> Workflow:
    """By id or by file name."""
    wanted = call.params["workflow_id"]
    for row in known_workflows(call, repo):
        if wanted in {str(row.id), row.path.rpartition("/")[2]}:
            return row
    raise not_found()


def _runs(call: Call, repo: Repo) -> list[WorkflowRun]:
    """The runs that fit the query, newest first."""
    query = call.query
    rows = [r for r in call.state.runs.values() if r.repo_id == repo.id]
    for name, field in FILTERS.items():
        if asked := query.get(name):
            rows = [r for r in rows if str(getattr(r, field)) == asked]
    if status := query.get("status"):
        rows = [r for r in rows if status in {r.status, r.conclusion}]
    if created := query.get("created"):
        rows = [r for r in rows if _in_range(r.created_at, created)]
    return sorted(rows, key=lambda r: -r.id)


def _in_range(moment: str, asked: str) -> bool:
    """GitHub's date search: `>=2026-01-01`, `2026-01-01..2026-02-01`, `2026-01-01`."""
    first, dots, last = asked.partition("..")
    if dots:
        return (first in {"", "*"} or moment >= first) and (last in {"", "*"} or moment[: len(last)] <= last)
    for sign in (">=", "<=", ">", "<"):
        if asked.startswith(sign):
            day = asked.removeprefix(sign)
            part = moment[: len(day)]
            return {">=": part >= day, "<=": part <= day, ">": part > day, "<": part < day}[sign]
    return moment.startswith(asked)


def _page(call: Call, rows: list[WorkflowRun]) -> Json:
    shown = [actions_views.run(call.sandbox, call.base, row) for row in call.page(rows)]
    return {"total_count": len(rows), "workflow_runs": shown}


def _jobs(call: Call, numbers: list[int]) -> Json:
    rows = [call.state.jobs[number] for number in numbers]
    return {
        "total_count": len(rows),
        "jobs": [actions_views.job(call.sandbox, call.base, row) for row in call.page(rows)],
    }


def _run(call: Call) -> WorkflowRun:
    repo = call.repo()
    run = call.state.runs.get(call.number("run_id"))
    if run is None or run.repo_id != repo.id:
        raise not_found()
    return run


def _job(call: Call) -> Job:
    repo = call.repo()
    job = call.state.jobs.get(call.number("job_id"))
    if job is None or call.state.runs[job.run_id].repo_id != repo.id:
        raise not_found()
    return job


def _attempt(call: Call, run: WorkflowRun) -> int:
    number = call.number("attempt_number")
    if not 1 <= number <= run.run_attempt:
        raise not_found()
    return number


def _jobs_of(run: WorkflowRun, number: int) -> list[int]:
    return run.jobs if number >= run.run_attempt else run.earlier[number - 1].jobs


def _zip_link(call: Call, run: WorkflowRun, number: int) -> Response:
    if run.status != "completed":
        raise not_found()
    if not any(i in call.state.logs for i in _jobs_of(run, number)):
        raise not_found()
    return actions_logs.link(call.sandbox.link_key, call.request, f"runs/{run.id}", number, call.sandbox.now())
