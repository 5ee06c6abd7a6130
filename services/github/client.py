"""The transport: the one place where bytes go to GitHub and come back.

A gidgethub client, so its sans-I/O core is ours for free; `_request` is the only seam, and `route` says which HTTP
library stands behind it. Redirects are followed here and not by the library: a token never goes to another host, and a
write is only sent on where the server asked for exactly that.
"""

from collections.abc import Mapping

import yarl
from gidgethub import abc, sansio

from services.errors import RateLimited, Unreachable
from services.github.exchange import GRAPHQL, Answer, Request, Stats
from services.github.route import Route
from services.github.wire import DEFAULT, Network

GITHUB = "https://api.github.com"
REQUESTER = "lockstep"
API_VERSION = "2022-11-28"
MAX_HOPS = 3

_MOVED = {301, 302, 303, 307, 308}
_MOVED_AS_IS = {307, 308}
_SAFE = {"GET", "HEAD"}


class Transport(abc.GitHubAPI):
    """One HTTP exchange at a time, over connections that are opened with the first one and closed by `close`."""

    def __init__(
        self, base_url: str = GITHUB, *, stats: Stats | None = None, timeout: float = 30.0, network: Network = DEFAULT
    ) -> None:
        """base_url: of the API, with the path an Enterprise server has (`/api/v3`).

        timeout: seconds for one exchange.
        """
        self._base = yarl.URL(base_url.rstrip("/"))
        super().__init__(REQUESTER, base_url=str(self._base).rstrip("/"))
        self.stats = stats or Stats()
        self._graphql = f"{self.base_url.removesuffix('/v3')}/{GRAPHQL}"
        self._route = Route(self.base_url, self.requester, network, timeout)

    async def exchange(self, request: Request, secret: str) -> Answer:
        """Send it with the credential and give whatever came back, after at most three redirects; Unreachable
        otherwise.
        """
        headers = sansio.create_headers(self.requester, accept=request.accept, jwt=secret)
        headers["x-github-api-version"] = API_VERSION
        if request.etag:
            headers["if-none-match"] = request.etag
        elif request.since:
            headers["if-modified-since"] = request.since
        if request.body:
            headers["content-type"] = "application/json"
        url = self._graphql if request.path == GRAPHQL else f"{self.base_url}/{request.path}"
        first: Mapping[str, str] = {}
        for _ in range(MAX_HOPS + 1):
            status, found, body = await self._request(
                request.method, url, headers, request.body, is_text=request.is_text
            )
            first = first or found
            target = self._target(request.method, url, status, found.get("location"))
            if target is None:
                told = first if request.is_text else found  # GitHub's limits are not those of the store with the text
                return Answer(status, told, body, self._next_path(found.get("link")))
            if request.is_text or target.origin() != self._base.origin():  # a link to a text is signed itself
                headers.pop("authorization", None)
            url = str(target)
        raise Unreachable(0, "it redirected too often")

    async def close(self) -> None:
        """End what is under way; the next exchange opens anew."""
        await self._route.close()

    async def sleep(self, seconds: float) -> None:
        """Nobody waits inside a call: the wait goes to the scheduler, which can do something else meanwhile."""
        raise RateLimited(0, "the limit is used up", retry_after=seconds)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        wire = await self._route.wire(url)
        self.stats.requests += 1
        try:
            reply = await wire.send(method, url, headers, body, is_text=is_text)
        except Unreachable as error:
            if not error.status:
                self._route.doubt()
            raise
        self.stats.charged += reply[0] != 304
        return reply

    def _target(self, method: str, url: str, status: int, location: str | None) -> yarl.URL | None:
        """Where to go on, or None to take the answer as it is."""
        if status not in _MOVED or not location:
            return None
        try:
            target = yarl.URL(url, encoded=True).join(yarl.URL(location, encoded=True))
            is_home = target.origin() == self._base.origin()
        except ValueError:
            return None
        if method in _SAFE:
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
