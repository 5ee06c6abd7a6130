"""An HTTP/2 server that never answers a POST but says goodbye, in the words the protocol has for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived, StreamEnded

Farewell = Literal["after", "before", "refused", "reset"]


class Server:
    """`asked`: (method, path) of everything that arrived."""

    def __init__(self, farewell: Farewell) -> None:
        self.farewell = farewell
        self.asked: list[tuple[str, str]] = []
        self.url = ""


@asynccontextmanager
async def goaway(context: ssl.SSLContext, farewell: Farewell) -> AsyncIterator[Server]:
    """after: GOAWAY that counts the request among those it has begun.  before: that does not.

    refused: the stream is reset as not begun.  reset: for an error inside.
    """
    state = Server(farewell)
    connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(state, connections), "127.0.0.1", 0, ssl=context)
    state.url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        for connection in connections:
            connection.transport.abort()


class _Connection(asyncio.Protocol):
    def __init__(self, state: Server, all_: "set[_Connection]") -> None:
        self._state = state
        self._all = all_
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._streams: dict[int, tuple[str, str]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._all.add(self)
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._all.discard(self)

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = {str(name): str(value) for name, value in event.headers}
                self._streams[event.stream_id] = (headers[":method"], headers[":path"])
            elif isinstance(event, StreamEnded):
                self._answer(event.stream_id)
        self._flush()

    def _answer(self, stream: int) -> None:
        asked = self._streams.pop(stream)
        self._state.asked.append(asked)
        if asked[0] != "POST":
            self._h2.send_headers(stream, [(":status", "200")], end_stream=True)
        elif self._state.farewell in {"refused", "reset"}:
            refused = self._state.farewell == "refused"
            self._h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM if refused else ErrorCodes.INTERNAL_ERROR)
        else:
            began = stream if self._state.farewell == "after" else 0
            self._h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=began)
            self._flush()
            self.transport.close()

    def _flush(self) -> None:
        self.transport.write(self._h2.data_to_send())
