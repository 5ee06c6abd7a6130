"""Who one is here, and the tokens one has given to programs: made, shown once, revoked."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from bot.web.access import new_token
from bot.web.desk import Desk, Frame
from bot.web.forms import form_of
from bot.web.times import When, when
from bot.web.viewer import SCOPES, Scope, Viewer, viewer_of
from services.errors import UserError
from services.store.access import Access, Token

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
DAYS = (7, 30, 90, 365)
MEANING: dict[Scope, str] = {
    "read": "look at what you may see",
    "act": "give commands in your name",
    "admin": "see and do what concerns the whole instance",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    name: str
    scopes: str
    until: When | None


def add_to(app: web.Application, desk: Desk, tokens: Access) -> None:
    account = Account(desk, tokens)
    app.router.add_get("/account", account.page)
    app.router.add_post("/account/tokens", account.make)
    app.router.add_post("/account/tokens/{name}/revoke", account.revoke)


class Account:
    """The page and its two forms."""

    def __init__(self, desk: Desk, tokens: Access) -> None:
        self._desk, self._tokens = desk, tokens

    async def page(self, request: web.Request) -> web.StreamResponse:
        return await self._shown(request)

    async def make(self, request: web.Request) -> web.StreamResponse:
        """The answer holds the secret, and nothing else ever does."""
        viewer, form, now = _person(request), await form_of(request), self._desk.now
        name, days = str(form.get("name", "")).strip(), str(form.get("days", ""))
        scopes = tuple(scope for scope in SCOPES if form.get(scope) and scope in viewer.scopes)
        if not NAME.fullmatch(name) or not scopes or days not in map(str, DAYS):
            sentence = "A name has letters, digits, dots and dashes, 64 at most; choose what the token may do."
            return self._desk.said(request, 422, "That is no token", sentence)
        secret = new_token()
        token = Token(name=name, login=viewer.login, scopes=scopes, made=now, until=now + timedelta(days=int(days)))
        try:
            await self._tokens.add(secret, token)
        except UserError as error:
            return self._desk.said(request, 409, "That token can't be made", str(error))
        answer = await self._shown(request, secret)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        if not await self._tokens.revoke(_person(request).login, request.match_info["name"]):
            raise web.HTTPNotFound
        return web.Response(status=303, headers={"Location": "/account", "Cache-Control": "no-store"})

    async def _shown(self, request: web.Request, secret: str = "") -> web.Response:
        viewer, now = viewer_of(request), self._desk.now
        kept = await self._tokens.tokens(viewer.login) if viewer.login else []

        def make() -> Mapping[str, Any]:
            allowed = [(scope, MEANING[scope]) for scope in SCOPES if scope in viewer.scopes]
            return {"lines": [_line(each, now) for each in kept], "secret": secret, "allowed": allowed, "days": DAYS}

        return await self._desk.page(request, "account.html", make, Frame(here="/account"))


def _person(request: web.Request) -> Viewer:
    """Whoever has signed in on a page: a token makes no tokens, and the machine itself has no name."""
    viewer = viewer_of(request)
    if viewer.via != "page" or not viewer.login:
        raise web.HTTPForbidden(text="Tokens belong to people: sign in, or use `python -m bot token`.")
    return viewer


def _line(token: Token, now: datetime) -> Line:
    return Line(name=token.name, scopes=", ".join(token.scopes), until=when(token.until, now))
