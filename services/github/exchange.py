"""Requests and answers as values: the words all layers of this client share.

Every layer takes a `Request` and gives an `Answer` (`Sender`), so a governor or a batcher goes between two layers
without either of them knowing. A request names *who* asks, never a token: the token is attached last, so a request
that had to wait does not carry an expired one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from services.core.admission import Rank
from services.errors import NotFound, Unreachable

JSON = "application/vnd.github+json"
GRAPHQL = "graphql"
"""The path of a GraphQL request, wherever an Enterprise server has it."""
REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Shape = TypeVar("Shape")


class Identity(msgspec.Struct, frozen=True, cache_hash=True):
    """Who asks: the App itself (no installation), or an installation narrowed to some of what it was granted.

    repositories: names without owner, () for all.  permissions: pairs like ("issues", "write"), () for all.
    """

    installation: str = ""
    repositories: tuple[str, ...] = ()
    permissions: tuple[tuple[str, str], ...] = ()


APP = Identity()


class Request(msgspec.Struct, frozen=True):
    """One call: `path` is relative to the API's base and already quoted, `body` is JSON.

    What is held of an earlier answer makes a read conditional: its `etag` and the credential it came with (`holder`),
    the body it is made of (`held`, never sent; see `etags`), and its Last-Modified where that may be relied on.
    rank: how urgent it is.  content: how many things it makes that people see, where the path doesn't say.
    is_query: a POST that changes nothing.  is_text: a GET whose answer is no JSON and comes from another server.
    wanted: asked at the last moment before it is sent; it was decided on what is true now, so it is sent soon, or not
    at all (Withdrawn).
    """

    method: str
    path: str
    identity: Identity
    body: bytes = b""
    accept: str = JSON
    etag: str = ""
    since: str = ""
    held: bytes = b""
    holder: int = 0
    rank: Rank = "event"
    content: int = 0
    is_query: bool = False
    is_text: bool = False
    wanted: Callable[[], bool] | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"  # what is sent, and what is held, may be private


class Answer(msgspec.Struct, frozen=True):
    """What came back: header names in lower case; `next` is the path of the next page or empty.

    holder: a number for the credential it was asked with, 0 when nobody told.  predicted: a 304 that only an ETag made
    for that credential could get.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    next: str = ""
    holder: int = 0
    predicted: bool = False

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def date(self) -> datetime | None:
        """The server's clock, if it told it in a form that can be read."""
        told = self.headers.get("date")
        return http_date(told) if told else None


@lru_cache(maxsize=64)
def http_date(text: str) -> datetime | None:
    """Many answers come in one second. Nearly all spell it as HTTP asks; any other spelling is the library's."""
    try:
        if (found := _HTTP_DATE.fullmatch(text)) is not None:
            day, year, hour, minute, second = map(int, found.group(1, 3, 4, 5, 6))
            return datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC)
        told = parsedate_to_datetime(text)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class Watches(Protocol):
    """Whoever counts what the limits do."""

    def waited(self, rank: str, seconds: float, /) -> None: ...

    def closed(self, reason: str, /) -> None: ...

    def rejected(self) -> None: ...

    def batched(self, kind: str, size: int, /) -> None: ...

    def remains(self, resource: str, count: int, /) -> None: ...


class Timers(Protocol):
    """Calls back after a number of seconds."""

    def after(self, seconds: float, call: Callable[[], None], /) -> None: ...


class Sender(Protocol):
    """A layer: answers with 2xx or 304, raises an ApiError for everything else."""

    async def send(self, request: Request) -> Answer: ...


@dataclass(slots=True)
class Stats:
    """Counts since the start.

    requests: calls that reached GitHub.  charged: those of them that count against a limit (all but 304).  writes:
    calls that change something.

    Every answered read is one of hits (from memory), coalesced (waited for somebody else's call), misses (200 for what
    we knew nothing of, or an error), changed (200 for what we had), revalidated (304) and predicted (304 that only an
    ETag made for a new credential could get); hits on who we are and where we are installed don't count.

    Every webhook that carries something we could keep is one of primed, patched and skipped (it said nothing new).
    stale: answers that were used for good when GitHub already had another one, as far as it came out.  drifts: ETags
    that GitHub made otherwise than we expected.  evictions: answers that had to go for others.
    rejected: calls that GitHub refused because of a limit.  batched: look-ups and changes that shared a call.
    """

    requests: int = 0
    hits: int = 0
    revalidated: int = 0
    coalesced: int = 0
    misses: int = 0
    writes: int = 0
    charged: int = 0
    changed: int = 0
    predicted: int = 0
    primed: int = 0
    patched: int = 0
    skipped: int = 0
    stale: int = 0
    drifts: int = 0
    evictions: int = 0
    rejected: int = 0
    batched: int = 0

    @property
    def saved(self) -> int:
        """Reads that made no call at all."""
        return self.hits + self.coalesced


def graphql(identity: Identity, query: str, variables: Mapping[str, object] | None = None) -> Request:
    """A GraphQL query or mutation. Its answer is 200 also with errors: they stand in the body, beside the data."""
    body = msgspec.json.encode({"query": query, "variables": variables or {}})
    return Request("POST", GRAPHQL, identity, body, is_query=not query.lstrip().startswith("mutation"))


def decode(body: bytes, shape: type[Shape]) -> Shape:
    """The JSON of an answer as a typed value; Unreachable when it is cut off, no JSON or not what GitHub documents."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreachable(200, f"the answer could not be read: {error}") from None


@lru_cache(maxsize=4_096)
def segment(value: str | int) -> str:
    """One piece of a path, quoted. NotFound for what would change the path's shape: nothing has such a name."""
    text = str(value)
    if text in {"", ".", ".."}:
        raise NotFound(404, f"nothing is named {text!r}")
    return quote(text, safe="")


@lru_cache(maxsize=4_096)
def repo_path(repo: str) -> str:
    """`repos/owner/name`; NotFound for anything that cannot be a repository's name."""
    if not REPO.fullmatch(repo) or repo.endswith(("/.", "/..")):
        raise NotFound(404, f"{repo[:100]!r} is not the name of a repository")
    return f"repos/{repo}"


def branch_path(branch: str) -> str:
    """`heads/a/b` with each piece quoted."""
    return "heads/" + "/".join(segment(piece) for piece in branch.split("/"))
