"""A store with a run in it, put there as the engine would."""

from collections.abc import Iterable
from datetime import datetime

from services.core.board import Decision, Moment, Run
from services.core.plan import Parsed, Plan
from services.core.task_state import TaskState
from services.store.db import Database
from services.store.plans import PlanRow, Plans
from services.store.runs import Runs
from tests.kit.plans import NOW, plan, task


async def stored_run(
    database: Database,
    *states: TaskState,
    run_id: str = "r1",
    number: int = 1,
    repo: str = "acme/platform",
    now: datetime = NOW,
) -> Run:
    """A run that is under way, of a plan with exactly these tasks."""
    of = plan(*(task(state.id) for state in states))
    await Plans(database).save(stored_plan(of, number, repo), now)
    run = Run(
        id=run_id, plan_id=f"{repo}#{number}", repo=repo, number=number, plan=of,
        tasks={state.id: state for state in states}, actor="ana", approver="ben", started_at=now,
    )  # fmt: skip
    assert await Runs(database).create(run, Decision(run_id=run_id, state="running"), now) is not None
    return run


async def now_stand(database: Database, run: Run, states: Iterable[TaskState], now: datetime = NOW) -> None:
    """These tasks of a run have changed."""
    await Runs(database).commit(run.plan_id, Decision(run_id=run.id, state=run.state, changed=tuple(states)), now)


async def run_over(database: Database, run: Run, at: datetime) -> None:
    """The run is done."""
    moment = Moment(task="", kind="run", before="running", after="done")
    decision = Decision(run_id=run.id, state="done", finished_at=at, history=(moment,))
    await Runs(database).commit(run.plan_id, decision, at)


def stored_plan(of: Plan, number: int, repo: str = "acme/platform") -> PlanRow:
    """The row of a plan issue with this number."""
    return PlanRow(
        id=f"{repo}#{number}", repo=repo, number=number, title="A plan", hash=of.hash,
        parsed=Parsed(plan=of, problems=(), tasks=of.tasks), author="ana", issue_id=str(number),
    )  # fmt: skip
