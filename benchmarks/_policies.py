"""Ways to read GitHub, side by side on the same trace: ours, and what others do.

All ask the same paths of the same server. What reached it and what it charged is counted at the wire, GETs only: who
makes tokens how often is another matter, and all of them get a new one every hour (ours a little sooner).
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from gidgethub import abc

import handlers
from benchmarks._trace import BASE, CONFIG, REPO, Clock, Hook, World
from handlers.reading import parse
from services.engine.engine import Engine
from services.errors import NotFound
from services.github import GitHub, places, shapes
from services.github.client import Transport
from services.github.exchange import Identity
from services.sandbox.kernel import Request, Response
from services.sandbox.sandbox import Sandbox


@dataclass
class Wire:
    """The server, and what came of each GET."""

    sandbox: Sandbox
    reached: int = 0
    charged: int = 0

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        answer = self.sandbox.handle(Request(method=method, path=path, headers=lower, body=body, base=BASE))
        if method == "GET":
            self.reached += 1
            self.charged += answer.status != 304
        return answer


class Direct(Transport):
    """The client's own transport, whose one seam asks the server without a socket."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(BASE)
        self._wire = wire

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        answer = self._wire.send(method, url.removeprefix(BASE), headers, body)
        date = self._wire.sandbox.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return answer.status, {"date": date, **answer.headers}, answer.encoded()


def client(wire: Wire, world: World, *, cached: bool = True) -> GitHub:
    """The real client, with everything but sockets."""
    key = world.app.private_key
    return GitHub(
        BASE, str(world.app.app_id), key, world.clock, cache_enabled=cached, transport=Direct(wire), cache_bytes=1 << 28
    )


class Answers(msgspec.Struct, frozen=True):
    """What one event's six reads said."""

    pull: Any
    files: Any
    reviews: Any
    checks: Any
    config: Any
    permission: Any


FRESH = ("pull", "reviews", "checks", "permission")
"""What is read afresh with the last event of a pull request: it is about to be merged."""


class Policy(Protocol):
    """Somebody who hears webhooks and reads."""

    wire: Wire

    async def hear(self, hook: Hook) -> None: ...

    async def read(self, hook: Hook) -> Answers: ...

    async def file(self, path: str) -> Any: ...


class Ear(Engine):
    """The engine as far as it listens: what handlers ask it to forget and to take over goes to the real client.

    There are no plans and nothing waits, so all else that it may be asked for does nothing, and says no.
    """

    def __init__(self, github: GitHub) -> None:
        self._parts = Narrow(github)  # type: ignore[assignment]
        self._former = Unmoved()  # type: ignore[assignment]

    def base_moved(self, repo: str) -> None:
        """No run waits for what goes into it."""

    def __getattr__(self, name: str) -> "_Quiet":
        return _Quiet()


async def _nothing(*_: object, **__: object) -> bool:
    return False


class _Quiet:
    """A part of the engine that does nothing either."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[bool]]:
        return _nothing


for _name, _asked in inspect.getmembers(Engine, inspect.iscoroutinefunction):
    if not _name.startswith("_"):
        setattr(Ear, _name, _nothing)


class Unmoved:
    """No repository had another name."""

    def all_of(self, repo: str) -> list[str]:
        return [repo]


@dataclass(frozen=True)
class Narrow:
    """What an Ear needs of the engine's parts."""

    github: GitHub
    others: None = None


class Ours:
    """The product: facade, cache, credentials and handlers as they are."""

    def __init__(self, world: World, *, cached: bool = True) -> None:
        self.wire = Wire(world.sandbox)
        self.github = client(self.wire, world, cached=cached)
        self._handlers: Mapping[str, tuple[handlers.Handler[Engine], ...]] = handlers.load()
        self._engine = Ear(self.github)

    async def hear(self, hook: Hook) -> None:
        event = parse(hook.event, hook.guid, hook.body)
        for handler in self._handlers.get(hook.event, ()):
            await handler(event, self._engine)

    async def read(self, hook: Hook) -> Answers:
        reads, fresh = self.github.reads, hook.last
        pull = await reads.pull(REPO, hook.pull, fresh=fresh)
        return Answers(
            pull,
            await reads.files(REPO, hook.pull),
            await reads.reviews(REPO, hook.pull, fresh=fresh),
            await reads.check_runs(REPO, pull.head_sha, fresh=fresh),
            await reads.file(REPO, CONFIG),
            await reads.permission(REPO, hook.sender, fresh=fresh),
        )

    async def file(self, path: str) -> Any:
        return await self.github.reads.file(REPO, path, fresh=True)


class Plain:
    """What the other policies share: paths as they are, tokens that change every hour, bodies decoded by our shapes."""

    def __init__(self, world: World) -> None:
        self.wire = Wire(world.sandbox)
        self.clock = world.clock
        self._mint: Callable[[], str] = lambda: world.stage.installation_token(world.installation)
        self._hour, self._token = -1, ""

    @property
    def token(self) -> str:
        hour = int(self.clock.moment.timestamp()) // 3600
        if hour != self._hour:
            self._hour, self._token = hour, self._mint()
        return self._token

    async def get(self, path: str) -> bytes:
        """The body of an answer, from wherever."""
        raise NotImplementedError

    async def hear(self, hook: Hook) -> None:
        """Webhooks mean nothing to it."""

    async def read(self, hook: Hook) -> Answers:
        who, number = Identity(), hook.pull
        pull = msgspec.json.decode(await self.get(places.pull(who, REPO, number).path), type=shapes.PullShape)
        reviews = await self.get(places.reviews(who, REPO, number).path)
        checks = await self.get(places.check_runs(who, REPO, pull.head.sha).path)
        files = await self.get(places.files(who, REPO, number).path)
        config = msgspec.json.decode(await self.get(f"repos/{REPO}/contents/{CONFIG}"), type=shapes.FileShape)
        rights = await self.get(f"repos/{REPO}/collaborators/{hook.sender}/permission")
        return Answers(
            pull.steady(),
            tuple(each.filename for each in msgspec.json.decode(files, type=list[shapes.ChangedFile])),
            tuple(each.info() for each in msgspec.json.decode(reviews, type=list[shapes.ReviewShape])),
            tuple(each.info() for each in msgspec.json.decode(checks, type=shapes.CheckList).check_runs),
            config.text(),
            msgspec.json.decode(rights, type=shapes.Permission).role_name,
        )

    async def file(self, path: str) -> Any:
        return await self.get(f"repos/{REPO}/contents/{path}")


class Gidget(abc.GitHubAPI):
    """The real gidgethub, as it comes, with its own cache."""

    def __init__(self, wire: Wire) -> None:
        super().__init__("peer", base_url=BASE, cache={})
        self._wire = wire

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        answer = self._wire.send(method, url.removeprefix(BASE), headers, body)
        return answer.status, answer.headers, answer.encoded()

    async def sleep(self, seconds: float) -> None:
        raise NotFound(404, "nobody sleeps here")


class Gidgethub(Plain):
    """`getitem` of gidgethub with `cache={}`: always asks, by the ETag it has for the path."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._api = Gidget(self.wire)

    async def get(self, path: str) -> bytes:
        return msgspec.json.encode(await self._api.getitem(f"/{path}", oauth_token=self.token))


class Ghproxy(Plain):
    """As Prow's ghproxy: always asks, by the ETag it has for the path and this very token."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._kept: dict[tuple[str, str], tuple[str, bytes]] = {}

    async def get(self, path: str) -> bytes:
        key = (self.token, path)
        etag, body = self._kept.get(key, ("", b""))
        headers = {"authorization": f"token {self.token}", "accept": "application/vnd.github+json"}
        answer = self.wire.send("GET", f"/{path}", headers | ({"if-none-match": etag} if etag else {}))
        if answer.status == 304:
            return body
        self._kept[key] = (answer.headers.get("etag", ""), answer.encoded())
        return answer.encoded()


class MaxAge(Ghproxy):
    """An HTTP cache that keeps to GitHub's `max-age=60` and asks by ETag after that."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._asked: dict[str, tuple[datetime, bytes]] = {}

    async def get(self, path: str) -> bytes:
        known = self._asked.get(path)
        if known is not None and self.clock.moment - known[0] < timedelta(seconds=60):
            return known[1]
        body = await super().get(path)
        self._asked[path] = (self.clock.moment, body)
        return body

    async def file(self, path: str) -> Any:
        self._asked.pop(f"repos/{REPO}/contents/{path}", None)
        return await super().file(path)


PEERS: Mapping[str, Callable[[World], Policy]] = {
    "naive": lambda world: Ours(world, cached=False),
    "gidgethub": Gidgethub,
    "ghproxy-like": Ghproxy,
    "max-age": MaxAge,
}
__all__ = ["FRESH", "PEERS", "Answers", "Clock", "Ours", "Policy", "Wire", "client"]
