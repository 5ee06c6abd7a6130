"""Endpoints that tell why one task stands as it does: what holds it back, what its log says, what it changed, and what
was repaired.
"""

import asyncio

from bot.api import shapes
from bot.api.desk import Desk
from bot.api.reading import in_sight, run_id, task_in_sight, time_of
from bot.api.routes import Page, TaskAsked, Text, endpoint
from bot.web.task_view import trouble_of, waits_of
from bot.web.viewer import Viewer
from services.store.recoveries import Row
from services.store.reports import Repaired

MOST = 1_000
"""Attempts of a task that are told of."""


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/waits", tag="tasks",
    summary="What holds a task back, through all it needs, to what somebody can act on.", asked=TaskAsked,
    gives=Page[shapes.Wait],
)  # fmt: skip
async def waits(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Page[shapes.Wait]:
    await task_in_sight(desk, viewer, asked)
    _, run = await in_sight(desk, viewer, asked)
    if run is None:
        return Page(items=[])
    found = await asyncio.to_thread(waits_of, run, asked.task)
    return Page(items=[shapes.Wait(depth=depth, text=text) for depth, text in found])


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/diagnosis", tag="tasks",
    summary="What the log of its newest attempt says went wrong, `unknown` where it says nothing.", asked=TaskAsked,
    gives=shapes.Diagnosis,
)  # fmt: skip
async def diagnosis(desk: Desk, viewer: Viewer, asked: TaskAsked) -> shapes.Diagnosis:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    log = await desk.shown.log(run, asked.task) if run else ""
    found = await asyncio.to_thread(trouble_of, log)
    if found is None:
        return shapes.Diagnosis(failure="unknown", meaning="", confidence=0.0, evidence=[])
    return shapes.Diagnosis(
        failure=found.cls, meaning=found.meaning, confidence=found.confidence,
        evidence=[shapes.Line(line=number, text=text) for number, text in found.lines],
    )  # fmt: skip


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/diff", tag="tasks",
    summary="What its newest attempt that came to a commit changed, as git writes it; empty when it is not kept.",
    asked=TaskAsked, gives=Text,
)  # fmt: skip
async def diff(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Text:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    return Text(await desk.shown.diff(run, asked.task) if run else "")


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/repairs", tag="recoveries",
    summary="What was done about its failed checks, oldest first.", asked=TaskAsked, gives=Page[shapes.Repair],
)  # fmt: skip
async def repairs(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Page[shapes.Repair]:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    rows = await desk.repairs.of_task(run, asked.task) if run else []
    return Page(items=[repair(row, asked.plan_id, asked.task) for row in rows])


@endpoint(
    "GET", "/plans/{owner}/{repo}/{number}/tasks/{task}/attempts", tag="tasks",
    summary="The attempts of a task, the newest first, and why each had its model.", asked=TaskAsked,
    gives=Page[shapes.Attempt],
)  # fmt: skip
async def attempts(desk: Desk, viewer: Viewer, asked: TaskAsked) -> Page[shapes.Attempt]:
    await task_in_sight(desk, viewer, asked)
    run = await run_id(desk, asked)
    rows = await desk.reports.effects(run, asked.task, MOST, kind="attempt") if run else []
    chosen = {each.attempt: each.chosen for each in await desk.reports.attempts.of(run, asked.task)} if run else {}
    found = []
    for row in rows:
        number, _, kind = row.key.removeprefix(f"{run}/{asked.task}/").partition("/")
        if kind != "attempt" or not number.isdigit():
            continue
        why = chosen.get(int(number))
        found.append(
            shapes.Attempt(
                key=row.key, kind=kind, state=row.state, tries=row.tries, note=row.note, began_at=time_of(row.began),
                ended_at=time_of(row.ended), number=int(number), model=why.model if why is not None else "",
                chosen=why.why if why is not None else "",
            )
        )  # fmt: skip
    return Page(items=found)


def repair(row: Row | Repaired, plan: str, task: str) -> shapes.Repair:
    return shapes.Repair(
        plan=plan, task=task, failure=row.cls, strategy=row.strategy, outcome=row.outcome, signature=row.signature,
        at=row.at,
    )  # fmt: skip
