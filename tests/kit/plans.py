"""Builders of plans and runs for tests: only what a test is about has to be said."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from services.core.board import Action, Board, Decision, Moment, Run, Wish
from services.core.conduct import begin, decide
from services.core.gate import CheckFact, PullFact
from services.core.places import Limits, Places
from services.core.plan import Plan, Task
from services.core.task_state import Happening, TaskState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WIDE = Limits(total=100, installation=100, repo=100, agent=100)


def task(task_id: str, *needs: str, repo: str = "acme/api", title: str = "", **more: object) -> Task:
    return Task(id=task_id, title=title or f"Do {task_id}", repo=repo, needs=needs, **more)  # type: ignore[arg-type]


def plan(*tasks: Task, title: str = "A plan") -> Plan:
    return Plan(title=title, tasks=tasks or (task("one"),))


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and the run it led to."""

    run: Run
    changed: tuple[TaskState, ...]
    actions: tuple[Action, ...]
    history: tuple[Moment, ...] = ()


def run(*tasks: Task) -> Run:
    """A run that has just begun; its tasks have no tracking issue yet."""
    raw = Run(
        id="acme/platform-7-r1",
        plan_id="acme/platform#7",
        repo="acme/platform",
        number=7,
        plan=plan(*tasks),
        tasks={},
        actor="ana",
        approver="ben",
    )
    return applied(*begin(raw, NOW))


def applied(current: Run, decision: Decision) -> Run:
    """The run after a decision; the one before is left as it was."""
    board = Board(msgspec.structs.replace(current, tasks=dict(current.tasks), barriers=dict(current.barriers)))
    board.apply(decision)
    return board.run


def after(
    current: Run,
    happened: Sequence[tuple[str, Happening]] = (),
    facts: Mapping[str, PullFact] | None = None,
    limits: Limits | None = WIDE,
    wish: Wish | None = None,
    now: datetime = NOW,
) -> Decided:
    """Decide once, with room for everything if not said otherwise."""
    places = Places(limits) if limits is not None else None
    decision = decide(Board(current), happened, facts=facts, places=places, wish=wish, now=now)
    return Decided(
        run=applied(current, decision),
        changed=decision.changed,
        actions=decision.actions,
        history=decision.history,
    )


def tracked(*tasks: Task) -> Decided:
    """A run whose tasks all have their tracking issue, decided once with room for everything."""
    begun = run(*tasks)
    return after(begun, [(task_id, Happening(kind="tracked", number=100 + n)) for n, task_id in enumerate(begun.tasks)])


def happen(current: Run, task_id: str, kind: str, **more: object) -> Decided:
    return after(current, [(task_id, Happening(kind=kind, **more))])  # type: ignore[arg-type]


def in_review(*tasks: Task, head: str = "a" * 40) -> Run:
    """A run whose first task has an open pull request, number 5."""
    current = tracked(*tasks).run
    first = next(iter(current.tasks))
    fence = current.tasks[first].fence
    current = happen(current, first, "pushed", sha=head, fence=fence).run
    return happen(current, first, "opened", number=5, fence=fence).run


def pull(head: str = "a" * 40, **more: object) -> PullFact:
    """An open pull request, number 5, whose one check has passed."""
    values: dict[str, object] = {
        "state": "open",
        "checks": (check("test", "success"),),
        "mergeable": True,
        "mergeable_state": "clean",
    }
    return PullFact(number=5, head_sha=head, **{**values, **more})  # type: ignore[arg-type]


def check(name: str, conclusion: str = "", *, ours: bool = False) -> CheckFact:
    return CheckFact(name=name, status="completed" if conclusion else "in_progress", conclusion=conclusion, ours=ours)


def kinds(actions: tuple[Action, ...]) -> list[str]:
    """What is to be done, but for showing the run's state, which follows every change of it."""
    return [f"{action.kind} {action.task}".strip() for action in actions if action.kind != "mark"]
