"""The sandbox over HTTP: aiohttp translates, one thread of its own thinks.

All state is touched in that thread only (`Running.think`), one request at a time, so endpoints need no locks. Beside
the API there are git's smart HTTP (server_git.py), the sender of webhooks (server_hooks.py), the runner of Actions
and a few pages and controls of the sandbox's own (server_control.py).
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import web

from services.sandbox import actions, server_control, server_git, server_login, server_pages, snapshot
from services.sandbox.clock import background, pause
from services.sandbox.kernel import Request, Response
from services.sandbox.runner import Runner
from services.sandbox.sandbox import Sandbox
from services.sandbox.server_hooks import OnDelivery, Sender

LARGEST_BODY = 512 * 1024 * 1024
SAVE_EVERY = 2.0
"""Seconds between two snapshots, when there is a state directory and something happened."""

T = TypeVar("T")


class OnExchange(Protocol):
    """Told of every API request and its answer; the contract kit listens here."""

    def __call__(
        self,
        method: str,
        path: str,
        req_headers: Mapping[str, str],
        req_body: bytes,
        status: int,
        res_headers: Mapping[str, str],
        res_body: bytes,
        /,
    ) -> None: ...


class Running:
    """A sandbox that listens at `url`. `close` ends everything it started."""

    def __init__(self, sandbox: Sandbox, *, on_exchange: OnExchange | None, state_dir: Path | None) -> None:
        self.sandbox = sandbox
        self.url = ""
        self.on_exchange = on_exchange
        self._state_dir = state_dir
        self._thinker = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self.sender: Sender | None = None
        self.pages = False
        self._saved = -1
        self._locks: dict[int, asyncio.Lock] = {}

    async def think(self, run: Callable[..., T], *args: Any) -> T:
        """Call something in the one thread that may touch the state."""
        return await asyncio.get_running_loop().run_in_executor(self._thinker, run, *args)

    def lock(self, repo_id: int) -> asyncio.Lock:
        """One push to a repository at a time."""
        return self._locks.setdefault(repo_id, asyncio.Lock())

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        await site.start()
        real = self._runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{real}"
        self.sandbox.public_url = self.url

    async def follow(self, *, deliver: bool, run_actions: bool, on_delivery: OnDelivery | None) -> None:
        """Start what goes on beside requests."""
        loop = asyncio.get_running_loop()
        if deliver:
            self.sender = sender = Sender(self.sandbox, self.think, on_delivery)

            def wake() -> None:
                loop.call_soon_threadsafe(sender.wake)

            self.sandbox.on_event.append(wake)
            self._tasks.append(background(sender.run()))
        if run_actions:
            await self.think(actions.resume, self.sandbox)
            self._tasks.append(background(Runner(self.sandbox, self.think).run()))
        if self._state_dir is not None:
            self._tasks.append(background(self._save_now_and_then()))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        repo = server_git.PATH.fullmatch(request.path)
        if repo is not None:
            return await server_git.serve(self, request, repo)
        body = await request.read()
        own = await server_control.serve(self, request, body) or await server_login.serve(self, request, body)
        if own is None and self.pages and "text/html" in request.headers.get("Accept", ""):
            own = await self._page(request.path)
        return own if own is not None else await self._api(request, body)

    async def _page(self, path: str) -> web.Response | None:
        shown = await self.think(server_pages.page, self.sandbox, path)
        safe = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(text=shown, content_type="text/html", headers=safe) if shown is not None else None

    async def _api(self, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        base = f"{request.scheme}://{request.host}"
        asked = Request(method=request.method, path=request.raw_path, headers=headers, body=body, base=base)
        answer: Response = await self.think(self.sandbox.handle, asked)
        if answer.delay:
            await pause(answer.delay)
        if answer.status == 0:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        content = answer.encoded()
        if self.on_exchange is not None:
            self.on_exchange(
                request.method, request.raw_path, request.headers, body, answer.status, answer.headers, content
            )
        return web.Response(status=answer.status, body=content, headers=answer.headers)

    async def _save_now_and_then(self) -> None:
        while True:
            await pause(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Write the state down, when there is a place for it and something has happened since."""
        done = sum(self.sandbox.counts.values()) + self.sandbox.state.next_id
        if self._state_dir is not None and done != self._saved:
            self._saved = done
            await self.think(snapshot.save, self.sandbox.state, self._state_dir)

    async def idle(self) -> None:
        """Wait until every webhook queued so far has been sent and answered."""
        if self.sender is not None:
            await self.sender.idle()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.save()
        await self.think(self.sandbox.git.close)
        self._thinker.shutdown()


async def start(
    sandbox: Sandbox,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    run_actions: bool = True,
    deliver: bool = True,
    on_exchange: OnExchange | None = None,
    on_delivery: OnDelivery | None = None,
    state_dir: Path | None = None,
    tls: ssl.SSLContext | None = None,
    pages: bool = False,
) -> Running:
    """Serve a sandbox; `port` 0 takes a free one, `pages` shows everything to browsers.

    OSError when it cannot listen.
    """
    running = Running(sandbox, on_exchange=on_exchange, state_dir=state_dir)
    running.pages = pages
    await running.listen(host, port, tls)
    await running.follow(deliver=deliver, run_actions=run_actions, on_delivery=on_delivery)
    return running
