"""What check runs, check suites and statuses say about a commit, and the events their changes send.

A run is unique by nothing but its id: of one App and name the newest *created* counts, and patching an older one
changes nothing. Suites are one per App and sha (one per workflow run for Actions); a suite nobody makes runs in stays
queued for ever.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import check_views
from services.sandbox.clock import stamp
from services.sandbox.git_values import ZERO
from services.sandbox.state import CheckRun, CheckSuite, Repo, State, Status

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

ACTIONS_APP = 15_368
PRIORITY = (
    "action_required",
    "timed_out",
    "cancelled",
    "failure",
    "startup_failure",
    "stale",
    "neutral",
    "success",
    "skipped",
)
"""Which conclusion of its runs a suite shows: the first of these that occurs."""
PASSING = {"success", "neutral", "skipped"}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one App says about a commit under one name.

    `state`: success, pending or failure; `detail`: the word it used.
    """

    kind: str  # check or status: a required name that has both must pass in both
    name: str
    app_id: int  # 0 for a person's status
    state: str
    detail: str


def rollup(sandbox: "Sandbox", repo: Repo, sha: str) -> list[Verdict]:
    """The newest created run of every (App, name) and the newest status of every context."""
    state = sandbox.state
    runs = {(r.app_id, r.name): r for r in runs_of(state, repo, sha)}
    checks = [
        Verdict(
            kind="check", name=r.name, app_id=r.app_id, state=_verdict(r.conclusion), detail=r.conclusion or r.status
        )
        for r in runs.values()
    ]
    words = {"success": "success", "pending": "pending"}
    return checks + [
        Verdict(
            kind="status",
            name=s.context,
            app_id=_author(state, s),
            state=words.get(s.state, "failure"),
            detail=s.state,
        )
        for s in latest_statuses(state, repo, sha)
    ]


def _verdict(conclusion: str | None) -> str:
    if conclusion is None:
        return "pending"
    return "success" if conclusion in PASSING else "failure"


def _author(state: State, row: Status) -> int:
    return next((app.id for app in state.apps.values() if row.creator == f"{app.slug}[bot]"), 0)


def runs_of(state: State, repo: Repo, sha: str) -> list[CheckRun]:
    """All check runs on a commit, oldest first; of a workflow run only those of its newest attempt."""
    replaced = {
        job
        for run in state.runs.values()
        if run.earlier and run.head_sha == sha
        for old in run.earlier
        for job in old.jobs
    } - {job for run in state.runs.values() if run.head_sha == sha for job in run.jobs}
    found = [
        r for r in state.check_runs.values() if r.head_sha == sha and r.repo_id == repo.id and r.id not in replaced
    ]
    return sorted(found, key=lambda r: r.id)


def latest(runs: Iterable[CheckRun]) -> list[CheckRun]:
    """The newest created of each suite and name, newest first."""
    newest = {(r.suite_id, r.name): r for r in sorted(runs, key=lambda r: r.id)}
    return sorted(newest.values(), key=lambda r: -r.id)


def latest_statuses(state: State, repo: Repo, sha: str) -> list[Status]:
    rows = [s for s in state.statuses.values() if s.sha == sha and s.repo_id == repo.id]
    return list({s.context.lower(): s for s in sorted(rows, key=lambda s: s.id)}.values())


def ensure_actions_app(state: State) -> None:
    """GitHub Actions is an App like any other, but nobody installs it."""
    if ACTIONS_APP not in state.apps:
        state.apps[ACTIONS_APP] = check_views.actions_app()


def suite_for(
    sandbox: "Sandbox", repo: Repo, app_id: int, sha: str, branch: str | None = None, before: str = ZERO
) -> tuple[CheckSuite, bool]:
    """The App's suite on a commit, and whether it had to be made."""
    for suite in sandbox.state.suites.values():
        if suite.head_sha == sha and suite.app_id == app_id and suite.repo_id == repo.id:
            return suite, False
    if branch is None:
        heads = sandbox.git.refs(repo.id)
        branch = next((name.removeprefix("refs/heads/") for name, tip in heads.items() if tip == sha), None)
    return new_suite(sandbox, repo, app_id, sha, branch, before), True


def new_suite(sandbox: "Sandbox", repo: Repo, app_id: int, sha: str, branch: str | None, before: str) -> CheckSuite:
    now = stamp(sandbox.now())
    suite = CheckSuite(
        id=sandbox.state.new_id(),
        repo_id=repo.id,
        app_id=app_id,
        head_sha=sha,
        head_branch=branch,
        before=before,
        created_at=now,
        updated_at=now,
    )
    sandbox.state.suites[suite.id] = suite
    return suite


def on_push(sandbox: "Sandbox", repo: Repo, ref: str, before: str, after: str, actor: str) -> None:
    """Ask every App that may write checks for its verdict, each about a suite of its own, once per sha."""
    from services.sandbox import merge_queue

    if not ref.startswith("refs/heads/"):
        return
    merge_queue.look(sandbox, repo)
    if after == ZERO:
        return
    for installation in list(sandbox.state.installations.values()):
        covered = installation.account.lower() == repo.owner.lower() and (
            installation.repo_ids is None or repo.id in installation.repo_ids
        )
        writes = installation.permissions.get("checks") == "write"
        if not covered or not writes or installation.suspended_at or installation.app_id in repo.suites_off:
            continue
        branch = ref.removeprefix("refs/heads/")
        suite, made = suite_for(sandbox, repo, installation.app_id, after, branch, before)
        if made:
            emit_suite(sandbox, suite, "requested", actor)


def emit_suite(sandbox: "Sandbox", suite: CheckSuite, action: str, actor: str) -> None:
    repo = sandbox.state.repos[suite.repo_id]
    view = check_views.check_suite(sandbox, sandbox.public_url, suite)
    del view["repository"]
    sandbox.emit("check_suite", action, repo, actor, check_suite=view)


def emit_run(sandbox: "Sandbox", run: CheckRun, action: str, actor: str, **extra: object) -> None:
    repo = sandbox.state.repos[run.repo_id]
    sandbox.emit("check_run", action, repo, actor, check_run=check_views.check_run_event(sandbox, run), **extra)


def created(sandbox: "Sandbox", run: CheckRun, actor: str) -> None:
    """A run was filed: tell, and tell again at once when it came with a conclusion."""
    sandbox.state.check_runs[run.id] = run
    emit_run(sandbox, run, "created", actor)
    if run.status == "completed":
        emit_run(sandbox, run, "completed", actor)
    settle(sandbox, run.suite_id, actor)
    _heard(sandbox, run.repo_id, run.head_sha)


def changed(sandbox: "Sandbox", run: CheckRun, was: str | None, actor: str) -> None:
    """A run was patched; `was` is the conclusion it had. There is no event for "in progress"."""
    if run.status == "completed" and run.conclusion != was:
        emit_run(sandbox, run, "completed", actor)
    settle(sandbox, run.suite_id, actor)
    _heard(sandbox, run.repo_id, run.head_sha)


def _heard(sandbox: "Sandbox", repo_id: int, sha: str) -> None:
    """Somebody may wait for a word about this commit: auto-merge, or a merge queue."""
    from services.sandbox import merge_queue, merging

    repo = sandbox.state.repos[repo_id]
    merging.settle(sandbox, repo, sha)
    merge_queue.look(sandbox, repo)


def settle(sandbox: "Sandbox", suite_id: int, actor: str) -> None:
    """Work a suite's state out of the newest run of each name. Actions settles its own suites with the workflow run."""
    state = sandbox.state
    suite = state.suites[suite_id]
    if suite.app_id == ACTIONS_APP:
        return
    runs = latest(r for r in state.check_runs.values() if r.suite_id == suite_id)
    done = bool(runs) and all(r.status == "completed" for r in runs)
    if done:
        given = {r.conclusion for r in runs}
        close_suite(sandbox, suite, next(word for word in PRIORITY if word in given), actor)
        return
    moving = any(r.status != "queued" for r in runs)
    open_suite(sandbox, suite, "in_progress" if moving else "queued")


def close_suite(sandbox: "Sandbox", suite: CheckSuite, conclusion: str, actor: str) -> None:
    if (suite.status, suite.conclusion) == ("completed", conclusion):
        return
    suite.status, suite.conclusion, suite.updated_at = "completed", conclusion, stamp(sandbox.now())
    emit_suite(sandbox, suite, "completed", actor)


def open_suite(sandbox: "Sandbox", suite: CheckSuite, status: str) -> None:
    suite.status, suite.conclusion, suite.updated_at = status, None, stamp(sandbox.now())


def rerequest_run(sandbox: "Sandbox", run: CheckRun, actor: str) -> None:
    """The "Re-run" button: the old run stays as it is, its App is asked for a new one."""
    suite = sandbox.state.suites[run.suite_id]
    open_suite(sandbox, suite, "queued")
    emit_run(sandbox, run, "rerequested", actor)


def rerequest_suite(sandbox: "Sandbox", suite: CheckSuite, actor: str) -> None:
    """The "Re-run all" button: one event for the suite, none for its runs."""
    open_suite(sandbox, suite, "queued")
    emit_suite(sandbox, suite, "rerequested", actor)


def press(sandbox: "Sandbox", run: CheckRun, identifier: str, actor: str) -> bool:
    """A person presses one of the run's own buttons; False when it has no such button or has not completed."""
    if run.status != "completed" or not any(action["identifier"] == identifier for action in run.actions):
        return False
    emit_run(sandbox, run, "requested_action", actor, requested_action={"identifier": identifier})
    return True


def post_status(sandbox: "Sandbox", repo: Repo, row: Status, actor: str) -> None:
    """File a commit status and tell; at most ten branches that have the commit are named."""
    sandbox.state.statuses[row.id] = row
    commit = sandbox.git.commit(repo.id, row.sha)
    if commit is None:
        return
    branches: dict[str, str] = {}
    for name, tip in sandbox.git.refs(repo.id).items():
        if len(branches) < 10 and (tip == row.sha or sandbox.git.contains(repo.id, tip, row.sha)):
            branches[name.removeprefix("refs/heads/")] = tip
    sandbox.emit("status", None, repo, actor, **check_views.status_event(sandbox, repo, row, commit, branches))
    _heard(sandbox, repo.id, row.sha)


def combined(rows: list[Status]) -> str:
    """failure if any failed, pending if any waits or there is none, else success."""
    states = {row.state for row in rows}
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"
