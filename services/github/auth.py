"""Credentials: the App's JWT and installation tokens, made as narrow as the request says and attached last.

Tokens live in memory only, have no fixed length and appear in no log, no error and no representation. A clock that is
wrong is corrected once from the server's own Date header.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.core.clock import Clock
from services.errors import UserError, Withdrawn
from services.github.etags import Exchanges
from services.github.exchange import APP, GRAPHQL, Answer, Identity, Request, decode, segment
from services.github.failures import checked, checked_graphql, is_limit
from services.github.flights import Flights

BACKDATED = timedelta(seconds=60)
LIFETIME = timedelta(seconds=540)
JWT_MARGIN = timedelta(seconds=60)
TOKEN_MARGIN = timedelta(minutes=10)
SETTLING = timedelta(seconds=5)
"""For so long after minting, 401 and 403 may only mean that the token is not known everywhere yet."""

MAX_TOKENS = 4_096


class _Minted(msgspec.Struct):
    token: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]

    def __repr__(self) -> str:
        return f"_Minted(expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class _Token:
    secret: str = field(repr=False)
    minted: datetime
    renew: datetime


class Auth:
    """Sends requests with the right credential (a `Sender`), and mints tokens for git."""

    def __init__(self, transport: Exchanges, app_id: str, private_key: str, clock: Clock) -> None:
        """private_key: PEM text; UserError if it cannot be read."""
        self._transport = transport
        self._app_id = app_id
        self._key = _load(private_key)
        self._clock = clock
        self.may_write: Callable[[], bool] = lambda: True
        self._skew = timedelta(0)
        self._jwt: _Token | None = None
        self._tokens: LRUCache[Identity, _Token] = LRUCache(MAX_TOKENS)
        self._flights: Flights[_Token] = Flights()

    async def send(self, request: Request) -> Answer:
        """One call in the request's name, repeated at most once when the credential was at fault."""
        as_app = request.identity == APP
        answer = await (self._send_as_app(request) if as_app else self._send_as_installation(request))
        now = self._clock.now()
        answer = checked(answer, now, is_text=request.is_text)
        return checked_graphql(answer, now) if request.path == GRAPHQL else answer

    async def token(self, identity: Identity) -> str:
        """A token good for at least ten minutes; Refused when suspended or not granted, NotFound when uninstalled."""
        return (await self._current(identity)).secret

    async def _send_as_app(self, request: Request) -> Answer:
        used = self._app_jwt()
        answer = await self._exchange(request, used)
        if answer.status == 401 and (self._app_jwt() != used or self._corrected(answer)):
            answer = await self._exchange(request, self._app_jwt())
        return answer

    async def _send_as_installation(self, request: Request) -> Answer:
        identity = request.identity
        token = await self._current(identity)
        answer = await self._exchange(request, token.secret)
        if answer.status == 401:
            # Only the token that failed: of many callers the first renews it, the others find the new one.
            if self._tokens.get(identity) is token:
                del self._tokens[identity]
        elif answer.status != 403 or is_limit(answer) or self._clock.now() - token.minted > SETTLING:
            return answer
        token = await self._current(identity)
        return await self._exchange(request, token.secret)

    async def _exchange(self, request: Request, secret: str) -> Answer:
        """The last moment: the credential is there, and nothing is waited for any more."""
        changes = request.method != "GET" and not request.is_query and request.identity != APP
        if changes and not self.may_write():
            raise Withdrawn
        if request.wanted is not None and not request.wanted():
            raise Withdrawn
        return await self._transport.exchange(request, secret)

    async def _current(self, identity: Identity) -> _Token:
        held = self._tokens.get(identity)
        if held is not None and self._clock.now() < held.renew:
            return held

        async def mint(_: int) -> _Token:
            return await self._mint(identity)

        return (await self._flights.run(identity, mint))[0]

    async def _mint(self, identity: Identity) -> _Token:
        wanted: dict[str, object] = {}
        if identity.repositories:
            wanted["repositories"] = identity.repositories
        if identity.permissions:
            wanted["permissions"] = dict(identity.permissions)
        path = f"app/installations/{segment(identity.installation)}/access_tokens"
        answer = await self.send(Request("POST", path, APP, body=msgspec.json.encode(wanted)))
        found = decode(answer.body, _Minted)
        now = self._clock.now()
        # Measured on the server's clock alone, so a wrong clock here neither hoards nor wastes tokens.
        lasts = found.expires_at - (answer.date or now)
        token = _Token(found.token, now, now + max(lasts - TOKEN_MARGIN, lasts / 2))
        self._tokens[identity] = token
        return token

    def _app_jwt(self) -> str:
        now = self._clock.now()
        if self._jwt is None or now >= self._jwt.renew:
            server = now + self._skew
            claims = {"iat": int((server - BACKDATED).timestamp()), "exp": int((server + LIFETIME).timestamp())}
            secret = _jwt({**claims, "iss": self._app_id}, self._key)
            self._jwt = _Token(secret, now, now + LIFETIME - JWT_MARGIN)
        return self._jwt.secret

    def _corrected(self, answer: Answer) -> bool:
        """Take over the server's time after a refused JWT; False when our clock agrees and something else is wrong."""
        if answer.date is None:
            return False
        skew = answer.date - self._clock.now()
        if abs(skew - self._skew) < SETTLING:
            return False
        self._skew, self._jwt = skew, None
        return True


def _jwt(claims: Mapping[str, str | int], key: RSAPrivateKey) -> str:
    """RS256, which is what GitHub takes. The library is loaded when it is needed, after the door stands."""
    import jwt

    return jwt.encode(dict(claims), key, algorithm="RS256")


def _load(private_key: str) -> RSAPrivateKey:
    """The App's key. The error names no part of it."""
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise UserError("The App's private key can't be read: give the whole PEM file that GitHub offers for download.")
    return key
