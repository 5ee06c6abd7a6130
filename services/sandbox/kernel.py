"""The sandbox without I/O.

A request comes in as a value, an answer goes out as a value, events to deliver wait in the state.

`Sandbox.handle` is all of GitHub's API; `server.py` only translates HTTP. So the same code serves sockets, and a
simulation without any. An endpoint is a function in `rest/`, registered by `@route(method, template, need=...)`; it
takes a `Call` and returns a `Response` or a JSON value (answered with 200). `raise Problem(...)` answers with
GitHub's error body.

Endpoints and their effects on state are synchronous and run one at a time: that is the transaction.
`sandbox.emit(...)` queues a webhook (see events.py); `sandbox.git` is the object store (git.py); `sandbox.now()` is
the clock.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

Json = Any
"""A decoded JSON value: what endpoints return and bodies hold."""

DOCS = "https://docs.github.com/rest"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sent.

    `path` with its query, as on the wire; header names in lower case; `base` = scheme://host:port it called.
    """

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    base: str = "http://127.0.0.1"


class Response(msgspec.Struct, kw_only=True):
    """What the client gets.

    `json` is encoded unless `body` is given; `delay` in seconds, and status 0 for no answer at all, are faults.
    """

    status: int = 200
    json: Json = None
    headers: dict[str, str] = {}
    body: bytes | None = None
    delay: float = 0.0

    def encoded(self) -> bytes:
        if self.body is None:
            self.body = b"" if self.status in (204, 304) else msgspec.json.encode(self.json)
        return self.body


class Problem(Exception):
    """An error answer in GitHub's shape: `{"message", "documentation_url", "status": "422", "errors"?}`."""

    def __init__(
        self, status: int, message: str, *, errors: list[Json] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body: dict[str, Json] = {"message": self.message, "documentation_url": DOCS, "status": str(self.status)}
        if "location" in self.headers:
            body["url"] = self.headers["location"]
        if self.errors is not None:
            body["errors"] = self.errors
        return Response(status=self.status, json=body, headers=dict(self.headers))


def not_found() -> Problem:
    return Problem(404, "Not Found")


def moved(status: int, url: str) -> Problem:
    """301 or 307 to where it is now."""
    return Problem(status, "Moved Permanently", headers={"location": url})


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> Problem:
    """422 with one structured error.

    `code` is missing, missing_field, invalid, already_exists, unprocessable or custom.
    """
    error = {"resource": resource, "field": field, "code": code}
    if message:
        error["message"] = message
    return Problem(422, "Validation Failed", errors=[error])


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation.

    `need`: "permission:level" an installation token must have, "jwt", "token" (any credential) or "" (public).
    """

    method: str
    template: str
    pattern: re.Pattern[str]
    need: str
    run: Callable[..., Json]


ROUTES: list[Route] = []
WIDE = {"path", "ref", "basehead", "branch", "tree_sha"}
_BY_PLACE: dict[tuple[str, str], list[Route]] = {}
"""The routes for a method and what a path is about, made when first asked for."""


def route(method: str, template: str, need: str = "token") -> Callable[[Callable[..., Json]], Callable[..., Json]]:
    """Register an endpoint; the parameters in WIDE, and a label's name, may hold slashes."""

    def register(run: Callable[..., Json]) -> Callable[..., Json]:
        ROUTES.append(Route(method=method, template=template, pattern=_compile(template), need=need, run=run))
        ROUTES.sort(key=lambda r: (-r.template.count("/"), r.template.count("{"), r.template))
        _BY_PLACE.clear()
        _match.cache_clear()
        return run

    return register


def _compile(template: str) -> re.Pattern[str]:
    def name(found: re.Match[str]) -> str:
        wide = found[1] in WIDE or found.string[: found.start()].endswith("/labels/")
        return f"(?P<{found[1]}>{'.+' if wide else '[^/]+'})"

    return re.compile(re.sub(r"\{(\w+)\}", name, template) + r"\Z")


def match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The operation for a path without query and prefix; 404 when there is none, as GitHub does (not 405)."""
    found, params = _match(method, path)
    return found, dict(params)


@lru_cache(maxsize=4_096)
def _match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    place = _place(path)
    if (candidates := _BY_PLACE.get((method, place))) is None:
        candidates = [r for r in ROUTES if r.method == method and _place(r.template) in {place, "{}"}]
        if candidates:  # else anybody could fill the memory with paths that are none
            _BY_PLACE[method, place] = candidates
    for candidate in candidates:
        if found := candidate.pattern.match(path):
            return candidate, {key: unquote(value) for key, value in found.groupdict().items()}
    raise not_found()


def _place(path: str) -> str:
    """What a path is about: the part behind the repository's name, else the first; "{}" where a template is open."""
    parts = path.split("/", 5)
    at = 4 if parts[1:2] == ["repos"] else 1
    name = parts[at] if len(parts) > at else ""
    return "{}" if "{" in name else name


def split_path(raw: str) -> tuple[str, dict[str, str]]:
    """Path and query of a request target; `/api/v3/...` (Enterprise) is the same API."""
    path, query = _split(raw)
    return path, dict(query)


@lru_cache(maxsize=4_096)
def _split(raw: str) -> tuple[str, dict[str, str]]:
    if raw[:1] == "/" and raw[:2] != "//" and "#" not in raw:
        path, _, query = raw.partition("?")
    else:
        path, query = urlsplit(raw)[2:4]
    if path == "/api/v3" or path.startswith("/api/v3/"):
        path = path[len("/api/v3") :] or "/"
    if path == "/api/graphql":
        path = "/graphql"
    return path, dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def read_json(body: bytes) -> dict[str, Json]:
    """The body of a write; an empty one is {}."""
    if not body:
        return {}
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Problem(400, "Problems parsing JSON") from None
    if not isinstance(value, dict):
        raise Problem(400, "Body should be a JSON object")
    return value
