"""Endpoints that look at plans and their tasks. Everything goes through `sight` before anything is made of it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from bot.api import shapes
from bot.api.desk import Desk
from bot.api.paging import cursor, following, key_of, part
from bot.api.problems import Refusal
from bot.api.routes import Nothing, Page, Paged, PlanAsked, PlanPaged, TaskAsked, Text, endpoint
from bot.version import version
from bot.web import sight
from bot.web.sight import Stored
from bot.web.viewer import Viewer
from bot.web.views import HIDDEN, Places, Seen
from services.core import groups as groups_of
from services.core import plan as plans_of
from services.core.board import Run
from services.core.clock import to_text
from services.core.task_state import TaskState
from services.store.reports import PlanLine
from services.store.runs import Told


class PlansAsked(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plans. repo: of an owner or a repository; words: in title or name."""

    state: Annotated[str, Meta(max_length=20)] = ""
    repo: Annotated[str, Meta(max_length=201)] = ""
    words: Annotated[str, Meta(max_length=100)] = ""


class TasksAsked(PlanPaged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks of a plan."""

    state: Annotated[str, Meta(max_length=20)] = ""


@endpoint("GET", "/me", tag="access", summary="Who asks, and what they may.", gives=shapes.Me)
async def me(desk: Desk, viewer: Viewer, _: Nothing) -> shapes.Me:
    return shapes.Me(
        login=viewer.login, via=viewer.via, scopes=sorted(viewer.scopes), version=version(), csrf=viewer.csrf
    )


@endpoint(
    "GET", "/plans", tag="plans", summary="Plans; what began last comes first.", asked=PlansAsked,
    gives=Page[shapes.Plan],
)  # fmt: skip
async def plans(desk: Desk, viewer: Viewer, asked: PlansAsked) -> Page[shapes.Plan]:
    key = key_of(asked.cursor, str, str)
    before = (str(key[0]), str(key[1])) if key else ("", "")
    words = {
        name: value.replace("\0", "")
        for name, value in (("state", asked.state), ("repo", asked.repo), ("words", asked.words))
    }
    reach = await sight.reach(viewer, lambda: desk.reports.plan_repos(**words, before=before))
    rows = await desk.reports.plans(**words, before=before, limit=asked.limit + 1, repos=reach.repos, since=reach.since)
    onward = following(rows, asked.limit, lambda row: (row.at, row.id), reach, asked.cursor)
    return Page(items=[_plan(row) for row in rows[: asked.limit]], next=onward)


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}", tag="plans", summary="One plan and its newest run.", asked=PlanAsked,
    gives=shapes.Whole,
)  # fmt: skip
async def plan(desk: Desk, viewer: Viewer, asked: PlanAsked) -> shapes.Whole:
    stored = await in_sight(desk, viewer, asked)
    row, run = stored
    now = desk.clock.now()
    seen = Seen(row, run, Places(""), now, await desk.shown.outlook(now))
    counts = Counter(str(state.state) for state in run.tasks.values()) if run is not None else Counter()
    ahead = seen.ahead
    goes_on = run is not None and run.state == "running" and not ahead.waits and ahead.slack
    end = now + timedelta(seconds=ahead.seconds) if goes_on else None
    return shapes.Whole(
        id=row.id, repo=row.repo, number=row.number, title=row.title, author=row.author, version=row.hash,
        approved=row.is_approved, approved_by=row.approved_by, approved_at=row.approved_at, file=row.file,
        state=run.state if run is not None else "planned", run=run.id if run is not None else "",
        actor=run.actor if run is not None else "", counts=dict(counts), critical=list(seen.critical),
        started_at=time_of(run.started_at if run is not None else None),
        finished_at=time_of(run.finished_at if run is not None else None), end_at=time_of(end),
        hidden=len(sight.hidden_tasks(stored)),
        problems=[shapes.Problem(message=each.message, line=each.line, severity=each.severity)
                  for each in row.parsed.problems],
    )  # fmt: skip


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/groups", tag="plans",
    summary="The groups of a plan's newest run: how far each is, and what of it is where.", asked=PlanAsked,
    gives=Page[shapes.Group],
)  # fmt: skip
async def groups(desk: Desk, viewer: Viewer, asked: PlanAsked) -> Page[shapes.Group]:
    _, run = await in_sight(desk, viewer, asked)
    return Page(items=[_group(run, name) for name in run.plan.groups] if run is not None else [])


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks", tag="tasks", summary="Tasks of a plan, in its order.",
    asked=TasksAsked, gives=Page[shapes.Task],
)  # fmt: skip
async def tasks(desk: Desk, viewer: Viewer, asked: TasksAsked) -> Page[shapes.Task]:
    stored = await in_sight(desk, viewer, asked)
    found = [each for each in _tasks(stored) if not asked.state or each.state == asked.state]
    shown, following = part(found, asked.cursor, asked.limit)
    return Page(items=list(shown), next=following)


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}", tag="tasks", summary="One task.", asked=TaskAsked,
    gives=shapes.Task,
)  # fmt: skip
async def task(desk: Desk, viewer: Viewer, asked: TaskAsked) -> shapes.Task:
    return await task_in_sight(desk, viewer, asked, hidden=True)


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/effects", tag="tasks",
    summary="What was done outside for a task, attempts too, the newest first; 200 at most.", asked=TaskAsked,
    gives=Page[shapes.Effect],
)  # fmt: skip
async def effects(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Page[shapes.Effect]:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    rows = await desk.reports.effects(run, asked.task) if run else []
    return Page(
        items=[
            shapes.Effect(
                key=row.key, kind=row.key.removeprefix(f"{run}/{asked.task}/").partition("/")[2].partition("/")[0],
                state=row.state, tries=row.tries, note=row.note, began_at=time_of(row.began),
                ended_at=time_of(row.ended),
            )
            for row in rows
        ]
    )  # fmt: skip


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/checkpoints", tag="tasks",
    summary="The steps that its attempts have finished, oldest first.", asked=TaskAsked,
    gives=Page[shapes.Checkpoint],
)  # fmt: skip
async def checkpoints(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Page[shapes.Checkpoint]:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    rows = await desk.reports.steps(run, asked.task) if run else []
    return Page(
        items=[
            shapes.Checkpoint(attempt=row.attempt, step=row.step, at=time_of(row.at), seconds=row.seconds)
            for row in rows
        ]
    )


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/log", tag="tasks",
    summary="The end of what its newest attempt printed.", asked=TaskAsked, gives=Text,
)  # fmt: skip
async def log(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Text:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    return Text(await desk.shown.log(run, asked.task) if run else "")


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/history", tag="plans", summary="A plan's history, the newest first.",
    asked=PlanPaged, gives=Page[shapes.Moment],
)  # fmt: skip
async def history(desk: Desk, viewer: Viewer, asked: PlanPaged) -> Page[shapes.Moment]:
    stored = await in_sight(desk, viewer, asked)
    key = key_of(asked.cursor, int)
    rows = await desk.reports.history(stored[0].id, before=max(1, int(key[0])) if key else 0, limit=asked.limit)
    following = cursor(rows[-1].seq) if len(rows) == asked.limit else ""
    told = await sight.told(viewer, desk.shown, rows)
    return Page(items=[_moment(stored[0].id, row) for row in told], next=following)


async def in_sight(desk: Desk, viewer: Viewer, asked: PlanAsked) -> Stored:
    found = await desk.shown.stored(asked.plan_id)
    seen = await sight.in_sight(viewer, found) if found is not None else None
    if seen is None:
        raise Refusal(404)
    return seen


async def task_in_sight(desk: Desk, viewer: Viewer, asked: TaskAsked, *, hidden: bool = False) -> shapes.Task:
    """hidden: that it is there may be told of one that the asker can't look into."""
    stored = await in_sight(desk, viewer, asked)
    found = next((each for each in _tasks(stored) if each.id == asked.task), None)
    if found is None or (found.hidden and not hidden):
        raise Refusal(404)
    return found


async def run_id(desk: Desk, asked: PlanAsked) -> str:
    found = await desk.shown.stored(asked.plan_id)
    return found[1].id if found is not None and found[1] is not None else ""


def _group(run: Run, name: str) -> shapes.Group:
    barrier = groups_of.barrier_of(run, name)
    return shapes.Group(
        name=name, phase=barrier.phase, missing=list(groups_of.missing(run, name)), broke=barrier.broke,
        why=barrier.why, rollback=groups_of.policy(run.plan, name),
        members=[_member(run.tasks[each]) for each in groups_of.order(run, name)],
    )  # fmt: skip


def _member(state: TaskState) -> shapes.Member:
    return shapes.Member(
        task=state.id, state=state.state, pull=state.pull, proven=state.head_sha if groups_of.is_ready(state) else "",
        merged=state.merge_sha, taken_back_by=max(state.revert, 0),
    )  # fmt: skip


def _tasks(stored: Stored) -> list[shapes.Task]:
    row, run = stored
    specs = run.plan.tasks if run is not None else row.parsed.plan.tasks if row.parsed.plan is not None else ()
    states = run.tasks if run is not None else {}
    return [_task(each, states.get(each.id) or TaskState(id=each.id)) for each in specs]


def _task(spec: plans_of.Task, state: TaskState) -> shapes.Task:
    return shapes.Task(
        id=spec.id, title=spec.title, repo="" if spec.repo == HIDDEN else spec.repo, state=state.state,
        reason=state.reason, needs=list(spec.needs), agent=spec.agent, group=spec.group,
        priority=spec.priority if state.priority is None else state.priority, model=state.model or spec.model,
        budget=state.budget or spec.budget, attempt=state.attempt, issue=state.issue, pull=state.pull,
        head=state.head_sha, merged=state.merge_sha, held=state.held, since=time_of(state.since),
        started_at=time_of(state.started_at), finished_at=time_of(state.finished_at), hidden=spec.repo == HIDDEN,
    )  # fmt: skip


def _plan(line: PlanLine) -> shapes.Plan:
    return shapes.Plan(
        id=line.id, repo=line.repo, number=line.number, title=line.title, state=line.state, approved=line.approved,
        run=line.run_id, actor=line.actor, changed_at=line.at, started_at=line.started_at,
        finished_at=line.finished_at, counts=dict(line.counts),
    )  # fmt: skip


def _moment(plan_id: str, row: Told) -> shapes.Moment:
    values = msgspec.structs.asdict(row)
    return shapes.Moment(plan=plan_id, run=values.pop("run_id"), **values)


def time_of(moment: datetime | None) -> str:
    return to_text(moment) if moment is not None else ""
