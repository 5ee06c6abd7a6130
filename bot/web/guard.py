"""The guard before everything that is shown: who comes in, and as whom.

As long as sign-in is not set up, pages and API answer only to the machine itself. A proxy on the same machine would
make a stranger look like that, so a request that came through one, or that was meant for another name, is turned away
too (which also keeps a web page elsewhere from reading ours through a name that it points here).
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web.viewer import AT_THE_MACHINE, set_viewer

PUBLIC = frozenset({"/webhook", "/healthz", "/readyz", "/static/{name}"})
"""Routes for everybody: the first proves its sender itself, the others tell nothing of any plan."""
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """A middleware; the innermost, so that what it refuses is said in the form of the page or of the API."""

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if route_of(request) not in PUBLIC:
            if not is_local(request):
                raise web.HTTPForbidden(
                    text="Signing in is not set up, so Lockstep shows itself only on the machine it runs on."
                )
            set_viewer(request, AT_THE_MACHINE)
        return await handler(request)


def route_of(request: web.Request) -> str:
    """The pattern that the path has matched, "" for none."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


def is_local(request: web.Request) -> bool:
    """Did it come from this machine, directly, to a name that only this machine has?"""
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname
        return host in LOCAL and ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
