"""What went wrong, as RFC 9457 has it: `application/problem+json`, one plain sentence, nothing of the inside."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

MEDIA = "application/problem+json"
TITLES = {
    400: "The request can't be understood",
    401: "Who are you?",
    403: "That is not allowed",
    404: "There is nothing here",
    405: "That can't be done here",
    409: "That does not fit what is there",
    410: "That is gone",
    413: "That is too large",
    415: "That is not JSON",
    422: "The request can't be carried out as it is",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not now",
}
"""Status -> title; `type` stays `about:blank`, as the status says it all."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is not what was asked for. detail: one sentence for a person."""

    title: str
    status: int
    detail: str = ""
    type: str = "about:blank"


def problem(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer that says so."""
    said = Problem(title=TITLES.get(status, "That went wrong"), status=status, detail=detail)
    return web.Response(status=status, body=msgspec.json.encode(said), content_type=MEDIA, headers=headers)


class Refusal(Exception):
    """Raised by a handler of the API; becomes a problem."""

    def __init__(self, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers
