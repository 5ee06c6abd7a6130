"""Signing in with GitHub and out again: GitHub says who it is, and that is all that is asked of it.

`state` is random, good once, for ten minutes, and only in the browser that began; PKCE binds the code to it as well. A
path to go on to is one of ours, or none.
"""

import re
import secrets

import structlog
from aiohttp import web

from bot.web.access import Access
from bot.web.guard import SIGN_IN, SIGNED_IN, set_cookie
from services.core.clock import Clock
from services.errors import ApiError
from services.github.oauth import OAuth
from services.store import access as store
from services.store.access import SIGNING_IN, SigningIn

SIGN_OUT = "/sign-out"
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)

log = structlog.get_logger(__name__)


class Signing:
    """The three addresses."""

    def __init__(self, access: Access, kept: store.Access, oauth: OAuth, clock: Clock) -> None:
        self._access, self._kept, self._oauth, self._clock = access, kept, oauth, clock
        self._cookie = f"{access.setting.cookie}-signing-in"

    def add_to(self, app: web.Application) -> None:
        async def close(_: web.Application) -> None:
            await self._oauth.close()

        app.on_cleanup.append(close)
        app.router.add_get(SIGN_IN, self.begin, allow_head=False)
        app.router.add_get(SIGNED_IN, self.come_back, allow_head=False)
        app.router.add_post(SIGN_OUT, self.end)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        state, browser, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        now = self._clock.now()
        begun = SigningIn(
            browser=browser, verifier=verifier, next=local_path(request.query.get("next", "")), until=now + SIGNING_IN
        )
        await self._kept.begin(state, begun, now)
        answer = _to(self._oauth.address(state, verifier))
        answer.set_cookie(
            self._cookie, browser, max_age=int(SIGNING_IN.total_seconds()), path="/", httponly=True, samesite="Lax",
            secure=self._access.setting.secure,
        )  # fmt: skip
        return answer

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        state, code = request.query.get("state", ""), request.query.get("code", "")
        begun = await self._kept.come_back(state, request.cookies.get(self._cookie, ""), self._clock.now())
        if begun is None or not _WORD.fullmatch(code):
            raise web.HTTPForbidden(text="This sign-in was not begun here, or is too old; sign in again.")
        try:
            login = await self._oauth.login(code, begun.verifier)
        except ApiError as error:
            log.warning("a sign-in failed", status=error.status, error=error.message)
            raise web.HTTPForbidden(text="GitHub did not confirm who you are; sign in again.") from None
        answer = _to(begun.next)
        set_cookie(answer, self._access, await self._access.begin(login))
        answer.del_cookie(self._cookie, path="/", secure=self._access.setting.secure, httponly=True, samesite="Lax")
        log.info("signed in", login=login)
        return answer

    async def end(self, request: web.Request) -> web.StreamResponse:
        await self._access.end(request)
        answer = _to("/")
        setting = self._access.setting
        answer.del_cookie(setting.cookie, path="/", secure=setting.secure, httponly=True, samesite="Lax")
        return answer


def local_path(given: str) -> str:
    """A path of ours, or our first page: never another host, however it is written."""
    return given if _PATH.fullmatch(given) else "/"


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
