"""The way between the bot and GitHub: the real client's transport, whose one seam asks the sandbox directly.

A request may be lost on its way; it may be carried out and its answer lost; GitHub may fail before or after it has done
what it was asked; a limit may refuse it; and all that takes time, so answers overtake each other. A request that is on
its way when the process dies arrives all the same.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial

from services.errors import Unreachable
from services.github import auth
from services.github.client import Transport
from services.sandbox.kernel import Request, Response
from services.sandbox.sandbox import Sandbox
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.life import Life
from tests.simulation.trace import Trace

BASE = "https://api.github.test"
PATIENCE = 30.0
"""Seconds after which the client gives up waiting for an answer."""
SOON = 0.9
"""Seconds after the end of a process in which everything it had sent has arrived: less than its successor needs."""

AT_ONCE = 0.4
"""The same in a fleet, where another process goes on sooner (bot/conducting.py)."""

Answer = tuple[int, Mapping[str, str], bytes]


auth._load = cache(auth._load)
"""Checking a private key takes longer than a whole story; the simulation's is the same each time."""


class Wire:
    """`before` and `after` see every request that GitHub carries out for the bot, at that moment."""

    def __init__(self, sandbox: Sandbox, chance: Stream, faults: Faults, trace: Trace) -> None:
        self.sandbox = sandbox
        self.chance = chance
        self.faults = faults
        self.trace = trace
        self.is_out = False
        self.is_shared = False
        self.sent: Callable[[Life, str], None] = lambda life, method: None
        self.failed_at = -1.0  # when a process was last left without a fine answer
        self._on_the_way: dict[Life, dict[asyncio.TimerHandle, Callable[[], None]]] = {}
        self.before: Callable[[Request, float], None] = lambda request, sent: None
        self.after: Callable[[Request, Response], None] = lambda request, response: None

    def delay(self) -> float:
        return self.chance.spread(*self.faults.wire_delay)

    def send(self, life: Life, arrive: Callable[[], None]) -> asyncio.TimerHandle:
        """A request of this process is on its way."""
        mine = self._on_the_way.setdefault(life, {})

        def come() -> None:
            mine.pop(handle, None)
            arrive()

        handle = asyncio.get_running_loop().call_later(self.delay(), come)
        mine[handle] = arrive
        return handle

    def died(self, life: Life) -> None:
        """What a process has sent off goes on without it, and is at GitHub before another process begins."""
        for handle in list(self._on_the_way.get(life, ())):
            self.given_up(life, handle)
        self._on_the_way.pop(life, None)

    def given_up(self, life: Life, handle: asyncio.TimerHandle) -> None:
        """Nobody waits for the answer to this any more."""
        arrive = self._on_the_way.get(life, {}).pop(handle, None)
        if arrive is not None:
            handle.cancel()
            asyncio.get_running_loop().call_later(self.chance.uniform(0.0, AT_ONCE if self.is_shared else SOON), arrive)

    def fate(self) -> str:
        """What becomes of one request."""
        faults, chance = self.faults, self.chance
        if self.is_out:
            return "lost"
        for name, odds in (
            ("lost", faults.wire_lost),
            ("unanswered", faults.wire_unanswered),
            ("error", faults.wire_error),
            ("late_error", faults.wire_late_error),
            ("limited", faults.wire_limited),
        ):
            if odds > 0 and chance.random() < odds:
                return name
        return "fine"

    def arrive(self, request: Request, fate: str, sent: float) -> Response:
        """GitHub gets the request and says something."""
        if fate == "error":
            self.trace("github", f"{request.method} {request.path}: 502 at once")
            return _failure()
        if fate == "limited":
            self.trace("github", f"{request.method} {request.path}: limited")
            return self._limited()
        self.before(request, sent)
        response = self.sandbox.handle(request)
        self.after(request, response)
        noted = f" ({fate})" if fate != "fine" else ""
        if noted or request.method != "GET":
            self.trace("github", f"{request.method} {request.path}: {response.status}{noted}")
        return _failure() if fate == "late_error" else response

    def _limited(self) -> Response:
        seconds = self.chance.choice([0, 1, 5, 60])
        text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        headers = {"retry-after": str(seconds)} if seconds else {}
        return Response(status=self.chance.choice([403, 429]), json={"message": text}, headers=headers)


def _failure() -> Response:
    html = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    return Response(status=502, body=html, headers={"content-type": "text/html"})


class SimTransport(Transport):
    """The client's transport for one process."""

    def __init__(self, wire: Wire, life: Life) -> None:
        super().__init__(BASE)
        self._wire = wire
        self._life = life

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._life.is_over:
            await self._life.never()
        self.stats.requests += 1
        loop, wire = asyncio.get_running_loop(), self._wire
        answer: asyncio.Future[Answer] = loop.create_future()
        request = Request(
            method=method,
            path=url.removeprefix(BASE),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            base=BASE,
        )
        fate, sent = wire.fate(), None
        if fate != "lost":
            sent = wire.send(self._life, partial(self._arrive, request, fate, loop.time(), answer))
            wire.sent(self._life, method)
        else:
            wire.trace("wire", f"{method} {request.path}: lost")
        giving_up = loop.call_later(PATIENCE, _give_up, answer)
        try:
            status, found, content = await answer
        except asyncio.CancelledError:
            if wire.is_shared and sent is not None:  # whoever takes over what is given up waits no longer than that
                wire.given_up(self._life, sent)
            raise
        finally:
            giving_up.cancel()
            if fate != "fine":
                wire.failed_at = loop.time()
        if self._life.is_over:
            await self._life.never()
        self.stats.charged += status != 304
        return status, found, content

    def _arrive(self, request: Request, fate: str, sent: float, answer: "asyncio.Future[Answer]") -> None:
        wire = self._wire
        response = wire.arrive(request, fate, sent)
        if fate == "unanswered":
            return
        told = {"date": _http_date(wire.sandbox.now().replace(microsecond=0)), **response.headers}
        done = (response.status, told, response.encoded())
        asyncio.get_running_loop().call_later(wire.delay(), _give, answer, done)


def _give(answer: "asyncio.Future[Answer]", done: Answer) -> None:
    if not answer.done():
        answer.set_result(done)


def _give_up(answer: "asyncio.Future[Answer]") -> None:
    if not answer.done():
        answer.set_exception(Unreachable(0, f"no answer within {PATIENCE:g} s"))


@cache
def _http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
