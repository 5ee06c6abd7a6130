"""What of a plan somebody may see who may not read all of its repositories.

The plan itself is for those who may read the repository of its issue. Of a task in a repository that they may not read
they see that it is there, what it needs and its state; its title, where it works, what it printed, why it stands still
and what it has cost belong to its own repository. Everything shown of a plan goes through here first.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec

from bot.web.viewer import Viewer
from bot.web.views import HIDDEN
from services.core.board import Run
from services.core.cost import Spent
from services.core.groups import Barrier
from services.core.plan import Parsed, Plan, Task
from services.core.spending import Work
from services.core.task_state import TaskState
from services.core.troublespots import Failed
from services.engine.shown import Shown
from services.store.plans import PlanRow
from services.store.reports import Bill, Repaired, Reports
from services.store.runs import Told

replace = msgspec.structs.replace
Stored = tuple[PlanRow, Run | None]
STEP, LOOKS = 500, 10
"""Rows that are looked through at a time for those that somebody may see, and how often."""
BEGINNING = ("9999", "")
"""Before everything, for lists that begin with what is newest."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What of a list can be shown now. repos: of these, None for all.  since: newer than this alone, as there is more
    that GitHub was not asked about yet: with what is remembered then, the next look goes on from there.
    """

    repos: tuple[str, ...] | None = None
    since: str = ""


async def hidden_from(viewer: Viewer, repos: Collection[str]) -> frozenset[str]:
    """Which of these repositories this person may not read; for now those too that were too many to ask about."""
    if viewer.sees_all:
        return frozenset()
    return frozenset([repo for repo in sorted(repos) if not await viewer.looks(repo)])


async def reach(viewer: Viewer, newest: Callable[[], Awaitable[Sequence[tuple[str, str]]]]) -> Reach:
    """newest: what gives the repositories that a list has rows of, each with the moment of its newest, newest first."""
    if viewer.sees_all:
        return Reach()
    looked = [(await viewer.looks(repo), repo, at) for repo, at in await newest()]
    late = [at for sees, _, at in looked if sees is None]
    return Reach(repos=tuple(repo for sees, repo, _ in looked if sees), since=late[0] if late else "")


async def in_sight(viewer: Viewer, stored: Stored) -> Stored | None:
    """A plan and its run as this person may see them; None: not at all."""
    if not await viewer.sees(stored[0].repo):
        return None
    return without(stored, await hidden_from(viewer, repos_in(stored)))


def repos_in(stored: Stored) -> frozenset[str]:
    """Every repository that something of the plan is in."""
    row, run = stored
    plans = [plan for plan in (row.parsed.plan, run.plan if run is not None else None) if plan is not None]
    former = [task.was.repo for task in run.former.values() if task.was is not None] if run is not None else []
    listed = [task.repo for task in row.parsed.tasks]
    return frozenset([*(repo for plan in plans for repo in plan.repos), *former, *listed])


def without(stored: Stored, hidden: Collection[str]) -> Stored:
    """The same with nothing of these repositories."""
    row, run = stored
    if not hidden:
        return stored
    parsed = row.parsed
    plan = _plan(parsed.plan, hidden) if parsed.plan is not None else None
    row = replace(row, parsed=Parsed(plan=plan, problems=parsed.problems, tasks=tuple(_tasks(parsed.tasks, hidden))))
    return row, _run(run, hidden) if run is not None else None


async def told(viewer: Viewer, shown: Shown, history: Sequence[Told]) -> list[Told]:
    """The lines of a history, of all runs of a plan, without what was said of tasks that were elsewhere then."""
    if viewer.sees_all:
        return list(history)
    keys = {(line.run_id, line.task) for line in history if line.task}
    repos = {key: await shown.repo_of(*key) for key in sorted(keys)}
    hidden = {"", *await hidden_from(viewer, {repo for repo in repos.values() if repo})}
    gone = {key for key, repo in repos.items() if repo in hidden}
    return [replace(line, text="", actor="") if (line.run_id, line.task) in gone else line for line in history]


async def works(viewer: Viewer, made: Sequence[Work]) -> list[Work]:
    """The attempts that this person may see, of all runs of a plan: each by the repository that it was made in."""
    hidden = await hidden_from(viewer, {work.repo for work in made})
    return [work for work in made if work.repo not in hidden]


async def spent(viewer: Viewer, shown: Shown, stored: Stored) -> list[Spent]:
    """What is not for hidden tasks, nor for any that were in a hidden repository in a run before."""
    costs = await shown.spent(stored[0].id)
    if viewer.sees_all or not costs:
        return costs
    made = await shown.works(stored[0].id)
    seen = await works(viewer, made)
    hidden = hidden_tasks(stored) | {work.task for work in made if work not in seen}
    return [each for each in costs if each.task not in hidden]


async def bills(viewer: Viewer, rows: Sequence[Bill]) -> list[Bill]:
    """Those of plans and repositories that this person may read."""
    homes = {row.plan_id: row.plan_id.rpartition("#")[0] for row in rows}
    hidden = await hidden_from(viewer, {*homes.values(), *(row.repo for row in rows)})
    return [row for row in rows if not {homes[row.plan_id], row.repo} & hidden]


async def repairs(viewer: Viewer, rows: Sequence[Repaired]) -> list[Repaired]:
    """Those of plans and repositories that this person may read; of the oldest nobody knows where they were made."""
    if viewer.sees_all:
        return list(rows)
    homes = {row.plan_id: row.plan_id.rpartition("#")[0] for row in rows}
    hidden = {"", *await hidden_from(viewer, {*homes.values(), *(row.repo for row in rows)} - {""})}
    return [row for row in rows if not {homes[row.plan_id], row.repo} & hidden]


async def newest_repairs(viewer: Viewer, reports: Reports, limit: int) -> list[Repaired]:
    """The newest that this person may see: others do not take their places."""
    found: list[Repaired] = []
    for look in range(LOOKS):
        rows = await reports.newest_repairs(STEP, skip=look * STEP)
        found += await repairs(viewer, rows)
        if len(rows) < STEP or len(found) >= limit:
            break
    return found[:limit]


async def failed(viewer: Viewer, rows: Sequence[tuple[str, Failed]]) -> list[Failed]:
    """Attempts that failed, each with its plan: those of plans and repositories that this person may read."""
    homes = {plan_id: plan_id.rpartition("#")[0] for plan_id, _ in rows}
    hidden = await hidden_from(viewer, {*homes.values(), *(each.repo for _, each in rows)})
    return [each for plan_id, each in rows if not {homes[plan_id], each.repo} & hidden]


def hidden_tasks(stored: Stored) -> frozenset[str]:
    """The ids of tasks of which nothing but their state is in sight."""
    row, run = stored
    plan = run.plan if run is not None else row.parsed.plan
    gone = [task.id for task in run.former.values() if task.was and task.was.repo == HIDDEN] if run is not None else []
    return frozenset([*(task.id for task in plan.tasks if task.repo == HIDDEN), *gone]) if plan else frozenset(gone)


def _run(run: Run, hidden: Collection[str]) -> Run:
    unseen = {task.id for task in run.plan.tasks if task.repo in hidden}
    return replace(
        run,
        plan=_plan(run.plan, hidden),
        barriers={name: _barrier(barrier, unseen) for name, barrier in run.barriers.items()},
        tasks={task_id: _state(state) if task_id in unseen else state for task_id, state in run.tasks.items()},
        former={task_id: state for task_id, state in run.former.items() if state.was and state.was.repo not in hidden},
    )


def _barrier(barrier: Barrier, unseen: Collection[str]) -> Barrier:
    heads = {task: sha for task, sha in barrier.heads.items() if task not in unseen}
    broke, why = ("", "") if barrier.broke in unseen else (barrier.broke, barrier.why)
    return replace(barrier, heads=heads, broke=broke, why=why)


def _plan(plan: Plan, hidden: Collection[str]) -> Plan:
    return replace(plan, tasks=tuple(_tasks(plan.tasks, hidden)))


def _tasks(tasks: Sequence[Task], hidden: Collection[str]) -> list[Task]:
    return [
        Task(id=task.id, title="A task elsewhere", repo=HIDDEN, needs=task.needs, done=task.done, timeout=task.timeout)
        if task.repo in hidden
        else task
        for task in tasks
    ]


def _state(state: TaskState) -> TaskState:
    return TaskState(
        id=state.id, state=state.state, since=state.since, started_at=state.started_at, finished_at=state.finished_at
    )
