"""The one way out of a box: an agent's own program asks its model through here, and nothing else.

It is a server on a UNIX socket that takes requests for a model, not connections to a host: there is nothing in them
that could name another place. The provider's key is added here, so it is in no box; only the model that was chosen is
asked; and each request is in the ledger, with its budgets asked before it is sent.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import aiohttp
from aiohttp import web
from msgspec import Struct

from services.agents import Superseded
from services.agents.answers import Answers, key_of
from services.agents.asked import TOKENS, Asked, asked, read
from services.agents.door import listen
from services.agents.metering import metered
from services.agents.models import Models
from services.agents.wire import LONGEST, is_free
from services.errors import BudgetUsedUp, ModelBusy, NotPossible, StoreError
from services.store.ledger import Call
from services.trust import trusted

LONGEST_REQUEST = 16_000_000
URLS = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com",
    "google": "https://generativelanguage.googleapis.com",
}
PATHS = {
    "anthropic": re.compile(r"/v1/messages"),
    "openai": re.compile(r"/v1/(?:chat/completions|responses)"),
    "google": re.compile(r"/v1beta/models/(?P<model>[A-Za-z0-9._-]{1,128}):(?:generateContent|streamGenerateContent)"),
}
"""What may be asked for; anything else is answered here, with 404."""
OVER = "the attempt is over"
_PASSED = ("content-type", "accept", "anthropic-version", "anthropic-beta")
_BACK = ("content-type", "retry-after")


class Door(Struct, frozen=True, kw_only=True):
    """What a broker lets through: this model, on the account of this call, within this budget of its task.

    answers: those of an earlier try of the attempt.
    """

    models: Models
    call: Call
    budget: Decimal | None = None
    answers: Answers | None = None


class Broker:
    """Serves one attempt. over: why it may go on no more, None as long as it may.  lost: that the store has refused
    something, which lets nothing be sent and is no fault of the program's.  asked: requests that were sent; again:
    those that an earlier try has heard the answer to.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._way = door.models.way
        self._session: aiohttp.ClientSession | None = None
        self.over: BudgetUsedUp | Superseded | None = None
        self.lost: StoreError | None = None
        self.asked = self.again = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.over is not None:
            return _refused(403, OVER)
        provider = self._door.models.provider
        path = PATHS[provider].fullmatch(request.path) if request.method == "POST" else None
        if path is None:
            return _refused(404, "only the task's model can be asked here")
        told = read(await request.read())
        wanted = asked(told, path.groupdict().get("model", ""), TOKENS[provider])
        if wanted is None:
            return _refused(403, "that would reach somewhere else, or cost more than is counted")
        if wanted.model != self._door.models.name:
            return _refused(403, f"only the model {self._door.models.name} can be asked here")
        key = key_of(f"{request.path}?{sorted(_query(request).items())}", told)
        heard = self._door.answers.again(key) if self._door.answers is not None else None
        if heard is not None:
            self.again += 1
            return web.Response(body=heard.body, headers={"content-type": heard.kind})
        return await self._ask(request, key, wanted)

    async def _ask(self, request: web.Request, key: str, wanted: Asked) -> web.StreamResponse:
        """As long as there is money."""
        door, length = self._door, len(await request.read())
        try:
            row = await door.models.reserve(
                door.call, length, wanted.tokens, door.budget, is_for_an_hour=wanted.for_an_hour, fits=True
            )
        except BudgetUsedUp as over:
            self.over = self.over or over
            return _refused(403, "the budget is used up")
        except NotPossible:
            return _refused(403, "the model has no known price")
        except ModelBusy as busy:
            return _refused(429, str(busy))
        except StoreError as error:
            self.lost = error
            return _refused(503, "the accounts can't be written now")
        if self.over is not None:  # while it waited for others
            await self._booked(door.models.failed(row, is_free=True))
            return _refused(403, OVER)
        self.asked += 1
        return await self._forward(request, key, row, wanted.tokens)

    async def _forward(self, request: web.Request, key: str, row: int, tokens: int) -> web.StreamResponse:
        models, session = self._door.models, self._session
        assert session is not None  # noqa: S101 - it serves only while it is open
        base = (self._way.url or URLS[models.provider]).rstrip("/")
        base = base.removesuffix("/v1") if models.provider != "google" else base
        kept, answered, status, is_all = bytearray(), None, 0, False
        try:
            async with session.post(
                base + request.path,
                params=_query(request),
                data=await request.read(),
                headers=_headers(request.headers, models.provider, self._way.key),
                proxy=self._way.proxy or None,
                allow_redirects=False,
            ) as upstream:
                status = upstream.status
                back = {name: upstream.headers[name] for name in _BACK if name in upstream.headers}
                answered = web.StreamResponse(status=status, headers=back)
                await answered.prepare(request)
                async for piece in upstream.content.iter_any():
                    kept += piece
                    if len(kept) > LONGEST:
                        raise aiohttp.ClientPayloadError
                    await answered.write(piece)
                is_all = True
        except (aiohttp.ClientError, TimeoutError, OSError):
            if answered is None:
                return _refused(502, "the provider can't be reached")
            if request.transport is not None:  # what broke off must not look whole
                request.transport.abort()
        finally:
            told = metered(bytes(kept))
            if status == 200 and told.usage is not None and told.is_whole:
                try:  # first, as who waits for the money has to see whether the attempt is over
                    if is_all:
                        await self._keep(key, answered, bytes(kept))
                finally:
                    await self._booked(models.settle(row, told.usage))
            elif status == 200:
                await self._booked(models.broke_off(row, told.usage, tokens))
            else:
                await self._booked(models.failed(row, is_free=is_free(status) and upstream.content.at_eof()))
        return answered

    async def _keep(self, key: str, answered: web.StreamResponse | None, body: bytes) -> None:
        """A whole answer, for a try after a crash; one whose attempt is over meanwhile ends it."""
        if self._door.answers is not None and answered is not None:
            try:
                await self._door.answers.keep(key, answered.headers.get("content-type", ""), body)
            except Superseded as over:
                self.over = over
            except StoreError as error:
                self.lost = error

    async def _booked(self, booking: Awaitable[None]) -> None:
        """What the store does not take now stays held against the budgets."""
        try:
            await booking
        except StoreError as error:
            self.lost = error

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Path]:
        """The socket, as long as the block runs. Its folder's name can't be guessed, and nobody can list it."""
        folder, socket = await asyncio.to_thread(_folder)
        app = web.Application(client_max_size=LONGEST_REQUEST)
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        try:
            connector = aiohttp.TCPConnector(ssl=trusted("broker", self._way.ca))
            timeout = aiohttp.ClientTimeout(total=self._door.models.seconds, connect=15.0)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
                self._session = session
                await runner.setup()
                assert runner.server is not None  # noqa: S101 - it is set up
                server = await listen(runner.server, socket)
                try:
                    socket.chmod(0o666)
                    yield socket
                finally:
                    server.close()
                    await runner.cleanup()
        finally:
            await runner.cleanup()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _folder() -> tuple[Path, Path]:
    folder = Path(tempfile.mkdtemp(prefix="lockstep-broker-"))
    folder.chmod(0o711)
    return folder, folder / "model.sock"


def _query(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.query.items() if name != "key"}


def _headers(given: Mapping[str, str], provider: str, key: str) -> dict[str, str]:
    """Ours, with the key, and what the provider's own words need; `identity`, so that the figures can be read."""
    auth = {"anthropic": ("x-api-key", key), "google": ("x-goog-api-key", key)}
    name, value = auth.get(provider, ("authorization", f"Bearer {key}"))
    passed = {each: given[each] for each in _PASSED if each in given}
    return {**passed, "accept-encoding": "identity", name: value}


def _refused(status: int, why: str) -> web.Response:
    """In the form that all providers' programs can read."""
    return web.json_response({"type": "error", "error": {"type": "refused", "message": why}}, status=status)
