"""Endpoints that say what to look at in all plans: who must act, what comes again, what was saved."""

import asyncio
from datetime import timedelta

from bot.api import shapes
from bot.api.boards import Recently
from bot.api.desk import Desk
from bot.api.evidence import repair
from bot.api.reading import in_sight
from bot.api.routes import Nothing, Page, PlanAsked, endpoint
from bot.web import failures, money, pages, sight
from bot.web.viewer import Viewer
from bot.web.views import Places, Seen
from services.core.troublespots import patterns as alike

ASKS = 100
NEWEST = 50


@endpoint(
    "GET", "/needs", tag="plans", summary="What needs a person, what holds up most first; 100 at most.",
    gives=Page[shapes.Need],
)  # fmt: skip
async def needs(desk: Desk, viewer: Viewer, _: Nothing) -> Page[shapes.Need]:
    lines = [
        *await pages.live_lines(desk.reports, viewer, pages.LIVE_PLANS),
        *await pages.lines_of(desk.reports, viewer, "planned", pages.PLANNED),
    ]
    found = [await desk.shown.stored(line.id) for line in lines]
    seen = [await sight.in_sight(viewer, each) for each in found if each is not None]
    now = desk.clock.now()
    ahead = await desk.shown.outlook(now)
    plans = [Seen(*each, Places(""), now, ahead) for each in seen if each is not None]
    return Page(items=await asyncio.to_thread(_needs, plans))


def _needs(plans: list[Seen]) -> list[shapes.Need]:
    asks = [(seen.row.id, ask) for seen in plans for ask in seen.card(ASKS).asks]
    asks.sort(key=lambda pair: (not pair[1].task, not pair[1].critical, -pair[1].holds_up))
    return [
        shapes.Need(
            plan=plan_id, task=ask.task, others=[other.text for other in ask.others], more=ask.more, state=ask.state,
            why="".join(span.text for span in ask.why), command=ask.command, version=ask.version,
            holds_up=ask.holds_up, critical=ask.critical, since=ask.since.iso if ask.since is not None else "",
        )
        for plan_id, ask in asks[:ASKS]
    ]  # fmt: skip


@endpoint(
    "GET", "/patterns", tag="recoveries", gives=Page[shapes.Pattern],
    summary="Attempts of sixty days that failed alike, by repository, agent and model.",
)  # fmt: skip
async def patterns(desk: Desk, viewer: Viewer, _: Nothing) -> Page[shapes.Pattern]:
    now = desk.clock.now()
    rows = await desk.reports.failed(now - failures.SPAN)
    found = alike(await sight.failed(viewer, rows), now, failures.SPAN)
    return Page(
        items=[
            shapes.Pattern(
                repo=each.repo, agent=each.agent, model=each.model, failure=each.cls, signature=each.signature,
                count=each.count, share=each.share, trend=each.trend,
            )
            for each in found
        ]
    )  # fmt: skip


@endpoint(
    "GET", "/repairs", tag="recoveries", summary="The newest repairs of failed checks one by one; 50 at most.",
    gives=Page[shapes.Repair],
)  # fmt: skip
async def newest_repairs(desk: Desk, viewer: Viewer, _: Nothing) -> Page[shapes.Repair]:
    rows = await sight.newest_repairs(viewer, desk.reports, NEWEST)
    return Page(items=[repair(row, row.plan_id, row.task) for row in rows])


@endpoint(
    "GET", "/savings", tag="costs", summary="What did not have to be paid or done, and how that is counted.",
    asked=Recently, gives=Page[shapes.Saving],
)  # fmt: skip
async def savings(desk: Desk, viewer: Viewer, asked: Recently) -> Page[shapes.Saving]:
    since = desk.clock.now() - timedelta(days=asked.days)
    bills = await sight.bills(viewer, await desk.reports.bills(since))
    rows = await sight.repairs(viewer, await desk.reports.repairs(since))
    return Page(
        items=[shapes.Saving(name=each.name, text=each.text, how=each.more) for each in money.savings(bills, rows)]
    )


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/advice", tag="costs", asked=PlanAsked, gives=Page[shapes.Advice],
    summary="What follows from what a plan's tasks have cost and come to.",
)  # fmt: skip
async def advice(desk: Desk, viewer: Viewer, asked: PlanAsked) -> Page[shapes.Advice]:
    row, _ = await in_sight(desk, viewer, asked)
    works = await sight.works(viewer, await desk.shown.works(row.id))
    return Page(items=[shapes.Advice(text=text) for text in await desk.shown.follows(row.id, works)])
