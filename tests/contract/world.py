"""A sandbox with one organisation, one repository, one installed App and one person, running on the loopback.

Everything that passes is recorded: the API by the recorder, the webhooks by a receiver that keeps them as they came.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from aiohttp import test_utils, web

from services.sandbox.git import Git
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import AppCredentials, Scenario
from services.sandbox.server import Running, start
from tests.contract.lifecycle import Credentials
from tests.kit.contract import Recorder

OWNER, REPO = "acme", "api"
SECRET = "between the App and GitHub"


@dataclass(frozen=True, kw_only=True)
class World:
    """`person`: the token of ada, who maintains the repository; `receiver`: what came there is `received`."""

    sandbox: Sandbox
    running: Running
    app: AppCredentials
    installation: int
    person: str
    receiver: str
    received: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Without a path: the API is there, and below /api/v3."""
        return self.running.url

    def jwt(self) -> str:
        """What the App proves itself with; GitHub wants it issued in the past and ending within ten minutes."""
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + 540, "iss": str(self.app.app_id)}
        return jwt.encode(claims, self.app.private_key, algorithm="RS256")

    def credentials(self) -> Credentials:
        return Credentials(owner=OWNER, repo=REPO, app=self.jwt(), person=self.person)


@asynccontextmanager
async def running(directory: Path, recorder: Recorder) -> AsyncIterator[World]:
    """Start a world with its repositories below `directory`; `recorder` sees every exchange and delivery."""
    received: list[tuple[Mapping[str, str], bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        received.append((request.headers, await request.read()))
        return web.Response(status=202)

    receiver = web.Application()
    receiver.router.add_post("/webhook", receive)
    async with test_utils.TestServer(receiver) as sink:
        sandbox = Sandbox(Git(directory))
        scenario = Scenario(sandbox)
        repo = scenario.repo(f"{OWNER}/{REPO}", {"README.md": "# api\n", "orders/__init__.py": ""})
        scenario.collaborator(repo, "ada", "maintain")
        app = scenario.app("lockstep", webhook_url=str(sink.make_url("/webhook")), webhook_secret=SECRET)
        installation = scenario.install(app, OWNER)
        person = scenario.user_token("ada")
        server = await start(sandbox, on_exchange=recorder.exchange, on_delivery=recorder.delivery, run_actions=False)
        try:
            yield World(
                sandbox=sandbox,
                running=server,
                app=app,
                installation=installation,
                person=person,
                receiver=str(sink.make_url("/webhook")),
                received=received,
            )
        finally:
            await server.close()
