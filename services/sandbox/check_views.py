"""How check runs, check suites and commit statuses look in answers and webhooks.

`pull_requests` is what bots trust too much: it has every open pull request of this repository with that head, so
several when two share a commit and none for a fork.
"""

from typing import TYPE_CHECKING

from services.sandbox import views
from services.sandbox.kernel import Json
from services.sandbox.state import App, CheckRun, CheckSuite, Repo, Status

if TYPE_CHECKING:
    from services.sandbox.git_values import Commit
    from services.sandbox.sandbox import Sandbox


def check_run(sandbox: "Sandbox", base: str, run: CheckRun) -> Json:
    """GitHub's "check-run"."""
    repo = sandbox.state.repos[run.repo_id]
    app = sandbox.state.apps[run.app_id]
    api = f"{base}/repos/{repo.full_name}/check-runs/{run.id}"
    html = f"{base.removesuffix('/api/v3')}/{repo.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": views.node_id("CR", run.id),
        "name": run.name,
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": api,
        "html_url": html,
        "details_url": run.details_url or html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": run.suite_id},
        "app": views.app(sandbox.state, base, app),
        "pull_requests": pull_requests(sandbox, base, repo, run.head_sha),
    }


def check_run_event(sandbox: "Sandbox", run: CheckRun) -> Json:
    """The check run of a webhook: its suite comes along, and `started_at` is never null."""
    base = sandbox.public_url
    suite = sandbox.state.suites[run.suite_id]
    inner = check_suite(sandbox, base, suite)
    for absent in ("head_commit", "latest_check_runs_count", "check_runs_url", "repository"):
        del inner[absent]
    return {**check_run(sandbox, base, run), "started_at": run.started_at or suite.created_at, "check_suite": inner}


def annotation(base: str, repo: Repo, run: CheckRun, raw: dict[str, object]) -> Json:
    root = base.removesuffix("/api/v3")
    fields = ("start_column", "end_column", "title", "raw_details")
    return {
        "path": raw["path"],
        "blob_href": f"{root}/{repo.full_name}/blob/{run.head_sha}/{raw['path']}",
        "start_line": raw["start_line"],
        "end_line": raw["end_line"],
        "annotation_level": raw["annotation_level"],
        "message": raw["message"],
        **{field: raw.get(field) for field in fields},
    }


def check_suite(sandbox: "Sandbox", base: str, suite: CheckSuite) -> Json:
    """GitHub's "check-suite"."""
    state = sandbox.state
    repo = state.repos[suite.repo_id]
    api = f"{base}/repos/{repo.full_name}/check-suites/{suite.id}"
    return {
        "id": suite.id,
        "node_id": views.node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": api,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": pull_requests(sandbox, base, repo, suite.head_sha),
        "app": views.app(state, base, state.apps[suite.app_id]),
        "created_at": suite.created_at,
        "updated_at": suite.updated_at,
        "latest_check_runs_count": len({r.name for r in state.check_runs.values() if r.suite_id == suite.id}),
        "check_runs_url": f"{api}/check-runs",
        "head_commit": simple_commit(sandbox, repo, suite.head_sha),
        "repository": views.minimal_repo(state, base, repo),
    }


def pull_requests(sandbox: "Sandbox", base: str, repo: Repo, sha: str) -> list[Json]:
    """The open pull requests of this repository, from this repository, whose head is `sha`, in "minimal" form."""

    def end(which: Repo, ref: str, tip: str) -> Json:
        url = f"{base}/repos/{which.full_name}"
        return {"ref": ref, "sha": tip, "repo": {"id": which.id, "url": url, "name": which.name}}

    return [
        {
            "id": issue.pull.id,
            "number": issue.number,
            "url": f"{base}/repos/{repo.full_name}/pulls/{issue.number}",
            "head": end(repo, issue.pull.head_ref, issue.pull.head_sha),
            "base": end(repo, issue.pull.base_ref, issue.pull.base_sha),
        }
        for issue in sandbox.state.issues.values()
        if issue.repo_id == repo.id
        and issue.state == "open"
        and issue.pull is not None
        and issue.pull.head_sha == sha
        and issue.pull.head_repo_id == repo.id
    ]


def simple_commit(sandbox: "Sandbox", repo: Repo, sha: str) -> Json:
    """GitHub's "simple-commit"; one with empty texts where the object is not there (a fork's)."""
    found = sandbox.git.commit(repo.id, sha)
    if found is None:
        nobody = {"name": "", "email": ""}
        return {
            "id": sha,
            "tree_id": sha,
            "message": "",
            "timestamp": repo.created_at,
            "author": nobody,
            "committer": nobody,
        }
    return {
        "id": found.sha,
        "tree_id": found.tree,
        "message": found.message,
        "timestamp": found.committer.date,
        "author": {"name": found.author.name, "email": found.author.email},
        "committer": {"name": found.committer.name, "email": found.committer.email},
    }


def status(sandbox: "Sandbox", base: str, row: Status) -> Json:
    """GitHub's "status", as the list and the answer to a POST have it."""
    creator = views.user(base, views.account(sandbox.state, row.creator))
    return {**short_status(sandbox, base, row), "creator": creator}


def short_status(sandbox: "Sandbox", base: str, row: Status) -> Json:
    """The form inside the combined status: no creator."""
    repo = sandbox.state.repos[row.repo_id]
    return {
        "url": f"{base}/repos/{repo.full_name}/statuses/{row.sha}",
        "avatar_url": views.user(base, views.account(sandbox.state, row.creator))["avatar_url"],
        "id": row.id,
        "node_id": views.node_id("SC", row.id),
        "state": row.state,
        "description": row.description,
        "target_url": row.target_url,
        "context": row.context,
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def status_event(sandbox: "Sandbox", repo: Repo, row: Status, commit: "Commit", branches: dict[str, str]) -> Json:
    """The event's own keys. `name` is the repository's; there is no pull request in it."""
    base = sandbox.public_url
    api = f"{base}/repos/{repo.full_name}"
    inner = short_status(sandbox, base, row)
    return {
        **{key: inner[key] for key in ("id", "avatar_url", "state", "description", "target_url", "context")},
        "sha": row.sha,
        "name": repo.full_name,
        "created_at": row.created_at,
        "updated_at": row.created_at,
        "commit": _full_commit(api, f"{base}/{repo.full_name}", commit),
        "branches": [
            {
                "name": name,
                "commit": {"sha": tip, "url": f"{api}/commits/{tip}"},
                "protected": name in repo.protection,
            }
            for name, tip in branches.items()
        ],
    }


def _full_commit(api: str, html: str, commit: "Commit") -> Json:
    people = {
        role: {"name": who.name, "email": who.email, "date": who.date}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    return {
        "sha": commit.sha,
        "node_id": f"C_kw{commit.sha[:12]}",
        "commit": {
            **people,
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": unsigned,
        },
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{html}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "author": None,
        "committer": None,
        "parents": [
            {"sha": parent, "url": f"{api}/commits/{parent}", "html_url": f"{html}/commit/{parent}"}
            for parent in commit.parents
        ],
    }


def actions_app() -> App:
    """GitHub Actions' own App, with the id it has on github.com."""
    return App(
        id=15_368,
        slug="github-actions",
        name="GitHub Actions",
        owner="github",
        public_key="",
        client_id="Iv1.05c79e9ad1f6bdfa",
        permissions={
            "actions": "write",
            "checks": "write",
            "contents": "write",
            "metadata": "read",
            "statuses": "write",
        },
        events=["push", "pull_request"],
        created_at="2018-07-30T09:30:17Z",
    )
