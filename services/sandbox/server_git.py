"""git clone, fetch and push over HTTP, by git's own `http-backend`.

Read is for everybody on public repositories, else the token is the password. A push is judged before it runs
(protected branches, workflow files) by the `update` hook in each repository, and after it the refs are compared and
everything follows as for the API.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from services.sandbox import auth, protection, pushes, pushing
from services.sandbox.git import ZERO, Git
from services.sandbox.git_objects import ENV, GIT
from services.sandbox.kernel import Problem
from services.sandbox.state import Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox
    from services.sandbox.server import Running

PATH = re.compile(r"/(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/(?P<what>info/refs|git-upload-pack|git-receive-pack)")


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to go on: the repository, where all of them lie, who pushes, and what the hook must refuse."""

    repo: Repo
    root: Path
    actor: str
    env: Mapping[str, str] = {}


async def serve(running: "Running", request: web.Request, found: "re.Match[str]") -> web.StreamResponse:
    """Answer one request of git's; 401 asks for credentials, 404 hides what the caller may not see."""
    write = "git-receive-pack" in (found["what"], request.query.get("service", ""))
    body = await request.read()
    pushing = found["what"] == "git-receive-pack"
    try:
        grant: Grant = await running.think(
            _admit,
            running.sandbox,
            f"{found['owner']}/{found['name']}",
            request.headers.get("Authorization"),
            write,
            body if pushing else b"",
        )
    except Problem as problem:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if problem.status == 401 else {}
        return web.Response(status=problem.status, text=problem.message + "\n", headers=headers)
    if not pushing:
        return await _backend(running, request, grant, found["what"], body)
    async with running.lock(grant.repo.id):
        answer = await _backend(running, request, grant, found["what"], body)
        await running.think(_pushed, running.sandbox, grant)
    return answer


def _admit(sandbox: "Sandbox", full_name: str, header: str | None, write: bool, body: bytes) -> Grant:
    repo, who = pushing.admit(sandbox, full_name, header, write=write)
    if not isinstance(sandbox.git, Git):
        raise Problem(501, "The repositories of this sandbox are in memory: there is nothing git could fetch or push.")
    return Grant(
        repo=repo,
        root=sandbox.git.root.resolve(),
        actor=sandbox.login_of(who),
        env=_rules(sandbox, who, repo, body) if write else {},
    )


def _rules(sandbox: "Sandbox", who: auth.Principal, repo: Repo, body: bytes) -> dict[str, str]:
    """What the `update` hook must refuse of this push, as its environment."""
    refused = []
    for old, new, ref in commands(body):
        refusal = protection.refusal(
            sandbox, repo, ref, new, auth.rank_of(sandbox.state, who, repo), deleted=new == ZERO
        )
        if refusal and old != ZERO:
            refused.append(f"{ref} {refusal}")
    steady = [f"refs/heads/{name}" for name in repo.protection]
    return {
        "SANDBOX_REFUSED": "\n".join(refused),
        "SANDBOX_STEADY": "\n".join(steady),
        "SANDBOX_NO_WORKFLOWS": "1" if pushing.may_not_touch_workflows(who) else "",
    }


def commands(body: bytes) -> list[tuple[str, str, str]]:
    """The (old, new, ref) lines that a push begins with."""
    found, at = [], 0
    while at + 4 <= len(body):
        try:
            size = int(body[at : at + 4], 16)
        except ValueError:
            break
        if size < 4:
            break
        line = body[at + 4 : at + size].partition(b"\0")[0].decode(errors="replace").rstrip("\n")
        parts = line.split(" ", 2)
        if len(parts) == 3 and len(parts[0]) == 40:
            found.append((parts[0], parts[1], parts[2]))
        at += size
    return found


def _pushed(sandbox: "Sandbox", grant: Grant) -> None:
    """Compare the refs with what was known; the API's own changes are known already, so the rest is this push."""
    git, repo = sandbox.git, grant.repo
    before = git.refs(repo.id, "refs/")
    git.forget(repo.id)
    after = git.refs(repo.id, "refs/")
    for ref in sorted(before.keys() | after.keys()):
        old, new = before.get(ref, ZERO), after.get(ref, ZERO)
        if old != new and not ref.startswith("refs/pull/"):
            pushes.moved(sandbox, repo, ref, old, new, grant.actor)


async def _backend(
    running: "Running", request: web.Request, grant: Grant, what: str, body: bytes
) -> web.StreamResponse:
    env = {
        **ENV,
        **grant.env,
        "GIT_PROJECT_ROOT": str(grant.root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{grant.repo.id}.git/{what}",
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_USER": grant.actor or "anonymous",
        "REMOTE_ADDR": request.remote or "",
    }
    if protocol := request.headers.get("Git-Protocol", ""):
        env["GIT_PROTOCOL"] = re.sub(r"[^\w=:.-]", "", protocol)
    pipe = asyncio.subprocess.PIPE
    backend = await asyncio.create_subprocess_exec(GIT, "http-backend", stdin=pipe, stdout=pipe, stderr=pipe, env=env)
    out, _ = await backend.communicate(body)
    head, _, content = out.partition(b"\r\n\r\n")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    status = int(headers.pop("Status", "200").split(" ")[0])
    headers.pop("Content-Length", None)
    return web.Response(status=status, body=content, headers={key: value for key, value in headers.items() if key})
