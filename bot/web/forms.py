"""What a form has brought, whoever made it: a body that no browser sends is refused and never an error of ours."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError


async def form_of(request: web.Request) -> Mapping[str, object]:
    """The fields; HTTPBadRequest for what is none, whichever way the library finds that out."""
    try:
        return await request.post()
    except (ValueError, LookupError, RuntimeError, HttpProcessingError):
        raise web.HTTPBadRequest(text="That is no form that a page of ours has sent.") from None
