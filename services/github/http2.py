"""HTTP/2 through pyreqwest: one connection carries everything, at less than half of a pool's CPU time.

HTTP/2 is asked for outright: where it is only offered (ALPN), every call that is begun before the first answer opens a
connection of its own. What pyreqwest calls a ConnectError may also come after the request was sent, so nothing here is
taken for "not sent". A server that says itself that it has not begun (REFUSED_STREAM, GOAWAY) is asked again by the
library, also for a write; nothing else is.
"""

from collections.abc import Mapping
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BuilderError, DetailedPyreqwestError, NetworkError, PyreqwestError
from pyreqwest.http import HeaderMap
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import RequestBuilder
from pyreqwest.response import Response

from services.errors import Unreachable
from services.github.wire import SAFE, Body, Network, Reply, gathered

STREAM_WINDOW, CONNECTION_WINDOW = 2 * 1024 * 1024, 8 * 1024 * 1024
MAX_HEADERS = 64 * 1024
PING_AFTER, PING_PATIENCE = 15.0, 10.0
"""Seconds: a connection on which an answer is due is asked whether it still stands, and given up without a reply.
Otherwise every later call would wait in vain on the one connection that a firewall has forgotten."""


class Http2:
    """A `Wire` to one host."""

    def __init__(self, network: Network, host: str, timeout: float) -> None:
        """timeout: seconds for one exchange. Unreachable when the library can't be set like this."""
        self._timeout = timeout
        try:
            self._client = _builder(network, host, timeout).http2_prior_knowledge().build()
        except (PyreqwestError, ValueError) as error:
            raise Unreachable(0, f"pyreqwest can't be set up: {type(error).__name__}") from None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, is_text: bool = False
    ) -> Reply:
        """Once; twice for what is safe when the connection broke before an answer began."""
        try:
            return await _exchange(self._client, method, url, headers, body, is_text=is_text)
        except NetworkError as error:
            if method not in SAFE or isinstance(error, TimeoutError):
                raise Unreachable(0, self._told(error)) from None
        except (PyreqwestError, ValueError) as error:
            raise Unreachable(0, self._told(error)) from None
        try:
            return await _exchange(self._client, method, url, headers, body, is_text=is_text)
        except PyreqwestError as error:
            raise Unreachable(0, self._told(error)) from None

    async def close(self) -> None:
        await self._client.close()

    def _told(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self._timeout:g} s"
        if isinstance(error, BuilderError) or not isinstance(error, PyreqwestError):
            return "the request can't be sent: a header or the address is malformed"
        causes = (error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None) or []
        cause = causes[-1]["message"] if causes else error.message
        return f"{type(error).__name__}: {cause.partition(': https://')[0][:200]}"


async def is_spoken(network: Network, host: str, url: str, headers: Mapping[str, str]) -> bool:
    """Does the server choose HTTP/2 when it is offered both? Unreachable when it says nothing."""
    client = _builder(network, host, network.connect_timeout).http2(enable=True).build()
    try:
        async with _request(client, "HEAD", url, headers).build_streamed() as response:
            return response.version == "HTTP/2.0"
    except PyreqwestError as error:
        raise Unreachable(0, f"{type(error).__name__} when asked whether it speaks HTTP/2") from None
    finally:
        await client.close()


def _builder(network: Network, host: str, timeout: float) -> ClientBuilder:
    builder = (
        ClientBuilder()
        .no_proxy()
        .follow_redirects(enable=False)
        .referer(enable=False)
        .timeout(timedelta(seconds=timeout))
        .connect_timeout(timedelta(seconds=min(network.connect_timeout, timeout)))
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_keep_alive_interval(timedelta(seconds=PING_AFTER))
        .http2_keep_alive_timeout(timedelta(seconds=PING_PATIENCE))
    )
    if network.ca:
        builder = builder.add_root_certificate_pem(network.ca.encode())
    if proxy := network.proxy_for(host):
        builder = builder.proxy(ProxyBuilder.all(proxy))
    return builder


def _request(client: Client, method: str, url: str, headers: Mapping[str, str]) -> RequestBuilder:
    request = client.request(method, url)
    for name, value in headers.items():
        request = request.header(name, value, is_sensitive=name == "authorization")
    return request


async def _exchange(
    client: Client, method: str, url: str, headers: Mapping[str, str], body: bytes, *, is_text: bool
) -> Reply:
    request = _request(client, method, url, headers)
    if body:
        request = request.body_bytes(body)
    async with request.build_streamed() as response:
        return response.status, _headers(response.headers), await _read(response, is_text=is_text)


def _headers(found: HeaderMap) -> dict[str, str]:
    try:
        return gathered(found.items())
    except ValueError:  # one of them is not ASCII; it is none of those that are looked at
        return gathered((name, value) for name in set(found) for value in _readable(found, name))


def _readable(found: HeaderMap, name: str) -> list[str]:
    try:
        return found.getall(name)
    except ValueError:
        return []


async def _read(response: Response, *, is_text: bool) -> bytes:
    body, reader = Body(response.status, is_text=is_text), response.body_reader
    while (piece := await reader.read_chunk()) is not None:
        body.add(bytes(piece))
    return body.whole()
