"""Who is it? GitHub's web flow for Apps, with state and PKCE: a code is swapped for a person's token, the token is
asked whose it is, and is given back at once. Nothing is done in that person's name, so nothing of it is kept.
"""

import base64
import hashlib
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from services.errors import ApiError, Refused, Unreachable
from services.github.http1 import Http1
from services.github.wire import DEFAULT, Network

AGENT = "lockstep"
FORM = "application/x-www-form-urlencoded"
PATIENCE = 15.0
T = TypeVar("T")


class _Granted(msgspec.Struct):
    access_token: str = ""
    error: str = ""


class _User(msgspec.Struct):
    login: str


class OAuth:
    """One App's. site: where people sign in; api: of the API; back: the address of ours they come back to."""

    def __init__(
        self, *, site: str, api: str, client_id: str, client_secret: str, back: str, network: Network = DEFAULT
    ) -> None:
        self._site, self._api, self._back = site.rstrip("/"), api.rstrip("/"), back
        self._id, self._secret = client_id, client_secret
        self._wire = Http1(network, PATIENCE)

    def address(self, state: str, verifier: str) -> str:
        """Where somebody is sent to sign in."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": self._id,
            "redirect_uri": self._back,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._site}/login/oauth/authorize?{urlencode(asked)}"

    async def login(self, code: str, verifier: str) -> str:
        """Whose code it is. Refused for one that GitHub does not know; Unreachable when it can't be asked."""
        asked = {
            "client_id": self._id,
            "client_secret": self._secret,
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
        }
        form = urlencode(asked).encode()
        granted = await self._send("POST", f"{self._site}/login/oauth/access_token", form, _Granted)
        if not granted.access_token:
            raise Refused(200, "the code is not good any more")
        try:
            user = await self._send("GET", f"{self._api}/user", b"", _User, bearer=granted.access_token)
        finally:
            await self._give_back(granted.access_token)
        return user.login

    async def _give_back(self, token: str) -> None:
        """A courtesy: the token ends by itself, too."""
        basic = base64.b64encode(f"{self._id}:{self._secret}".encode()).decode()
        body = msgspec.json.encode({"access_token": token})
        headers = {"accept": "application/vnd.github+json", "user-agent": AGENT, "authorization": f"Basic {basic}"}
        try:
            await self._wire.send("DELETE", f"{self._api}/applications/{self._id}/token", headers, body)
        except ApiError:
            return

    async def _send(self, method: str, url: str, body: bytes, kind: type[T], *, bearer: str = "") -> T:
        headers = {"accept": "application/json", "user-agent": AGENT}
        headers |= {"content-type": FORM} if body else {}
        headers |= {"authorization": f"Bearer {bearer}"} if bearer else {}
        status, _, answer = await self._wire.send(method, url, headers, body)
        if status != 200:
            raise Refused(status, "the sign-in was refused")
        try:
            return msgspec.json.decode(answer, type=kind)
        except (ValueError, RecursionError):
            raise Unreachable(status, "the answer could not be read") from None

    async def close(self) -> None:
        await self._wire.close()
