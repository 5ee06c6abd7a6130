"""For tests of the sandbox over sockets: a private repository, an App that listens, and a working copy to push from."""

import asyncio
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import test_utils, web

from services.sandbox.state import Repo
from tests.kit.sandbox import GitHub, contract, github

__all__ = ["Stage", "contract", "github", "receiver", "stage"]

SECRET = "between them"
APP = "x-access-token"


class Receiver:
    """A webhook receiver that keeps what it got and answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, Any]]] = []
        self.bad: list[str] = []
        self.status = 202
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers["X-Hub-Signature-256"] != signature:
            self.bad.append(request.headers["X-GitHub-Delivery"])
        self.got.append((request.headers["X-GitHub-Event"], request.headers["X-GitHub-Delivery"], json.loads(body)))
        return web.Response(status=self.status)

    def names(self) -> list[str]:
        return [f"{name}.{body['action']}" if "action" in body else name for name, _, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/webhook", found.take)
    async with test_utils.TestServer(app) as sink:
        found.url = str(sink.make_url("/webhook"))
        yield found


class Stage:
    """A private repository, an App that listens, and a working copy to push from."""

    def __init__(self, github: GitHub, receiver: Receiver, work: Path) -> None:
        self.github, self.receiver, self.work = github, receiver, work
        scenario = github.scenario
        self.repo: Repo = scenario.repo("acme/api", {"README.md": "# api\n"}, private=True)
        scenario.collaborator(self.repo, "bob", "write")
        scenario.collaborator(self.repo, "eve", "read")
        self.app = scenario.app("lockstep", webhook_url=receiver.url, webhook_secret=SECRET)
        self.installation = scenario.install(self.app, "acme")
        self.token = scenario.installation_token(self.installation)

    def remote(self, token: str) -> str:
        return f"{self.github.url.replace('//', f'//{APP}:{token}@')}/acme/api.git"

    async def git(self, *args: str, cwd: str = "copy", ok: bool = True) -> str:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = await asyncio.create_subprocess_exec(
            "git", "-c", "user.name=Bob", "-c", "user.email=bob@example.org", *args,
            cwd=self.work / cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await done.communicate()
        assert (done.returncode == 0) == ok, out.decode()
        return out.decode().strip()

    async def clone(self, login: str = "bob") -> None:
        await self.git("clone", "-q", self.remote(await self.github.as_person(login)), "copy", cwd=".")

    async def commit(self, path: str, text: str | bytes, message: str = "Change") -> str:
        place = self.work / "copy" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        await self.git("add", "-A")
        await self.git("commit", "-qm", message)
        return await self.git("rev-parse", "HEAD")

    async def issue(self, title: str = "x") -> int:
        """Open an issue as bob; its number."""
        body = await self.github.ok("POST", "/repos/acme/api/issues", {"title": title}, who="bob")
        return int(body["number"])

    async def heard(self) -> list[str]:
        await self.github.running.idle()
        names = self.receiver.names()
        self.receiver.got.clear()
        return names


@pytest.fixture
def stage(github: GitHub, receiver: Receiver, tmp_path: Path) -> Stage:
    work = tmp_path / "work"
    work.mkdir()
    return Stage(github, receiver, work)
