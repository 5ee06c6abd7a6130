"""What every page is made with: the templates, the frame around the content, and the answer that a browser keeps.

A page is made in a thread, so that a plan of a thousand tasks does not hold up a webhook. Its tag leaves out when it
was made: the same content is not sent twice. Titles and reasons are other people's text: Jinja escapes every value,
and the content security policy allows no inline script or style.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web
from aiohttp.helpers import ETag
from aiohttp.typedefs import Handler

from bot.web.charts import Charts
from bot.web.times import clock as clock_time
from bot.web.viewer import Viewer, viewer_of
from bot.web.views import Places
from services.core.clock import Clock
from services.engine.shown import Shown
from services.metrics import Metrics
from services.store.inbox import Inbox
from services.store.reports import Reports

if TYPE_CHECKING:
    import jinja2

STATIC = {
    "lockstep.css": "text/css",
    "lockstep.js": "text/javascript",
    "charts.js": "text/javascript",
    "charts.css": "text/css",
    "icon.svg": "image/svg+xml",
}
NAVIGATION = (
    ("/", "Now"),
    ("/plans", "Plans"),
    ("/fleet", "Fleet"),
    ("/failures", "Failures"),
    ("/budget", "API"),
    ("/money", "Money"),
    ("/learning", "Learning"),
    ("/deliveries", "Deliveries"),
)
THEMES = frozenset({"light", "dark"})
MADE, AFTER = (f"{name}-{secrets.token_hex(8)}" for name in ("made", "after"))
"""Stand in a page while its tag is worked out; nobody's text can hold them."""
_AFTER = web.RequestKey("after", int)
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a page. here: its entry of the navigation.  live: the plan whose events change it, `*` for all
    plans, "" for none.
    """

    here: str = ""
    live: str = ""


class Desk:
    """Everything that pages are made of."""

    def __init__(
        self, *, shown: Shown, reports: Reports, inbox: Inbox, clock: Clock, metrics: Metrics, html: str
    ) -> None:
        self.shown, self.reports, self.inbox, self.clock, self.metrics = shown, reports, inbox, clock, metrics
        self.places = Places(html)
        self.charts = Charts()
        folder = Path(__file__).parent / "static"
        self._static = {name: (folder / name).read_bytes() for name in STATIC}

    @cached_property
    def _templates(self) -> "jinja2.Environment":
        """Made for the first page: a receiver of webhooks that shows nothing does without."""
        import jinja2

        made = jinja2.Environment(
            loader=jinja2.PackageLoader("bot.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        version = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        made.globals.update(version=version, navigation=NAVIGATION)
        return made

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def live(self, handler: Handler) -> Handler:
        """A page that changes with what happens. How far the history goes is noted before anything is read, so that
        what happens while the page is made is told again, and not missed until something else happens.
        """

        async def noted(request: web.Request) -> web.StreamResponse:
            request[_AFTER] = await self.reports.newest_event()
            return await handler(request)

        return noted

    async def page(
        self, request: web.Request, template: str, make: Callable[[], Mapping[str, Any]], frame: Frame
    ) -> web.Response:
        """The page of what `make` gives the template, or 304 when the reader has exactly this one."""
        after = request[_AFTER] if frame.live else 0
        viewer = viewer_of(request)

        def render() -> str:
            return self._render(template, request, frame, viewer, **make())

        text = await asyncio.to_thread(render)
        tag = hashlib.sha256(text.replace(MADE, "").replace(AFTER, "").encode()).hexdigest()[:32]
        known = any(each.value == tag for each in request.if_none_match or ())
        answer = web.Response(status=304) if known else _html(self._stamped(text, after))
        answer.etag = ETag(tag, is_weak=True)  # the same for a compressed answer
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.headers["Vary"] = "Cookie"
        if not known:
            answer.enable_compression()
        return answer

    def said(self, request: web.Request, status: int, title: str, sentence: str) -> web.Response:
        """A page that only says what is wrong."""
        text = self._render("said.html", request, Frame(), None, title=title, sentence=sentence)
        answer = _html(self._stamped(text, 0), status)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def static(self, request: web.Request) -> web.StreamResponse:
        """A file of ours, or the script of the charts out of its package."""
        name = request.match_info["name"]
        if name == self.charts.name:
            return await self.charts.script(request, FOREVER)
        if name not in self._static:
            raise web.HTTPNotFound
        answer = web.Response(body=self._static[name], content_type=STATIC[name], charset="utf-8", headers=FOREVER)
        answer.enable_compression()
        return answer

    def _render(
        self, template: str, request: web.Request, frame: Frame, viewer: Viewer | None, **values: object
    ) -> str:
        theme = request.cookies.get("theme", "")
        if viewer is not None:
            values |= {"login": viewer.login, "csrf": viewer.csrf}
            values |= {"can_act": bool(viewer.csrf and viewer.login and "act" in viewer.scopes)}
            values |= {"is_operator": bool(viewer.csrf and "admin" in viewer.scopes)}
        else:
            values |= {"login": "", "csrf": "", "can_act": False, "is_operator": False}
        return self._templates.get_template(template).render(
            frame=frame, theme=theme if theme in THEMES else "", made=MADE, after=AFTER, **values
        )

    def _stamped(self, text: str, after: int) -> str:
        now = self.clock.now()
        made = f'<time datetime="{now:%Y-%m-%dT%H:%M:%S}Z">{clock_time(now, now, seconds=True)}</time>'
        made = f"{made} <span data-zone>UTC</span>"
        return text.replace(MADE, made).replace(AFTER, str(after))


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
