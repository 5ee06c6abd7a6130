"""What a form has brought, whoever made it: a body that no browser sends is refused and never an error of ours."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError


async def form_of(request: web.Request) -> Mapping[str, object]:
    """The fields; HTTPBadRequest for what is none, whichever way the library finds that out."""
    try:
        found = await request.post()
        for name, value in found.items():  # some charsets make halves of characters, which nothing can be done with
            f"{name}{value if isinstance(value, str) else ''}".encode()
    except (ValueError, LookupError, RuntimeError, HttpProcessingError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="That is no form that a page of ours has sent.") from None
    return found
