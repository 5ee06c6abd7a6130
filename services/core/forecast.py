"""When a run will be over, and which of its tasks that depends on: the longest chain of what is still open, each
task with what it is likely to take from now on.

A forecast is no promise, and says what it goes by: with few finished tasks to learn from it is only what the plan
declares, and while somebody has to act there is none at all.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from services.core import graph
from services.core.acting import Left, acting, only, spread
from services.core.board import RunState
from services.core.durations import lasting
from services.core.lengths import Guess, elapsed, left_of
from services.core.overlap import Rivals
from services.core.plan import Plan, Task
from services.core.task_state import SATISFIED, STUCK, TaskState
from services.core.turns import in_turn

STEP = timedelta(minutes=5)
"""Ends are told no more exactly than that."""
OFF_PATH = 1.0
"""Seconds of slack from which on a task is not on the critical path."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """path: the longest chain of open tasks, `chain` seconds long; slack: seconds by which an open task may be late
    without anybody noticing. seconds: until all is done, with no more than the places there are.

    learned: open tasks whose length is learned and not just declared. waits: somebody has to act first.
    left: seconds that are likely still to come of each open task.
    """

    path: tuple[str, ...] = ()
    chain: float = 0.0
    seconds: float = 0.0
    slack: Mapping[str, float] = msgspec.field(default_factory=dict)
    learned: int = 0
    waits: bool = False
    left: Mapping[str, float] = msgspec.field(default_factory=dict)

    def is_critical(self, task_id: str) -> bool:
        return self.slack.get(task_id, OFF_PATH) < OFF_PATH


def forecast(
    plan: Plan, states: Mapping[str, TaskState], guess: Callable[[Task], Guess], places: int, now: datetime
) -> Forecast:
    """Of a plan (no `states` while it is not started), with at most so many attempts at a time."""
    open_ = tuple(task for task in plan.tasks if not _is_over(task, states))
    guesses = {task.id: guess(task) for task in open_}
    left = {task.id: _left(guesses[task.id], states.get(task.id), now) for task in open_}
    needs, lengths = _needs(plan, left, states)
    path = graph.longest_chain(needs, lengths)
    chain = sum(lengths[node] for node in path)
    slack = graph.leeway(needs, lengths)
    work = sum(seconds for seconds, _ in left.values()) / max(min(places, len(open_)), 1)
    return Forecast(
        path=only(left, path),
        chain=chain,
        seconds=max(chain, work),
        slack={task_id: slack[task_id] for task_id in left if task_id in slack},
        learned=sum(each.source == "learned" for each in guesses.values()),
        waits=any(_waits(state) for state in states.values()),
        left={task_id: whole for task_id, (_, whole) in left.items()},
    )


def _is_over(task: Task, states: Mapping[str, TaskState]) -> bool:
    state = states.get(task.id)
    return task.done if state is None else state.state in SATISFIED


def _needs(plan: Plan, left: Left, states: Mapping[str, TaskState]) -> tuple[graph.Needs, Mapping[str, float]]:
    """What waits for what, and how long that takes; of tasks that may change the same files, for the more urgent."""
    holds = Rivals(plan).holds(states) if plan.apart else {}
    needs, lengths = acting(plan, left, split=bool(holds)), spread(plan, left, split=bool(holds))
    if not holds:
        return needs, lengths
    chains = graph.longest_behind(graph.order(needs), graph.dependants(needs), lengths)

    def rank(node: str) -> tuple[bool, float, float]:
        state, spec = states.get(node), plan.by_id.get(node)
        is_under_way = state is not None and state.state in {"running", "in_review"}
        said = state.priority if state is not None else None
        priority = spec.priority if spec is not None and said is None else said or 0.0
        return not is_under_way, -priority, -chains[node]

    return in_turn(needs, lengths, holds, rank), lengths


def _waits(state: TaskState) -> bool:
    """Has somebody to act? A hold on what is over holds up nothing."""
    is_held = state.held and state.state not in SATISFIED
    return is_held or state.state in STUCK or state.state == "cancelled"


def _left(guess: Guess, state: TaskState | None, now: datetime) -> tuple[float, float]:
    """Seconds in attempts, and in all, that are still to come of a task."""
    if state is None or state.state not in {"running", "in_review"}:
        return guess.work, guess.whole
    whole = left_of(guess.whole, elapsed(state.started_at, now))
    work = left_of(guess.work, elapsed(state.since, now)) if state.state == "running" else 0.0
    return min(work, whole), whole


def end_of(found: Forecast, state: RunState | None, now: datetime) -> datetime | None:
    """When a run in this state is likely to end, as it is told; None where that can't be said, or it has ended."""
    if state not in {"running", "failed"} or found.waits or not found.slack:
        return None
    at = now.astimezone(UTC) + timedelta(seconds=found.seconds)
    return datetime.min.replace(tzinfo=UTC) + -(-(at - datetime.min.replace(tzinfo=UTC)) // STEP) * STEP


def end_in_words(found: Forecast, state: RunState | None, now: datetime) -> str:
    """The same in words; "" for none."""
    at = end_of(found, state, now)
    if at is None:
        return ""
    date = "" if at.date() == now.astimezone(UTC).date() else f"{at:%Y-%m-%d} "
    when = f"about {date}{at:%H:%M} UTC"
    return when if found.learned else f"{when}, if every task took all the time it has"


def lengths_in_words(found: Forecast) -> str:
    """What the lengths go by, as the rest of a sentence."""
    total = len(found.slack)
    if found.learned == total:
        return "going by what such tasks took before"
    if not found.learned:
        return "if every task took all the time it has; nothing like them has finished yet"
    return f"going by what such tasks took before, and for {total - found.learned} of {total} by their timeouts"


def slack_in_words(found: Forecast, task_id: str) -> str:
    """`critical`, or how late an open task may be; "" for one that is over."""
    if task_id not in found.slack:
        return ""
    return "critical" if found.is_critical(task_id) else lasting(found.slack[task_id])
