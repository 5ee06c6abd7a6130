"""The port: connections that bring webhooks are read here, with little between them and the disk; all others go on to
the pages.

What a webhook needs of HTTP is little, and it is what comes most: so it is parsed by llhttp alone (httptools), which is
a fraction of what a web framework costs for each request, and needs no framework to be imported before the first one
can be taken. A connection whose next request is no webhook is handed over to the server behind, for good, with the
bytes it has brought so far.
"""

import asyncio
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httptools

from bot.webhook import MAX_BODY, NOT_HTTP, TOO_LARGE, TOO_SLOW, Answer, Webhook

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/webhook"
STARTS = (b"POST /webhook ", b"POST /webhook?")
HEAD = 64 * 1024
"""Bytes before the body."""
SILENT = 75.0
"""Seconds that a connection may be silent, between requests and in the middle of a request's head."""
LINGER = 2.0
"""Seconds in which a refused sender may read why, before the connection is cut."""
LAST = 0.5
"""Seconds in which a connection that has brought nothing yet may still do so, when the door closes."""


class Door:
    """A factory of protocols, for `loop.create_server`. webhook: None where none are taken; all else goes to `hall`,
    as soon as there is one.
    """

    def __init__(self, webhook: Webhook | None) -> None:
        self.webhook = webhook
        self.hall: web.Server | None = None
        self.is_closing = False
        self.connections: set[Connection] = set()
        self._empty = asyncio.Event()

    def __call__(self) -> "Connection":
        return Connection(self)

    def gone(self, connection: "Connection") -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def close(self, seconds: float = 10.0) -> None:
        """What is being received is still answered, within so many seconds. Nobody new may come in any more."""
        self.is_closing = True
        for connection in list(self.connections):
            connection.end()
        if self.connections:
            self._empty.clear()
            await asyncio.wait([asyncio.ensure_future(self._empty.wait())], timeout=seconds)  # noqa: TID251
        for connection in list(self.connections):
            connection.cut()


class Connection(asyncio.Protocol):
    """One connection, as long as it brings webhooks. One request at a time: whoever sends the next one before the
    answer is there is answered once, and has to come again.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._state = "idle"  # head, body, storing, over
        self._peeked = b""
        self._is_new = True
        self._is_last = False
        self._set_aside = 0
        self._due = self._loop.time() + SILENT
        self._timer: asyncio.TimerHandle | None = None
        self._storing: asyncio.Future[bool] | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body: bytes | bytearray = b""
        self._raw = self._length = 0

    # What the event loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self._door.connections.add(self)
        self._timer = self._loop.call_later(SILENT, self._expire)
        if self._door.is_closing:
            self.end()

    def connection_lost(self, _: Exception | None) -> None:
        self._leave()
        self._transport = None

    def eof_received(self) -> bool:
        self._is_last = True
        return self._state == "storing"  # it has said all, and still waits for the answer

    def data_received(self, data: bytes) -> None:
        if self._state == "idle":
            data, self._peeked = (self._peeked + data).lstrip(b"\r\n"), b""
            if not data:
                return  # RFC 9112, 2.2: empty lines before a request are none
            if self._door.webhook is None or not data.startswith(STARTS):
                self._not_for_us(data)
                return
            self._begin()
        if self._state == "over":
            return
        if self._state == "storing":
            self._is_last = True
            return
        self._raw += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self._state == "storing":
                self._is_last = True  # what follows a whole delivery is nothing of it
            else:
                self._refuse(NOT_HTTP)
        if self._state == "head" and self._raw > HEAD:
            self._refuse((431, "the headers are too large"))
        elif self._state == "body" and self._raw > 2 * HEAD + self._length * 5 // 4:
            self._refuse((413, "its chunks are too small, or what follows them is too large"))

    # What the parser says.

    def on_message_begin(self) -> None:
        if self._state == "storing":
            self._is_last = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._state == "head":
            self._headers.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        if self._state != "head" or (webhook := self._door.webhook) is None:
            return
        if b"upgrade" in self._headers:
            self._refuse(NOT_HTTP)  # the parser would leave the body to another protocol
            return
        self._received_at = webhook.now()
        said = webhook.admitted(self._headers)
        if isinstance(said, tuple):
            self._finish(said, is_last=True)
            return
        self._set_aside, self._state = said, "body"
        self._wait(webhook.body_seconds)
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        if self._state == "body":
            if self._body:
                self._body = self._body if isinstance(self._body, bytearray) else bytearray(self._body)
                self._body += data
            else:
                self._body = data
            self._length += len(data)
            if self._length > MAX_BODY:
                self._refuse(TOO_LARGE)

    def on_message_complete(self) -> None:
        if self._state != "body" or (webhook := self._door.webhook) is None:
            return
        self._state = "storing"
        self._give_back()
        self._is_last |= not self._parser.should_keep_alive() or self._parser.get_http_version() != "1.1"
        body, self._body = bytes(self._body), b""
        said = webhook.begin(self._headers, body, self._received_at)
        if isinstance(said, tuple):
            self._loop.call_soon(self._answered, said)  # not before the parser has read on: see on_message_begin
            return
        self._storing = said
        self._wait(webhook.commit_seconds)
        said.add_done_callback(self._stored)

    # What becomes of it.

    def _begin(self) -> None:
        self._state, self._is_new = "head", False
        self._raw = self._length = 0
        self._headers, self._body = {}, b""
        self._wait(SILENT)

    def _stored(self, storing: "asyncio.Future[bool]") -> None:
        self._storing = None
        if (webhook := self._door.webhook) is not None:
            self._answered(webhook.end(self._headers, storing))

    def _answered(self, answer: Answer) -> None:
        self._finish(answer, is_last=self._is_last)

    def _refuse(self, answer: Answer) -> None:
        if self._state != "over" and self._door.webhook is not None:
            self._finish(self._door.webhook.refused(answer), is_last=True)

    def _finish(self, answer: Answer, *, is_last: bool) -> None:
        """Answer. What has been refused before it had come whole is cut off, after a moment to read why."""
        was_whole = self._state == "storing"
        is_last = is_last or answer[0] not in {202, 503} or self._door.is_closing
        self._give_back()
        self._state = "over" if is_last else "idle"
        self._write(_text(*answer, self._date(), is_last=is_last))
        if not is_last:
            self._wait(SILENT)
        elif was_whole:
            self._hang_up()
        else:
            self._due = self._loop.time() + LINGER
            self._rearm(LINGER)

    def _date(self) -> str:
        webhook = self._door.webhook
        return _date_at(int(webhook.now().timestamp())) if webhook is not None else ""

    def _not_for_us(self, data: bytes) -> None:
        """Another server's request; or it can't be told yet."""
        if self._door.webhook is not None and any(start.startswith(data) for start in STARTS):
            self._peeked = data
        elif self._door.hall is not None and self._transport is not None:
            transport, protocol = self._transport, self._door.hall()
            self._leave()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            protocol.data_received(data)
        elif b"\r\n\r\n" not in data and len(data) < HEAD:
            self._peeked = data
        else:
            self._state = "over"
            self._write(_starting(data))
            self._hang_up()

    # Time, and the end.

    def _wait(self, seconds: float) -> None:
        """From now on so long; the timer that runs is not touched unless it would come too late."""
        self._due = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self._rearm(seconds)

    def _rearm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        left = self._due - self._loop.time()
        if left > 0 or self._state == "storing":
            self._timer = self._loop.call_later(max(left, 1.0), self._expire)
            if left <= 0 and self._storing is not None:
                self._storing.cancel()  # and is answered so
        elif self._state == "body":
            self._refuse(TOO_SLOW)
        else:
            self._hang_up()

    def end(self) -> None:
        """The door closes: what is under way is answered, and nothing follows."""
        if self._state == "idle" and not self._is_new:
            self._hang_up()
        elif self._state == "idle":
            self._wait(LAST)

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _give_back(self) -> None:
        if self._set_aside and self._door.webhook is not None:
            self._door.webhook.release(self._set_aside)
        self._set_aside = 0

    def _leave(self) -> None:
        self._give_back()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._door.gone(self)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


@lru_cache(maxsize=4)
def _date_at(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%a, %d %b %Y %H:%M:%S} GMT"


@lru_cache(maxsize=64)
def _text(status: int, sentence: str, date: str = "", *, is_last: bool) -> bytes:
    return _answer(status, f"{sentence}\n", "text/plain; charset=utf-8", f"Date: {date}\r\n" if date else "", is_last)


def _answer(status: int, body: str, kind: str, more: str, is_last: bool) -> bytes:
    end = "Connection: close\r\n" if is_last else ""
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{more}{end}\r\n{body}".encode()


def _starting(request: bytes) -> bytes:
    """For everybody who comes before the pages are there."""
    if request.startswith(b"GET /healthz "):
        return _answer(200, '{"status": "ok"}', "application/json; charset=utf-8", "", True)
    said = '{"status": "not ready", "parts": {"start": "it is still being put together; come back in a moment"}}'
    return _answer(503, said, "application/json; charset=utf-8", "Retry-After: 1\r\n", True)
