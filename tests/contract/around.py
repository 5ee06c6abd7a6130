"""What lies around a task's life, as data for the lifecycle's player: what clients read and set things up with.

Together with the tests of the sandbox's parts it brings every route before the judges at least once. READS stands alone;
DELIVERIES follows MACHINERY once the ping of the hook it made has been sent, and takes over what that kept.
"""

import base64

from tests.contract.lifecycle import R, Step

READS: tuple[Step, ...] = (
    Step("GET", "/", who="person", keep={"root": "current_user_url"}),
    Step("GET", "/meta", who="person"),
    Step("GET", "/versions", who="person"),
    Step("GET", "/app", who="app", keep={"slug": "slug"}),
    Step("GET", f"{R}/installation", who="app", keep={"installation": "id"}),
    Step("POST", "/app/installations/{installation}/access_tokens", 201, {}, who="app", keep={"token": "token"}),
    Step("GET", "/apps/{slug}", holds={"slug": "{slug}"}),
    Step("GET", "/orgs/{owner}", holds={"login": "{owner}"}),
    Step("GET", "/users/ada", holds={"login": "ada"}),
    Step("GET", "/users/{owner}/repos?per_page=5", holds={"0.name": "{repo}"}),
    Step("GET", "/user/installations", who="person", holds={"installations.0.id": "{installation}"}),
    Step("GET", "/user/installations/{installation}/repositories", who="person", holds={"total_count": 1}),
    Step("GET", f"{R}/labels", keep={"label": "0.name"}),
    Step("POST", f"{R}/milestones", 201, {"title": "July", "due_on": "2030-07-31T00:00:00Z"}, keep={"due": "number"}),
    Step("GET", f"{R}/milestones/{{due}}", holds={"title": "July"}),
    Step(
        "POST",
        f"{R}/issues",
        201,
        {"title": "Serve currency", "milestone": "{due}", "assignees": ["ada"], "labels": ["{label}"]},
        keep={"issue": "number"},
        holds={"milestone.title": "July", "assignees.0.login": "ada"},
    ),
    Step("GET", f"{R}/milestones/{{due}}/labels", holds={"0.name": "{label}"}),
    Step("GET", f"{R}/issues/{{issue}}/assignees/ada", 204),
    Step("GET", f"{R}/issues/{{issue}}/events", keep={"event": "0.id"}),
    Step("GET", f"{R}/issues/events/{{event}}", holds={"id": "{event}", "issue.number": "{issue}"}),
    Step("GET", f"{R}/git/ref/heads/main", keep={"base": "object.sha"}),
    Step("POST", f"{R}/git/blobs", 201, {"content": "EUR = 1\n", "encoding": "utf-8"}, keep={"blob": "sha"}),
    Step("GET", f"{R}/git/blobs/{{blob}}", holds={"encoding": "base64", "size": 8}),
    Step(
        "POST",
        f"{R}/git/trees",
        201,
        {
            "base_tree": "{base}",
            "tree": [{"path": "orders/currency.py", "mode": "100644", "type": "blob", "sha": "{blob}"}],
        },
        keep={"tree": "sha"},
    ),
    Step("GET", f"{R}/git/trees/{{tree}}?recursive=1", holds={"truncated": False}),
    Step("GET", f"{R}/git/trees/main"),
    Step(
        "POST",
        f"{R}/git/commits",
        201,
        {"message": "Add currency", "tree": "{tree}", "parents": ["{base}"]},
        keep={"head": "sha"},
    ),
    Step("POST", f"{R}/git/refs", 201, {"ref": "refs/heads/topic/one", "sha": "{head}"}),
    Step("GET", f"{R}/git/matching-refs/heads/topic", holds={"0.ref": "refs/heads/topic/one"}),
    Step("GET", f"{R}/commits?sha=topic/one&per_page=1", holds={"0.sha": "{head}", "0.parents.0.sha": "{base}"}),
    Step(
        "POST", f"{R}/pulls", 201, {"title": "Currency", "head": "topic/one", "base": "main"}, keep={"pull": "number"}
    ),
    Step("GET", f"{R}/commits/{{head}}/pulls", holds={"0.number": "{pull}"}),
    Step(
        "POST",
        f"{R}/pulls/{{pull}}/comments",
        201,
        {"body": "Why 1?", "commit_id": "{head}", "path": "orders/currency.py", "line": 1},
        who="person",
        keep={"remark": "id"},
    ),
    Step("POST", f"{R}/pulls/comments/{{remark}}/reactions", 201, {"content": "eyes"}),
    Step("GET", f"{R}/pulls/comments/{{remark}}/reactions", holds={"0.content": "eyes"}),
    Step("POST", f"{R}/git/refs", 201, {"ref": "refs/heads/release", "sha": "{base}"}),
    Step("POST", f"{R}/merges", 201, {"base": "release", "head": "topic/one"}, keep={"merged": "sha"}),
    Step("POST", f"{R}/merges", 204, {"base": "release", "head": "topic/one"}),
    Step("POST", f"{R}/git/refs", 201, {"ref": "refs/tags/v1", "sha": "{head}"}),
    Step("GET", f"{R}/tags", holds={"0.name": "v1", "0.commit.sha": "{head}"}),
    Step("GET", f"{R}/tarball/main", 302),
    Step("GET", f"{R}/zipball/v1", 302),
    Step(
        "PUT",
        f"{R}/branches/release/protection",
        200,
        {
            "required_status_checks": {"strict": True, "contexts": ["lockstep/gate"]},
            "enforce_admins": True,
            "required_pull_request_reviews": {"required_approving_review_count": 1},
            "restrictions": None,
        },
    ),
    Step("GET", f"{R}/branches/release/protection", holds={"required_status_checks.strict": True}),
    Step("GET", f"{R}/rulesets"),
    Step("GET", f"{R}/rules/branches/release"),
)

_STEPS = "    runs-on: ubuntu-latest\n    steps:\n      - run: true\n"
WORKFLOW = base64.b64encode(f"name: CI\non: push\njobs:\n  unit:\n{_STEPS}".encode()).decode()
"""One job that runs `true` on a push."""

MACHINERY: tuple[Step, ...] = (
    Step("GET", f"{R}/installation", who="app", keep={"installation": "id"}),
    Step("POST", "/app/installations/{installation}/access_tokens", 201, {}, who="app", keep={"token": "token"}),
    Step("PUT", f"{R}/contents/.github/workflows/ci.yml", 201, {"message": "Test", "content": WORKFLOW}),
    Step("GET", f"{R}/actions/workflows", keep={"workflow": "workflows.0.id"}),
    Step("GET", f"{R}/actions/workflows/{{workflow}}", holds={"name": "CI"}),
    Step("GET", f"{R}/actions/runs", holds={"workflow_runs.0.event": "push"}, keep={"run": "workflow_runs.0.id"}),
    Step("GET", f"{R}/actions/runs/{{run}}/jobs", keep={"job": "jobs.0.id"}),
    Step("GET", f"{R}/actions/jobs/{{job}}", holds={"run_id": "{run}"}),
    Step("POST", f"{R}/actions/runs/{{run}}/force-cancel", 202),
    Step("GET", f"{R}/actions/runs/{{run}}", holds={"conclusion": "cancelled"}),
    Step(
        "POST",
        f"{R}/hooks",
        201,
        {"config": {"url": "{hook_url}", "content_type": "json", "secret": "s"}, "events": ["push"]},
        keep={"hook": "id"},
    ),
)

DELIVERIES: tuple[Step, ...] = (
    Step("GET", f"{R}/hooks/{{hook}}/deliveries", keep={"delivery": "0.id"}, holds={"0.event": "ping"}),
    Step("GET", f"{R}/hooks/{{hook}}/deliveries/{{delivery}}", holds={"id": "{delivery}"}),
    Step("POST", f"{R}/hooks/{{hook}}/deliveries/{{delivery}}/attempts", 202),
    Step("POST", f"{R}/transfer", 202, {"new_owner": "ada"}),
)
