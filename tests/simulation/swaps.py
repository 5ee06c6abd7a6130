"""What planted bugs swap that break what a run promises to people: rights, order, what is done and what is told."""

from collections.abc import Iterator
from typing import Any

import msgspec

from handlers import acting
from handlers.commands import refusal as refused
from services.core import conduct, groups, judging, machine, ready, targets
from services.core.gate import PullFact
from services.core.judging import judge as judged
from services.core.task_state import Happening, TaskState
from services.engine import asked, reverts
from services.engine.asked import Asked
from services.engine.merges import Merges
from services.engine.outcome import Outcome
from services.engine.tries import Tries
from services.errors import NotFound, Refused

Swap = tuple[Any, str, Any]
"""Where, what, and what it is instead."""


def closed_is_merged() -> list[Swap]:
    def judge(work: Any, task_id: str, fact: PullFact) -> None:
        task = work.changed.get(task_id) or work.run.tasks.get(task_id)
        if fact.state == "closed" and task is not None and task.state == "in_review":
            fact = msgspec.structs.replace(fact, merged=True, merge_sha=fact.merge_sha or fact.head_sha)
        judged(work, task_id, fact)

    return [(conduct, "judge", judge)]


def never_merges() -> list[Swap]:
    async def attempt(self: Tries, board: Any, task: Any, state: TaskState, due: Any) -> Outcome:
        return Outcome(happened=(Happening(kind="broke", text="it failed", fence=state.fence),))

    return [(Tries, "attempt", attempt)]


def untold() -> list[Swap]:
    def told(self: conduct.Work) -> Iterator[tuple[str, int]]:
        return iter(())

    return [(conduct.Work, "_told", told)]


def never_taken_back() -> list[Swap]:
    async def revert(*_: Any) -> Outcome:
        return Outcome(happened=(Happening(kind="reverted", number=1),), forget=True)

    return [(reverts, "revert", revert)]


def anyone() -> list[Swap]:
    """But for what starts a plan: that no text is run which nobody approved is another matter."""

    def refusal(entry: Any, role: str) -> str:
        return refused(entry, role) if entry.usage.split()[0] in {"approve", "unapprove", "run"} else ""

    return [(acting, "refusal", refusal)]


def right_is_kept() -> list[Swap]:
    async def lost(*_: Any) -> str:
        return ""

    return [(Merges, "_lost", lost)]


def twice() -> list[Swap]:
    real = Tries.attempt

    async def attempt(self: Tries, board: Any, task: Any, state: TaskState, due: Any) -> Outcome:
        made = await real(self, board, task, state, due)
        is_over = any(each.kind == "pushed" for each in made.happened)
        return await real(self, board, task, state, due) if is_over else made

    return [(Tries, "attempt", attempt)]


def deaf() -> list[Swap]:
    async def was_heard(*_: Any) -> bool:
        return False

    return [(Asked, "was_heard", was_heard)]


def unlooked_queue() -> list[Swap]:
    """As if GitHub would judge in its place."""
    real = Merges.merge

    async def merge(self: Merges, board: Any, task: Any, state: TaskState, sha: str) -> Outcome:
        try:
            await self._parts.github.writes.ranked("merge").enqueue(task.repo, state.pull, sha)
        except (Refused, NotFound):  # there is none
            return await real(self, board, task, state, sha)
        return Outcome(happened=(Happening(kind="enqueued", sha=sha, text="in the queue"),), forget=True)

    return [(Merges, "merge", merge)]


def silent_when_taken_back() -> list[Swap]:
    real = judging._checks

    def checks(work: Any, task: TaskState, fact: PullFact) -> None:
        if groups.barrier_of(work.standing, groups.name_of(work.run, task.id)).phase != "reverting":
            real(work, task, fact)

    return [(judging, "_checks", checks), (asked, "to_recreate", targets.chosen)]


def assigned_twice() -> list[Swap]:
    real = machine._applies_to_whose

    def applies(task: TaskState, happened: Happening) -> bool:
        return happened.kind == "assigned" or real(task, happened)

    return [(machine, "_applies_to_whose", applies)]


def less_urgent_first() -> list[Swap]:
    return [(ready, "rank_of", lambda each: (each.priority, each.remaining, each.since, each.id))]
