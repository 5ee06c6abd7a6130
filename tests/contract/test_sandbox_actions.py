"""Actions in the sandbox: what starts a run, how it lives, how it is run again, and what is told. No processes here."""

import io
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.sandbox import actions, checks
from services.sandbox.actions_context import JobOrder
from services.sandbox.kernel import Request
from tests.contract.hub import BASE, Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")

CI = """
name: CI
on:
  push:
    branches: [main, 'release/**']
  pull_request:
  workflow_dispatch:
    inputs:
      level: {required: true}
      dry: {type: boolean, default: false}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy: {fail-fast: false, matrix: {python: ['3.11', '3.12']}}
    steps:
      - run: make test
  report:
    needs: [test]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ needs.test.result }}
"""


def install(hub: Hub, text: str = CI, name: str = "ci") -> str:
    """Push a workflow file to main."""
    files = {f".github/workflows/{name}.yml": text}
    return hub.scenario.commit(hub.repo, files, "Add a workflow", login="ada", announce=True)


def due(hub: Hub) -> dict[str, JobOrder]:
    return {order.name: order for order in actions.due(hub.sandbox)}


def work(hub: Hub, order: JobOrder, conclusion: str = "success", output: str = "hello\n", **outputs: str) -> None:
    """Carry a job out as a runner would."""
    code = 0 if conclusion == "success" else 1
    assert actions.started(hub.sandbox, order.job_id, [step.title for step in order.steps])
    for position in range(len(order.steps)):
        actions.step(hub.sandbox, order.job_id, position, conclusion, output, code)
    actions.finished(hub.sandbox, order.job_id, conclusion, outputs)


def work_all(hub: Hub, bad: str = "") -> list[str]:
    """Carry everything out; jobs whose name has `bad` in it fail. The names, in order."""
    done = []
    while orders := due(hub):
        for name, order in orders.items():
            work(hub, order, "failure" if bad and bad in name else "success")
            done.append(name)
    return done


def only_run(hub: Hub) -> dict[str, Any]:
    rows = hub.ok("GET", "actions/runs")["workflow_runs"]
    assert len(rows) == 1
    found: dict[str, Any] = rows[0]
    return found


def jobs(hub: Hub, run: int, query: str = "") -> dict[str, str | None]:
    rows = hub.ok("GET", f"actions/runs/{run}/jobs{query}")["jobs"]
    return {row["name"]: row["conclusion"] for row in rows}


def test_a_push_runs_jobs_in_the_order_of_their_needs(hub: Hub) -> None:
    sha = install(hub)
    assert hub.hear() == [
        "push",
        "check_suite.requested",
        "workflow_run.requested",
        "workflow_job.queued",
        "check_run.created",
    ]
    assert list(due(hub)) == ["build"]
    work(hub, due(hub)["build"])
    assert hub.hear() == [
        "workflow_job.in_progress",
        "workflow_run.in_progress",
        "workflow_job.completed",
        "check_run.completed",
        *["workflow_job.queued", "check_run.created"] * 2,
    ]
    assert list(due(hub)) == ["test (3.11)", "test (3.12)"]
    assert work_all(hub) == ["test (3.11)", "test (3.12)", "report"]
    assert hub.hear()[-2:] == ["workflow_run.completed", "check_suite.completed"]
    run = only_run(hub)
    assert (run["status"], run["conclusion"], run["head_sha"], run["event"]) == ("completed", "success", sha, "push")
    names = {v.name: (v.state, v.app_id) for v in checks.rollup(hub.sandbox, hub.repo, sha)}
    assert names == dict.fromkeys(("build", "test (3.11)", "test (3.12)", "report"), ("success", 15_368))


def test_a_failure_skips_what_needs_it_unless_it_always_runs(hub: Hub) -> None:
    install(hub)
    assert work_all(hub, bad="build") == ["build", "report"]
    run = only_run(hub)
    assert run["conclusion"] == "failure"
    assert jobs(hub, run["id"]) == {"build": "failure", "test": "skipped", "report": "success"}
    check = hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"][0]
    notes = hub.ok("GET", f"check-runs/{check['id']}/annotations")
    assert "Process completed with exit code 1." in [note["message"] for note in notes]


def test_fail_fast_cancels_the_rest_of_a_matrix(hub: Hub) -> None:
    install(hub, CI.replace("fail-fast: false, ", ""))
    work(hub, due(hub)["build"])
    work(hub, due(hub)["test (3.11)"], "failure")
    assert list(due(hub)) == ["report"]
    assert jobs(hub, only_run(hub)["id"])["test (3.12)"] == "cancelled"


def test_continue_on_error_is_no_failure(hub: Hub) -> None:
    install(hub, CI.replace("  build:\n", "  build:\n    continue-on-error: true\n"))
    work_all(hub, bad="build")
    assert only_run(hub)["conclusion"] == "success"


@pytest.mark.parametrize(
    ("rule", "ref", "runs"),
    [
        ("push", "refs/heads/topic", True),
        ("{push: {branches: [main]}}", "refs/heads/topic", False),
        ("{push: {branches: ['t*', '!to*']}}", "refs/heads/topic", False),
        ("{push: {branches-ignore: ['to?pic']}}", "refs/heads/topic", False),
        ("{push: {branches: ['releases/**']}}", "refs/heads/releases/1/2", True),
        ("{push: {branches: ['releases/*']}}", "refs/heads/releases/1/2", False),
        ("{push: {tags: ['v[0-9]+.*']}}", "refs/tags/v12.x", True),
        ("{push: {tags: ['v*']}}", "refs/heads/v1", False),
        ("{push: {branches: [main]}}", "refs/tags/main", False),
        ("{push: {paths: ['**/main.py']}}", "refs/heads/topic", True),
        ("{push: {paths: ['docs/**']}}", "refs/heads/topic", False),
        ("{push: {paths-ignore: ['src/**', '*.md', '.github/**', 'x']}}", "refs/heads/topic", False),
        ("[pull_request, issues]", "refs/heads/topic", False),
    ],
)
def test_filters_of_a_push(hub: Hub, rule: str, ref: str, runs: bool) -> None:
    text = f"on: {rule}\njobs: {{a: {{runs-on: x, steps: [{{run: 'true'}}]}}}}\n"
    files = {".github/workflows/w.yml": text, "src/main.py": "print(2)\n", "x": "x"}
    sha = hub.scenario.commit(hub.repo, files, "Change", branch="scratch")
    found = actions.trigger(hub.sandbox, hub.repo, "push", ref=ref, sha=sha, actor="ada")
    assert len(found) == runs


def test_a_commit_that_says_so_is_skipped(hub: Hub) -> None:
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": CI}, "Docs [skip ci]", announce=True)
    assert hub.ok("GET", "actions/runs")["total_count"] == 0


def test_a_pull_request_runs_on_its_test_merge_but_not_on_a_conflict(hub: Hub) -> None:
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": CI}, "Add a workflow")
    head = hub.branch("topic", {"new.txt": "1"})
    hub.scenario.commit(hub.repo, {"README.md": "# moved on\n"}, "Base moves")
    number = hub.pull(head="topic")["number"]
    run = only_run(hub)
    assert (run["event"], run["head_sha"], run["head_branch"]) == ("pull_request", head, "topic")
    assert [pull["number"] for pull in run["pull_requests"]] == [number]
    order = due(hub)["build"]
    files = {entry.path for entry in hub.sandbox.git.tree(hub.repo.id, order.sha, recursive=True)}
    assert "new.txt" in files
    assert order.contexts["github"]["ref"] == f"refs/pull/{number}/merge"
    assert order.contexts["github"]["sha"] == order.sha != head
    hub.branch("clash", {"README.md": "# clash\n"})
    hub.scenario.commit(hub.repo, {"README.md": "# again\n"}, "Base moves again")
    hub.pull(head="clash")
    assert only_run(hub)["head_sha"] == head


def test_actions_itself_starts_nothing(hub: Hub) -> None:
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": CI}, "Add a workflow")
    sha = hub.sandbox.git.resolve(hub.repo.id, "main") or ""
    found = actions.trigger(hub.sandbox, hub.repo, "push", ref="refs/heads/main", sha=sha, actor="github-actions[bot]")
    assert found == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("on: push\njobs: [", "yaml syntax on line"),
        ("jobs: {}", "No event triggers"),
        ("on: push\njobs: {a: {runs-on: x, steps: [{run: a, uses: b}]}}", "exactly one of"),
        ("on: push\njobs: {a: {runs-on: x, needs: b, steps: [{run: a}]}}", "unknown job `b`"),
        ("on: push\njobs: {a: {runs-on: x, needs: a, steps: [{run: a}]}}", "in a circle"),
        ("on: push\njobs: {a: {uses: o/r/.github/workflows/x.yml@main}}", "`uses`"),
        ("[" * 5_000, "nested deeper"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"c{n}: &c{n} [*b, *b]\n" for n in range(3)) + "on: push",
            "`jobs`",
        ),
        ("x: &x [" + "1," * 900 + "]\ny: [" + "*x," * 60 + "]", "more than 20000 values"),
        ("x: &x [*x]\non: push", "more than 20000 values"),
    ],
)
def test_a_broken_file_fails_with_one_line(hub: Hub, text: str, line: str) -> None:
    sha = install(hub, text)
    run = only_run(hub)
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"] == []
    check = hub.ok("GET", f"commits/{sha}/check-runs?app_id=15368")["check_runs"][0]
    notes = hub.ok("GET", f"check-runs/{check['id']}/annotations")
    assert len(notes) == 1
    assert line in notes[0]["message"]
    suite = hub.ok("GET", f"check-suites/{check['check_suite']['id']}")
    assert suite["conclusion"] == "startup_failure"
    assert hub.hear()[-2:] == ["workflow_run.completed", "check_suite.completed"]
    status, words = hub.refused("POST", f"actions/runs/{run['id']}/rerun")
    assert (status, "cannot be retried" in words) == (403, True)


def test_an_expression_that_does_not_resolve_fails_its_job(hub: Hub) -> None:
    text = "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {n: '${{ fromJSON(1, 2, 3) }}'}}, steps: [{run: a}]}}"
    install(hub, text)
    assert jobs(hub, only_run(hub)["id"]) == {"a": "failure"}
    install(hub, "on: push\nenv: {A: '${{ nope.x }}'}\njobs: {a: {runs-on: x, steps: [{run: a}]}}", "env")
    assert due(hub) == {}


def test_a_dispatch_checks_its_inputs_and_can_name_the_run(hub: Hub) -> None:
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": CI}, "Add a workflow")
    workflow = hub.ok("GET", "actions/workflows")["workflows"][0]
    assert (workflow["name"], workflow["path"]) == ("CI", ".github/workflows/ci.yml")
    path = f"actions/workflows/{workflow['id']}/dispatches"
    assert "Required input 'level'" in hub.refused("POST", path, {"ref": "main"})[1]
    assert "Unexpected inputs" in hub.refused("POST", path, {"ref": "main", "inputs": {"level": "1", "x": "1"}})[1]
    assert "No ref found" in hub.refused("POST", path, {"ref": "gone", "inputs": {"level": "1"}})[1]
    assert hub.api("POST", path, {"ref": "main", "inputs": {"level": "high"}}).status == 204
    by_name = "actions/workflows/ci.yml/dispatches"
    body = {"ref": "main", "inputs": {"level": "1", "dry": "true"}, "return_run_details": True}
    details = hub.ok("POST", by_name, body)
    run = hub.ok("GET", f"actions/runs/{details['workflow_run_id']}")
    assert (run["event"], run["run_number"], run["actor"]["login"]) == ("workflow_dispatch", 2, "lockstep[bot]")
    assert actions.due(hub.sandbox)[1].contexts["inputs"] == {"level": "1", "dry": True}
    asked = "actions/workflows/ci.yml/runs?event=workflow_dispatch"
    assert hub.ok("GET", asked)["total_count"] == 2
    newest, oldest = [row["created_at"] for row in hub.ok("GET", asked)["workflow_runs"]]
    for created, count in ((f"%3E%3D{oldest}", 2), (f"%3E{newest}", 0), (f"%3C{oldest}", 0)):
        assert hub.ok("GET", f"{asked}&created={created}")["total_count"] == count


def test_a_repository_dispatch_reaches_who_listens_to_its_type(hub: Hub) -> None:
    text = "on: {repository_dispatch: {types: [deploy]}}\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}"
    hub.scenario.commit(hub.repo, {".github/workflows/d.yml": text}, "Add a workflow")
    hub.ok("POST", "dispatches", {"event_type": "other"})
    assert due(hub) == {}
    hub.ok("POST", "dispatches", {"event_type": "deploy", "client_payload": {"to": "prod"}})
    assert due(hub)["a"].contexts["github"]["event"]["client_payload"] == {"to": "prod"}
    hub.recorder.expect("POST /repos/{owner}/{repo}/dispatches request at /client_payload")
    body = {"event_type": "deploy", "client_payload": {str(n): n for n in range(11)}}
    assert hub.refused("POST", "dispatches", body)[0] == 422


def test_a_run_that_ended_starts_who_waits_for_it(hub: Hub) -> None:
    text = "on: {workflow_run: {workflows: [CI], types: [completed]}}\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}"
    hub.scenario.commit(hub.repo, {".github/workflows/after.yml": text}, "Add a workflow")
    install(hub)
    assert work_all(hub)[-1] == "a"
    assert hub.ok("GET", "actions/runs?event=workflow_run")["total_count"] == 1


def test_a_rerun_keeps_the_run_and_makes_new_jobs(hub: Hub) -> None:
    sha = install(hub)
    work_all(hub, bad="3.11")
    run = only_run(hub)
    first = hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"]
    hub.hear()
    hub.ok("POST", f"actions/runs/{run['id']}/rerun")
    again = only_run(hub)
    assert (again["id"], again["run_attempt"], again["status"], again["conclusion"]) == (run["id"], 2, "queued", None)
    assert again["previous_attempt_url"].endswith("/attempts/1")
    assert hub.hear()[0] == "workflow_run.requested"
    assert "This workflow is already running" in hub.refused("POST", f"actions/runs/{run['id']}/rerun")[1]
    work_all(hub)
    second = hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"]
    assert not {job["id"] for job in first} & {job["id"] for job in second}
    assert {v.state for v in checks.rollup(hub.sandbox, hub.repo, sha)} == {"success"}
    old = hub.ok("GET", f"actions/runs/{run['id']}/attempts/1")
    assert (old["run_attempt"], old["conclusion"]) == (1, "failure")
    assert hub.ok("GET", f"actions/runs/{run['id']}/attempts/1/jobs")["jobs"] == first
    assert len(jobs(hub, run["id"], "?filter=all")) == 4
    assert hub.ok("GET", f"actions/runs/{run['id']}/jobs?filter=all")["total_count"] == 8


def test_rerunning_what_failed_keeps_what_was_green(hub: Hub) -> None:
    install(hub)
    work_all(hub, bad="3.11")
    run = only_run(hub)
    build = hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"][0]
    hub.ok("POST", f"actions/runs/{run['id']}/rerun-failed-jobs")
    assert work_all(hub) == ["test (3.11)", "test (3.12)", "report"]
    assert only_run(hub)["conclusion"] == "success"
    assert build["id"] in {job["id"] for job in hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"]}
    assert hub.refused("POST", f"actions/runs/{run['id']}/rerun-failed-jobs")[0] == 403
    hub.ok("POST", f"actions/jobs/{build['id']}/rerun")
    assert work_all(hub)[0] == "build"
    assert only_run(hub)["run_attempt"] == 3


def test_an_old_run_cannot_be_retried(hub: Hub) -> None:
    install(hub)
    work_all(hub)
    number = only_run(hub)["id"]
    hub.sandbox.state.runs[number].created_at = "2020-01-01T00:00:00Z"
    status, words = hub.refused("POST", f"actions/runs/{number}/rerun")
    assert (status, "created over a month ago" in words) == (403, True)


def test_rerequesting_a_job_s_check_run_reruns_the_job(hub: Hub) -> None:
    install(hub)
    work_all(hub, bad="report")
    run = only_run(hub)
    report = hub.ok("GET", f"actions/runs/{run['id']}/jobs")["jobs"][-1]
    hub.ok("POST", f"check-runs/{report['id']}/rerequest", who="bob")
    assert work_all(hub) == ["report"]
    assert only_run(hub)["conclusion"] == "success"


def test_cancel_ends_everything_and_a_late_result_changes_nothing(hub: Hub) -> None:
    install(hub)
    order = due(hub)["build"]
    actions.started(hub.sandbox, order.job_id, ["a", "b"])
    number = only_run(hub)["id"]
    assert hub.api("POST", f"actions/runs/{number}/cancel").status == 202
    assert not actions.is_wanted(hub.sandbox, order.job_id)
    actions.finished(hub.sandbox, order.job_id, "success")
    assert only_run(hub)["conclusion"] == "cancelled"
    assert jobs(hub, number)["build"] == "cancelled"
    assert due(hub) == {}
    assert hub.refused("POST", f"actions/runs/{number}/cancel")[0] == 409


def test_a_stranger_s_pull_request_waits_for_approval(hub: Hub) -> None:
    hub.scenario.commit(hub.repo, {".github/workflows/ci.yml": CI}, "Add a workflow")
    fork = hub.scenario.repo("eve/api", {})
    hub.sandbox.git.remove(fork.id)
    hub.sandbox.git.fork(hub.repo.id, fork.id)
    fork.fork_of = hub.repo.id
    sha = hub.scenario.commit(fork, {"new.txt": "n"}, "Change", branch="topic", login="eve")
    body = {"title": "Mine", "head": "eve:topic", "base": "main"}
    hub.ok("POST", "pulls", body, who="eve")
    run = only_run(hub)
    assert (run["status"], run["conclusion"], run["pull_requests"]) == ("completed", "action_required", [])
    assert run["head_repository"]["full_name"] == "eve/api"
    assert checks.rollup(hub.sandbox, hub.repo, sha) == []
    assert hub.refused("POST", f"actions/runs/{run['id']}/approve", who="eve")[0] == 403
    hub.ok("POST", f"actions/runs/{run['id']}/approve", who="bob")
    assert list(due(hub)) == ["build"]


def fetch(hub: Hub, location: str, **headers: str) -> tuple[int, bytes]:
    parts = urlsplit(location)
    request = Request(method="GET", path=f"{parts.path}?{parts.query}", headers=headers, base=BASE)
    answer = hub.sandbox.handle(request)
    return answer.status, answer.encoded()


def test_logs_are_redirects_to_where_no_credential_belongs(hub: Hub) -> None:
    install(hub)
    order = due(hub)["build"]
    assert hub.api("GET", f"actions/jobs/{order.job_id}/logs").status == 404
    work(hub, order, "failure", "one\n::error file=src/main.py,line=3,title=Bad::it broke\n")
    job = hub.api("GET", f"actions/jobs/{order.job_id}/logs")
    run = only_run(hub)["id"]
    assert job.status == 302
    assert hub.api("GET", f"actions/runs/{run}/logs").status == 404
    status, content = fetch(hub, job.headers["location"])
    assert status == 200
    assert b"##[error]it broke" in content
    assert content.count(b"##[error]Process completed with exit code 1.") == 2
    assert fetch(hub, job.headers["location"], authorization="token " + hub.tokens["app"])[0] == 403
    assert fetch(hub, job.headers["location"].replace("sig=", "sig=0"))[0] == 403
    notes = hub.ok("GET", f"check-runs/{order.job_id}/annotations")
    assert ("src/main.py", 3, "Bad") in [(n["path"], n["start_line"], n["title"]) for n in notes]
    work_all(hub)
    whole = hub.api("GET", f"actions/runs/{run}/logs")
    with zipfile.ZipFile(io.BytesIO(fetch(hub, whole.headers["location"])[1])) as packed:
        assert {"0_build.txt", "build/3_Run make.txt"} <= set(packed.namelist())
    hub.ok("DELETE", f"actions/runs/{run}/logs")
    assert hub.api("GET", f"actions/jobs/{order.job_id}/logs").status == 410


def test_what_was_running_at_a_restart_waits_again(hub: Hub) -> None:
    install(hub)
    order = due(hub)["build"]
    actions.started(hub.sandbox, order.job_id, ["a", "b"])
    assert due(hub) == {}
    actions.resume(hub.sandbox)
    assert list(due(hub)) == ["build"]
    work(hub, due(hub)["build"])
    assert jobs(hub, only_run(hub)["id"])["build"] == "success"


def test_runs_are_filtered(hub: Hub) -> None:
    sha = install(hub)
    for query, count in (
        ("status=queued", 1),
        ("status=success", 0),
        (f"head_sha={sha}", 1),
        ("branch=topic", 0),
        ("actor=ada", 1),
        ("created=%3E%3D2020-01-01", 1),
        ("created=2020-01-01..2020-02-01", 0),
    ):
        assert hub.ok("GET", f"actions/runs?{query}")["total_count"] == count, query
    number = only_run(hub)["id"]
    assert hub.refused("DELETE", f"actions/runs/{number}")[0] == 403
    work_all(hub)
    assert hub.api("DELETE", f"actions/runs/{number}").status == 204
    assert hub.ok("GET", "actions/runs")["total_count"] == 0
