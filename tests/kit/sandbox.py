"""GitHub for a test: a running sandbox with a stage set, every exchange and webhook held against GitHub's descriptions.

A story asks for `github`, builds what it needs with `github.scenario` before the first request, and afterwards changes
things only through the API or `github.do`, since the state belongs to the sandbox's own thread.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from services.sandbox.faults import Rule
from services.sandbox.git import Git
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import AppCredentials, Scenario
from services.sandbox.server import Running, start
from services.sandbox.state import Repo
from tests.kit.contract import Recorder, contract

__all__ = ["GitHub", "contract", "github", "running_github"]

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """An answer of the API; `json` is None when the body is no JSON."""

    status: int
    json: Any
    headers: Mapping[str, str]
    body: bytes


@dataclass
class GitHub:
    """The sandbox at `url`; `tokens` are people's, made when first asked for."""

    running: Running
    scenario: Scenario
    recorder: Recorder
    session: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return self.running.sandbox

    @property
    def url(self) -> str:
        return self.running.url

    def turn_clock(self, seconds: float) -> None:
        """Its clock goes on by this much."""
        before = self.sandbox.now
        self.sandbox.now = lambda: before() + timedelta(seconds=seconds)

    async def do(self, what: Callable[..., T], *args: Any) -> T:
        """Call something in the thread that owns the state."""
        return await self.running.think(what, *args)

    async def as_person(self, login: str) -> str:
        """This person's token."""
        if login not in self.tokens:
            self.tokens[login] = await self.do(self.scenario.user_token, login)
        return self.tokens[login]

    async def api(self, method: str, path: str, body: Any = None, *, who: str = "", token: str = "") -> Reply:
        """One request as a person (`who`, a login), with a `token`, or as nobody."""
        secret = token or (await self.as_person(who) if who else "")
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        async with self.session.request(
            method, self.url + path, json=body, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.read()
            is_json = content and answer.content_type == "application/json"
            return Reply(answer.status, json.loads(content) if is_json else None, answer.headers, content)

    async def ok(self, method: str, path: str, body: Any = None, *, who: str) -> Any:
        """The body of an answer that must be a success."""
        reply = await self.api(method, path, body, who=who)
        assert 200 <= reply.status < 300, (method, path, reply.status, reply.json)
        return reply.json

    async def listens(self, app: AppCredentials, url: str) -> None:
        """The App's webhook is at `url` from now on."""
        self.sandbox.state.apps[app.app_id].webhook_url = url

    async def fault(self, kind: str, **options: Any) -> Rule:
        """Something will go wrong (see services/sandbox/faults.py)."""
        return await self.do(lambda: self.sandbox.faults.add(kind, **options))

    async def file(self, repo: Repo, path: str, rev: str = "") -> str | None:
        """A file as it is on a branch, None when it is not there."""
        found = await self.do(self.sandbox.git.file, repo.id, rev or repo.default_branch, path)
        return found[1].decode() if found is not None else None


@asynccontextmanager
async def running_github(
    directory: Path, recorder: Recorder, *, run_actions: bool = False, seed: int = 0
) -> AsyncIterator[GitHub]:
    """A sandbox with an organisation `acme`: ada may administer its repositories, bob write, eve only read."""
    sandbox = Sandbox(Git(directory), seed=seed)
    scenario = Scenario(sandbox)
    scenario.member("acme", "ada", "admin")
    scenario.account("bob")
    scenario.account("eve")
    server = await start(sandbox, run_actions=run_actions, on_exchange=recorder.exchange, on_delivery=recorder.delivery)
    try:
        async with aiohttp.ClientSession() as session:
            yield GitHub(server, scenario, recorder, session)
    finally:
        await server.close()


@pytest.fixture
async def github(tmp_path: Path, contract: Recorder) -> AsyncIterator[GitHub]:
    """`running_github` without Actions; the test fails when anything differs from GitHub's descriptions."""
    async with running_github(tmp_path / "repositories", contract) as found:
        yield found
        await found.running.idle()
