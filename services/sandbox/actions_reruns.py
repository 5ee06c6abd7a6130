"""Running again, stopping, and letting a stranger's run go ahead.

A rerun is the same run with one attempt more and new job and check-run ids, on the same sha and ref; what was green and
is not asked for stays. GitHub refuses while anything runs, after 30 days and after 50 attempts, with the texts below.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.sandbox import actions_context, actions_runs, checks
from services.sandbox.actions_file import Broken
from services.sandbox.actions_records import Attempt, Job, WorkflowRun
from services.sandbox.clock import stamp
from services.sandbox.kernel import Problem

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

MOST_ATTEMPTS = 50
OLDEST = timedelta(days=30)


def rerun(sandbox: "Sandbox", run: WorkflowRun, actor: str) -> None:
    """All jobs again."""
    _check(sandbox, run)
    _again(sandbox, run, actor, keep=[])


def rerun_failed(sandbox: "Sandbox", run: WorkflowRun, actor: str) -> None:
    """The jobs that did not succeed, and those that need them."""
    _check(sandbox, run)
    jobs = [sandbox.state.jobs[i] for i in run.jobs]
    bad = {job.key for job in jobs if job.conclusion in {"failure", "cancelled", "timed_out"} and not job.tolerated}
    if not bad:
        raise Problem(403, "The workflow run containing this job has no failed jobs to rerun")
    _again(sandbox, run, actor, keep=_untouched(sandbox, run, bad))


def rerun_job(sandbox: "Sandbox", job: Job, actor: str) -> None:
    """One job, and those that need it."""
    run = sandbox.state.runs[job.run_id]
    _check(sandbox, run)
    if job.id not in run.jobs:
        raise Problem(403, "This workflow run cannot be retried")
    _again(sandbox, run, actor, keep=_untouched(sandbox, run, {job.key}))


def _untouched(sandbox: "Sandbox", run: WorkflowRun, keys: set[str]) -> list[int]:
    """Jobs that neither are among the keys nor need one of them."""
    spec = actions_context.file_of(sandbox, run)
    hit = {key for key in spec.jobs if key in keys or actions_context.ancestors(spec, key) & keys}
    return [i for i in run.jobs if sandbox.state.jobs[i].key not in hit]


def _check(sandbox: "Sandbox", run: WorkflowRun) -> None:
    if run.status != "completed":
        raise Problem(403, "This workflow is already running")
    created = datetime.fromisoformat(run.created_at)
    if sandbox.now() - created > OLDEST:
        raise Problem(403, "Unable to retry this workflow run because it was created over a month ago")
    if run.problem or run.conclusion == "action_required" or run.run_attempt >= MOST_ATTEMPTS:
        raise Problem(403, "This workflow run cannot be retried")
    try:
        actions_context.file_of(sandbox, run)
    except Broken:
        raise Problem(403, "This workflow run cannot be retried") from None


def _again(sandbox: "Sandbox", run: WorkflowRun, actor: str, keep: list[int]) -> None:
    run.earlier.append(
        Attempt(
            jobs=run.jobs,
            conclusion=run.conclusion,
            started_at=run.started_at,
            updated_at=run.updated_at,
            actor=run.triggering_actor,
        )
    )
    run.run_attempt += 1
    run.jobs, run.triggering_actor = list(keep), actor
    _reopen(sandbox, run)


def _reopen(sandbox: "Sandbox", run: WorkflowRun) -> None:
    run.status, run.conclusion = "queued", None
    run.started_at = run.updated_at = stamp(sandbox.now())
    checks.open_suite(sandbox, sandbox.state.suites[run.suite_id], "queued")
    actions_runs.emit(sandbox, run, "requested")
    actions_runs.advance(sandbox, run)


def cancel(sandbox: "Sandbox", run: WorkflowRun) -> None:
    """Everything that has not ended is cancelled; the runner finds out and stops the processes."""
    if run.status == "completed":
        raise Problem(409, "Cannot cancel a workflow run that is completed.")
    for number in list(run.jobs):
        job = sandbox.state.jobs[number]
        if job.status != "completed":
            actions_runs.end(sandbox, run, job, "cancelled")
    actions_runs.complete(sandbox, run, "cancelled")
    actions_runs.wake(sandbox)


def approve(sandbox: "Sandbox", run: WorkflowRun, actor: str) -> None:
    """Let a run go ahead that waits because its author is new here."""
    if run.conclusion != "action_required":
        raise Problem(403, "This run is not from a fork pull request or queued with a pending approval")
    run.triggering_actor = actor
    _reopen(sandbox, run)
