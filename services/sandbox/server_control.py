"""What GitHub does not have: controls of the sandbox under /_sandbox, and pictures for its accounts.

`/_sandbox/faults` GET, PUT (a list of rules, or {"seed", "rules"}), `/_sandbox/state` counts what there is,
`/_sandbox/force-push` POST {"repo", "branch", "files", "login"} rewrites a branch as a careless person would,
`/_sandbox/press` POST {"run", "identifier", "login"} presses a button of a check run, which people can only on a page.
"""

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from services.sandbox import checks, git_views, pushes
from services.sandbox.clock import stamp
from services.sandbox.faults import Rule
from services.sandbox.git import ZERO

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox
    from services.sandbox.server import Running

COLOURS = ("6e7781", "0969da", "1a7f37", "9a6700", "cf222e", "8250df", "bf3989", "bc4c00")


class FaultPlan(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    rules: list[Rule]
    seed: int | None = None


class ForcePush(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Replace a branch's tip by another commit on the tip's parent, with these files changed."""

    repo: str
    branch: str
    files: dict[str, str] = {}
    login: str = ""
    message: str = "Rewritten"


class Press(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Press the button `identifier` of a check run."""

    run: int
    identifier: str
    login: str


async def serve(running: "Running", request: web.Request, body: bytes) -> web.StreamResponse | None:
    """The answer, or None when the path is not one of these."""
    path = request.path
    if path.startswith("/avatars/"):
        return web.Response(text=_avatar(path), content_type="image/svg+xml")
    if path.startswith("/_sandbox/") and request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return web.json_response({"message": "Not for other sites."}, status=403)
    try:
        if path == "/_sandbox/faults":
            return web.json_response(await running.think(_faults, running.sandbox, request.method, body))
        if path == "/_sandbox/force-push" and request.method == "POST":
            wanted = msgspec.json.decode(body, type=ForcePush)
            return web.json_response(await running.think(force_push, running.sandbox, wanted))
        if path == "/_sandbox/press" and request.method == "POST":
            pressed = msgspec.json.decode(body, type=Press)
            return web.json_response(await running.think(press, running.sandbox, pressed))
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError, LookupError) as error:
        return web.json_response({"message": str(error)}, status=400)
    if path == "/_sandbox/state":
        return web.json_response(await running.think(_summary, running.sandbox))
    return None


def _faults(sandbox: "Sandbox", method: str, body: bytes) -> Any:
    faults = sandbox.faults
    if method in {"PUT", "POST"}:
        text = body.strip()
        plan = (
            msgspec.json.decode(text, type=FaultPlan)
            if text[:1] == b"{"
            else FaultPlan(rules=msgspec.json.decode(text, type=list[Rule]))
        )
        if plan.seed is not None:
            faults.seed(plan.seed)
        faults.rules[:] = plan.rules
    elif method == "DELETE":
        faults.clear()
    return {"rules": msgspec.to_builtins(faults.rules), "struck": faults.struck}


def force_push(sandbox: "Sandbox", wanted: ForcePush) -> Any:
    """Rewrite a branch and tell everybody, as a push by git would; LookupError when there is no such branch."""
    repo = sandbox.repo_named(wanted.repo)
    ref = f"refs/heads/{wanted.branch}"
    before = sandbox.git.refs(repo.id).get(ref) if repo is not None else None
    old = sandbox.git.commit(repo.id, before) if repo is not None and before is not None else None
    if repo is None or before is None or old is None:
        raise LookupError(f"there is no branch {wanted.branch!r} in {wanted.repo!r}")
    git = sandbox.git
    changes = {path: ("100644", git.write_blob(repo.id, text.encode())) for path, text in wanted.files.items()}
    login = wanted.login or repo.owner
    who = git_views.person_of(sandbox.state, login, stamp(sandbox.now()))
    sha = git.commit_tree(repo.id, git.write_tree(repo.id, old.tree, changes), old.parents, wanted.message, who, who)
    git.set_ref(repo.id, ref, sha, before)
    pushes.moved(sandbox, repo, ref, before or ZERO, sha, login)
    return {"before": before, "after": sha}


def press(sandbox: "Sandbox", wanted: Press) -> Any:
    """LookupError when there is no such button that could be pressed now."""
    run = sandbox.state.check_runs.get(wanted.run)
    if run is None or not checks.press(sandbox, run, wanted.identifier, wanted.login):
        raise LookupError(f"there is no button {wanted.identifier!r} on the check run {wanted.run}")
    return {"run": run.id, "pressed": wanted.identifier}


def _summary(sandbox: "Sandbox") -> Any:
    state = sandbox.state
    return {
        "repositories": {repo.full_name: sandbox.git.refs(repo.id) for repo in state.repos.values()},
        "issues": sum(1 for i in state.issues.values() if i.pull is None),
        "pulls": sum(1 for i in state.issues.values() if i.pull is not None),
        "deliveries": len(state.deliveries),
        "waiting": len(state.outgoing),
        "merges": state.merges,
        "requests": sandbox.counts,
    }


def _avatar(path: str) -> str:
    number = sum(path.encode())
    ring = COLOURS[number % len(COLOURS)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" width="40" height="40" role="img">'
        f'<rect width="40" height="40" fill="#{ring}"/><circle cx="20" cy="15" r="7" fill="#fff"/>'
        '<path d="M6 40c0-10 6-15 14-15s14 5 14 15z" fill="#fff"/></svg>'
    )
