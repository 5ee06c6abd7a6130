"""How workflows, runs and jobs look in answers and webhooks."""

from typing import TYPE_CHECKING

from services.sandbox import check_views, views
from services.sandbox.actions_records import Job, Workflow, WorkflowRun
from services.sandbox.kernel import Json
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox


def workflow(sandbox: "Sandbox", base: str, row: Workflow) -> Json:
    repo = sandbox.state.repos[row.repo_id]
    root = base.removesuffix("/api/v3")
    return {
        "id": row.id,
        "node_id": views.node_id("W", row.id),
        "name": row.name,
        "path": row.path,
        "state": "active",
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "url": f"{base}/repos/{repo.full_name}/actions/workflows/{row.id}",
        "html_url": f"{root}/{repo.full_name}/blob/{repo.default_branch}/{row.path}",
        "badge_url": f"{root}/{repo.full_name}/actions/workflows/{row.path.rpartition('/')[2]}/badge.svg",
    }


def run(sandbox: "Sandbox", base: str, row: WorkflowRun, attempt: int = 0) -> Json:
    """GitHub's "workflow-run", as its newest attempt or an earlier one shows it."""
    state = sandbox.state
    repo = state.repos[row.repo_id]
    now = attempt or row.run_attempt
    old = row.earlier[now - 1] if now < row.run_attempt else None
    return {
        **_urls(base, repo, row, now),
        "id": row.id,
        "name": row.name,
        "node_id": views.node_id("WFR", row.id),
        "check_suite_id": row.suite_id,
        "check_suite_node_id": views.node_id("CS", row.suite_id),
        "head_branch": row.head_branch,
        "head_sha": row.head_sha,
        "path": row.workflow_path,
        "display_title": row.title or row.name,
        "run_number": row.run_number,
        "run_attempt": now,
        "referenced_workflows": [],
        "event": row.event,
        "status": "completed" if old else row.status,
        "conclusion": old.conclusion if old else row.conclusion,
        "workflow_id": row.workflow_id,
        "pull_requests": _pull_requests(sandbox, base, repo, row),
        "created_at": row.created_at,
        "updated_at": old.updated_at if old else row.updated_at,
        "run_started_at": old.started_at if old else row.started_at,
        "actor": views.user(base, views.account(state, row.actor)),
        "triggering_actor": views.user(base, views.account(state, old.actor if old else row.triggering_actor)),
        "head_commit": check_views.simple_commit(sandbox, repo, row.head_sha),
        "repository": views.minimal_repo(state, base, repo),
        "head_repository": views.minimal_repo(state, base, state.repos.get(row.head_repo_id, repo)),
    }


def _urls(base: str, repo: Repo, row: WorkflowRun, attempt: int) -> Json:
    root = f"{base}/repos/{repo.full_name}"
    api = f"{root}/actions/runs/{row.id}"
    html = f"{base.removesuffix('/api/v3')}/{repo.full_name}/actions/runs/{row.id}"
    return {
        "url": api,
        "html_url": html,
        "jobs_url": f"{api}/jobs",
        "logs_url": f"{api}/logs",
        "check_suite_url": f"{root}/check-suites/{row.suite_id}",
        "artifacts_url": f"{api}/artifacts",
        "cancel_url": f"{api}/cancel",
        "rerun_url": f"{api}/rerun",
        "previous_attempt_url": f"{api}/attempts/{attempt - 1}" if attempt > 1 else None,
        "workflow_url": f"{root}/actions/workflows/{row.workflow_id}",
    }


def _pull_requests(sandbox: "Sandbox", base: str, repo: Repo, row: WorkflowRun) -> list[Json]:
    """None for a fork's run, as on GitHub: use head_sha and head_repository there."""
    return [] if row.head_repo_id != repo.id else check_views.pull_requests(sandbox, base, repo, row.head_sha)


def job(sandbox: "Sandbox", base: str, row: Job) -> Json:
    """GitHub's "job"; its check run has the same id."""
    owner = sandbox.state.runs[row.run_id]
    repo = sandbox.state.repos[owner.repo_id]
    api = f"{base}/repos/{repo.full_name}"
    taken = row.started_at is not None
    return {
        "id": row.id,
        "run_id": row.run_id,
        "run_url": f"{api}/actions/runs/{row.run_id}",
        "run_attempt": row.run_attempt,
        "node_id": views.node_id("CR", row.id),
        "head_sha": owner.head_sha,
        "url": f"{api}/actions/jobs/{row.id}",
        "html_url": f"{base.removesuffix('/api/v3')}/{repo.full_name}/actions/runs/{row.run_id}/job/{row.id}",
        "status": row.status,
        "conclusion": row.conclusion,
        "created_at": row.created_at,
        "started_at": row.started_at or row.created_at,
        "completed_at": row.completed_at,
        "name": row.name,
        "steps": [
            {
                "name": step.name,
                "status": step.status,
                "conclusion": step.conclusion,
                "number": step.number,
                "started_at": step.started_at,
                "completed_at": step.completed_at,
            }
            for step in row.steps
        ],
        "check_run_url": f"{api}/check-runs/{row.id}",
        "labels": row.labels,
        "runner_id": 1 if taken else None,
        "runner_name": "sandbox" if taken else None,
        "runner_group_id": 1 if taken else None,
        "runner_group_name": "Default" if taken else None,
        "workflow_name": owner.name,
        "head_branch": owner.head_branch,
    }


def job_event(sandbox: "Sandbox", owner: WorkflowRun, row: Job) -> Json:
    """The `workflow_job` of a webhook: the same."""
    return job(sandbox, sandbox.public_url, row)
