"""What a workflow run knows while it runs: the `github`, `needs`, `matrix` … contexts, and the order for one job.

Everything is a plain value, so that a runner in another place (or a test) can carry an order out without seeing the
state.
"""

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec

from services.sandbox import expressions
from services.sandbox.actions_file import Broken, JobSpec, StepSpec, WorkflowFile, parse
from services.sandbox.actions_records import Job, WorkflowRun
from services.sandbox.expressions import ExpressionError
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

FOLDER = ".github/workflows"
MOST_FILES = 50
MOST_MATRIX = 256
LONGEST_JOB = 360 * 60
"""Seconds a job may take when it does not say: six hours, as on GitHub."""


class JobOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One job to carry out: check `sha` of repository `repo_id` out, run the steps, tell what came of it.

    `contexts`: github, needs, matrix, strategy, inputs, vars, secrets. `env` is what the workflow and the job set,
    resolved. `writes`: it is given a token that may push.
    """

    job_id: int
    repo_id: int
    name: str
    sha: str
    env: dict[str, str]
    contexts: dict[str, Any]
    steps: list[StepSpec]
    outputs: dict[str, str]
    shell: str
    directory: str
    seconds: float
    writes: bool = False


def files_at(sandbox: "Sandbox", repo: Repo, sha: str) -> dict[str, str]:
    """Path -> text of the workflow files of a commit; nobody changes what is given."""
    return sandbox.git.remember(("workflows", repo.id, sha), lambda: _files_at(sandbox, repo, sha))


def _files_at(sandbox: "Sandbox", repo: Repo, sha: str) -> dict[str, str]:
    out = {}
    for entry in sandbox.git.tree(repo.id, sha, FOLDER)[:MOST_FILES]:
        if entry.type == "blob" and entry.mode != "120000" and entry.path.endswith((".yml", ".yaml")):
            path = entry.path if entry.path.startswith(FOLDER) else f"{FOLDER}/{entry.path}"
            out[path] = sandbox.git.blob(repo.id, entry.sha).decode(errors="replace")
    return out


def file_of(sandbox: "Sandbox", run: WorkflowRun) -> WorkflowFile:
    """The workflow file a run was started from, as it was then; Broken when it cannot be read."""
    found = sandbox.git.file(run.repo_id, run.checkout_sha, run.workflow_path)
    if found is None:
        raise Broken("The workflow file is not there")
    return parse(run.workflow_path, found[1].decode(errors="replace"))


def github(sandbox: "Sandbox", run: WorkflowRun) -> dict[str, Any]:
    """The `github` context, without a token: it is given where the workflow asks for one (actions_access.py)."""
    repo = sandbox.state.repos[run.repo_id]
    base = sandbox.public_url
    pull = bool(run.pull_number)
    short = f"{run.pull_number}/merge" if pull else run.head_branch
    return {
        "sha": run.checkout_sha,
        "ref": run.ref,
        "ref_name": short,
        "ref_type": "tag" if run.ref.startswith("refs/tags/") else "branch",
        "head_ref": run.head_branch if pull else "",
        "base_ref": run.base_ref,
        "repository": repo.full_name,
        "repository_owner": repo.owner,
        "repository_id": str(repo.id),
        "event_name": run.event,
        "event": run.payload,
        "actor": run.actor,
        "triggering_actor": run.triggering_actor,
        "run_id": str(run.id),
        "run_number": str(run.run_number),
        "run_attempt": str(run.run_attempt),
        "workflow": run.name,
        "workflow_ref": f"{repo.full_name}/{run.workflow_path}@{run.ref}",
        "server_url": base,
        "api_url": base,
        "graphql_url": f"{base}/graphql",
        "token": "",
    }


def contexts(sandbox: "Sandbox", run: WorkflowRun, needs: dict[str, Any], matrix: dict[str, object]) -> dict[str, Any]:
    return {
        "github": github(sandbox, run),
        "needs": needs,
        "matrix": matrix,
        "strategy": {"fail-fast": True, "job-index": 0, "job-total": 1},
        "inputs": run.inputs,
        "vars": {},
        "secrets": {},
        "env": {},
    }


def results(run: WorkflowRun, jobs: list[Job]) -> dict[str, dict[str, Any]]:
    """The `needs` context over all job keys that are through: result and outputs."""
    by_key: dict[str, list[Job]] = {}
    for job in jobs:
        by_key.setdefault(job.key, []).append(job)
    return {
        key: {"result": together(rows), "outputs": {k: v for job in rows for k, v in job.outputs.items()}}
        for key, rows in by_key.items()
        if all(job.status == "completed" for job in rows)
    }


def together(jobs: list[Job]) -> str:
    """One result for several completed jobs; a tolerated failure counts as success."""
    ends = {"success" if job.tolerated and job.conclusion == "failure" else job.conclusion for job in jobs}
    for word in ("failure", "cancelled"):
        if word in ends:
            return word
    return "skipped" if ends == {"skipped"} else "success"


def ancestors(spec: WorkflowFile, key: str) -> set[str]:
    """All jobs a job needs, also through others."""
    found: set[str] = set()
    todo = list(spec.jobs[key].needs)
    while todo:
        need = todo.pop()
        if need not in found:
            found.add(need)
            todo += spec.jobs[need].needs
    return found


def functions(ends: list[str]) -> dict[str, Callable[[], bool]]:
    """success() and its kin over the results of everything before."""
    return {
        "success": lambda: all(end == "success" for end in ends),
        "failure": lambda: "failure" in ends,
        "cancelled": lambda: "cancelled" in ends,
        "always": lambda: True,
    }


def expand(raw: Any, context: dict[str, Any]) -> list[dict[str, Any]]:
    """The combinations of a matrix; [{}] when there is none. ExpressionError for what is no matrix."""
    found = _resolved(raw, context)
    if found is None:
        return [{}]
    if not isinstance(found, dict):
        raise ExpressionError("The matrix must be a mapping")
    axes = {str(key): values for key, values in found.items() if key not in {"include", "exclude"}}
    size = 1
    for key, values in axes.items():
        if not isinstance(values, list) or not values:
            raise ExpressionError(f"Matrix vector '{key}' does not contain any values")
        size *= len(values)
        if size > MOST_MATRIX:
            raise ExpressionError(f"The matrix has more than {MOST_MATRIX} combinations")
    rows = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    rows = [row for row in rows if not any(_agrees(row, out) for out in _rows(found.get("exclude")))]
    rows = _include(rows, set(axes), _rows(found.get("include")))
    if not 1 <= len(rows) <= MOST_MATRIX:
        raise ExpressionError(f"The matrix has {len(rows)} combinations, of 1 to {MOST_MATRIX}")
    return rows


def _include(rows: list[dict[str, Any]], axes: set[str], extra: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An entry adds to every combination it does not contradict, else it is a combination of its own."""
    out, added = [dict(row) for row in rows], []
    for entry in extra:
        fitting = [
            full for row, full in zip(rows, out, strict=True) if all(row[k] == v for k, v in entry.items() if k in axes)
        ]
        for full in fitting:
            full.update(entry)
        if not fitting:
            added.append(dict(entry))
    return out + added


def _rows(raw: Any) -> list[dict[str, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, list) or len(raw) > MOST_MATRIX or not all(isinstance(row, dict) for row in raw):
        raise ExpressionError("`include` and `exclude` of a matrix are lists of mappings")
    return raw


def _agrees(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(row.get(key) == value for key, value in other.items())


def _resolved(raw: Any, context: dict[str, Any]) -> Any:
    """A matrix with its expressions resolved, three levels deep: the mapping, its vectors, their values."""
    if isinstance(raw, str):
        return expressions.value(raw, context)
    if isinstance(raw, dict):
        return {key: _resolved(part, context) for key, part in raw.items()}
    if isinstance(raw, list):
        return [_resolved(part, context) for part in raw[: MOST_MATRIX + 1]]
    return raw


def job_name(spec: JobSpec, matrix: dict[str, Any], context: dict[str, Any]) -> str:
    """The name as GitHub shows it: the values of the matrix stand behind it unless it names some itself."""
    name = expressions.interpolate(spec.name, context) if spec.name else spec.key
    if matrix and "matrix." not in spec.name:
        flat = (str(v) if not isinstance(v, dict) else next(iter(map(str, v.values())), "") for v in matrix.values())
        name += f" ({', '.join(flat)})"
    return name[:250] or spec.key


def order(sandbox: "Sandbox", run: WorkflowRun, job: Job, spec: WorkflowFile) -> JobOrder:
    """Everything a runner needs; ExpressionError when the job's own texts do not resolve."""
    rows = [sandbox.state.jobs[i] for i in run.jobs]
    mine = spec.jobs[job.key]
    needs = {key: value for key, value in results(run, rows).items() if key in mine.needs}
    context = contexts(sandbox, run, needs, job.matrix)
    context["github"]["job"] = job.key
    env: dict[str, str] = {}
    for layer in (spec.env, mine.env):
        resolved = {name: expressions.interpolate(text, {**context, "env": env}) for name, text in layer.items()}
        env = {**env, **resolved}
    minutes = expressions.number(expressions.value(mine.minutes, context)) if mine.minutes else 0
    return JobOrder(
        job_id=job.id,
        repo_id=run.repo_id,
        name=job.name,
        sha=run.checkout_sha,
        env=env,
        contexts=context,
        steps=mine.steps,
        outputs=mine.outputs,
        shell=mine.shell,
        directory=mine.directory,
        seconds=min(minutes * 60, LONGEST_JOB) if minutes > 0 else LONGEST_JOB,
        writes=mine.writes,
    )
