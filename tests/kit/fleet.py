"""Many processes as `compose.yaml` says, started here without containers: each service's own command and settings.

What a container would give (an address, a folder, the secret's file) is given here; everything else a process gets is
what the file gives it, so a setting that is missing there is missing here too. The front is what an operator's proxy
is: one address, a live web behind it, and the next one when that does not answer.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from services.sandbox.scenario import AppCredentials
from tests.kit.crash.hosts import free_port
from tests.kit.crash.moments import GIT, SCRIPT, START, WEBHOOK, Strike
from tests.kit.crash.process import Process
from tests.kit.crash.stage import SECRET
from tests.kit.processes import cpu_seconds, family

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass
class Member:
    """One process. name: its service and number."""

    name: str
    role: str
    settings: Mapping[str, str]
    arguments: Sequence[str]
    log: Path
    port: int = field(default_factory=free_port)
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.is_running

    async def start(self) -> None:
        if self.process is None:
            self.process = Process(tuple(self.arguments), self.settings, self.log)
        if not self.process.is_running:
            await self.process.start()

    async def up(self) -> None:
        assert self.process is not None
        await self.process.up.wait()

    async def kill(self, *, alone: bool = False) -> None:
        if self.process is not None:
            await self.process.kill(alone=alone)

    async def ended(self) -> str:
        assert self.process is not None
        return f"{self.name} ended with exit status {await self.process.ended()}"

    async def stop(self) -> int:
        return await self.process.stop() if self.process is not None else 0


class Fleet:
    """All processes of a compose file on one database. A host of the tour of crashes."""

    def __init__(
        self,
        folder: Path,
        app: AppCredentials,
        database_url: str,
        *,
        replicas: Mapping[str, int] | None = None,
        seed: int = 0,
        **more: str,
    ) -> None:
        self.log = folder / "fleet.log"
        self.log.touch()
        self._folder, self._app, self._more = folder, app, more
        self._database_url, self._replicas = database_url, replicas or {}
        self.killed: Counter[str] = Counter()  # of each role
        self._random = random.Random(seed)
        self._members: list[Member] = []
        self._newest: Member | None = None
        self._front = Front()
        self.bot_url = self._front.url

    def of(self, role: str) -> list[Member]:
        """The processes of a role, in order."""
        return [member for member in self._members if member.role == role]

    async def start(self, github_url: str) -> None:
        """Start whatever does not run."""
        if not self._members:
            self._members = list(self._made(github_url))
            await self._front.open(self.of("web"))
        for member in self._members:
            if not member.is_running:
                self._newest = member
                await member.start()

    async def up(self) -> None:
        """Wait until a web takes webhooks."""
        waits = [asyncio.ensure_future(member.up()) for member in self.of("web")]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    async def all_up(self) -> None:
        """Wait until every process is there."""
        await asyncio.gather(*[member.up() for member in self._members])

    async def kill(self, strike: Strike) -> None:
        """Kill one process, of the role whose moment it is."""
        victim = self._victim(strike.kind)
        self.killed[victim.role] += 1
        await victim.kill(alone=strike.alone)

    def _victim(self, kind: str) -> Member:
        if kind == START and self._newest is not None:
            return self._newest
        role = "worker" if kind in (*GIT, *SCRIPT) else "web" if kind == WEBHOOK else "conductor"
        alive = [member for member in self.of(role) if member.is_running]
        busy = [member for member in alive if member.process is not None and len(family(member.process.pid)) > 1]
        return self._random.choice(busy or alive or self.of(role))

    async def ended(self) -> str:
        """Wait until a process has ended; which one and how, in words."""
        waits = [asyncio.ensure_future(member.ended()) for member in self._members]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for each in waits:
                each.cancel()

    def cpu(self) -> float:
        """Of the process that was started last."""
        process = self._newest.process if self._newest is not None else None
        return cpu_seconds(process.pid) if process is not None else 0.0

    async def stop(self) -> None:
        """End everything as a supervisor would."""
        await asyncio.gather(*[member.stop() for member in self._members])
        await self._front.close()

    def _made(self, github_url: str) -> list[Member]:
        key = self._folder / "lockstep.pem"
        key.write_text(self._app.private_key)
        given = {
            "LOCKSTEP_APP_ID": str(self._app.app_id),
            "LOCKSTEP_WEBHOOK_SECRET": SECRET,
            "LOCKSTEP_GITHUB_API_URL": github_url,
            "LOCKSTEP_GITHUB_URL": github_url,
            "POSTGRES_PASSWORD": "none",
        }
        made = []
        for name, service in bots(COMPOSE).items():
            for number in range(1, self._replicas.get(name, service["deploy"]["replicas"]) + 1):
                member = Member(
                    name=f"{name}-{number}", role=service["command"][-1], settings={},
                    arguments=service["command"], log=self.log,
                )  # fmt: skip
                settings = {each: filled(str(text), given) for each, text in service["environment"].items()}
                member.settings = settings | self._placed(member, settings, key)
                made.append(member)
        return made

    def _placed(self, member: Member, settings: Mapping[str, str], key: Path) -> dict[str, str]:
        """What is another here than in a container."""
        assert settings["LOCKSTEP_DATABASE_URL"].startswith("postgresql://lockstep:none@postgres:5432/")
        folder = self._folder / member.name
        return {
            "LOCKSTEP_DATABASE_URL": self._database_url,
            "LOCKSTEP_PORT": str(member.port),
            "LOCKSTEP_DATA_DIR": str(folder),
            "LOCKSTEP_SANDBOX": "none",
            "LOCKSTEP_COMMENT_INTERVAL": "0.2",
            "LOCKSTEP_API_PACING": "false",  # the stand-in has no limits of this kind
            "LOCKSTEP_CHECKS_GRACE": "5",
            **({"LOCKSTEP_PRIVATE_KEY": str(key)} if "LOCKSTEP_PRIVATE_KEY" in settings else {}),
            **self._more,
        }


class Front:
    """One address for all webs."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._webs: list[Member] = []
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def open(self, webs: list[Member]) -> None:
        self._webs = webs
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._pass_on)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        """To the next web in turn, or to another when that is gone; a delivery that came twice is stored once."""
        assert self._session is not None
        body, self._turn = await request.read(), self._turn + 1
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {"host", "connection"}}
        for number in range(len(self._webs)):
            member = self._webs[(self._turn + number) % len(self._webs)]
            try:
                async with self._session.request(
                    request.method, member.url + request.raw_path, data=body, headers=headers
                ) as answer:
                    return web.Response(status=answer.status, body=await answer.read())
            except (aiohttp.ClientError, OSError):
                continue
        return web.Response(status=502)


def bots(compose: Path) -> dict[str, Any]:
    """The services of a compose file that run the bot."""
    services = yaml.safe_load(compose.read_text())["services"]
    return {name: service for name, service in services.items() if service.get("command", [""])[0] == "serve"}


def filled(text: str, given: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:-else}` and `${NAME:?why}` as compose reads them."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if given.get(name):
            return given[name]
        if kind == "?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""

    return _VARIABLE.sub(value, text)
