"""Who comes in, and as whom: a session in a cookie, a token in a header, or, as long as signing in is not set up, the
machine itself.

A session's id changes every hour and is good for one minute more then, so one that leaked is soon worth nothing. What a
form has to bring is made of the session's secret: it needs no place of its own, and dies with it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime

import msgspec
from aiohttp import web

from bot.web.rights import Rights
from bot.web.viewer import SCOPES, Scope, Viewer
from services.core.clock import Clock
from services.store import access as store
from services.store.access import Session

TOKEN = "lst_"  # noqa: S105 - what tokens begin with
EVERYBODY: frozenset[Scope] = frozenset({"read", "act"})
"""What somebody who signed in may do; admins are named in the settings."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """is_open: is signing in set up?  secure: do people come over https?  admins: logins, in lower case."""

    is_open: bool
    secure: bool
    admins: Collection[str] = ()

    @property
    def cookie(self) -> str:
        """`__Host-` binds a cookie to this host and to https, which a browser on the machine itself does not have."""
        return "__Host-lockstep" if self.secure else "lockstep"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may come in. by_token: came without a browser, so no other site can have sent them.

    secret: a session's new id, to be set.
    """

    viewer: Viewer
    by_token: bool = False
    secret: str = ""


class Access:
    """One per process."""

    def __init__(self, setting: Setting, kept: store.Access, rights: Rights | None, clock: Clock) -> None:
        self.setting = setting
        self._kept, self._rights, self._clock = kept, rights, clock
        self._machine = secrets.token_urlsafe(32)

    async def known(self, request: web.Request, *, is_local: bool) -> Known | None:
        """Who sends this; None for a stranger. is_local: surely from this machine."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return await self._by_token(secret.strip())
        if self.setting.is_open:
            return await self._by_cookie(request.cookies.get(self.setting.cookie, ""))
        if not is_local:
            return None
        scopes: frozenset[Scope] = frozenset({"read", "admin"})  # nobody gives commands without a name
        return Known(viewer=Viewer("", scopes, via="machine", csrf=_csrf(self._machine)))

    async def begin(self, login: str) -> str:
        """Somebody has signed in; the secret of their session."""
        now, secret = self._clock.now(), secrets.token_urlsafe(32)
        await self._kept.open(secret, Session(login=login, made=now, until=now + store.LASTS))
        return secret

    async def end(self, request: web.Request) -> None:
        """Signed out, everywhere."""
        await self._kept.end(request.cookies.get(self.setting.cookie, ""))

    async def _by_token(self, secret: str) -> Known | None:
        found = await self._kept.token(secret, self._clock.now()) if secret.startswith(TOKEN) else None
        if found is None:
            return None
        lost = frozenset() if self._is_admin(found.login) else frozenset({"admin"})
        scopes = frozenset(each for each in SCOPES if each in found.scopes) - lost
        return Known(viewer=self._viewer(found.login, scopes, via=found.name), by_token=True)

    async def _by_cookie(self, secret: str) -> Known | None:
        now = self._clock.now()
        found = await self._kept.session(secret, now) if secret else None
        if found is None:
            return None
        scopes = frozenset(SCOPES) if self._is_admin(found.login) else EVERYBODY
        renewed = await self._renewed(secret, found, now) if now - found.made > store.RENEWED else ""
        viewer = self._viewer(found.login, scopes, via="page", csrf=_csrf(renewed or secret))
        return Known(viewer=viewer, secret=renewed)

    def _is_admin(self, login: str) -> bool:
        """Now; a token was made when somebody may still have been one."""
        return login.lower() in self.setting.admins

    async def _renewed(self, secret: str, session: Session, now: datetime) -> str:
        """Its next id; one that is fading has its successor already."""
        if session.until <= now + store.FADES:
            return ""
        following = secrets.token_urlsafe(32)
        await self._kept.open(following, msgspec.structs.replace(session, made=now))
        await self._kept.fade(secret, now + store.FADES)
        return following

    def _viewer(self, login: str, scopes: frozenset[Scope], *, via: str, csrf: str = "") -> Viewer:
        """Without anybody to ask, nothing is seen."""
        if self._rights is None:
            return Viewer(login, scopes, _nothing, via=via, csrf=csrf)
        return Viewer(login, scopes, self._rights.sees, known=self._rights.known, via=via, csrf=csrf)


async def _nothing(_login: str, _repo: str) -> bool:
    return False


def new_token() -> str:
    return TOKEN + secrets.token_urlsafe(32)


def _csrf(secret: str) -> str:
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()
