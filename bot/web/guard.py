"""The guard before everything that is shown: who comes in, how often, and that nobody else's page has sent them.

As long as signing in is not set up, pages and API answer only to the machine itself, and to tokens. A proxy on the same
machine would make a stranger look like that, so a request that came through one, or that was meant for another name, is
turned away too (which also keeps a web page elsewhere from reading ours through a name that it points here).
"""

import hmac
import ipaddress
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.api import PREFIX
from bot.web.access import Access, Known
from bot.web.buckets import Buckets
from bot.web.forms import form_of
from bot.web.viewer import set_viewer
from services.core.clock import Clock

SIGN_IN, SIGNED_IN = "/sign-in", "/signed-in"
PUBLIC = frozenset({"/webhook", "/healthz", "/readyz", "/static/{name}"})
"""Routes for everybody: the first proves its sender itself, the others tell nothing of any plan."""
ENTRANCE = frozenset({SIGN_IN, SIGNED_IN})
"""Routes for everybody too, but not often."""
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOKS, ACTS, STRANGERS = 600, 60, 120
"""Requests a minute: of one person who looks, who does something, and from one address that nobody knows."""
FORM = 64 * 1024


class Guard:
    """A middleware; the innermost, so that what it refuses is said in the form of the page or of the API."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._looks, self._acts, self._strangers = (Buckets(size, clock) for size in (LOOKS, ACTS, STRANGERS))

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = route_of(request)
        if route in PUBLIC:
            return await handler(request)
        if route in ENTRANCE:
            _often(self._strangers, sender_of(request))
            return await handler(request)
        known = await self._access.known(request, is_local=is_local(request))
        if known is None:
            _often(self._strangers, sender_of(request))
            raise self._stranger(request)
        viewer = known.viewer
        _often(self._looks if request.method in SAFE else self._acts, f"{viewer.login}/{viewer.via}")
        if request.method not in SAFE and not known.by_token:
            await _is_own(request, known)
        if "read" not in viewer.scopes and not request.path.startswith(f"{PREFIX}/"):
            raise web.HTTPForbidden(text="This needs the scope `read`.")  # what the API needs it asks for itself
        set_viewer(request, viewer)
        answer = await handler(request)
        if known.secret and not answer.prepared:
            set_cookie(answer, self._access, known.secret)
        return answer

    def _stranger(self, request: web.Request) -> web.HTTPException:
        if not self._access.setting.is_open and "Authorization" not in request.headers:
            return web.HTTPForbidden(
                text="Signing in is not set up, so Lockstep shows itself only on the machine it runs on."
            )
        is_page = request.method in SAFE and not request.path.startswith(f"{PREFIX}/") and self._access.setting.is_open
        if is_page and request.path != "/metrics":
            return web.HTTPSeeOther(f"{SIGN_IN}?next={quote(request.path_qs)}")
        return web.HTTPUnauthorized(
            text="Sign in, or send a token: `Authorization: Bearer lst_…`.",
            headers={"WWW-Authenticate": 'Bearer realm="Lockstep"'},
        )


def set_cookie(answer: web.StreamResponse, access: Access, secret: str, *, seconds: int | None = None) -> None:
    """A session's secret, for this host alone and for no script."""
    setting = access.setting
    answer.set_cookie(
        setting.cookie, secret, path="/", httponly=True, samesite="Lax", secure=setting.secure, max_age=seconds
    )


def route_of(request: web.Request) -> str:
    """The pattern that the path has matched, "" for none."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


def sender_of(request: web.Request) -> str:
    """Whose requests are counted together. A proxy of ours is near, and says last from whom it has one: else one
    stranger could keep all others from signing in.
    """
    remote = request.remote or ""
    said = ",".join(request.headers.getall("X-Forwarded-For", ())).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(said)) if said and ipaddress.ip_address(remote).is_private else remote
    except ValueError:
        return remote


def is_local(request: web.Request) -> bool:
    """Did it come from this machine, directly, to a name that only this machine has?"""
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname
        return host in LOCAL and ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def _often(buckets: Buckets, who: str) -> None:
    wait = buckets.take(who)
    if wait:
        raise web.HTTPTooManyRequests(
            text="That is too often; wait a little.", headers={"Retry-After": str(int(wait) + 1)}
        )


async def _is_own(request: web.Request, known: Known) -> None:
    """A browser was sent here by a page of ours, and that page was made for this session."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    ours = origin is None or origin.partition("://")[2] == request.host
    given = request.headers.get("X-CSRF-Token", "")
    if not given and request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        if request.content_length is None or request.content_length > FORM:
            raise web.HTTPRequestEntityTooLarge(max_size=FORM, actual_size=request.content_length or 0)
        field = (await form_of(request)).get("csrf", "")
        given = field if isinstance(field, str) else ""
    is_made_for = bool(known.viewer.csrf) and hmac.compare_digest(
        given.encode(errors="replace"), known.viewer.csrf.encode()
    )
    if not ours or site not in {"same-origin", "none"} or not is_made_for:
        raise web.HTTPForbidden(text="This form was not made here, or not for you as you are signed in now.")
