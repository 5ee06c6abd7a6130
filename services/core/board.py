"""A run in memory: its values, and the board on which it stands with what is asked of it all the time.

`core.conduct` decides over a board and never changes it; what it decided is a value too, and once that is stored,
`Board.apply` takes it over.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from services.core import graph
from services.core.acting import acting, spread
from services.core.groups import Barrier
from services.core.lengths import Lengths, sample_of
from services.core.overlap import Rivals
from services.core.places import Use
from services.core.plan import Plan, Task
from services.core.ready import ReadyQueue
from services.core.records import Try
from services.core.repairs import Repair, next_due
from services.core.schedule import Candidate
from services.core.task_state import State, TaskState, is_queued, unheld_since

AHEAD = 1e9
"""Seconds by which the chain behind what has begun counts as longer; none is really as long."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
RunState = Literal["running", "paused", "done", "failed", "cancelled"]
GOING: frozenset[RunState] = frozenset({"running", "failed"})
"""States in which something may be started and merged."""
ActionKind = Literal[
    "track",
    "attempt",
    "open_pull",
    "checks",
    "merge",
    "tidy",
    "label",
    "mark",
    "finish",
    "update_branch",
    "discard",
    "assign",
    "dequeue",
    "revert",
    "withdraw",
    "rerun",
    "muster",
    "integrate",
    "recall",
    "deploy",
]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of an approved plan. `plan` is the approved text, never the live issue; `tasks` by id, in plan
    order. `former` are those that an edit took out of it while it ran; `barriers`: how far its groups are, by name.
    `resumed_at`: when somebody last let it go on that was held back.

    `actor` started it; `approver` approved it, and nothing is merged that this person could not write to. `trace`:
    the traceparent of what began it, if anybody is told of that.
    """

    id: str
    plan_id: str
    repo: str
    number: int
    plan: Plan
    tasks: dict[str, TaskState]
    state: RunState = "running"
    actor: str = ""
    approver: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    resumed_at: datetime | None = None
    former: dict[str, TaskState] = msgspec.field(default_factory=dict)
    barriers: dict[str, Barrier] = msgspec.field(default_factory=dict)
    trace: str = ""

    def known(self, task_id: str) -> tuple[Task, TaskState] | None:
        """What a task says and where it stands, also when it is in the plan no more."""
        state = self.tasks.get(task_id)
        if state is not None:
            return self.plan.by_id[task_id], state
        state = self.former.get(task_id)
        return (state.was, state) if state is not None and state.was is not None else None


class Action(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A decided effect, as a value. `task` is empty for the run's own; `sha` says which commit it is about, or what is
    called back.
    """

    key: str = ""
    kind: ActionKind
    task: str = ""
    attempt: int = 0
    fence: int = 0
    sha: str = ""


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of history: what happened to which task, and by whom."""

    task: str
    kind: str
    before: str
    after: str
    text: str = ""
    actor: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a whole run: hold everything back, or go on."""

    state: Literal["paused", "running"]
    actor: str = ""
    text: str = ""


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """An edited plan that takes the place of the one that runs: `actor` gave the last of its `required` approvals.

    text: what it changes, in words.
    """

    plan: Plan
    actor: str
    required: int = 1
    text: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What follows: the tasks that changed, the wait keys of those whose keys changed, what to carry out, the history.

    `state`: of the run from now on.  `told`: the pull requests whose comments have something new to say.
    `repairs`: those that are new or over, of which task, in which repository.  `tries`: what is known now of attempts.
    `adopted`: the plan of the run from now on, where that is another one.  `barriers`: of the groups that got further.
    """

    run_id: str
    state: RunState
    finished_at: datetime | None = None
    resumed_at: datetime | None = None
    changed: tuple[TaskState, ...] = ()
    waits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    actions: tuple[Action, ...] = ()
    history: tuple[Moment, ...] = ()
    told: tuple[tuple[str, int], ...] = ()
    repairs: tuple[tuple[str, str, Repair], ...] = ()
    tries: tuple[Try, ...] = ()
    adopted: Adoption | None = None
    barriers: tuple[tuple[str, Barrier], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.changed or self.actions or self.history or self.barriers)


class Board:
    """A run in memory with what is asked of it all the time: who needs whom, how many are where.

    `apply` changes it, and only with a decision that is stored: what is in memory is never ahead of the disk.
    is_doubtful: something may be stored that is not in here.  storing: what is being stored now.
    `ready`, which all runs share, holds those of its tasks that could start, as long as the run is going; `lengths`,
    shared too, learns from those that finish.
    """

    def __init__(self, run: Run, ready: ReadyQueue | None = None, lengths: Lengths | None = None) -> None:
        self.lengths = Lengths() if lengths is None else lengths
        self.ready = ReadyQueue() if ready is None else ready
        self.is_doubtful = False
        self.storing: Decision | None = None
        self._stand(run)

    def _stand(self, run: Run) -> None:
        """What follows from the plan of a run is worked out once for it."""
        self.run = run
        self.specs = {task.id: task for task in run.plan.tasks}
        self._ordered: tuple[str, ...] = ()
        self._behind: dict[str, list[str]] = {}
        self.after = graph.dependants(graph.needs_of(run.plan.tasks))
        self.rivals = Rivals(run.plan)
        self._free_since: dict[str, datetime | None] = {}  # of those that a rival kept from starting; None: one does
        self._count()
        self.uses = _uses(run)
        self._measure()

    def _count(self) -> None:
        tasks = self.run.tasks.values()
        self.counts: Counter[State] = Counter([task.state for task in tasks])
        self.queued = {task.id for task in tasks if is_queued(task)}

    def is_sure_of(self, task: Task) -> bool:
        """Is what is here of a task, and of what it needs, what is stored? Not while a decision about it is on its way,
        or nobody knows if one was stored.
        """
        coming = self.storing
        if self.is_doubtful or coming is None:
            return not self.is_doubtful
        groups = {self.specs[each].group for each in (task.id, *task.needs) if each in self.specs}
        about = {task.id, *task.needs}.union(*(self.run.plan.groups.get(group, ()) for group in groups))
        is_about_all = coming.state != self.run.state or coming.adopted is not None
        return not (is_about_all or coming.barriers or any(each.id in about for each in coming.changed))

    def candidate(self, task: TaskState, resumed_at: datetime | None = None, now: datetime | None = None) -> Candidate:
        """resumed_at: when the run goes on, now: when a rival lets go of it, where that is not stored yet."""
        task_id = task.id
        since = unheld_since(task.since or LONG_AGO, task, resumed_at or self.run.resumed_at)
        if task_id in self._free_since:  # what kept it until then was no want of places
            since = max(since, self._free_since[task_id] or now or since)
        due = next_due(task.repairs, task.attempt)
        return Candidate(
            id=task_id,
            use=self.uses[task_id],
            since=since if due is None or due < since else due,  # who rests waits for no place
            priority=self._priority(task),
            remaining=(self._remaining or self.remaining)[task_id],
            due=due,
        )

    def once_more(self, attempt: Action, since: datetime) -> Candidate | None:
        """An attempt that could be tried again since then; None for one that no longer counts. What has begun goes
        before what has not, where priority and turns are the same, and of those the one with the longest chain.
        """
        task = self.run.tasks.get(attempt.task)
        if task is None or task.state != "running" or task.fence != attempt.fence:
            return None
        return Candidate(
            id=attempt.key,
            use=msgspec.structs.replace(self.uses[task.id], again=True),
            since=since,
            priority=self._priority(task),
            remaining=AHEAD + (self._remaining or self.remaining)[task.id],
        )

    def _priority(self, task: TaskState) -> float:
        return self.specs[task.id].priority if task.priority is None else task.priority

    def apply(self, decision: Decision) -> None:
        """Take over what was decided and stored."""
        self.run.barriers.update(decision.barriers)
        if decision.adopted is not None:
            return self._adopt(decision, decision.adopted)
        tasks, former, counts = self.run.tasks, self.run.former, self.counts
        rivals = self.rivals if self.rivals.are_any else None
        could_start: list[str] = []
        for task in decision.changed:
            task_id, after = task.id, task.state
            if former and task_id in former:
                former[task_id] = task
                continue
            before = tasks[task_id].state
            tasks[task_id] = task
            self._note_queue(task)
            if before == "ready" or after == "ready":
                could_start.append(task_id)
            if rivals is not None:
                could_start += rivals.of(task_id)
            if before != after:
                counts[before] -= 1
                counts[after] += 1
                if after == "done" and self.lengths.is_curious():
                    self._learn(task)
        was_going = self.run.state in GOING
        if decision.state != self.run.state:
            self.run = msgspec.structs.replace(
                self.run, state=decision.state, finished_at=decision.finished_at, resumed_at=decision.resumed_at
            )
        stays = was_going == (self.run.state in GOING)
        if self.edition != self.lengths.edition:
            self._measure()
        else:
            self.offer(dict.fromkeys(could_start) if stays else None, _moment_of(decision))
        return None

    def _adopt(self, decision: Decision, adopted: Adoption) -> None:
        """Another plan runs from now on. What is under way still holds the values of the old one, so those stay."""
        self.withdraw()
        run, changed = self.run, {task.id: task for task in decision.changed}
        tasks = {task.id: changed.get(task.id) or run.tasks[task.id] for task in adopted.plan.tasks}
        gone = {task_id: task for task_id, task in changed.items() if task_id not in tasks}
        self._stand(
            msgspec.structs.replace(
                run,
                plan=adopted.plan,
                approver=adopted.actor,
                tasks=tasks,
                former={**run.former, **gone},
                state=decision.state,
                finished_at=decision.finished_at,
            )
        )

    def _note_queue(self, task: TaskState) -> None:
        if is_queued(task):
            self.queued.add(task.id)
        elif self.queued:
            self.queued.discard(task.id)

    def _learn(self, task: TaskState) -> None:
        sample = sample_of(self.specs[task.id], task)
        if sample is not None:
            self.lengths.learn(sample)

    def _measure(self) -> None:
        """Work out anew how long the chains behind the tasks are, as soon as somebody asks. Only open tasks stand
        behind one that could start, so nothing but other guesses changes that.
        """
        self.edition = self.lengths.edition
        self._remaining: dict[str, float] | None = None
        self.offer()

    @property
    def remaining(self) -> dict[str, float]:
        """id -> seconds of the longest chain from the task on."""
        if self._remaining is None:
            plan = self.run.plan
            if not self._ordered:
                needs = acting(plan, self.specs)
                self._ordered, self._behind = graph.order(needs), graph.dependants(needs) if plan.groups else self.after
            alike: dict[tuple[str, str, int], tuple[float, float]] = {}
            left = {}
            for task in plan.tasks:
                kind = (task.repo, task.agent, task.timeout)
                if kind not in alike:
                    guess = self.lengths.guess(task)
                    alike[kind] = (guess.work, guess.whole)
                left[task.id] = alike[kind]
            self._remaining = graph.longest_behind(self._ordered, self._behind, spread(plan, left))
        return self._remaining

    def renew(self, run: Run) -> None:
        """Take over what is stored: whether the last decision is there was not told. Who holds the board sees it."""
        self.is_doubtful = False
        if run.plan.hash != self.run.plan.hash:
            self.withdraw()
            return self._stand(run)
        self.run.tasks.update(run.tasks)
        self.run = msgspec.structs.replace(run, tasks=self.run.tasks)
        self._count()
        return self.offer()

    def offer(self, task_ids: Iterable[str] | None = None, now: datetime | None = None) -> None:
        """Those of the tasks that could start, of all if none are named, stand in `ready`, and the others do not. now:
        when what led to this was decided.
        """
        is_going, tasks, run_id = self.run.state in GOING, self.run.tasks, self.run.id
        rivals = self.rivals if self.rivals.are_any else None
        for task_id in tasks if task_ids is None else task_ids:
            task = tasks[task_id]
            if is_going and may_start(task) and (rivals is None or not self._is_kept(rivals, task_id, now)):
                self.ready.add(self.candidate(task))
            else:
                self.ready.remove(run_id, task_id)

    def _is_kept(self, rivals: Rivals, task_id: str, now: datetime | None) -> bool:
        """Does a rival keep it from starting? Until when one did is noted here alone: the next process counts that time
        as any other.
        """
        is_kept = rivals.keeps(task_id, self.run.tasks.__getitem__) is not None
        if is_kept:
            self._free_since[task_id] = None
        elif self._free_since.get(task_id, now) is None:
            self._free_since[task_id] = now
        return is_kept

    def withdraw(self) -> None:
        """Somebody else drives the run from now on: none of its tasks stands in `ready` any more."""
        for task_id in self.run.tasks:
            self.ready.remove(self.run.id, task_id)


def _moment_of(decision: Decision) -> datetime | None:
    return max([task.since for task in decision.changed if task.since is not None], default=None)


def _uses(run: Run) -> dict[str, Use]:
    """The lanes each task takes places in, one value for tasks alike; an installation is an owner."""
    known: dict[tuple[str, str, str], Use] = {}
    found = {}
    for task in run.plan.tasks:
        alike = (task.repo, task.agent, task.group)
        if alike not in known:
            owner = task.repo.partition("/")[0]
            known[alike] = Use(installation=owner, repo=task.repo, agent=task.agent, run=run.id, group=task.group)
        found[task.id] = known[alike]
    return found


def resting(use: Use) -> Use:
    """What an attempt takes that is only waited for."""
    return msgspec.structs.replace(use, is_away=True)


def may_start(task: TaskState) -> bool:
    """Ready, its tracking issue is there, nobody holds it, and no pull request of it is being closed."""
    return task.state == "ready" and bool(task.issue) and not task.held and not task.discarding
