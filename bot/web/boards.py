"""The pages over all plans: fleet, failures, API budget, money, learning, deliveries.

What is summed up is summed up after the rows of plans that whoever looks may not see have been left out. Deliveries and
the budget belong to the instance, so they are for its operators.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.web import budget, deliveries, failures, fleet, learning, money, pages, sight
from bot.web.desk import Desk, Frame
from bot.web.viewer import viewer_of

NEWEST = LESSONS = 50
FLEET_PLANS = 200
Page = Callable[[Desk, web.Request], Awaitable[web.StreamResponse]]


def add_to(app: web.Application, desk: Desk) -> None:
    """Add every page of these."""
    found: dict[str, Page] = {
        "/fleet": on_fleet,
        "/failures": on_failures,
        "/budget": on_budget,
        "/money": on_money,
        "/learning": on_learning,
        "/deliveries": on_deliveries,
    }
    for path, page in found.items():
        app.router.add_get(path, desk.live(_with(desk, page)))


def _with(desk: Desk, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await page(desk, request)

    return handler


def _operators_only(request: web.Request) -> None:
    if "admin" not in viewer_of(request).scopes:
        raise web.HTTPForbidden(text="This page is for those who run Lockstep here.")


async def on_fleet(desk: Desk, request: web.Request) -> web.StreamResponse:
    lines = await pages.live_lines(desk.reports, viewer_of(request), FLEET_PLANS)
    plans, now = await pages.stored(desk, request, lines), desk.now
    only, page = request.query.get("q", "").strip()[:100], pages.number(request.query.get("page", ""), 1)

    def make() -> Mapping[str, Any]:
        return {"page": fleet.fleet(plans, desk.places, now, page, only), "only": only, "plans": len(plans)}

    return await desk.page(request, "fleet.html", make, Frame(here="/fleet", live="*"))


async def on_failures(desk: Desk, request: web.Request) -> web.StreamResponse:
    now = desk.now
    viewer = viewer_of(request)
    counted = await sight.repairs(viewer, await desk.reports.repairs(now - timedelta(days=failures.DAYS)))
    newest = await sight.newest_repairs(viewer, desk.reports, NEWEST)
    seen = await sight.failed(viewer, await desk.reports.failed(now - failures.SPAN))

    def make() -> Mapping[str, Any]:
        return {"page": failures.failures(counted, newest, desk.places, now, seen), "charts": desk.charts.name}

    return await desk.page(request, "failures.html", make, Frame(here="/failures", live="*"))


async def on_budget(desk: Desk, request: web.Request) -> web.StreamResponse:
    _operators_only(request)

    def make() -> Mapping[str, Any]:
        return {"page": budget.budget(desk.metrics.registry.get_sample_value)}

    return await desk.page(request, "budget.html", make, Frame(here="/budget", live="*"))


async def on_money(desk: Desk, request: web.Request) -> web.StreamResponse:
    now = desk.now
    since = now - timedelta(days=money.DAYS)
    bills = await sight.bills(viewer_of(request), await desk.reports.bills(since))
    repairs = await sight.repairs(viewer_of(request), await desk.reports.repairs(since))

    def make() -> Mapping[str, Any]:
        return {"page": money.money(bills, repairs, desk.places, now), "charts": desk.charts.name}

    return await desk.page(request, "money.html", make, Frame(here="/money", live="*"))


async def on_learning(desk: Desk, request: web.Request) -> web.StreamResponse:
    viewer = viewer_of(request)
    state = request.query.get("state", "proposed")
    state = state if state in learning.STATES else ""
    at, _, last = request.query.get("before", "").replace("\0", "").partition(",")
    reach = await sight.reach(viewer, lambda: desk.reports.lesson_repos(state, before=(at, last)))
    rows = await desk.reports.lessons(state, before=(at, last), limit=LESSONS + 1, repos=reach.repos, since=reach.since)
    counts = await desk.reports.lesson_counts()
    hidden = await sight.hidden_from(viewer, {repo for repo, _, _ in counts})
    seen = [each for each in counts if each[0] not in hidden]
    shown = [lesson for _, lesson in rows[:LESSONS]]
    end = (rows[:LESSONS][-1][0], shown[-1].id) if rows else (at, last) if at else sight.BEGINNING
    older = ",".join(end) if len(rows) > LESSONS or reach.since else ""
    homes = await desk.reports.learned_in([lesson.source for lesson in shown])
    unseen = await sight.hidden_from(viewer, {plan.rpartition("#")[0] for plan in homes.values()})
    homes = {source: plan for source, plan in homes.items() if plan.rpartition("#")[0] not in unseen}

    def make() -> Mapping[str, Any]:
        return {"page": learning.learning(shown, seen, state, desk.places, homes, older)}

    return await desk.page(request, "learning.html", make, Frame(here="/learning", live="*"))


async def on_deliveries(desk: Desk, request: web.Request) -> web.StreamResponse:
    _operators_only(request)
    now, query = desk.now, deliveries.Query.of(request.query, pages.number(request.query.get("before", ""), 0))
    windows = await desk.reports.gaps.blind(deliveries.WINDOWS)
    rows = await desk.reports.deliveries(
        event=query.event, outcome=query.outcome, before=query.before, limit=deliveries.PAGE + 1
    )
    counts = await desk.reports.delivery_counts(now - timedelta(days=1))
    waits = await desk.inbox.oldest_waiting_age(now)

    def make() -> Mapping[str, Any]:
        return {"page": deliveries.deliveries(rows, counts, query, waits, now, windows)}

    return await desk.page(request, "deliveries.html", make, Frame(here="/deliveries", live="*"))
