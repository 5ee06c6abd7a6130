"""The wire between the bot and GitHub, both ways: whatever passes is told first, so a crash can strike right there.

Requests and webhooks are handed on unchanged. A webhook for which nobody is up is lost, as it is on GitHub; only what
people wrote is sent again once the bot is back, because a person whom nobody answers asks again.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import msgspec
from aiohttp import web

from tests.kit.crash.moments import WEBHOOK, Place, kind_of

Notice = Callable[[str, Place, str], Awaitable[bool]]
"""Told of each moment (kind, place, task or ""); True: the bot was killed for it."""

_OWN = {"connection", "content-encoding", "content-length", "expect", "keep-alive", "transfer-encoding"}
_PUSHED = re.compile(rb"refs/heads/lockstep/[^/\x00 ]+/([^/\x00 ]+)\x00")
_HEAD = re.compile(r"lockstep/[^/]+/(.+)")
_ACT = re.compile(rb"\ba0: (\w{1,60})\(input:")
LONGEST = 64 * 1024 * 1024


class _Wanted(msgspec.Struct):
    head: str = ""


class _Sender(msgspec.Struct):
    login: str = ""


class _Hook(msgspec.Struct):
    sender: _Sender = msgspec.field(default_factory=_Sender)


class Wire:
    """`url` is GitHub for the bot, `hook_url` the bot for GitHub. `bot_url` is where the bot really listens."""

    def __init__(self, github_url: str, bot_url: str, person: str, notice: Notice) -> None:
        self._github = github_url
        self.bot_url = bot_url
        self._person = person
        self._notice = notice
        self.url = ""
        self.last_caller = ""  # the connection of the request that is noticed now
        self.owing = asyncio.Event()
        self._owed: list[tuple[Mapping[str, str], bytes]] = []
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def hook_url(self) -> str:
        return f"{self.url}/hook"

    async def open(self) -> None:
        app = web.Application(client_max_size=LONGEST)
        app.router.add_post("/hook", self._webhook)
        app.router.add_route("*", "/{tail:.*}", self._request)
        self._session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=60))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def repay(self) -> None:
        """Send again what a person wrote while nobody was up."""
        owed, self._owed = self._owed, []
        self.owing.clear()
        for headers, body in owed:
            await self._deliver(headers, body)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        kind, task = kind_of(request.method, request.raw_path) or act_of(body), task_of(request.path, body)
        self.last_caller = str(request.transport.get_extra_info("peername")) if request.transport else ""
        if await self._notice(kind, "before", task):
            return web.Response(status=502)
        answer = await self._send(request.method, f"{self._github}{request.raw_path}", request.headers, body)
        if await self._notice(kind, "after", task):
            return answer
        with contextlib.suppress(ConnectionError):  # whoever asked is dead already
            await answer.prepare(request)
            await answer.write_eof()
        await self._notice(kind, "later", task)
        return answer

    async def _webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        if await self._notice(WEBHOOK, "before", ""):
            self._lost(request.headers, body)
            return web.Response(status=502)
        status = await self._deliver(request.headers, body)
        await self._notice(WEBHOOK, "later", "")
        return web.Response(status=status)

    async def _deliver(self, headers: Mapping[str, str], body: bytes) -> int:
        """Hand a webhook to the bot; 502 when nobody took it."""
        sending = asyncio.ensure_future(self._send("POST", f"{self.bot_url}/webhook", headers, body))
        await self._notice(WEBHOOK, "after", "")
        try:
            status = (await sending).status
        except (aiohttp.ClientError, OSError, TimeoutError):
            status = 502
        if status >= 300:
            self._lost(headers, body)
        return status

    def _lost(self, headers: Mapping[str, str], body: bytes) -> None:
        if msgspec.json.decode(body, type=_Hook).sender.login == self._person:
            self._owed.append((dict(headers), body))
            self.owing.set()

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> web.Response:
        assert self._session is not None
        kept = {name: value for name, value in headers.items() if name.lower() not in _OWN}
        async with self._session.request(method, url, headers=kept, data=body, allow_redirects=False) as answer:
            given = {
                name: value for name, value in answer.headers.items() if name.lower() not in _OWN - {"content-encoding"}
            }
            return web.Response(status=answer.status, headers=given, body=await answer.read())


def act_of(body: bytes) -> str:
    """The first change that a call of GraphQL asks for, "" for one that only reads."""
    found = _ACT.search(body) if body.startswith(b'{"query":"mutation') else None
    return found[1].decode() if found else ""


def task_of(path: str, body: bytes) -> str:
    """The id of the task that a push or a new pull request is about, "" for anything else."""
    if path.endswith("/git-receive-pack"):
        found = _PUSHED.search(body)
        return found[1].decode() if found else ""
    if path.endswith("/pulls") and body:
        wanted = _HEAD.fullmatch(msgspec.json.decode(body, type=_Wanted).head)
        return wanted[1] if wanted else ""
    return ""
