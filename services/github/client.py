"""The transport: the one place where bytes go to GitHub and come back.

A gidgethub client, so its sans-I/O core and later its GraphQL half are ours for free; `_request` is the only seam,
and another HTTP library replaces that one method. Redirects are followed here and not by the library: a token never
goes to another host, and a write is only sent on where the server asked for exactly that.
"""

from collections.abc import Mapping

import aiohttp
import yarl
from gidgethub import abc, sansio

from services.errors import RateLimited, Unreachable
from services.github.exchange import GRAPHQL, Answer, Request, Stats

GITHUB = "https://api.github.com"
REQUESTER = "lockstep"
API_VERSION = "2022-11-28"
POOL = 20
MAX_HOPS = 3
MAX_BODY = 32 * 1024 * 1024
"""Bytes, unpacked: a page of 100 check runs with full summaries is about 13 MB."""

_MOVED = {301, 302, 303, 307, 308}
_MOVED_AS_IS = {307, 308}


class Transport(abc.GitHubAPI):
    """One HTTP exchange at a time, over a pool that is opened with the first one and closed by `close`."""

    def __init__(self, base_url: str = GITHUB, *, stats: Stats | None = None, timeout: float = 30.0) -> None:
        """base_url: of the API, with the path an Enterprise server has (`/api/v3`).

        timeout: seconds for one exchange.
        """
        super().__init__(REQUESTER, base_url=base_url.rstrip("/"))
        self.stats = stats or Stats()
        self._base = yarl.URL(self.base_url)
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(10.0, timeout))
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: Request, secret: str) -> Answer:
        """Send it with the credential and give whatever came back, after at most three redirects; Unreachable
        otherwise.
        """
        headers = sansio.create_headers(self.requester, accept=request.accept, jwt=secret)
        headers["x-github-api-version"] = API_VERSION
        if request.etag:
            headers["if-none-match"] = request.etag
        if request.body:
            headers["content-type"] = "application/json"
        base = self.base_url.removesuffix("/v3") if request.path == GRAPHQL else self.base_url
        url = yarl.URL(f"{base}/{request.path}", encoded=True)
        for _ in range(MAX_HOPS + 1):
            status, found, body = await self._request(request.method, str(url), headers, request.body)
            target = self._target(request.method, url, status, found.get("location"))
            if target is None:
                return Answer(status, found, body, self._next_path(found.get("link")))
            if target.origin() != self._base.origin():
                headers.pop("authorization", None)
            url = target
        raise Unreachable(0, "it redirected too often")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def sleep(self, seconds: float) -> None:
        """Nobody waits inside a call: the wait goes to the scheduler, which can do something else meanwhile."""
        raise RateLimited(0, "the limit is used up", retry_after=seconds)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=POOL)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, middlewares=(_send_once,))
        self.stats.requests += 1
        try:
            async with self._session.request(
                method, yarl.URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
            ) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                self.stats.charged += response.status != 304
                return response.status, found, await _read(response)
        except TimeoutError:
            raise Unreachable(0, f"no answer within {self._timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # Without its cause: some of aiohttp's errors hold the request with its token.
            raise Unreachable(0, f"{type(error).__name__}: {str(error)[:200]}") from None

    def _target(self, method: str, url: yarl.URL, status: int, location: str | None) -> yarl.URL | None:
        """Where to go on, or None to take the answer as it is."""
        if status not in _MOVED or not location:
            return None
        try:
            target = url.join(yarl.URL(location, encoded=True))
            is_home = target.origin() == self._base.origin()
        except ValueError:
            return None
        if method == "GET":
            return target if is_home or target.scheme in {"https", self._base.scheme} else None
        return target if is_home and status in _MOVED_AS_IS else None

    def _next_path(self, link: str | None) -> str:
        """The next page as a path under our own base, so that a page can never send us to another host."""
        more = sansio.decipher_response(200, {"link": link}, b"")[2] if link else None
        if not more:
            return ""
        try:
            found = yarl.URL(more, encoded=True)
        except ValueError:
            raise Unreachable(200, "the link to the next page could not be read") from None
        prefix = self._base.raw_path.rstrip("/") + "/"
        return found.raw_path_qs.removeprefix(prefix)


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp repeats a PUT or DELETE whose connection broke; a merge that may have happened must not be sent again."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET" or isinstance(error, aiohttp.ClientConnectorError):
            raise
        raise Unreachable(0, "the connection broke while waiting for the answer") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, at most MAX_BODY bytes after unpacking."""
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > MAX_BODY:
            raise Unreachable(response.status, f"the answer is larger than {MAX_BODY} bytes")
    return bytes(body)
