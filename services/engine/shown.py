"""What is shown of plans and runs: read from the store alone, so it needs no engine, and any process can show it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from services.core.board import Run
from services.core.cost import Spent
from services.core.forecast import Forecast, forecast
from services.core.lengths import Lengths
from services.core.plan import Plan
from services.core.spending import Work
from services.core.steps import DIFF, Trail, keys_of, trail
from services.engine.advised import advised
from services.engine.readable import Readable
from services.store.attempts import Attempts
from services.store.checkpoints import Checkpoints
from services.store.ledger import Ledger
from services.store.plans import PlanRow, Plans
from services.store.runs import Runs, Told

FRESH = timedelta(minutes=1)
"""How old what is known of lengths may be."""

RUNS = 100
"""Runs of which it is remembered where their tasks work."""


class Shown:
    """Asks GitHub nothing and changes nothing. largest: of the models that tasks choose among, "" for no choice.
    workers: attempts at a time, where `slots` does not say how many places all workers have, or none is there.
    """

    def __init__(
        self,
        plans: Plans,
        runs: Runs,
        checkpoints: Checkpoints,
        workers: int = 4,
        ledger: Ledger | None = None,
        attempts: Attempts | None = None,
        largest: str = "",
        slots: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._ledger, self._attempts, self._largest = ledger, attempts, largest
        self._plans, self._runs, self._checkpoints = plans, runs, checkpoints
        self._workers, self._slots, self._places = workers, slots, workers
        self._lengths = Lengths()
        self._lengths_of: datetime | None = None
        self._repos: dict[str, dict[str, str]] = {}

    async def plans(self, limit: int = 50) -> list[tuple[PlanRow, Run | None]]:
        """The newest plans with their newest runs, as far as those can be read."""
        rows, readable = await self._plans.newest(limit), Readable()
        return [(row, await readable.of(self._runs.of_plan(row.id))) for row in rows]

    async def stored(self, plan_id: str) -> tuple[PlanRow, Run | None] | None:
        """One plan as the store has it; asks GitHub nothing."""
        row = await self._plans.get(plan_id)
        return (row, await self._runs.of_plan(plan_id)) if row is not None else None

    async def spent(self, plan_id: str) -> list[Spent]:
        """What models have cost for a plan and all its runs."""
        return await self._ledger.spent(plan_id) if self._ledger is not None else []

    async def works(self, plan_id: str) -> list[Work]:
        """All attempts of models at the tasks of a plan, in all its runs."""
        return await self._attempts.works(plan_id) if self._attempts is not None else []

    async def follows(self, plan_id: str, works: Sequence[Work]) -> list[str]:
        """What these attempts at the tasks of a plan advise."""
        if self._attempts is None:
            return []
        repos = {work.repo for work in works}  # what others cost, who looks may not be able to read
        return await advised(self._attempts, plan_id, works, self._largest, repos)

    async def outlook(self, now: datetime) -> Callable[[Plan, Run | None], Forecast]:
        """Says what is to be expected of a plan, or of its run; may be asked in any thread."""
        if self._lengths_of is None or now - self._lengths_of >= FRESH:
            self._places = (await self._slots() if self._slots is not None else 0) or self._workers
            self._lengths, self._lengths_of = Lengths(await self._runs.samples()), now
        lengths, places = self._lengths, self._places
        return lambda plan, run: forecast(plan, run.tasks if run else {}, lengths.guess, places, now)

    async def repo_of(self, run_id: str, task: str) -> str:
        """Where a task of a run works; "" for one that is not known."""
        known = self._repos.get(run_id)
        if known is None or task not in known:  # a plan that was edited may have new ones
            run = await self._runs.load(run_id)
            if run is None:
                return ""
            former = {each.id: each.was.repo for each in run.former.values() if each.was is not None}
            known = self._repos[run_id] = former | {each.id: each.repo for each in run.plan.tasks}
            while len(self._repos) > RUNS:
                self._repos.pop(next(iter(self._repos)))
        return known.get(task, "")

    async def history(self, plan_id: str, limit: int = 100) -> list[Told]:
        return await self._runs.history(plan_id, limit)

    async def trails(self, run: Run, tasks: Iterable[str]) -> dict[str, Trail]:
        """How far the newest attempts of these tasks have come; tasks that were never tried are left out."""
        tried = [run.tasks[task] for task in tasks if run.tasks[task].attempt]
        written = await self._checkpoints.newest(run.id, [task.id for task in tried])
        keys = {task.id: keys_of(run.id, task) for task in tried}
        rows = await self._checkpoints.effects([key for each in keys.values() for key in each.values()])
        return {
            task.id: trail(
                task,
                written.get(task.id, ()),
                {kind: rows[key] for kind, key in keys[task.id].items() if key in rows},
                verifies=bool(run.plan.by_id[task.id].verify.strip()),
            )
            for task in tried
        }

    async def diff(self, run_id: str, task: str) -> str:
        """What the newest attempt that came to a commit changed, as git writes it; "" when that is not kept."""
        return await self._checkpoints.text(run_id, task, DIFF)

    async def log(self, run_id: str, task: str) -> str:
        return await self._runs.log(run_id, task)
