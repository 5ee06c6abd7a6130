"""The pages: complete in the first HTML answer, no script needed, nothing from another host.

What they show comes from the store alone, so a page never costs an API call. Titles and reasons are other people's
text: Jinja escapes every value, and the content security policy forbids script and inline style altogether. A page is
made in a thread, so that a plan of a thousand tasks does not hold up a webhook.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from importlib import resources

import jinja2
from aiohttp import web
from aiohttp.helpers import ETag
from aiohttp.typedefs import Handler

from bot.web.overview import overview
from bot.web.plan_view import Asked, plan_page, sheet
from bot.web.times import clock as clock_time
from bot.web.views import Places, Seen
from services.core.clock import Clock
from services.engine.shown import Shown
from services.errors import StoreError
from services.store.inbox import Inbox

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC = {"lockstep.css": "text/css", "icon.svg": "image/svg+xml"}
EVIDENCE = 3
"""Stuck tasks whose log is shown."""
PLAN = "/plans/{owner}/{repo}/{number:[0-9]{1,9}}"


def add_to(app: web.Application, *, shown: Shown, inbox: Inbox, clock: Clock, html: str) -> None:
    """Add every page; `html` is where GitHub's own pages are."""
    pages = Pages(shown, inbox, clock, html)
    app.middlewares.append(pages.around)
    app.router.add_get("/", pages.overview)
    app.router.add_get(PLAN, pages.plan)
    app.router.add_get(PLAN + "/log/{task}", pages.log)
    app.router.add_get("/static/{name}", pages.static)


class Pages:
    """Renders plans and their tasks."""

    def __init__(self, shown: Shown, inbox: Inbox, clock: Clock, html: str) -> None:
        self._shown, self._inbox, self._clock = shown, inbox, clock
        self._places = Places(html)
        folder = resources.files("bot.web").joinpath("static")
        self._static = {name: folder.joinpath(name).read_bytes() for name in STATIC}
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("bot.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        version = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        self._templates.globals["version"] = version

    async def overview(self, request: web.Request) -> web.StreamResponse:
        plans, now = await self._shown.plans(), self._clock.now()
        ahead = await self._shown.outlook(now)
        waits = await self._inbox.oldest_waiting_age(now)

        def make() -> str:
            page = overview(plans, self._places, now, ahead)
            return self._render("overview.html", page=page, waits=round(waits))

        return await self._page(request, make)

    async def plan(self, request: web.Request) -> web.StreamResponse:
        seen = await self._seen(request)
        history = await self._shown.history(seen.row.id)
        logs = {}
        if seen.run is not None:
            logs = {task.id: await self._shown.log(seen.run.id, task.id) for task in seen.stuck[:EVIDENCE]}
        part = await asyncio.to_thread(sheet, seen, _asked(request))
        trails = await self._shown.trails(seen.run, [task.id for task in part.tasks]) if seen.run is not None else {}
        return await self._page(
            request, lambda: self._render("plan.html", page=plan_page(seen, part, history, logs, trails))
        )

    async def log(self, request: web.Request) -> web.Response:
        """What a task's newest attempt printed, as plain text."""
        seen = await self._seen(request)
        task = request.match_info["task"]
        if seen.run is None or task not in seen.run.tasks:
            raise web.HTTPNotFound
        return web.Response(text=await self._shown.log(seen.run.id, task), content_type="text/plain", charset="utf-8")

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        return web.Response(
            body=self._static[name],
            content_type=STATIC[name],
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer to a reader carries the headers; what is not there, or can't be read, says so on a page."""
        if request.method not in {"GET", "HEAD"}:
            return await handler(request)
        try:
            answer = await handler(request)
        except web.HTTPNotFound:
            answer = self._said(404, "There is nothing here", "Lockstep has read no plan at this address.")
        except web.HTTPForbidden as error:
            answer = self._said(403, "Not from here", error.text or "")
        except StoreError:
            answer = self._said(503, "The store does not answer", "Try again in a moment; nothing is lost.")
        answer.headers.update(HEADERS)
        return answer

    async def _seen(self, request: web.Request) -> Seen:
        where = request.match_info
        found = await self._shown.stored(f"{where['owner']}/{where['repo']}#{int(where['number'])}")
        if found is None:
            raise web.HTTPNotFound
        now = self._clock.now()
        spent = await self._shown.spent(found[0].id)
        return Seen(*found, self._places, now, await self._shown.outlook(now), spent)

    async def _page(self, request: web.Request, make: Callable[[], str]) -> web.Response:
        """The page that `make` renders, or 304 when the reader has exactly this one."""
        text = await asyncio.to_thread(make)
        tag = hashlib.sha256(text.encode()).hexdigest()[:32]
        known = any(each.value == tag for each in request.if_none_match or ())
        answer = web.Response(status=304) if known else _html(text)
        answer.etag = ETag(tag, is_weak=True)  # the same for a compressed answer
        answer.headers["Cache-Control"] = "private, no-cache"
        if not known:
            answer.enable_compression()
        return answer

    def _said(self, status: int, title: str, sentence: str) -> web.Response:
        return _html(self._render("said.html", title=title, sentence=sentence), status)

    def _render(self, template: str, **values: object) -> str:
        now = self._clock.now()
        as_of = clock_time(now, now, seconds=True)
        return self._templates.get_template(template).render(as_of=as_of, day=f"{now:%Y-%m-%d}", **values)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _asked(request: web.Request) -> Asked:
    """The query, as far as it makes sense; the rest is as if it had not been there."""
    query = request.query
    page = query.get("page", "")
    return Asked(
        show=query.get("show", ""),
        page=int(page) if re.fullmatch(r"[0-9]{1,6}", page, re.ASCII) else 1,
        task=query.get("task", ""),
    )
