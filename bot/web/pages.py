"""The pages of plans: what goes on now, all plans, one plan, one task. Complete in the first HTML answer, no script
needed, nothing from another host.

What they show comes from the store alone, so a page never costs an API call, and goes through `sight` before anything
is made of it.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.giving import Giving
from bot.web import boards, sight
from bot.web.deeds import Deeds
from bot.web.desk import Desk, Frame
from bot.web.diffs import diff_lines
from bot.web.given import Given, given_line
from bot.web.listing import PLANS_PAGE, Query, listing
from bot.web.mishaps import Mishaps
from bot.web.overview import overview
from bot.web.plan_view import HISTORY, Asked, Found, Sheet, plan_page, sheet
from bot.web.sight import Stored
from bot.web.task_view import Known, task_page
from bot.web.viewer import Viewer, viewer_of
from bot.web.views import HIDDEN, Seen
from services.core.clock import Clock
from services.core.durations import lasting
from services.engine.shown import Shown
from services.errors import StoreError
from services.metrics import Metrics
from services.store.inbox import Inbox
from services.store.reports import PlanLine, Reports

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with less a browser does not say where a form of ours was sent from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TURNED_AWAY: Mapping[type[web.HTTPException], str] = {
    web.HTTPBadRequest: "That can't be understood",
    web.HTTPForbidden: "Not from here",
    web.HTTPUnauthorized: "Who are you?",
    web.HTTPTooManyRequests: "That is too often",
    web.HTTPRequestEntityTooLarge: "That is too much",
}
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
EVIDENCE = 3
"""Stuck tasks whose log is shown."""
LIVE_PLANS = 100
"""Plans of which everything is read for the first page."""
PLANNED, OVER = 40, 10
LOOKS = 10
"""Times that so many plans are looked through for those that somebody may see."""
PLAN = "/plans/{owner}/{repo}/{number:[0-9]{1,9}}"


def add_to(
    app: web.Application,
    *,
    shown: Shown,
    reports: Reports,
    inbox: Inbox,
    clock: Clock,
    metrics: Metrics,
    giving: Giving,
    html: str,
) -> Desk:
    """Add every page; `html` is where GitHub's own pages are."""
    desk = Desk(shown=shown, reports=reports, inbox=inbox, clock=clock, metrics=metrics, html=html)
    pages, deeds = Pages(desk, giving), Deeds(desk, giving)
    app.middlewares.extend([pages.around, Mishaps(desk).around])
    app.on_response_prepare.append(_named)
    app.router.add_get("/", desk.live(pages.overview))
    app.router.add_get("/plans", desk.live(pages.plans))
    app.router.add_get(PLAN, desk.live(pages.plan))
    app.router.add_get(PLAN + "/tasks/{task}", desk.live(pages.task))
    app.router.add_get(PLAN + "/log/{task}", pages.log)
    app.router.add_post(PLAN + "/commands", deeds.command)
    app.router.add_post("/deliveries/{row:[0-9]{1,18}}/again", deeds.again)
    app.router.add_get("/static/{name}", desk.static)
    boards.add_to(app, desk)
    return desk


async def _named(_: web.Request, answer: web.StreamResponse) -> None:
    """What an answer was made with, and its version, is nobody's business."""
    answer.headers["Server"] = "Lockstep"


class Pages:
    """Renders plans and their tasks."""

    def __init__(self, desk: Desk, giving: Giving) -> None:
        self._desk, self._shown, self._reports, self._giving = desk, desk.shown, desk.reports, giving

    async def overview(self, request: web.Request) -> web.StreamResponse:
        now, viewer = self._desk.now, viewer_of(request)
        lines = [
            *await live_lines(self._reports, viewer, LIVE_PLANS),
            *await lines_of(self._reports, viewer, "planned", PLANNED),
        ]
        plans = await stored(self._desk, request, lines)
        over = [
            *await lines_of(self._reports, viewer, "done", OVER),
            *await lines_of(self._reports, viewer, "cancelled", OVER),
        ]
        over.sort(key=lambda line: line.finished_at, reverse=True)
        states = await self._reports.states() if viewer.sees_all else {}
        ahead = await self._shown.outlook(now)
        waits = await self._desk.inbox.oldest_waiting_age(now)

        def make() -> Mapping[str, Any]:
            page = overview(plans, self._desk.places, now, ahead, over=over, states=states)
            return {"page": page, "waits": lasting(waits) if round(waits) else ""}

        return await self._desk.page(request, "overview.html", make, Frame(here="/", live="*"))

    async def plans(self, request: web.Request) -> web.StreamResponse:
        query = Query.of(request.query)
        asked = {"state": query.state, "repo": query.repo, "words": query.words}
        reach = await sight.reach(viewer_of(request), lambda: self._reports.plan_repos(**asked, before=query.before))
        lines = await self._reports.plans(
            **asked, before=query.before, limit=PLANS_PAGE + 1, repos=reach.repos, since=reach.since
        )
        states = await self._reports.states() if viewer_of(request).sees_all else {}

        def make() -> Mapping[str, Any]:
            return {"page": listing(lines, query, states, self._desk.places, self._desk.now, bool(reach.since))}

        return await self._desk.page(request, "plans.html", make, Frame(here="/plans", live="*"))

    async def plan(self, request: web.Request) -> web.StreamResponse:
        found, seen = await self._seen(request)
        asked = _asked(request)
        part = await asyncio.to_thread(sheet, seen, asked)
        rest = await self._found(request, found, seen, part)
        given = await self._given(request)

        def make() -> Mapping[str, Any]:
            return {"page": plan_page(seen, part, rest), "query": asked, "given": given}

        return await self._desk.page(request, "plan.html", make, Frame(here="/plans", live=seen.row.id))

    async def _given(self, request: web.Request) -> Given | None:
        """The command that was just given on this page."""
        asked = request.query.get("given", "")
        found = await self._giving.given(asked, viewer_of(request).login) if asked else None
        return given_line(found) if found is not None else None

    async def _found(self, request: web.Request, found: Stored, seen: Seen, part: Sheet) -> Found:
        lines = await self._reports.history(seen.row.id, before=_asked(request).before, limit=HISTORY)
        history = await sight.told(viewer_of(request), self._shown, lines)
        if seen.run is None:
            return Found(history=history)
        hidden = sight.hidden_tasks(found)
        readable = [task.id for task in seen.stuck if task.id not in hidden][:EVIDENCE]
        shown = [task.id for task in part.tasks if task.id not in hidden]
        works = await sight.works(viewer_of(request), await self._shown.works(seen.row.id)) if seen.spent else ()
        return Found(
            history=history,
            moves=await self._reports.moves(seen.row.id, seen.run.id),
            logs={task: await self._shown.log(seen.run.id, task) for task in readable},
            trails=await self._shown.trails(seen.run, shown),
            advice=await self._shown.follows(seen.row.id, works),
        )

    async def task(self, request: web.Request) -> web.StreamResponse:
        _, seen = await self._seen(request)
        task = seen.by_id.get(request.match_info["task"])
        if task is None or task.repo == HIDDEN:
            raise web.HTTPNotFound
        lines = await self._reports.history(seen.row.id, task=task.id, limit=HISTORY)
        known = Known(history=await sight.told(viewer_of(request), self._shown, lines))
        if seen.run is not None:
            trails = await self._shown.trails(seen.run, [task.id])
            known = Known(
                history=known.history,
                effects=await self._reports.effects(seen.run.id, task.id),
                steps=await self._reports.steps(seen.run.id, task.id),
                trail=trails.get(task.id),
                records=await self._reports.attempts.of(seen.run.id, task.id),
                diff=diff_lines(await self._shown.diff(seen.run.id, task.id)),
            )
        frame = Frame(here="/plans", live=seen.row.id)
        return await self._desk.page(request, "task.html", lambda: {"page": task_page(seen, task, known)}, frame)

    async def log(self, request: web.Request) -> web.Response:
        """What a task's newest attempt printed, as plain text."""
        _, seen = await self._seen(request)
        task = seen.by_id.get(request.match_info["task"])
        if seen.run is None or task is None or task.repo == HIDDEN:
            raise web.HTTPNotFound
        text = await self._shown.log(seen.run.id, task.id)
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer to a reader carries the headers; what is not there, or can't be read, says so on a page."""
        try:
            answer = await handler(request)
        except web.HTTPNotFound:
            answer = self._desk.said(request, 404, "There is nothing here", "There is no page at this address.")
        except web.HTTPClientError as refused:
            title = TURNED_AWAY.get(type(refused), "That can't be done here")
            answer = self._desk.said(request, refused.status, title, _on_purpose(refused))
            answer.headers.update({name: refused.headers[name] for name in KEPT if name in refused.headers})
        except StoreError:
            answer = self._desk.said(
                request, 503, "The store does not answer", "Try again in a moment; nothing is lost."
            )
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    async def _seen(self, request: web.Request) -> tuple[Stored, Seen]:
        """The plan of the address as far as whoever looks may see it; 404 where that is nothing."""
        where, now = request.match_info, self._desk.now
        row = await self._shown.stored(f"{where['owner']}/{where['repo']}#{int(where['number'])}")
        found = await sight.in_sight(viewer_of(request), row) if row is not None else None
        if found is None:
            raise web.HTTPNotFound
        spent = await sight.spent(viewer_of(request), self._shown, found)
        return found, Seen(*found, self._desk.places, now, await self._shown.outlook(now), spent)


def _on_purpose(refused: web.HTTPException) -> str:
    """What was said of it; aiohttp's own text only repeats the status."""
    text = refused.text or ""
    return "" if text.startswith(f"{refused.status}:") else text


async def live_lines(reports: Reports, viewer: Viewer, limit: int) -> list[PlanLine]:
    """Plans whose run is not over and that this person may see, the newest first."""
    lines = [
        line for state in ("running", "failed", "paused") for line in await lines_of(reports, viewer, state, limit)
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


async def lines_of(reports: Reports, viewer: Viewer, state: str, limit: int) -> list[PlanLine]:
    """The newest plans in this state that this person may see: others do not take their places."""
    lines: list[PlanLine] = []
    before = ("", "")
    for _ in range(LOOKS):
        found = await reports.plans(state=state, before=before, limit=limit)
        lines += await visible_lines(viewer, found)
        if len(found) < limit or len(lines) >= limit:
            break
        before = (found[-1].at, found[-1].id)
    return lines[:limit]


async def visible_lines(viewer: Viewer, lines: list[PlanLine]) -> list[PlanLine]:
    """Those that this person may see."""
    hidden = await sight.hidden_from(viewer, {line.repo for line in lines})
    return [line for line in lines if line.repo not in hidden]


async def stored(desk: Desk, request: web.Request, lines: list[PlanLine]) -> list[Stored]:
    """These plans as far as whoever looks may see them."""
    found = [await desk.shown.stored(line.id) for line in lines]
    seen = [await sight.in_sight(viewer_of(request), each) for each in found if each is not None]
    return [each for each in seen if each is not None]


def _asked(request: web.Request) -> Asked:
    """The query, as far as it makes sense; the rest is as if it had not been there."""
    query = request.query
    return Asked(
        show=query.get("show", ""),
        page=number(query.get("page", ""), 1),
        task=query.get("task", ""),
        before=number(query.get("before", ""), 0),
    )


def number(text: str, otherwise: int) -> int:
    """A number of an address, as far as it is one."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) else otherwise
