"""GitHub Actions: which workflows an event starts, and what a runner takes and gives back.

`trigger` turns an event into runs; `due` are the jobs that wait, as orders; `started`, `step` and `finished` bring back
what happened. All of it is state and events; processes are the runner's (runner.py). An act by Actions itself starts
nothing, but for the two dispatch events; a pull request with a conflict starts nothing at all, since there is no test
merge to run on.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from services.sandbox import actions_context, actions_logs, actions_match, actions_runs, auth, checks, expressions
from services.sandbox.actions_context import JobOrder
from services.sandbox.actions_file import Broken, Trigger, WorkflowFile, parse
from services.sandbox.actions_records import Job, Workflow, WorkflowRun
from services.sandbox.actions_runs import BOT
from services.sandbox.clock import stamp
from services.sandbox.expressions import ExpressionError
from services.sandbox.git_values import ZERO
from services.sandbox.state import Issue, Pull, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

ALWAYS = {"workflow_dispatch", "repository_dispatch"}
SKIP = re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]")
LARGEST_PAYLOAD = 256_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event happened, for Actions. `checkout` is what jobs see, `sha` what their checks are about."""

    ref: str
    branch: str
    sha: str
    checkout: str
    base_ref: str = ""
    pull_number: int = 0
    head_repo_id: int
    title: str
    needs_approval: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    action: str
    actor: str
    inputs: dict[str, object]
    payload: dict[str, object]
    source: str = ""  # the workflow that ended, for workflow_run


def trigger(
    sandbox: "Sandbox",
    repo: Repo,
    event: str,
    *,
    ref: str = "",
    sha: str = "",
    actor: str = "",
    action: str = "",
    pull: Issue | None = None,
    inputs: dict[str, object] | None = None,
    payload: dict[str, object] | None = None,
    only: str = "",
    source: str = "",
) -> list[WorkflowRun]:
    """Start what an event starts; the new runs. `pull` for pull_request; `only` names one file (a dispatch)."""
    if repo.archived or (actor == BOT and event not in ALWAYS):
        return []
    if pull is not None and pull.pull is not None:
        place = _pull_place(sandbox, repo, pull, pull.pull, actor)
    else:
        place = _place(sandbox, repo, ref or f"refs/heads/{repo.default_branch}", sha)
    if place is None or (event in {"push", "pull_request"} and _skips(sandbox, repo, place)):
        return []
    body = {"ref": place.ref, **({"action": action} if action else {}), **(payload or {})}
    happened = Event(name=event, action=action, actor=actor, inputs=inputs or {}, payload=body, source=source)
    runs = []
    for path, text in actions_context.files_at(sandbox, repo, place.checkout).items():
        if only and path != only:
            continue
        run = _consider(sandbox, repo, place, happened, path, text)
        runs += [run] if run is not None else []
    return runs


def _consider(sandbox: "Sandbox", repo: Repo, place: Place, event: Event, path: str, text: str) -> WorkflowRun | None:
    """Start one file if the event is for it. A broken one cannot say what it is for: it fails on every push."""
    try:
        spec = parse(path, text)
    except Broken as problem:
        return _broken(sandbox, repo, place, event, path, str(problem)) if event.name == "push" else None
    rule = spec.on.get(event.name)
    if rule is None or not _starts(sandbox, repo, place, event, rule):
        return None
    run = _new_run(sandbox, repo, place, event, path, spec)
    if place.needs_approval:
        run.status, run.conclusion = "completed", "action_required"
        actions_runs.emit(sandbox, run, "requested")
        suite = sandbox.state.suites[run.suite_id]
        suite.status, suite.conclusion = "completed", "action_required"
        return run
    actions_runs.emit(sandbox, run, "requested")
    actions_runs.advance(sandbox, run)
    return run


def _broken(sandbox: "Sandbox", repo: Repo, place: Place, event: Event, path: str, problem: str) -> WorkflowRun:
    nothing = WorkflowFile(name=path, run_name="", on={}, env={}, jobs={})
    run = _new_run(sandbox, repo, place, event, path, nothing)
    actions_runs.emit(sandbox, run, "requested")
    actions_runs.fail_to_start(sandbox, run, problem)
    return run


def _starts(sandbox: "Sandbox", repo: Repo, place: Place, event: Event, rule: Trigger) -> bool:
    return actions_match.starts(
        rule,
        event.name,
        ref=place.ref,
        base=place.base_ref,
        action=event.action,
        files=_changed(sandbox, repo, place, event),
        source=event.source,
    )


def _changed(sandbox: "Sandbox", repo: Repo, place: Place, event: Event) -> Callable[[], list[str]]:
    """The paths a push or pull request changes; only looked at when a filter asks."""

    def files() -> list[str]:
        git = sandbox.git
        before = event.payload.get("before")
        if place.pull_number or not isinstance(before, str) or before == ZERO or git.commit(repo.id, before) is None:
            base = git.refs(repo.id).get(f"refs/heads/{place.base_ref or repo.default_branch}", "")
            before = (git.merge_base(repo.id, base, place.sha) if base else None) or ""
        if not before or before == place.sha:
            return [entry.path for entry in git.tree(repo.id, place.sha, recursive=True)]
        return [change.filename for change in git.diff(repo.id, before, place.sha)]

    return files


def _place(sandbox: "Sandbox", repo: Repo, ref: str, sha: str) -> Place | None:
    commit = sandbox.git.commit(repo.id, sandbox.git.resolve(repo.id, sha or ref) or "")
    if commit is None:
        return None
    return Place(
        ref=ref,
        branch=ref.split("/", 2)[-1],
        sha=commit.sha,
        checkout=commit.sha,
        head_repo_id=repo.id,
        title=commit.message.split("\n", 1)[0][:250],
    )


def _pull_place(sandbox: "Sandbox", repo: Repo, issue: Issue, pull: Pull, actor: str) -> Place | None:
    """The test merge of a pull request; None on a conflict."""
    from services.sandbox import mergeability

    git = sandbox.git
    if pull.head_repo_id != repo.id and pull.head_repo_id in sandbox.state.repos:
        git.bring(pull.head_repo_id, repo.id, pull.head_sha)
    checkout = pull.merge_commit_sha if pull.merged else mergeability.test_merge(sandbox, issue)
    if not checkout or git.commit(repo.id, pull.head_sha) is None:
        return None
    return Place(
        ref=f"refs/pull/{issue.number}/merge",
        branch=pull.head_ref,
        sha=pull.head_sha,
        checkout=checkout,
        base_ref=pull.base_ref,
        pull_number=issue.number,
        head_repo_id=pull.head_repo_id,
        title=issue.title[:250],
        needs_approval=_is_stranger(sandbox, repo, issue, pull, actor),
    )


def _is_stranger(sandbox: "Sandbox", repo: Repo, issue: Issue, pull: Pull, actor: str) -> bool:
    """From a fork, by somebody without write who has merged nothing here yet: a person must let it run."""
    if pull.head_repo_id == repo.id or actor.endswith("[bot]"):
        return False
    if auth.rank(auth.role_of(sandbox.state, repo, actor)) >= auth.rank("write"):
        return False
    known = (i for i in sandbox.state.issues.values() if i.repo_id == repo.id and i.pull is not None and i.pull.merged)
    return not any(i.user == issue.user for i in known)


def _skips(sandbox: "Sandbox", repo: Repo, place: Place) -> bool:
    commit = sandbox.git.commit(repo.id, place.sha)
    return commit is not None and bool(SKIP.search(commit.message))


def _new_run(sandbox: "Sandbox", repo: Repo, place: Place, event: Event, path: str, spec: WorkflowFile) -> WorkflowRun:
    state, now = sandbox.state, stamp(sandbox.now())
    workflow = workflow_for(sandbox, repo, path, spec.name)
    workflow.last_number += 1
    own = place.head_repo_id == repo.id
    suite = checks.new_suite(sandbox, repo, checks.ACTIONS_APP, place.sha, place.branch if own else None, ZERO)
    run = WorkflowRun(
        id=state.new_id(),
        repo_id=repo.id,
        workflow_id=workflow.id,
        workflow_path=path,
        name=spec.name,
        event=event.name,
        head_sha=place.sha,
        head_branch=place.branch,
        run_number=workflow.last_number,
        suite_id=suite.id,
        actor=event.actor,
        created_at=now,
        updated_at=now,
        title=place.title,
        ref=place.ref,
        base_ref=place.base_ref,
        pull_number=place.pull_number,
        head_repo_id=place.head_repo_id,
        checkout_sha=place.checkout,
        triggering_actor=event.actor,
        started_at=now,
        inputs=event.inputs,
        payload=_bounded(event.payload),
    )
    state.runs[run.id] = run
    if event.name in ALWAYS:
        run.title = spec.name
    if spec.run_name:
        run.title = _run_name(sandbox, run, spec.run_name)
    return run


def _bounded(payload: dict[str, object]) -> dict[str, object]:
    """What a run keeps of its event: all of it, or only where it happened when that is too much."""
    return payload if len(msgspec.json.encode(payload)) <= LARGEST_PAYLOAD else {"ref": payload["ref"]}


def _run_name(sandbox: "Sandbox", run: WorkflowRun, text: str) -> str:
    try:
        return expressions.interpolate(text, actions_context.contexts(sandbox, run, {}, {}))[:250]
    except ExpressionError:
        return text[:250]


def workflow_for(sandbox: "Sandbox", repo: Repo, path: str, name: str) -> Workflow:
    """The workflow of a file; filed when it is seen for the first time."""
    for known in sandbox.state.workflows.values():
        if known.repo_id == repo.id and known.path == path:
            known.name = name
            return known
    now = stamp(sandbox.now())
    new = Workflow(id=sandbox.state.new_id(), repo_id=repo.id, path=path, name=name, created_at=now, updated_at=now)
    sandbox.state.workflows[new.id] = new
    return new


def after_run(sandbox: "Sandbox", run: WorkflowRun) -> None:
    """A run that ended may start others (`on: workflow_run`), from the default branch; those start no third."""
    if run.event != "workflow_run":
        repo = sandbox.state.repos[run.repo_id]
        body: dict[str, object] = {
            "workflow_run": {"id": run.id, "name": run.name, "conclusion": run.conclusion, "head_sha": run.head_sha}
        }
        trigger(sandbox, repo, "workflow_run", actor=run.actor, action="completed", payload=body, source=run.name)


def due(sandbox: "Sandbox", limit: int = 1_000) -> list[JobOrder]:
    """The jobs that wait for a runner, oldest first, at most `limit`.

    One whose own texts do not resolve fails here and is not among them.
    """
    orders: list[JobOrder] = []
    for number in list(sandbox.state.job_queue):
        if len(orders) == limit:
            break
        job = sandbox.state.jobs[number]
        run = sandbox.state.runs[job.run_id]
        try:
            orders.append(actions_context.order(sandbox, run, job, actions_context.file_of(sandbox, run)))
        except (ExpressionError, Broken) as problem:
            note = actions_logs.annotation(str(problem), path=run.workflow_path)
            actions_runs.end(sandbox, run, job, "failure", annotations=[note])
            actions_runs.advance(sandbox, run)
    return orders


def started(sandbox: "Sandbox", job_id: int, steps: list[str]) -> bool:
    """A runner takes the job; `steps` are their titles. False: it is not to be run any more."""
    job = sandbox.state.jobs.get(job_id)
    if job is None or job.status != "queued":
        return False
    sandbox.state.logs[job_id] = ""
    actions_runs.begin(sandbox, sandbox.state.runs[job.run_id], job, steps)
    return True


def is_wanted(sandbox: "Sandbox", job_id: int) -> bool:
    """False once a job was cancelled or has ended: the runner must stop it."""
    job = sandbox.state.jobs.get(job_id)
    return job is not None and job.status != "completed"


def step(sandbox: "Sandbox", job_id: int, position: int, conclusion: str, output: str, exit_code: int = 0) -> None:
    """A step has ended; `position` counts the job's own steps from 0.

    Its text goes into the log, its `::error::` to the check run.
    """
    job = sandbox.state.jobs.get(job_id)
    if job is None or job.status != "in_progress" or position + 1 >= len(job.steps) - 1:
        return
    row, now = job.steps[position + 1], sandbox.now()
    row.status, row.conclusion = "completed", conclusion
    row.started_at, row.completed_at = row.started_at or stamp(now), stamp(now)
    if conclusion == "failure" and exit_code:
        output += f"##[error]Process completed with exit code {exit_code}.\n"
    log = sandbox.state.logs[job_id]
    row.log_from = len(log)
    sandbox.state.logs[job_id] = log + actions_logs.lines(output, now)
    row.log_to = len(sandbox.state.logs[job_id])
    found = actions_logs.annotations(output)
    if conclusion == "failure" and exit_code:
        found.append(actions_logs.annotation(f"Process completed with exit code {exit_code}."))
    check = sandbox.state.check_runs[job_id]
    check.annotations = [*check.annotations, *found][: actions_logs.MOST_ANNOTATIONS]


def step_started(sandbox: "Sandbox", job_id: int, position: int) -> None:
    job = sandbox.state.jobs.get(job_id)
    if job is not None and job.status == "in_progress" and position + 1 < len(job.steps) - 1:
        row = job.steps[position + 1]
        row.status, row.started_at = "in_progress", stamp(sandbox.now())


def finished(
    sandbox: "Sandbox", job_id: int, conclusion: str, outputs: dict[str, str] | None = None, note: str = ""
) -> None:
    """The job is through: success, failure or cancelled (also when its time was up; then `note` says so)."""
    job = sandbox.state.jobs.get(job_id)
    if job is None or job.status == "completed":
        return
    run = sandbox.state.runs[job.run_id]
    job.outputs = dict(outputs or {})
    notes: list[dict[str, Any]] = [actions_logs.annotation(note)] if note else []
    if note:
        log = sandbox.state.logs.get(job_id, "")
        sandbox.state.logs[job_id] = log + actions_logs.lines(f"##[error]{note}", sandbox.now())
    actions_runs.end(sandbox, run, job, conclusion, annotations=notes)
    if conclusion == "failure" and not job.tolerated:
        _fail_fast(sandbox, run, job)
    actions_runs.advance(sandbox, run)


def _fail_fast(sandbox: "Sandbox", run: WorkflowRun, failed: Job) -> None:
    """The rest of a matrix is cancelled with its first failure, unless it says otherwise."""
    spec = actions_context.file_of(sandbox, run).jobs[failed.key]
    if spec.fail_fast == "false":
        return
    for number in list(run.jobs):
        job = sandbox.state.jobs[number]
        if job.key == failed.key and job.status != "completed":
            actions_runs.end(sandbox, run, job, "cancelled")


def resume(sandbox: "Sandbox") -> None:
    """After a restart: what was running has lost its runner and waits again."""
    for run in sandbox.state.runs.values():
        for number in run.jobs:
            job = sandbox.state.jobs[number]
            if job.status == "in_progress":
                job.status, job.started_at, job.steps = "queued", None, []
                sandbox.state.job_queue.append(job.id)
    actions_runs.wake(sandbox)
