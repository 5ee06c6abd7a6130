"""Signing in: the web flow of Apps at /login/oauth, with `state` and PKCE, and taking a token back.

There are no passwords here: whoever is named (`login`, which on GitHub suggests an account) is who signs in, and
without a name a page asks. Answers and errors are those of GitHub, which come with status 200.
"""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import msgspec
from aiohttp import web

from services.sandbox.clock import stamp
from services.sandbox.credentials import OAuthCode, Token
from services.sandbox.kernel import Request
from services.sandbox.state import App

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox
    from services.sandbox.server import Running

GOOD_FOR = timedelta(minutes=10)
TOKEN_SECONDS = 8 * 3600
ERRORS = {
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "bad_verification_code": "The code passed is incorrect or expired.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
}


async def serve(running: "Running", request: web.Request, body: bytes) -> web.StreamResponse | None:
    """The answer, or None when the path is not one of these."""
    sandbox, path = running.sandbox, request.path
    if path == "/login/oauth/authorize" and request.method == "GET":
        return await running.think(_authorize, sandbox, dict(request.query))
    if path == "/login/oauth/access_token" and request.method == "POST":
        given = await running.think(_swap, sandbox, _fields(request.content_type, body))
        if "json" in request.headers.get("Accept", ""):
            return web.json_response(given)
        return web.Response(text=urlencode(given), content_type="application/x-www-form-urlencoded")
    if path.endswith("/settings/apps/new") and request.method == "POST":
        return await _manifest(running, request, body)
    if path.startswith("/applications/") and path.endswith("/token") and request.method == "DELETE":
        status = await running.think(_take_back, sandbox, request.headers.get("Authorization", ""), body)
        return web.Response(status=status)
    return None


async def _manifest(running: "Running", request: web.Request, body: bytes) -> web.Response:
    """A person has sent a manifest here and confirms it: the App is made, and the browser goes back with a code."""
    try:
        asked = msgspec.json.decode(_fields(request.content_type, body).get("manifest", ""), type=dict[str, object])
    except msgspec.DecodeError:
        return web.Response(status=422, text="Invalid GitHub App configuration")
    found = re.fullmatch(r"/organizations/([\w-]+)/settings/apps/new", request.path)
    owner = found[1] if found is not None else "octo-owner"
    made = Request(
        method="POST", path="/_sandbox/manifests", headers={}, base=running.url,
        body=msgspec.json.encode({"manifest": asked, "owner": owner}),
    )  # fmt: skip
    answer = await running.think(running.sandbox.handle, made)
    back = str(asked.get("redirect_url", ""))
    if answer.status != 201 or not back.startswith(("http://", "https://")):
        return web.Response(status=422, text="Invalid GitHub App configuration")
    query = {"code": msgspec.json.decode(answer.encoded())["code"]}
    query |= {"state": request.query["state"]} if "state" in request.query else {}
    return web.Response(status=302, headers={"Location": f"{back}?{urlencode(query)}"})


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    if content_type == "application/json":
        try:
            return msgspec.json.decode(body, type=dict[str, str])
        except msgspec.DecodeError:
            return {}
    return dict(parse_qsl(body.decode(errors="replace")))


def _app(sandbox: "Sandbox", client_id: str) -> App | None:
    return next((app for app in sandbox.state.apps.values() if client_id and app.client_id == client_id), None)


def _authorize(sandbox: "Sandbox", asked: dict[str, str]) -> web.Response:
    app, back = _app(sandbox, asked.get("client_id", "")), asked.get("redirect_uri", "")
    if app is None or not back.startswith(("http://", "https://")):
        return web.Response(status=404, text="Not Found")
    account = sandbox.state.accounts.get(asked.get("login", "").lower())
    if account is None or account.type != "User":
        people = sorted(each.login for each in sandbox.state.accounts.values() if each.type == "User")
        links = [f'<li><a href="?{escape(urlencode({**asked, "login": each}))}">{escape(each)}</a>' for each in people]
        html = (
            f"<!doctype html><title>Sign in</title><h1>Sign in to {escape(app.name)} as</h1><ul>{''.join(links)}</ul>"
        )
        return web.Response(text=html, content_type="text/html")
    code = f"{sandbox.draw(80):020x}"
    sandbox.state.oauth_codes[code] = OAuthCode(
        client_id=app.client_id,
        login=account.login,
        redirect_uri=back,
        challenge=asked.get("code_challenge", ""),
        expires_at=stamp(sandbox.now() + GOOD_FOR),
    )
    query = urlencode({"code": code} | ({"state": asked["state"]} if "state" in asked else {}))
    return web.Response(status=302, headers={"Location": f"{back}{'&' if '?' in back else '?'}{query}"})


def _swap(sandbox: "Sandbox", given: dict[str, str]) -> dict[str, str]:
    app = _app(sandbox, given.get("client_id", ""))
    secret = given.get("client_secret", "")
    if app is None or not app.client_secret or not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        return _error("incorrect_client_credentials")
    code = sandbox.state.oauth_codes.pop(given.get("code", ""), None)
    if code is None or code.client_id != app.client_id or code.expires_at <= stamp(sandbox.now()):
        return _error("bad_verification_code")
    if given.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
        return _error("redirect_uri_mismatch")
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    if code.challenge and base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
        return _error("bad_verification_code")
    token = f"ghu_{sandbox.draw(180):036x}"[:40]
    until = stamp(sandbox.now() + timedelta(seconds=TOKEN_SECONDS))
    sandbox.state.tokens[token] = Token(token=token, login=code.login, expires_at=until)
    return {"access_token": token, "scope": "", "token_type": "bearer", "expires_in": str(TOKEN_SECONDS)}


def _take_back(sandbox: "Sandbox", header: str, body: bytes) -> int:
    """Only for the App itself, by its id and secret."""
    try:
        client, _, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        wanted = msgspec.json.decode(body, type=dict[str, str]).get("access_token", "")
    except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError):
        return 422
    app = _app(sandbox, client)
    if app is None or not secret or secret != app.client_secret:
        return 404
    token = sandbox.state.tokens.get(wanted)
    if token is None or not wanted.startswith("ghu_"):
        return 422
    token.revoked = True
    return 204


def _error(name: str) -> dict[str, str]:
    uri = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"
    return {"error": name, "error_description": ERRORS[name], "error_uri": f"{uri}/#{name.replace('_', '-')}"}
