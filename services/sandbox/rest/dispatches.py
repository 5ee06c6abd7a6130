"""Starting workflows by hand: workflow_dispatch for one file on one ref, repository_dispatch for whoever listens."""

from typing import Any

import msgspec

from services.sandbox import actions, actions_context, actions_file, views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, Response, route
from services.sandbox.rest.actions import WORKFLOWS, find_workflow
from services.sandbox.rest.checks import bad, string
from services.sandbox.state import Repo

MOST_INPUTS = 25
MOST_KEYS = 10


@route("POST", WORKFLOWS + "/{workflow_id}/dispatches", need="actions:write")
def workflow_dispatch(call: Call) -> Json:
    """204, or 200 with the run when `return_run_details` asks for it."""
    repo = call.repo()
    row = find_workflow(call, repo)
    name = string(call.body, "ref", required=True) or ""
    ref, sha = _ref(call, repo, name)
    spec = _spec(call, repo, sha, row.path)
    given = call.body.get("inputs") or {}
    inputs = _inputs(spec.on["workflow_dispatch"].inputs, given)
    payload: dict[str, object] = {"inputs": inputs, "ref": ref, "workflow": row.path}
    runs = actions.trigger(
        call.sandbox, repo, "workflow_dispatch",
        ref=ref, sha=sha, actor=call.actor, inputs=inputs, payload=payload, only=row.path,
    )  # fmt: skip
    if call.body.get("return_run_details") is not True or not runs:
        return Response(status=204)
    tail = f"{repo.full_name}/actions/runs/{runs[0].id}"
    return {
        "workflow_run_id": runs[0].id,
        "run_url": f"{call.base}/repos/{tail}",
        "html_url": f"{call.request.base}/{tail}",
    }


@route("POST", "/repos/{owner}/{repo}/dispatches", need="contents:write")
def repository_dispatch(call: Call) -> Json:
    repo = call.repo()
    kind = string(call.body, "event_type", required=True) or ""
    if not 1 <= len(kind) <= 100:
        raise bad('"event_type" must have 1 to 100 characters.')
    payload = call.body.get("client_payload") or {}
    if not isinstance(payload, dict):
        raise bad("For 'properties/client_payload', it is not an object.")
    if len(payload) > MOST_KEYS:
        raise bad(f"No more than {MOST_KEYS} properties are allowed; {len(payload)} were supplied.")
    if len(msgspec.json.encode(payload)) > 65_535:
        raise Problem(422, "client_payload is too large.")
    body: dict[str, object] = {
        "client_payload": payload,
        "branch": repo.default_branch,
        "sender": views.user(call.sandbox.public_url, views.account(call.state, call.actor)),
    }
    actions.trigger(call.sandbox, repo, "repository_dispatch", actor=call.actor, action=kind, payload=body)
    return Response(status=204)


def _ref(call: Call, repo: Repo, name: str) -> tuple[str, str]:
    """Full ref and commit of a branch or tag."""
    for full in (name if name.startswith("refs/") else "", f"refs/heads/{name}", f"refs/tags/{name}"):
        sha = call.git.resolve(repo.id, full) if full else None
        if sha is not None:
            return full, sha
    raise Problem(422, f"No ref found for: {name[:250]}")


def _spec(call: Call, repo: Repo, sha: str, path: str) -> actions_file.WorkflowFile:
    content = actions_context.files_at(call.sandbox, repo, sha).get(path)
    if content is None:
        raise Problem(422, "Workflow does not exist or does not have a workflow_dispatch trigger on this ref.")
    try:
        spec = actions_file.parse(path, content)
    except actions_file.Broken as problem:
        raise Problem(422, f"failed to parse workflow: {problem}") from None
    if "workflow_dispatch" not in spec.on:
        raise Problem(422, "Workflow does not have 'workflow_dispatch' trigger")
    return spec


def _inputs(declared: dict[str, dict[str, Any]], given: Json) -> dict[str, object]:
    """What was sent, with defaults for the rest.

    A name that is not declared is refused, as is a missing required one.
    """
    if not isinstance(given, dict) or len(given) > MOST_INPUTS:
        raise Problem(422, f"No more than {MOST_INPUTS} inputs are allowed.")
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        raise Problem(422, f"Unexpected inputs provided: {unknown!r}".replace("'", '"'))
    out: dict[str, object] = {}
    for name, spec in declared.items():
        value = given.get(name, spec.get("default"))
        if value is None and spec.get("required") is True:
            raise Problem(422, f"Required input '{name}' not provided")
        out[name] = _typed(spec, value)
    return out


def _typed(spec: dict[str, Any], value: Any) -> object:
    if spec.get("type") == "boolean":
        return value in {True, "true"}
    return "" if value is None else value if isinstance(value, bool) else str(value)
