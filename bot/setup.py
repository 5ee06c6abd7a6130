"""`python -m bot setup`: makes the GitHub App in the browser and writes its credentials for nobody else to read.

GitHub's manifest flow: a page of ours on this machine sends what app.yml asks for to GitHub, a person confirms it
there, and GitHub sends the browser back with a code that is good once. The code is swapped for the App's key and
secrets, which therefore never pass through the browser.
"""

import argparse
import asyncio
import base64
import hashlib
import html
import json
import os
import re
import secrets
import shlex
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import yaml
from aiohttp import web

from bot.network import network_of
from bot.settings import Settings, read_settings
from bot.web.guard import SIGNED_IN, is_local
from services.core.loopback import is_loopback
from services.errors import ApiError, LockstepError, UserError
from services.github.http1 import Http1

ENV, KEY = "lockstep.env", "lockstep.pem"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_ORG = re.compile(r"[A-Za-z0-9-]{1,39}", re.ASCII)
STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub gives for the code. Never printed."""

    id: int
    slug: str
    pem: str
    client_id: str
    client_secret: str
    html_url: str = ""
    webhook_secret: str | None = None

    def __repr__(self) -> str:
        return f"Made(slug={self.slug!r})"


def main(arguments: list[str]) -> int:
    """0 when the App is made and its credentials are written, 2 when that can't be done."""
    parser = argparse.ArgumentParser(
        prog="python -m bot setup", description="Make the GitHub App in the browser and write its credentials."
    )
    parser.add_argument("url", help="where GitHub reaches this bot: https://your.host")
    parser.add_argument("--organization", default="", help="whose App it is; else your own")
    parser.add_argument("--name", default="", help="what it is called; names are unique on all of GitHub")
    parser.add_argument("--into", type=Path, default=Path(), help=f"where {ENV} and {KEY} are written")
    parser.add_argument("--port", type=int, default=8790, help="of the page on this machine")
    parser.add_argument("--no-browser", action="store_true", help="only print the address to open")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        _check(given.url, given.organization, given.into)
        setup = Setup(settings, given.url.rstrip("/"), given.organization, given.name, given.into)
        asyncio.run(setup.run(given.port, opens=not given.no_browser))
    except LockstepError as error:
        sys.stderr.write(f"lockstep: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"lockstep: that did not work: {error.strerror}.\n")
        return 2
    return 0


def _check(url: str, organization: str, into: Path) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise UserError("The address looks like https://your.host, without a path.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UserError("GitHub and people reach the bot over https: the address begins with https://.")
    if organization and not _ORG.fullmatch(organization):
        raise UserError("An organisation is named as in its address on GitHub.")
    if there := [name for name in (ENV, KEY) if (into / name).exists()]:
        raise UserError(f"{' and '.join(there)}: there already. Move it away, or choose another place with --into.")


def manifest(url: str, name: str, back: str) -> dict[str, Any]:
    """What GitHub is asked for, as app.yml says it."""
    here = Path(__file__).parent
    path = next(each for each in (here / "app.yml", here.parent / "app.yml") if each.is_file())
    asked = yaml.safe_load(path.read_text())
    return {
        **asked,
        "name": name or asked["name"],
        "url": url,
        "hook_attributes": {"url": f"{url}/webhook", "active": True},
        "redirect_url": back,
        "callback_urls": [f"{url}{SIGNED_IN}"],
    }


class Setup:
    """One run of it."""

    def __init__(self, settings: Settings, url: str, organization: str, name: str, into: Path) -> None:
        self._settings, self._url, self._organization = settings, url, organization
        self._name, self._into = name, into
        self._state = secrets.token_urlsafe(32)
        self._back = ""
        self._done = asyncio.Event()
        self.listens = asyncio.Event()
        self.here = ""

    async def run(self, port: int, *, opens: bool) -> None:
        """Serve the page until the credentials are written."""
        app = web.Application()
        app.router.add_get("/", self.page)
        app.router.add_get("/made", self.made)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            here = self.here = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._back = f"{here}/made"
            self.listens.set()
            sys.stdout.write(f"Open {here}/ in a browser on this machine.\n")
            sys.stdout.flush()
            if opens:
                await asyncio.to_thread(webbrowser.open, f"{here}/")
            await self._done.wait()
        finally:
            await runner.cleanup()

    async def page(self, request: web.Request) -> web.Response:
        _only_here(request)
        asked = manifest(self._url, self._name, self._back)
        place = f"/organizations/{self._organization}" if self._organization else ""
        target = f"{self._settings.github_url.rstrip('/')}{place}/settings/apps/new?state={self._state}"
        granted = asked["default_permissions"].items()
        rights = "".join(f"<li>{html.escape(f'{name}: {level}')}" for name, level in granted)
        body = (
            f"<p>GitHub will ask you to confirm an App named <b>{html.escape(asked['name'])}</b> that hears webhooks "
            f"at <code>{html.escape(self._url)}/webhook</code> and may do this where it is installed:</p>"
            f"<ul>{rights}</ul>"
            f'<form method="post" action="{html.escape(target)}"><input type="hidden" name="manifest" '
            f'value="{html.escape(json.dumps(asked))}"><button>Go on to GitHub</button></form>'
        )
        return _page("Make the GitHub App", body, form=self._settings.github_url)

    async def made(self, request: web.Request) -> web.Response:
        _only_here(request)
        code, state = request.query.get("code", ""), request.query.get("state", "")
        if not secrets.compare_digest(state.encode(), self._state.encode()) or not _CODE.fullmatch(code):
            raise web.HTTPForbidden(text="This was not begun here; open the first page again.\n")
        try:
            found = await _swapped(self._settings, code)
        except ApiError as error:
            return _page("GitHub gave nothing for the code", f"<p>{html.escape(str(error))} Begin again.</p>")
        await asyncio.to_thread(write, self._into, self._settings, self._url, found)
        env = self._into / ENV if self._into.is_absolute() else f"./{self._into / ENV}"
        sys.stdout.write(
            f"The App {found.slug} is made. {ENV} and {KEY} are written.\n"
            f"Install it on repositories: {found.html_url}/installations/new\n"
            f"Then: set -a; . {shlex.quote(str(env))}; set +a; "
            "python -m bot doctor && python -m bot serve\n"
        )
        asyncio.get_running_loop().call_later(0.5, self._done.set)  # after this page has been sent
        link = html.escape(f"{found.html_url}/installations/new")
        said = f'<p><a href="{link}">Install it on repositories</a>; the terminal says how to start.</p>'
        return _page("The App is made", said)


async def _swapped(settings: Settings, code: str) -> Made:
    wire = Http1(network_of(settings), settings.github_timeout)
    url = f"{settings.github_api_url.rstrip('/')}/app-manifests/{quote(code)}/conversions"
    try:
        headers = {"accept": "application/vnd.github+json", "user-agent": "lockstep"}
        status, _, body = await wire.send("POST", url, headers, b"")
    finally:
        await wire.close()
    if status != 201:
        raise ApiError(status, "the code is not good any more")
    try:
        return msgspec.json.decode(body, type=Made)
    except msgspec.DecodeError:
        raise ApiError(status, "the answer could not be read") from None


def write(into: Path, settings: Settings, url: str, made: Made) -> None:
    """The key and the settings, each readable by its owner alone; neither is ever written over."""
    into.mkdir(parents=True, exist_ok=True)
    values: Mapping[str, str] = {
        "LOCKSTEP_APP_ID": str(made.id),
        "LOCKSTEP_PRIVATE_KEY": str((into / KEY).absolute()),
        "LOCKSTEP_WEBHOOK_SECRET": made.webhook_secret or "",
        "LOCKSTEP_CLIENT_ID": made.client_id,
        "LOCKSTEP_CLIENT_SECRET": made.client_secret,
        "LOCKSTEP_PUBLIC_URL": url,
        "LOCKSTEP_GITHUB_URL": settings.github_url,
        "LOCKSTEP_GITHUB_API_URL": settings.github_api_url,
    }
    _new(into / KEY, made.pem)
    _new(into / ENV, "".join(f"{name}='{value}'\n" for name, value in values.items()))


def _new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _only_here(request: web.Request) -> None:
    if not is_local(request):
        raise web.HTTPForbidden(text="Only for this machine.\n")


def _page(title: str, body: str, *, form: str = "'none'") -> web.Response:
    """form: where its form may go."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action {form}; base-uri 'none'"
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return web.Response(text=f"{head}<h1>{title}</h1>{body}", content_type="text/html", headers=headers)
