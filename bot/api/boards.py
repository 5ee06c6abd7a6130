"""Endpoints over all plans: repairs, costs, lessons, repositories; and for admins what concerns the instance itself.

What is summed up is summed up after the rows have gone that the asker may not see.
"""

from collections import Counter
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from bot.api import shapes
from bot.api.desk import Desk
from bot.api.paging import cursor, following, key_of, part
from bot.api.problems import Refusal
from bot.api.routes import Nothing, Page, Paged, PlanAsked, endpoint
from bot.web import sight
from bot.web.budget import budget as page_of_budget
from bot.web.viewer import Viewer
from services.core.clock import to_text
from services.core.cost import between
from services.core.task_state import ENDED
from services.store.reports import Arrived, Bill, Repaired

Days = Annotated[int, Meta(ge=1, le=366, description="So many days back.")]
RUNNING = 200
"""Runs that a look at all repositories takes in."""


class Recently(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About a time until now."""

    days: Days = 30


class RecentlyPaged(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list about a time until now."""

    days: Days = 30


class LessonsAsked(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lessons."""

    state: Annotated[str, Meta(max_length=20)] = ""


class DeliveriesAsked(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries. outcome: waiting, handled, failed or ignored."""

    event: Annotated[str, Meta(max_length=64)] = ""
    outcome: Annotated[str, Meta(max_length=20)] = ""


class DeliveryAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """About one delivery."""

    id: Annotated[int, Meta(ge=1, le=10**18 - 1, description="Number of a delivery, its `id`.")]


@endpoint(
    "GET", "/recoveries", tag="recoveries", summary="Repairs of failed checks, counted.", asked=RecentlyPaged,
    gives=Page[shapes.Recovery],
)  # fmt: skip
async def recoveries(desk: Desk, viewer: Viewer, asked: RecentlyPaged) -> Page[shapes.Recovery]:
    rows = await desk.reports.repairs(desk.clock.now() - timedelta(days=asked.days))
    shown, following = part(await sight.repairs(viewer, rows), asked.cursor, asked.limit)
    return Page(items=[_recovery(row) for row in shown], next=following)


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/recoveries", tag="recoveries", summary="The repairs of one plan, counted.",
    asked=PlanAsked, gives=Page[shapes.Recovery],
)  # fmt: skip
async def plan_recoveries(desk: Desk, viewer: Viewer, asked: PlanAsked) -> Page[shapes.Recovery]:
    plan_id = await _plan(desk, viewer, asked)
    rows = await desk.reports.repairs(desk.clock.now() - timedelta(days=3650))
    seen = await sight.repairs(viewer, [row for row in rows if row.plan_id == plan_id])
    return Page(items=[_recovery(row) for row in seen])


@endpoint(
    "GET", "/costs", tag="costs", summary="What models cost, by day, plan, repository, purpose and model.",
    asked=RecentlyPaged, gives=Page[shapes.Cost],
)  # fmt: skip
async def costs(desk: Desk, viewer: Viewer, asked: RecentlyPaged) -> Page[shapes.Cost]:
    rows = await desk.reports.bills(desk.clock.now() - timedelta(days=asked.days))
    shown, following = part(await sight.bills(viewer, rows), asked.cursor, asked.limit)
    return Page(items=[_cost(row) for row in shown], next=following)


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/costs", tag="costs", summary="What models cost for one plan, by task.",
    asked=PlanAsked, gives=Page[shapes.Cost],
)  # fmt: skip
async def plan_costs(desk: Desk, viewer: Viewer, asked: PlanAsked) -> Page[shapes.Cost]:
    found = await desk.shown.stored(asked.plan_id)
    stored = await sight.in_sight(viewer, found) if found is not None else None
    if stored is None:
        raise Refusal(404)
    rows = await sight.spent(viewer, desk.shown, stored)
    return Page(
        items=[
            shapes.Cost(
                day="", plan=stored[0].id, repo="", task=row.task, purpose=row.purpose, model=row.model,
                calls=row.calls, input=row.usage.input, cached=row.usage.cache_read, output=row.usage.output,
                cost=format(row.cost, "f"), unpriced=row.unpriced + row.unknown, held=format(row.held, "f"),
                said=row.said,
            )
            for row in rows
        ]
    )  # fmt: skip


@endpoint(
    "GET", "/lessons", tag="lessons", summary="What reviews have taught, the newest first.",
    asked=LessonsAsked, gives=Page[shapes.Lesson],
)  # fmt: skip
async def lessons(desk: Desk, viewer: Viewer, asked: LessonsAsked) -> Page[shapes.Lesson]:
    key = key_of(asked.cursor, str, str)
    before = (str(key[0]), str(key[1])) if key else ("", "")
    state = asked.state.replace("\0", "")
    reach = await sight.reach(viewer, lambda: desk.reports.lesson_repos(state, before=before))
    rows = await desk.reports.lessons(state, before=before, limit=asked.limit + 1, repos=reach.repos, since=reach.since)
    return Page(
        items=[
            shapes.Lesson(
                id=row.id, repo=row.repo, text=row.text, source=row.source, state=row.state, by=row.by, uses=row.uses
            )
            for _, row in rows[: asked.limit]
        ],
        next=following(rows, asked.limit, lambda row: (row[0], row[1].id), reach, asked.cursor),
    )


@endpoint(
    "GET",
    "/fleet",
    tag="fleet",
    summary="The repositories in the newest runs that go on.",
    asked=Paged,
    gives=Page[shapes.Place],
)
async def fleet(desk: Desk, viewer: Viewer, asked: Paged) -> Page[shapes.Place]:
    counts: dict[str, Counter[str]] = {}
    oldest: dict[str, str] = {}
    plans: dict[str, list[str]] = {}
    for stored in await desk.shown.plans(RUNNING):
        run = stored[1]
        if run is None or run.finished_at is not None or not await viewer.sees(run.repo):
            continue
        hidden = await sight.hidden_from(viewer, run.plan.repos)
        for spec in run.plan.tasks:
            state = run.tasks[spec.id]
            if spec.repo in hidden:
                continue
            counts.setdefault(spec.repo, Counter())[state.state] += 1
            if run.plan_id not in plans.setdefault(spec.repo, []):
                plans[spec.repo].append(run.plan_id)
            if state.state not in ENDED and state.since is not None:
                since = to_text(state.since)
                oldest[spec.repo] = min(oldest.get(spec.repo, since), since)
    shown, following = part(sorted(counts), asked.cursor, asked.limit)
    return Page(
        items=[
            shapes.Place(repo=repo, counts=dict(counts[repo]), oldest_at=oldest.get(repo, ""), plans=plans[repo])
            for repo in shown
        ],
        next=following,
    )


@endpoint(
    "GET", "/deliveries", tag="instance", summary="Webhooks that came, the newest first.", asked=DeliveriesAsked,
    gives=Page[shapes.Delivery], scope="admin",
)  # fmt: skip
async def deliveries(desk: Desk, viewer: Viewer, asked: DeliveriesAsked) -> Page[shapes.Delivery]:
    key = key_of(asked.cursor, int)
    event, outcome = (text.replace("\0", "") for text in (asked.event, asked.outcome))
    rows = await desk.reports.deliveries(
        event=event, outcome=outcome, before=max(1, int(key[0])) if key else 0, limit=asked.limit
    )
    following = cursor(rows[-1].row) if len(rows) == asked.limit else ""
    return Page(
        items=[_delivery(row) for row in rows],
        next=following,
    )


@endpoint(
    "POST", "/deliveries/{id}/again", tag="instance", asked=DeliveryAsked, gives=shapes.Delivery, scope="admin",
    status=202, summary="Hand a delivery to its handlers once more; what is done already is not done twice.",
)  # fmt: skip
async def again(desk: Desk, viewer: Viewer, asked: DeliveryAsked) -> shapes.Delivery:
    if not await desk.inbox.again(asked.id):
        raise Refusal(409, "There is no such delivery, its body is no longer kept, or it waits already.")
    desk.giving.wake()
    rows = await desk.reports.deliveries(row=asked.id, limit=1)
    if not rows:
        raise Refusal(404)
    return _delivery(rows[0])


@endpoint(
    "GET", "/blind", tag="instance", summary="Times in which webhooks did not come, the newest first.",
    gives=Page[shapes.Blind], scope="admin",
)  # fmt: skip
async def blind(desk: Desk, viewer: Viewer, _: Nothing) -> Page[shapes.Blind]:
    return Page(
        items=[
            shapes.Blind(
                began=to_text(each.began), ended=to_text(each.ended), missed=each.missed, recovered=each.recovered,
                unseen=each.unseen,
            )
            for each in await desk.gaps.blind()
        ]
    )  # fmt: skip


@endpoint(
    "GET", "/budget", tag="instance", summary="What GitHub was asked by this process.", gives=shapes.Budget,
    scope="admin",
)  # fmt: skip
async def budget(desk: Desk, viewer: Viewer, _: Nothing) -> shapes.Budget:
    found = page_of_budget(desk.metrics.registry.get_sample_value)
    return shapes.Budget(
        counts=dict(desk.figures()) if desk.figures is not None else {},
        refused=found.refused,
        left={each.resource: each.left for each in found.quotas},
    )


async def _plan(desk: Desk, viewer: Viewer, asked: PlanAsked) -> str:
    found = await desk.shown.stored(asked.plan_id)
    if found is None or not await viewer.sees(found[0].repo):
        raise Refusal(404)
    return found[0].id


def _delivery(row: Arrived) -> shapes.Delivery:
    return shapes.Delivery(
        id=row.row, guid=row.guid, event=row.event, at=to_text(row.at), size=row.size, outcome=row.outcome,
        note=row.note,
    )  # fmt: skip


def _recovery(row: Repaired) -> shapes.Recovery:
    return shapes.Recovery(
        plan=row.plan_id, failure=row.cls, strategy=row.strategy, outcome=row.outcome, signature=row.signature,
        count=row.count,
    )  # fmt: skip


def _cost(row: Bill) -> shapes.Cost:
    return shapes.Cost(
        day=row.day, plan=row.plan_id, repo=row.repo, task="", purpose=row.purpose, model=row.model, calls=row.calls,
        input=row.usage.input, cached=row.usage.cache_read, output=row.usage.output,
        cost=format(row.cost, "f"), unpriced=row.unpriced,
        held=format(row.held, "f"), said=between(row.calls, row.unpriced, row.cost, row.held),
    )  # fmt: skip
