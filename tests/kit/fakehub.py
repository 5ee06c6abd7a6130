"""A GitHub that says exactly what a test tells it to: for tests of the client, where the sandbox is too well behaved.

Each path has a list of replies, used in order; the last one stays. What was asked is recorded. A path nobody scripted
is answered 500 and noted in `surprises`, so a test can insist that there were none.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def pass_(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass(frozen=True)
class Reply:
    """What to answer: `json` or a raw `body`.

    etag: 304 to whoever has it already.  gate: hold the answer back until it is set.  cut: hang up instead (over TLS:
    after `body`, if there is one).  more: headers that come again.
    """

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    gate: asyncio.Event | None = None
    cut: bool = False
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Asked:
    """One call as it arrived; `path` includes the query, as sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def secret(self) -> str:
        return self.headers.get("authorization", "").partition(" ")[2]


class FakeHub:
    """`async with FakeHub() as hub`; installation 7 of App 1 ("lockstep") is on every repository of `acme`."""

    def __init__(self, clock: HandClock | None = None, prefix: str = "", context: ssl.SSLContext | None = None) -> None:
        """context: to serve over TLS."""
        self.clock = clock or HandClock()
        self.prefix = prefix
        self.asked: list[Asked] = []
        self.surprises: list[str] = []
        self.minted = 0
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._arrived = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app, host="127.0.0.1")
        self._context = context

    async def __aenter__(self) -> Self:
        await self._server.start_server(ssl=self._context)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url(self.prefix or "/")).rstrip("/")

    def script(self, method: str, path: str, *replies: Reply) -> None:
        """Answer these, in order; the last one again and again. A path without a query matches every query."""
        self._replies[method, self.prefix + path] = list(replies)

    def calls(self, method: str, path: str) -> list[Asked]:
        """What was asked of a path (whatever the query, unless one is given)."""
        full = self.prefix + path
        return [a for a in self.asked if a.method == method and full in {a.path, a.path.partition("?")[0]}]

    async def arrived(self, count: int, method: str, path: str) -> None:
        """Until that many calls of the path have come in."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls(method, path)) >= count)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.raw_path, headers, body)
        reply = await self._note(asked)
        if reply.gate is not None:
            await reply.gate.wait()
        if reply.cut:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return self._response(asked, reply)

    async def _note(self, asked: Asked) -> Reply:
        async with self._arrived:
            self.asked.append(asked)
            self._arrived.notify_all()
        return self._next(asked)

    def _response(self, asked: Asked, reply: Reply) -> web.Response:
        headers = CIMultiDict({"Date": self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")})
        if reply.etag:
            headers["ETag"] = reply.etag
        if reply.etag and asked.headers.get("if-none-match") == reply.etag:
            return web.Response(status=304, headers=headers)
        content = (
            reply.body if reply.body is not None else json.dumps(reply.json).encode() if reply.json is not None else b""
        )
        headers["Content-Type"] = "application/json"
        headers.update(reply.headers)
        for name, value in reply.more:
            headers.add(name, value)
        return web.Response(status=reply.status, body=content, headers=headers)

    def _next(self, asked: Asked) -> Reply:
        bare = asked.path.partition("?")[0]
        for path in (asked.path, bare):
            replies = self._replies.get((asked.method, path))
            if replies:
                return replies.pop(0) if len(replies) > 1 else replies[0]
        return self._usual(asked.method, bare.removeprefix(self.prefix)) or self._surprise(asked)

    def _usual(self, method: str, path: str) -> Reply | None:
        if (method, path) == ("GET", "/app"):
            return Reply(json={"id": 1, "slug": "lockstep"})
        if method == "GET" and path.startswith("/repos/acme/") and path.endswith("/installation"):
            return Reply(json=installation())
        if (method, path) == ("POST", "/app/installations/7/access_tokens"):
            return Reply(201, self.mint())
        return None

    def mint(self) -> dict[str, Any]:
        """A new token of an hour; long, because nobody may count on a length."""
        self.minted += 1
        expires = (self.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"token": f"ghs_canary_{self.minted}_" + "x" * 400, "expires_at": expires}

    def _surprise(self, asked: Asked) -> Reply:
        self.surprises.append(f"{asked.method} {asked.path}")
        return Reply(500, {"message": "nobody told the fake hub what to say"})


def installation(**changes: Any) -> dict[str, Any]:
    """Installation 7 as GitHub shows it."""
    granted = {"contents": "write", "issues": "write", "metadata": "read", "workflows": "write"}
    return {"id": 7, "account": {"login": "acme"}, "app_id": 1, "suspended_at": None, "permissions": granted, **changes}


def issue(number: int, **changes: Any) -> dict[str, Any]:
    """An issue as GitHub shows it, with a field nobody here knows."""
    user = {"login": "lockstep[bot]", "type": "Bot"}
    shown = {
        "id": 1000 + number,
        "number": number,
        "title": f"Issue {number}",
        "body": None,
        "state": "open",
        "user": user,
    }
    return {
        **shown,
        "labels": [{"name": "bug", "color": "ff0000"}],
        "html_url": f"http://x/{number}",
        "new": [1],
        **changes,
    }


def pull(number: int, **changes: Any) -> dict[str, Any]:
    """An open pull request as GitHub shows it."""
    ends = {
        "head": {"ref": "lockstep/p/t", "sha": "a" * 40, "repo": {"full_name": "acme/api"}},
        "base": {"ref": "main", "sha": "b" * 40, "repo": {"full_name": "acme/api"}},
    }
    shown = {"id": 2000 + number, "number": number, "state": "open", "merged": False, "merge_commit_sha": "c" * 40}
    return {**shown, **ends, "mergeable": True, "mergeable_state": "clean", "title": "T", "body": None, **changes}
