"""What pages say about a plan, as values: every link, number and word is made here, templates only place them.

A function of what the store holds and of the time; it asks nobody. Foreign text stays as it was written, as templates
escape everything; only characters that nobody can see are taken out of titles.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from urllib.parse import quote

import msgspec

from bot.web.bars import Share, shares
from bot.web.times import When, when
from services.core import graph
from services.core.board import Run
from services.core.cost import Spent
from services.core.durations import lasting
from services.core.explain import ends
from services.core.explained import ended_by
from services.core.forecast import Forecast, slack_in_words
from services.core.plan import Plan, Task
from services.core.report import WORDS, progress, skipped_in_words
from services.core.spans import Span, code_spans, spans
from services.core.targets import is_with_a_person
from services.core.task_state import ENDED, STUCK, TaskState
from services.core.text import visible
from services.store.plans import PlanRow

RANK = {state: at for at, state in enumerate(("failed", "needs_human", "running", "in_review", "ready", "blocked"))}
"""What a person looks for first; what is not named comes last."""
RUN_STATES = {
    "running": ("running", "running"),
    "paused": ("blocked", "paused"),
    "failed": ("failed", "stopped"),
    "done": ("done", "done"),
    "cancelled": ("cancelled", "cancelled"),
}
"""State of a run -> (the task state whose colour and icon it has, word)."""
NAMED = 12
"""Tasks of one ask that are named, and that its comment is about."""
PAGE = 60
"""Tasks in one table."""
HIDDEN = "hidden/hidden"
"""Stands for every repository that whoever looks may not read."""


def named(repo: str) -> str:
    """A repository in words."""
    return "not for you to see" if repo == HIDDEN else repo


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Text that leads somewhere."""

    text: str
    url: str


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """One task in a table. `time`: how long it took, once it is over; `since`: in this state, before that; `slack`: how
    late it may be.
    """

    id: str
    url: str
    title: tuple[Span, ...]
    repo: Link
    state: str
    word: str
    why: tuple[Span, ...]
    attempt: int
    critical: bool
    needs: tuple[str, ...]
    pull: Link | None
    issue: Link | None
    since: When | None
    time: str
    slack: str


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person has to do: why, the comment that does it, what waits for it. `task` "" = the plan itself.

    others: tasks that stand still for the same reason and are put right by the same comment; more: how many of those
    are not named.  plan: its address; version: the text that is looked at, where it is to be approved.
    """

    task: str
    url: str
    others: tuple[Link, ...]
    more: int
    plan: str
    version: str
    state: str
    word: str
    why: tuple[Span, ...]
    command: str
    holds_up: int
    critical: bool
    since: When | None
    issue: Link
    pull: Link | None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in short. `more_asks`: asks that are not listed here; skipped: tasks, in words."""

    title: str
    url: str
    issue: Link
    state: str
    word: str
    done: int
    skipped: str
    total: int
    shares: tuple[Share, ...]
    asks: tuple[Ask, ...]
    more_asks: int
    since: When | None
    lasted: str


def parts_of(state: str, *, readable: bool, approved: bool) -> tuple[str, str]:
    """State of a run, or `planned` -> (the task state whose colour and icon it has, its word)."""
    if state in RUN_STATES:
        return RUN_STATES[state]
    if not readable:
        return "failed", "has problems"
    return ("ready", "approved") if approved else ("needs_human", "waits for approval")


Ahead = Callable[[Plan, Run | None], Forecast]
"""Says what is to be expected of a plan, or of its run."""


class Places:
    """Addresses of things on GitHub (`html`: where its own pages are) and of our own pages."""

    def __init__(self, html: str) -> None:
        self._html = html.rstrip("/")

    def repo(self, repo: str) -> Link:
        if repo == HIDDEN:
            return Link(text=named(repo), url="")
        return Link(text=repo, url=f"{self._html}/{quote(repo)}")

    def issue(self, repo: str, number: int) -> Link:
        return Link(text=f"{repo}#{number}", url=f"{self._html}/{quote(repo)}/issues/{number}")

    def tracking(self, repo: str, number: int) -> Link:
        return Link(text=f"issue #{number}", url=self.issue(repo, number).url)

    def pull(self, repo: str, number: int) -> Link:
        return Link(text=f"#{number}", url=f"{self._html}/{quote(repo)}/pull/{number}")

    def files(self, repo: str, number: int) -> Link:
        return Link(text="the changed files on GitHub", url=f"{self.pull(repo, number).url}/files")

    def plan(self, row: PlanRow) -> str:
        return self.plan_at(row.repo, row.number)

    def plan_at(self, repo: str, number: int) -> str:
        return f"/plans/{quote(repo)}/{number}"

    def plan_of(self, plan_id: str) -> str:
        """By a plan's id."""
        repo, _, number = plan_id.rpartition("#")
        return f"/plans/{quote(repo)}/{quote(number)}"

    def task(self, repo: str, number: int, task: str) -> str:
        return f"{self.plan_at(repo, number)}/tasks/{quote(task, safe='')}"

    def commit(self, repo: str, sha: str) -> Link:
        return Link(text=sha[:8], url=f"{self._html}/{quote(repo)}/commit/{quote(sha)}")


class Seen:
    """A plan and its newest run at one moment. Without a run every task is planned; what is ticked is done."""

    def __init__(
        self,
        row: PlanRow,
        run: Run | None,
        places: Places,
        now: datetime,
        ahead: Ahead | None = None,
        spent: Sequence[Spent] = (),
    ) -> None:
        self.row, self.run, self.places, self.now, self._ahead, self.spent = row, run, places, now, ahead, spent
        self.plan: Plan | None = run.plan if run is not None else row.parsed.plan

    @cached_property
    def tasks(self) -> Mapping[str, TaskState]:
        if self.run is not None:
            return self.run.tasks
        planned = self.plan.tasks if self.plan is not None else ()
        return {task.id: TaskState(id=task.id, state="done" if task.done else "blocked") for task in planned}

    @property
    def _is_cancelled(self) -> bool:
        return self.run is not None and self.run.state == "cancelled"

    @cached_property
    def ahead(self) -> Forecast:
        """What is to be expected of it."""
        if self.plan is None or self._ahead is None or self._is_cancelled:
            return Forecast()
        return self._ahead(self.plan, self.run)

    @cached_property
    def critical(self) -> tuple[str, ...]:
        """The longest chain of what is open, or of all once nothing is; none of a run that is cancelled."""
        if self.plan is None or self._is_cancelled:
            return ()
        return self.ahead.path or graph.critical_path(self.plan, lambda task: float(task.timeout))

    @cached_property
    def by_id(self) -> Mapping[str, Task]:
        return self.plan.by_id if self.plan is not None else {}

    @cached_property
    def after(self) -> Mapping[str, list[str]]:
        """Task -> those that need it directly."""
        return graph.dependants(graph.needs_of(self.plan.tasks if self.plan is not None else ()))

    @cached_property
    def _is_critical(self) -> frozenset[str]:
        return frozenset(self.critical)

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Words of the states, as they are before and after the start."""
        return WORDS if self.run is not None else {**WORDS, "blocked": "planned", "done": "done before"}

    @cached_property
    def stuck(self) -> list[Task]:
        """Tasks that a person has to look at: those with the longest chain behind them first."""
        if self.run is None or not any(task.state in STUCK for task in self.tasks.values()):
            return []
        stuck = [task for task in self.run.plan.tasks if self.tasks[task.id].state in STUCK]
        return sorted(stuck, key=lambda task: (task.id not in self._is_critical, -self.holds_up(task.id)))

    def holds_up(self, task_id: str) -> int:
        """How many open tasks wait for this one, directly or through others."""
        return sum(self.tasks[other].state not in ENDED for other in graph.reach(self.after, task_id))

    @cached_property
    def _ends(self) -> Mapping[str, tuple[str, ...]]:
        return ends(self.run) if self.run is not None else {}

    def _behind(self, task: str) -> str:
        """What a blocked task waits for, at the end of its chain."""
        return ended_by(self._ends[task], self.run) if self.run is not None and task in self._ends else ""

    def url_of(self, task: str) -> str:
        """A task's own page."""
        return self.places.task(self.row.repo, self.row.number, task)

    @property
    def state(self) -> tuple[str, str]:
        """(the task state whose colour and icon the plan has, its word)."""
        state = self.run.state if self.run is not None else "planned"
        return parts_of(state, readable=self.row.parsed.plan is not None, approved=self.row.is_approved)

    def card(self, most_asks: int) -> Card:
        """The plan in short, with the `most_asks` asks that hold up most."""
        state, word = self.state
        done, skipped, total = progress(self.run) if self.run is not None else (0, 0, len(self.tasks))
        began = self.run.started_at if self.run is not None else None
        ended = self.run.finished_at if self.run is not None else None
        own = self._own_ask()
        alike = self._alike() if own is None else []
        asks = [own] if own is not None else [self._ask(tasks) for tasks in alike[:most_asks]]
        return Card(
            title=visible(self.row.title) or "untitled",
            url=self.places.plan(self.row),
            issue=self.places.issue(self.row.repo, self.row.number),
            state=state,
            word=word,
            done=done,
            skipped=skipped_in_words(skipped),
            total=total,
            shares=shares(Counter(task.state for task in self.tasks.values()), self.words),
            asks=tuple(asks),
            more_asks=sum(map(len, alike[most_asks:])),
            since=when(ended or began, self.now),
            lasted=lasting(((ended or self.now) - began).total_seconds()) if began is not None else "",
        )

    def line(self, task: Task) -> TaskLine:
        state = self.tasks[task.id]
        took = state.finished_at - state.started_at if state.finished_at and state.started_at else None
        return TaskLine(
            id=task.id,
            url=self.url_of(task.id),
            title=code_spans(visible(task.title)),
            repo=self.places.repo(task.repo),
            state=state.state,
            word=self.words[state.state],
            why=spans(state.reason or self._behind(task.id)) if state.state != "done" else (),
            attempt=state.attempt,
            critical=task.id in self._is_critical,
            needs=task.needs,
            pull=self.places.pull(task.repo, state.pull) if state.pull else None,
            issue=self.places.tracking(task.repo, state.issue) if state.issue else None,
            since=when(state.since, self.now) if state.state not in ENDED else None,
            time=lasting(took.total_seconds()) if took is not None else "",
            slack="" if self.ahead.is_critical(task.id) else slack_in_words(self.ahead, task.id),
        )

    def ranked(self) -> list[Task]:
        """All tasks: what a person looks for first, otherwise as they were written."""
        tasks = self.plan.tasks if self.plan is not None else ()
        return sorted(tasks, key=lambda task: RANK.get(self.tasks[task.id].state, len(RANK)))

    def _alike(self) -> list[list[Task]]:
        """What a person has to look at, tasks that stand still for the same reason together."""
        found: dict[tuple[str, str, int], list[Task]] = {}
        for task in self.stuck:
            state = self.tasks[task.id]
            # What has a pull request of its own is looked at by itself.
            found.setdefault((state.state, state.reason or task.id, state.pull), []).append(task)
        return list(found.values())

    def is_a_persons(self, task: Task) -> bool:
        """Does it stand still because a person does it, so that trying again is no help?"""
        return self.run is not None and is_with_a_person(self.run, task.id)

    def _ask(self, tasks: Sequence[Task]) -> Ask:
        task, others = tasks[0], tasks[1:]
        state = self.tasks[task.id]
        behind = frozenset().union(*(graph.reach(self.after, each.id) for each in tasks))
        named = [each.id for each in tasks[:NAMED] if not self.is_a_persons(each)]
        return Ask(
            task=task.id,
            url=self.url_of(task.id),
            others=tuple(Link(text=each.id, url=self.url_of(each.id)) for each in others[: NAMED - 1]),
            more=max(len(tasks) - NAMED, 0),
            plan=self.places.plan(self.row),
            version="",
            state=state.state,
            word=WORDS[state.state],
            why=spans(state.reason),
            command=f"/lockstep retry {' '.join(named)}" if named else "",
            holds_up=sum(self.tasks[other].state not in ENDED for other in behind - {each.id for each in tasks}),
            critical=task.id in self._is_critical,
            since=when(state.since, self.now),
            issue=self.places.issue(self.row.repo, self.row.number),
            pull=self.places.pull(task.repo, state.pull) if state.pull else None,
        )

    def _own_ask(self) -> Ask | None:
        """What the plan itself waits for, before it runs."""
        if self.run is not None:
            return None
        errors = self.row.parsed.errors
        state, word = self.state
        if errors:
            count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
            why, command = f"{count}; edit the issue and it is read again.", ""
        elif self.row.is_approved:
            why, command = "Approved and not started.", "/lockstep run"
        else:
            why, command = f"{len(self.tasks)} tasks to read and approve.", "/lockstep approve"
        return Ask(
            task="",
            url=self.places.plan(self.row),
            others=(),
            more=0,
            plan=self.places.plan(self.row),
            version=self.row.hash,
            state=state,
            word=word,
            why=(Span(text=why),),
            command=command,
            holds_up=len(self.tasks),
            critical=False,
            since=when(_time(self.row.changed_at), self.now),
            issue=self.places.issue(self.row.repo, self.row.number),
            pull=None,
        )


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
