"""The scripted GitHub of `fakehub`, over TLS and a real server: hypercorn, HTTP/2 or HTTP/1.1, behind a relay.

Greetings (a HEAD without a credential, by which the transport finds out what is spoken) are counted and not recorded.
"""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

from aiohttp import web
from hypercorn.asyncio import serve
from hypercorn.config import Config

from tests.kit.fakehub import Asked, FakeHub, HandClock, Reply
from tests.kit.relay import Relay
from tests.kit.tls import identity

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
PROTOCOLS = {"2": ["h2"], "1": ["http/1.1"]}


class SecureHub(FakeHub):
    """version: of HTTP.  host: the name in its URL; nobody but a proxy finds any other than localhost."""

    def __init__(
        self,
        version: Literal["2", "1"],
        clock: HandClock | None = None,
        prefix: str = "",
        host: str = "localhost",
    ) -> None:
        super().__init__(clock, prefix)
        self.relay = Relay()
        self.greetings = 0
        self.versions: set[str] = set()
        """HTTP versions of what was asked."""
        self._version = version
        self._host = host
        self._stopping = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        chain, key = identity().write(Path(folder))
        listening = socket.create_server(("127.0.0.1", 0))
        self.relay.target = listening.getsockname()[1]
        config = Config()
        config.bind = [f"fd://{listening.detach()}"]
        config.certfile, config.keyfile = str(chain), str(key)
        config.alpn_protocols = PROTOCOLS[self._version]
        config.include_date_header = config.include_server_header = False
        config.graceful_timeout = config.shutdown_timeout = 1
        config.accesslog = config.errorlog = None
        self._serving = asyncio.create_task(serve(cast("Any", self._app), config, shutdown_trigger=self._stopping.wait))
        await self._stack.enter_async_context(self.relay)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stopping.set()
        await self._stack.aclose()
        await self._serving

    @property
    def url(self) -> str:
        return f"https://{self._host}:{self.relay.port}{self.prefix}"

    async def _app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        asked = await self._asked(scope, receive)
        self.versions.add(scope["http_version"])
        if asked.method == "HEAD" and not asked.secret:
            self.greetings += 1
            await self._send(send, asked, Reply(json={}))
            return
        reply = await self._note(asked)
        if reply.gate is not None:
            await self._wait(reply.gate)
        if reply.cut:
            await self._break(send, reply)
        else:
            await self._send(send, asked, reply)

    async def _asked(self, scope: Mapping[str, Any], receive: Receive) -> Asked:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode()
        path = scope["raw_path"].decode() + (f"?{query}" if query else "")
        return Asked(scope["method"], path, {n.decode().lower(): v.decode() for n, v in scope["headers"]}, body)

    async def _send(self, send: Send, asked: Asked, reply: Reply) -> None:
        response: web.Response = self._response(asked, reply)
        body = response.body if isinstance(response.body, bytes) else b""
        headers = [(n.lower().encode(), v.encode("latin-1")) for n, v in response.headers.items()]
        if response.status not in {204, 304}:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if asked.method == "HEAD" else body})

    async def _break(self, send: Send, reply: Reply) -> None:
        if reply.body is not None:
            before = self.relay.sent
            await send({"type": "http.response.start", "status": reply.status, "headers": []})
            await send({"type": "http.response.body", "body": reply.body, "more_body": True})
            await self.relay.passed(before + len(reply.body))
        self.relay.cut()

    async def _wait(self, gate: asyncio.Event) -> None:
        ends = [asyncio.create_task(event.wait()) for event in (gate, self._stopping)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*ends)
