"""What a run does next: `decide(run, happened, facts, now) -> run, actions, history`.

Everything that moves a run goes through here: results of effects, facts just read from GitHub, commands of people.
Actions are made only together with the state change that calls for them, so committing both at once makes each action
exist once. Action keys are `run/task/attempt/kind[/sha]`; the same key is never carried out twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from services.core import graph, names
from services.core.gate import PullFact, Ruling, rule
from services.core.machine import ENDED, QUIET, SATISFIED, STUCK, Happening, TaskState, step
from services.core.plan import Plan, Task
from services.core.schedule import Candidate, Limits, Use, choose

RunState = Literal["running", "paused", "done", "failed", "cancelled"]
ActionKind = Literal["track", "attempt", "open_pull", "checks", "merge", "tidy", "label", "mark", "finish"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of an approved plan. `plan` is the approved text, never the live issue; `tasks` by id, in plan
    order.

    `actor` started it; `approver` approved it, and nothing is merged that this person could not write to.
    """

    id: str
    plan_id: str
    slug: str
    repo: str
    number: int
    plan: Plan
    tasks: dict[str, TaskState]
    state: RunState = "running"
    actor: str = ""
    approver: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A decided effect, as a value. `task` is empty for the run's own; `sha` says which commit it is about."""

    key: str
    kind: ActionKind
    task: str = ""
    attempt: int = 0
    fence: int = 0
    sha: str = ""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of history: what happened to which task, and by whom."""

    task: str
    kind: str
    before: str
    after: str
    text: str = ""
    actor: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The run after deciding, the tasks that changed, what to carry out, and the history to append."""

    run: Run
    changed: tuple[TaskState, ...] = ()
    actions: tuple[Action, ...] = ()
    history: tuple[Moment, ...] = ()


def begin(run: Run, now: datetime) -> Decision:
    """The first decision of a run: tracking issues for every open task; ticked tasks are done already."""
    tasks = {
        task.id: TaskState(
            id=task.id, state="done" if task.done else "blocked", since=now, finished_at=now if task.done else None
        )
        for task in run.plan.tasks
    }
    fresh = msgspec.structs.replace(run, tasks=tasks, started_at=now)
    actions = tuple(_action(fresh, tasks[task.id], "track") for task in run.plan.tasks if not task.done)
    return Decision(run=fresh, changed=tuple(tasks.values()), actions=(*actions, _mark(fresh, "running", now)))


def decide(
    run: Run,
    happened: Sequence[tuple[str, Happening]] = (),
    *,
    facts: Mapping[str, PullFact] | None = None,
    running: Sequence[Use] = (),
    limits: Limits | None = None,
    now: datetime,
) -> Decision:
    """Apply what happened, judge the facts just read, unblock, start what there is room for, see whether the run is
    over.

    running: what holds places now, over all runs; limits: None starts nothing.
    """
    work = _Work(run, now)
    for task_id, happening in happened:
        work.apply(task_id, happening)
    for task_id, fact in (facts or {}).items():
        work.judge(task_id, fact)
    if run.state in {"running", "failed"}:
        work.unblock()
        if limits is not None:
            work.start(running, limits)
    return work.finish()


def use_of(task: Task) -> Use:
    """The lanes a task takes places in; an installation is an owner."""
    return Use(installation=task.repo.partition("/")[0], repo=task.repo, agent=task.agent)


def ruling_for(run: Run, task: TaskState, fact: PullFact) -> Ruling:
    """The verdict on a task's open pull request as the run stands."""
    unmet = tuple(need for need in run.plan.by_id[task.id].needs if run.tasks[need].state not in SATISFIED)
    return rule(fact, unmet)


class _Work:
    """One decision in the making; lives only inside `decide`."""

    def __init__(self, run: Run, now: datetime) -> None:
        self.run = run
        self.now = now
        self.tasks = dict(run.tasks)
        self.plan = run.plan.by_id
        self.changed: set[str] = set()
        self.actions: list[Action] = []
        self.history: list[Moment] = []

    def apply(self, task_id: str, happening: Happening) -> None:
        before = self.tasks.get(task_id)
        after = step(before, happening, self.now) if before is not None else None
        if before is None or after is None:
            return
        self.tasks[task_id] = after
        self.changed.add(task_id)
        if happening.kind not in QUIET:
            self.history.append(
                Moment(
                    task=task_id,
                    kind=happening.kind,
                    before=before.state,
                    after=after.state,
                    text=happening.text,
                    actor=happening.actor,
                )
            )
        calls = _CALLS_FOR.get(happening.kind, ())
        if happening.kind == "retried" and before.state == "failed" and not after.issue:
            calls = ("track",)  # what failed was making its tracking issue
        self.actions += [_action(self.run, after, kind) for kind in calls if after.issue or kind not in _NEED_ISSUE]

    def judge(self, task_id: str, fact: PullFact) -> None:
        task = self.tasks[task_id]
        if task.pull != fact.number or task.state in ENDED or task.state == "running":
            return
        if fact.merged:
            self.apply(task_id, Happening(kind="merged", sha=fact.merge_sha))
        elif fact.state == "closed":
            self.apply(task_id, Happening(kind="closed", text="the pull request was closed without merging"))
        elif fact.head_sha not in task.heads:
            who = f"somebody else pushed {fact.head_sha[:7]} to its branch"
            text = f"{who}: look at it, then merge it yourself, or delete the branch and retry the task"
            self.apply(task_id, Happening(kind="moved", sha=fact.head_sha, text=text))
        elif fact.head_sha == task.head_sha:
            self._judge_checks(task, fact)

    def _judge_checks(self, task: TaskState, fact: PullFact) -> None:
        ruling = ruling_for(msgspec.structs.replace(self.run, tasks=self.tasks), task, fact)
        if ruling.verdict == "failed":
            self.apply(task.id, Happening(kind="broke", text=ruling.reason))
        elif ruling.verdict == "needs_human":
            self.apply(task.id, Happening(kind="refused", text=ruling.reason))
        else:
            # A merge that was refused is tried again as it stands: turning back and forth would only fill the history.
            if task.state == "failed" or (task.state == "needs_human" and ruling.verdict == "wait"):
                self.apply(task.id, Happening(kind="green"))
            self.apply(task.id, Happening(kind="waits", text=ruling.reason))
            if ruling.verdict == "merge" and self.run.state in {"running", "failed"}:
                self.actions.append(_action(self.run, self.tasks[task.id], "merge", fact.head_sha))

    def unblock(self) -> None:
        for task in self.run.plan.tasks:
            if self.tasks[task.id].state == "blocked" and all(
                self.tasks[need].state in SATISFIED for need in task.needs
            ):
                self.apply(task.id, Happening(kind="unblocked"))

    def start(self, running: Sequence[Use], limits: Limits) -> None:
        """Start what there is room for, most urgent first; a task whose tracking issue is not there yet waits for
        it.
        """
        ready = [
            task for task in self.run.plan.tasks if self.tasks[task.id].state == "ready" and self.tasks[task.id].issue
        ]
        if not ready:
            return
        remaining = graph.longest_remaining(self.run.plan) if len(ready) > 1 else {}
        candidates = [
            Candidate(
                id=task.id,
                use=use_of(task),
                since=self.tasks[task.id].since or self.now,
                priority=task.priority,
                remaining=remaining.get(task.id, 0.0),
            )
            for task in ready
        ]
        for task_id in choose(candidates, running, limits):
            self.apply(task_id, Happening(kind="started"))

    def finish(self) -> Decision:
        state = self._run_state()
        over = state in {"done", "cancelled"}
        ended = (self.run.finished_at or self.now) if over else None
        run = msgspec.structs.replace(self.run, tasks=self.tasks, state=state, finished_at=ended)
        if state != self.run.state:
            self.history.append(Moment(task="", kind="run", before=self.run.state, after=state))
            finish = Action(key=f"{run.id}//0/finish/{state}", kind="finish")
            self.actions.append(finish if over else _mark(run, state, self.now))
        changed = tuple(self.tasks[task.id] for task in run.plan.tasks if task.id in self.changed)
        return Decision(run=run, changed=changed, actions=tuple(self.actions), history=tuple(self.history))

    def _run_state(self) -> RunState:
        if self.run.state == "paused":
            return "paused"
        states = {task.state for task in self.tasks.values()}
        if states <= SATISFIED:
            return "done"
        if states <= ENDED:
            return "cancelled"
        moving = states & {"ready", "running", "in_review"}
        return "running" if moving or not states & (STUCK | {"cancelled"}) else "failed"


_NEED_ISSUE = frozenset({"tidy", "label"})
_CALLS_FOR: dict[str, tuple[ActionKind, ...]] = {
    "started": ("attempt",),
    "pushed": ("open_pull",),
    "opened": ("checks",),
    "merged": ("tidy",),
    "broke": ("label",),
    "refused": ("label",),
    "closed": ("label",),
    "moved": ("label",),
    "skipped": ("tidy",),
}


def _action(run: Run, task: TaskState, kind: ActionKind, sha: str = "") -> Action:
    """The action with its key. A label is about the state, so its key names it; a merge is about one head."""
    about = f"/{sha}" if sha else f"/{task.state}-{task.fence}" if kind == "label" else ""
    if kind == "track" and task.fence:
        about = f"/{task.fence}"
    key = f"{run.id}/{task.id}/{task.attempt}/{kind}{about}"
    return Action(key=key, kind=kind, task=task.id, attempt=task.attempt, fence=task.fence, sha=sha)


def _mark(run: Run, state: RunState, now: datetime) -> Action:
    """Show the run's state on the plan issue; a run can come to the same state more than once."""
    return Action(key=f"{run.id}//0/mark/{state}-{now.isoformat()}", kind="mark")


def wait_keys(run: Run, task: TaskState) -> tuple[str, ...]:
    """The keys under which a webhook wakes this task: its pull request, its head's checks, its tracking issue."""
    if task.state in ENDED:
        return ()
    repo = run.plan.by_id[task.id].repo
    keys = [names.issue_key(repo, task.issue)] if task.issue else []
    if task.pull:
        keys += [names.pull_key(repo, task.pull), names.check_key(repo, task.head_sha)]
    return tuple(keys)
