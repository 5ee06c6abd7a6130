"""Which wire carries an exchange: HTTP/2 to the API wherever it can be had, HTTP/1.1 for everything else.

What the server speaks is found out once, by a HEAD without a credential before the first call: so a write is never
what an unknown protocol is tried on, and calls begun at the same time share one connection. When HTTP/2 is not to be
had, one line in the log says why, and HTTP/1.1 is spoken from then on. Hosts that the API redirects to (the stores of
logs and archives, many without HTTP/2) are always asked over HTTP/1.1.
"""

import asyncio

import structlog
import yarl

from services.errors import Unreachable, UserError
from services.github.flights import Flights
from services.github.wire import Network, Wire

log = structlog.get_logger(__name__)


class Route:
    """The wires to one API and away from it; opened when they are first needed."""

    def __init__(self, base_url: str, requester: str, network: Network, timeout: float) -> None:
        """base_url: of the API.  requester: how we call ourselves.  timeout: seconds for one exchange."""
        base = yarl.URL(base_url)
        self._base_url = base_url
        self._host = base.host or ""
        self._home = f"{base.origin()}/"
        self._headers = {"user-agent": requester}
        self._network = network
        self._timeout = timeout
        self._http1: Wire | None = None
        self._http2: Wire | None = None
        self._chosen: Wire | None = None
        self._flights: Flights[Wire] = Flights()
        self._wants_http2 = network.version != "1" and base.scheme == "https"
        if network.version == "2" and base.scheme != "https":
            raise UserError(f"HTTP/2 is spoken over https only, and {base_url} is not.")

    async def wire(self, url: str) -> Wire:
        """The wire for this address. Unreachable when the API does not say what it speaks."""
        if not url.startswith(self._home):
            return self._plain()
        if self._chosen is None:
            self._chosen = (await self._flights.run(self._home, self._choose))[0]
        return self._chosen

    def doubt(self) -> None:
        """An exchange over HTTP/2 failed without an answer: ask again what the server speaks before the next one."""
        if self._chosen is self._http2:
            self._chosen = None

    async def close(self) -> None:
        """End what is under way; the next exchange opens anew."""
        for wire in (self._http1, self._http2):
            if wire is not None:
                await wire.close()
        self._http1 = self._http2 = self._chosen = None

    async def _choose(self, _: int) -> Wire:
        if not self._wants_http2:
            return self._plain()
        try:
            from services.github import http2
        except ImportError:
            return self._fall_back("pyreqwest is not installed")
        wire = self._http2
        try:
            if wire is None:  # in a thread, because reading the machine's authorities takes a tenth of a second
                wire = await asyncio.to_thread(http2.Http2, self._network, self._host, self._timeout)
        except Unreachable as error:
            return self._fall_back(error.message)
        self._http2 = wire
        try:
            await wire.send("HEAD", self._base_url, self._headers, b"")
        except Unreachable:
            spoken = await http2.is_spoken(self._network, self._host, self._base_url, self._headers)
            if spoken:
                raise
            return self._fall_back(f"{self._host} does not speak it")
        return wire

    def _fall_back(self, reason: str) -> Wire:
        if self._network.version == "2":
            raise Unreachable(0, f"HTTP/2 is required, but {reason}")
        self._wants_http2 = False
        log.warning("speaking HTTP/1.1 with GitHub, HTTP/2 can't be had", reason=reason)
        return self._plain()

    def _plain(self) -> Wire:
        if self._http1 is None:
            from services.github.http1 import Http1

            self._http1 = Http1(self._network, self._timeout)
        return self._http1
