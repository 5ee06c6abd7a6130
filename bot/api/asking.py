"""From an HTTP request to an endpoint and back: types are checked here, scopes are asked for here, and nowhere else."""

import re
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from bot.api.problems import Refusal
from bot.api.routes import Endpoint, Text
from bot.web.viewer import viewer_of

LARGEST = 64 * 1024
"""Bytes of a body."""
_ENCODE = msgspec.json.Encoder(decimal_format="string").encode
_AT = re.compile(r"at `\$\.(\w+)")


def handler(endpoint: Endpoint, desk: object) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The aiohttp handler of an endpoint."""

    async def handle(request: web.Request) -> web.Response:
        viewer = viewer_of(request)
        if endpoint.scope not in viewer.scopes:
            raise Refusal(403, f"This needs the scope `{endpoint.scope}`.")
        asked: object = _question(endpoint, request)
        if endpoint.body is not None:
            asked = (asked, await _body(request, endpoint.body))
        given = await endpoint.answer(desk, viewer, asked)
        headers = {"Cache-Control": "private, no-store", "Vary": "Authorization, Cookie"}
        if isinstance(given, Text):
            return web.Response(text=given, content_type="text/plain", charset="utf-8", headers=headers)
        return web.Response(
            body=_ENCODE(given), status=endpoint.status, content_type="application/json", headers=headers
        )

    return handle


def _question(endpoint: Endpoint, request: web.Request) -> msgspec.Struct:
    given = {**request.query, **request.match_info}
    try:
        return msgspec.convert(given, endpoint.asked, strict=False)
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        if found is not None and found[1] in endpoint.parts:
            raise Refusal(404) from None
        raise Refusal(400, f"{_plain(error)}.") from None


async def _body(request: web.Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise Refusal(415, "Send a body of JSON, not compressed, as application/json.")
    if (request.content_length or 0) > LARGEST:
        raise Refusal(413, f"A body has {LARGEST} bytes at most.")
    body = bytearray()
    async for chunk in request.content.iter_chunked(LARGEST):
        body += chunk
        if len(body) > LARGEST:
            raise Refusal(413, f"A body has {LARGEST} bytes at most.")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(422, f"{_plain(error)}.") from None
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON.") from None


def _plain(error: Exception) -> str:
    """msgspec's own words, which quote nothing of what was sent but names."""
    return str(error)[:300].replace("$.", "")
