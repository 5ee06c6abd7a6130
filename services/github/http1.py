"""HTTP/1.1 through aiohttp: a pool of connections, for a server without HTTP/2 and for every host but the API's.

aiohttp repeats a PUT or DELETE whose connection broke. That is taken from it here: a merge that may have happened must
not be sent again.
"""

from collections.abc import Mapping

import aiohttp
import yarl

from services.errors import Unreachable
from services.github.wire import SAFE, Body, Network, Reply, gathered
from services.trust import trusted

PIECE = 64 * 1024


class Http1:
    """A `Wire`. The pool is opened with the first exchange."""

    def __init__(self, network: Network, timeout: float) -> None:
        """timeout: seconds for one exchange."""
        self._network = network
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(network.connect_timeout, timeout))
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, is_text: bool = False
    ) -> Reply:
        # The errors of aiohttp hold the request with its token: what is raised here must not lead to them.
        try:
            return await self._exchange(method, yarl.URL(url, encoded=True), headers, body, is_text=is_text)
        except TimeoutError:
            message = f"no answer within {self._timeout.total:g} s"
        except aiohttp.ClientHttpProxyError as error:
            message = f"the proxy answered {error.status}"
        except (aiohttp.ClientError, OSError) as error:
            message = f"{type(error).__name__}: {str(error)[:200]}"
        except ValueError:
            message = "the request can't be sent: a header or the address is malformed"
        raise Unreachable(0, message)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self, method: str, url: yarl.URL, headers: Mapping[str, str], body: bytes, *, is_text: bool
    ) -> Reply:
        proxy = self._network.proxy_for(url.host or "") or None
        async with self._opened().request(
            method, url, headers=headers, data=body or None, allow_redirects=False, proxy=proxy
        ) as response:
            found = gathered(response.headers.items())
            return response.status, found, await _read(response, is_text=is_text)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # aiohttp's own trusts nobody in a process that was imported leanly (bot/lean.py).
            trust = trusted("github", self._network.ca)
            trust.set_alpn_protocols(["http/1.1"])
            connector = aiohttp.TCPConnector(limit=self._network.connections, ssl=trust)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                middlewares=(_send_once,),
            )
        return self._session


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in SAFE or isinstance(error, aiohttp.ClientConnectorError):
            raise
    raise Unreachable(0, "the connection broke while waiting for the answer")


async def _read(response: aiohttp.ClientResponse, *, is_text: bool) -> bytes:
    body = Body(response.status, is_text=is_text)
    async for piece in response.content.iter_chunked(PIECE):
        body.add(piece)
    return body.whole()
