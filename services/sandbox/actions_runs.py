"""The life of a workflow run: its jobs come into being when what they need is through, and end it when all have ended.

As on GitHub a job has no check run before it may start, and a run's jobs and check runs share their ids. Every change
tells its webhooks in the usual order: workflow_job, check_run, and at the end workflow_run, check_suite.
"""

from typing import TYPE_CHECKING, Any

from services.sandbox import actions_context, actions_logs, actions_views, checks, expressions
from services.sandbox.actions_file import Broken, JobSpec, WorkflowFile
from services.sandbox.actions_records import Job, Step, WorkflowRun
from services.sandbox.clock import stamp
from services.sandbox.expressions import ExpressionError
from services.sandbox.state import CheckRun

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

BOT = "github-actions[bot]"


def emit(sandbox: "Sandbox", run: WorkflowRun, action: str) -> None:
    repo = sandbox.state.repos[run.repo_id]
    base = sandbox.public_url
    view = actions_views.run(sandbox, base, run)
    workflow = actions_views.workflow(sandbox, base, sandbox.state.workflows[run.workflow_id])
    sandbox.emit("workflow_run", action, repo, run.triggering_actor, workflow_run=view, workflow=workflow)


def emit_job(sandbox: "Sandbox", run: WorkflowRun, job: Job, action: str) -> None:
    view = actions_views.job_event(sandbox, run, job)
    sandbox.emit("workflow_job", action, sandbox.state.repos[run.repo_id], run.triggering_actor, workflow_job=view)


def advance(sandbox: "Sandbox", run: WorkflowRun) -> None:
    """File every job whose needs are through; close the run when nothing is left."""
    try:
        spec = actions_context.file_of(sandbox, run)
    except Broken as problem:
        fail_to_start(sandbox, run, str(problem))
        return
    while filed := _ready(sandbox, run, spec):
        for key in filed:
            _file(sandbox, run, spec, spec.jobs[key])
    jobs = [sandbox.state.jobs[i] for i in run.jobs]
    if all(job.status == "completed" for job in jobs) and {job.key for job in jobs} >= spec.jobs.keys():
        complete(sandbox, run, actions_context.together(jobs))
    wake(sandbox)


def wake(sandbox: "Sandbox") -> None:
    for tell in sandbox.on_jobs:
        tell()


def fail_to_start(sandbox: "Sandbox", run: WorkflowRun, problem: str) -> None:
    """A file that cannot be run: no jobs, but a check run of the file's name that says why."""
    run.problem = problem
    check = _check_run(sandbox, run, sandbox.state.new_id(), run.workflow_path)
    check.status, check.conclusion, check.completed_at = "completed", "failure", stamp(sandbox.now())
    check.title, check.summary = "Invalid workflow file", problem
    check.annotations = [actions_logs.annotation(problem, path=run.workflow_path)]
    checks.created(sandbox, check, BOT)
    complete(sandbox, run, "failure", suite="startup_failure")


def complete(sandbox: "Sandbox", run: WorkflowRun, conclusion: str, suite: str = "") -> None:
    from services.sandbox import actions

    if run.status == "completed":
        return
    run.status, run.conclusion, run.updated_at = "completed", conclusion, stamp(sandbox.now())
    emit(sandbox, run, "completed")
    checks.close_suite(sandbox, sandbox.state.suites[run.suite_id], suite or conclusion, run.triggering_actor)
    actions.after_run(sandbox, run)


def _ready(sandbox: "Sandbox", run: WorkflowRun, spec: WorkflowFile) -> list[str]:
    jobs = [sandbox.state.jobs[i] for i in run.jobs]
    there = {job.key for job in jobs}
    through = actions_context.results(run, jobs).keys()
    return [key for key, job in spec.jobs.items() if key not in there and through >= set(job.needs)]


def _file(sandbox: "Sandbox", run: WorkflowRun, spec: WorkflowFile, job: JobSpec) -> None:
    """Make the jobs of one key: one, several (a matrix), one that is skipped, or one that failed at once."""
    ends = actions_context.results(run, [sandbox.state.jobs[i] for i in run.jobs])
    context = actions_context.contexts(sandbox, run, {need: ends[need] for need in job.needs}, {})
    before = [ends[key]["result"] for key in actions_context.ancestors(spec, job.key)]
    functions = actions_context.functions(before)
    try:
        if not expressions.condition(job.condition, context, functions):
            end(sandbox, run, _new(sandbox, run, job, job.name or job.key, {}), "skipped")
            return
        for matrix in actions_context.expand(job.matrix, context):
            inner = {**context, "matrix": matrix}
            new = _new(sandbox, run, job, actions_context.job_name(job, matrix, inner), matrix)
            labels = [expressions.value(label, inner) for label in job.labels]
            new.labels = [str(x) for label in labels for x in (label if isinstance(label, list) else [label])][:20]
            new.tolerated = expressions.truthy(expressions.value(job.tolerated, inner)) and job.tolerated != "false"
            _queue(sandbox, run, new)
    except ExpressionError as problem:
        broken = _new(sandbox, run, job, job.key, {})
        end(
            sandbox, run, broken, "failure", annotations=[actions_logs.annotation(str(problem), path=run.workflow_path)]
        )


def _new(sandbox: "Sandbox", run: WorkflowRun, spec: JobSpec, name: str, matrix: dict[str, Any]) -> Job:
    job = Job(
        id=sandbox.state.new_id(),
        run_id=run.id,
        run_attempt=run.run_attempt,
        key=spec.key,
        name=name,
        created_at=stamp(sandbox.now()),
        needs=spec.needs,
        matrix=matrix,
    )
    sandbox.state.jobs[job.id] = job
    run.jobs.append(job.id)
    return job


def _queue(sandbox: "Sandbox", run: WorkflowRun, job: Job) -> None:
    sandbox.state.job_queue.append(job.id)
    check = _check_run(sandbox, run, job.id, job.name)
    emit_job(sandbox, run, job, "queued")
    checks.created(sandbox, check, BOT)


def _check_run(sandbox: "Sandbox", run: WorkflowRun, number: int, name: str) -> CheckRun:
    repo = sandbox.state.repos[run.repo_id]
    return CheckRun(
        id=number,
        repo_id=run.repo_id,
        suite_id=run.suite_id,
        app_id=checks.ACTIONS_APP,
        name=name,
        head_sha=run.head_sha,
        status="queued",
        conclusion=None,
        started_at=stamp(sandbox.now()),
        completed_at=None,
        details_url=f"{sandbox.public_url}/{repo.full_name}/actions/runs/{run.id}/job/{number}",
    )


def begin(sandbox: "Sandbox", run: WorkflowRun, job: Job, steps: list[str]) -> None:
    """A runner took the job."""
    now = stamp(sandbox.now())
    sandbox.state.job_queue.remove(job.id)
    job.status, job.started_at = "in_progress", now
    titles = ["Set up job", *steps, "Complete job"]
    job.steps = [Step(number=n, name=title[:250]) for n, title in enumerate(titles, 1)]
    job.steps[0] = Step(
        number=1, name="Set up job", status="completed", conclusion="success", started_at=now, completed_at=now
    )
    check = sandbox.state.check_runs[job.id]
    check.status, check.started_at = "in_progress", now
    emit_job(sandbox, run, job, "in_progress")
    if run.status == "queued":
        run.status, run.updated_at = "in_progress", now
        checks.open_suite(sandbox, sandbox.state.suites[run.suite_id], "in_progress")
        emit(sandbox, run, "in_progress")


def end(
    sandbox: "Sandbox", run: WorkflowRun, job: Job, conclusion: str, *, annotations: list[dict[str, Any]] | None = None
) -> None:
    """A job is through: its check run too. What that means for the run is for `advance`."""
    state, now = sandbox.state, stamp(sandbox.now())
    if job.id in state.job_queue:
        state.job_queue.remove(job.id)
    job.status, job.conclusion, job.completed_at = "completed", conclusion, now
    job.started_at = job.started_at or now
    for step in job.steps:
        if step.status != "completed":
            last = step is job.steps[-1] and conclusion in {"success", "failure"}
            left = "success" if last else "cancelled" if conclusion == "cancelled" else "skipped"
            step.status, step.conclusion = "completed", left
            step.started_at, step.completed_at = step.started_at or now, now
    check = state.check_runs.get(job.id)
    is_new = check is None
    check = check or _check_run(sandbox, run, job.id, job.name)
    check.status, check.conclusion, check.completed_at = "completed", conclusion, now
    check.annotations = [*check.annotations, *(annotations or [])][: actions_logs.MOST_ANNOTATIONS]
    emit_job(sandbox, run, job, "completed")
    if is_new:
        checks.created(sandbox, check, BOT)
    else:
        checks.changed(sandbox, check, None, BOT)
