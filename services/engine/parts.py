"""What the engine is handed: its settings, time, timers, and a way to run something beside it.

Narrow on purpose: the engine neither reads a clock nor starts tasks nor knows the environment, so a simulation can
hand in its own.
"""

import functools
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from services.agents.embedding import Embedder
from services.agents.models import Models
from services.core.board import Run
from services.core.choose import Rules
from services.core.clock import Clock
from services.core.forecast import Forecast, forecast
from services.core.lengths import Lengths
from services.core.patience import Patience
from services.core.places import Limits, Places
from services.core.plan import Plan
from services.engine.counted import Counts
from services.engine.diagnoses import Diagnoses
from services.engine.workers import Workers
from services.github import GitHub
from services.github.person import Person
from services.store.attempts import Attempts
from services.store.checkpoints import Checkpoints
from services.store.dashboards import Dashboards
from services.store.delegations import Delegations
from services.store.drafts import Drafts
from services.store.gates import Gates
from services.store.ledger import Ledger
from services.store.lessons import Lessons
from services.store.past import PastTasks
from services.store.plans import Plans
from services.store.recoveries import Recoveries
from services.store.requests import Requests
from services.store.runs import Runs
from services.store.trials import Trials
from services.tracing import Tracing, Untraced

WRITE = ("write", "maintain", "admin")
"""Roles that can write to a repository."""


class Spawn(Protocol):
    """Runs a coroutine beside the caller, in the process's task group; an error in it is logged under `name` and ends
    nothing else.
    """

    def __call__(self, name: str, work: Coroutine[object, object, None], /) -> None: ...


class Timers(Protocol):
    """Calls back after a number of seconds; what is not due when the process ends is found again from the store."""

    def after(self, seconds: float, call: Callable[[], None], /) -> None: ...


class Others(Protocol):
    """Tells other processes what concerns them; StoreError when that can't be said now, and then their sweep finds it.

    wake: something happened to these tasks of a run that is conducted elsewhere.  doubt: what caches hold is doubtful.
    gate: something happened to what the gates of these pull requests show.  pull: one may be the work of a task that is
    conducted elsewhere, or has left the merge queue with this head.
    """

    async def wake(self, plan_id: str, run_id: str, tasks: Sequence[str], /) -> None: ...

    async def doubt(self, repo: str, subjects: Sequence[str], /) -> None: ...

    async def gate(self, places: Sequence[tuple[str, int]], /) -> None: ...

    async def pull(
        self, repo: str, number: int, /, *, is_new: bool = False, sha: str = "", reason: str = ""
    ) -> None: ...


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """workers: attempts at a time; per_installation, per_repo, per_agent and per_group (of one run): in one of those,
    0 = no limit of its own.
    comment_interval: seconds between two edits of one comment.  checks_none: merge without checks where a repository
    has no workflows.  checks_grace: seconds in which Actions must have begun on a pull request, where there are
    workflows.  public_url: of the pages.  github_url: of the site, as people see it.  task_patience: days a task may be
    worked on, review_patience: days its pull request may wait; 0 = for ever.  models: those that tasks choose among,
    None where there is one for all.  lessons_auto: pull requests that make a lesson
    active by themselves, 0 = none.  on_exceed: what follows when a budget is used up.  warn: from which share of one
    on that is told.
    """

    workers: int = 4
    per_installation: int = 0
    per_repo: int = 0
    per_agent: int = 0
    per_group: int = 0
    comment_interval: float = 10.0
    checks_none: bool = False
    checks_grace: float = 60.0
    public_url: str = ""
    github_url: str = "https://github.com"
    require_other: bool = False
    task_patience: float = 3.0
    review_patience: float = 30.0
    models: Rules | None = None
    lessons_auto: int = 0
    on_exceed: Literal["stop", "pause", "downgrade"] = "stop"
    warn: Decimal = Decimal("0.8")

    @property
    def patience(self) -> Patience:
        """The same as times."""
        task, review = timedelta(days=self.task_patience), timedelta(days=self.review_patience)
        return Patience(task=task or None, review=review or None)

    @property
    def limits(self) -> Limits:
        """Places per lane."""
        return Limits(
            total=self.workers,
            installation=self.per_installation or self.workers,
            repo=self.per_repo or self.workers,
            agent=self.per_agent or self.workers,
            group=self.per_group or self.workers,
        )


class Parts(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything the engine's modules share. `others` is None where a process is alone; `gates` where no pull requests
    of people are looked at; `lengths` is what is known of how long tasks take. models: None where no model is set;
    ledger: of what they cost; attempts: of what came of each; drafts: of plans that they were asked for. trials: of
    merges that are tried. lessons: of what reviews asked for. past: tasks that have merged. embedder: a second opinion
    on which of them are alike. requests: commands that were given here. recoveries: repairs, and what came of each.
    counts: whoever counts what became of attempts, failures and repairs, and how long things took. traces: whoever is
    told where time goes. person: in whose name Copilot is asked, None where no such token is set.
    """

    settings: EngineSettings
    plans: Plans
    runs: Runs
    checkpoints: Checkpoints
    github: GitHub
    workers: Workers
    clock: Clock
    spawn: Spawn
    timers: Timers
    traces: Tracing = Untraced()
    others: Others | None = None
    gates: Gates | None = None
    delegations: Delegations | None = None
    models: Models | None = None
    ledger: Ledger | None = None
    attempts: Attempts | None = None
    drafts: Drafts | None = None
    trials: Trials | None = None
    dashboards: Dashboards | None = None
    lessons: Lessons | None = None
    past: PastTasks | None = None
    embedder: Embedder | None = None
    requests: Requests | None = None
    recoveries: Recoveries | None = None
    person: Person | None = None
    lengths: Lengths = msgspec.field(default_factory=Lengths)
    counts: Counts | None = None
    diagnoses: Diagnoses = msgspec.field(default_factory=Diagnoses)

    @functools.cached_property
    def places(self) -> Places:
        """Of all attempts; the driver gives them away, and hears how many there are."""
        return Places(self.settings.limits)

    @property
    def limits(self) -> Limits:
        """Places per lane, as many as there are; while no worker is there, as many as one would bring."""
        return self.places.limits if self.places.limits.total else self.settings.limits

    async def slots(self) -> int:
        """Places of all workers that are there; for pages."""
        return self.places.limits.total

    def ahead(self, plan: Plan, run: Run | None) -> Forecast:
        """What is to be expected of a plan, or of its run."""
        states = run.tasks if run is not None else {}
        return forecast(plan, states, self.lengths.guess, self.limits.total, self.clock.now())
