"""Where an attempt is: the steps it has finished, how long each took, and which one runs now and since when.

The steps up to the push are written down by whoever carries the attempt out; what follows (pull request, checks,
merge) are effects of their own, and the outbox knows when they began and ended. Nothing here is guessed: a step that
was begun anew after a crash runs since then, and an attempt that waits for its next try does not run at all.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from services.core.durations import took
from services.core.elsewhere import waits_for
from services.core.task_state import TaskState
from services.core.text import plain

BEGUN = "begun"
"""Written at the start of each try of an attempt, so that it is known since when the running step runs."""
TALK = "talk"
"""A model's conversation as far as it has come: written while the agent works, and no step of its own."""
DIFF = "diff"
"""What a commit changes, for people: written with the commit, and no step of its own either."""
BESIDE = frozenset({TALK, DIFF})
ORDER = ("worktree", "agent", "commit", "verify", "push")
"""The steps of an attempt as they follow each other."""
NEXT_PLACE = "as soon as a place is free"
EFFECTS = {"open_pull": "pull request", "checks": "checks", "merge": "merge"}
"""Effects that follow an attempt, by kind, and how they are called."""


class Talked(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a conversation: how often the model has answered."""

    turns: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A finished step, and the fence it was done under. turns: of an agent that talks with a model."""

    name: str
    ended: datetime
    seconds: float
    fence: int = 0
    turns: int = 0


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox. due: when a waiting one is tried again; note: what it ran into; ended: when it was
    settled.
    """

    state: Literal["waiting", "doing", "done"]
    tries: int
    due: datetime
    began: datetime
    note: str = ""
    ended: datetime | None = None


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """How far the newest attempt of a task has come.

    steps: finished, in order.  now: the step that runs, "" when none does; since: when that began; turns: how often its
    model has answered.  again_at: when an attempt that ran into trouble is tried again, and why; again: what of it is,
    where it is what follows the push.
    """

    steps: tuple[Step, ...] = ()
    now: str = ""
    since: datetime | None = None
    turns: int = 0
    again_at: datetime | None = None
    again: str = ""
    why: str = ""


def keys_of(run_id: str, task: TaskState) -> dict[str, str]:
    """The keys under which the outbox may hold the effects of a task's newest attempt, by kind."""
    first = f"{run_id}/{task.id}/{task.attempt}"
    found = {"attempt": f"{first}/attempt", "open_pull": f"{first}/open_pull"}
    about = {kind: f"{first}/{kind}/{task.head_sha}" for kind in ("checks", "merge") if task.head_sha}
    return found | about


def trail(task: TaskState, written: Sequence[Step], effects: Mapping[str, Effect], *, verifies: bool = True) -> Trail:
    """Put together what was written down and what the outbox says. `effects` by kind; `verifies`: has it a `verify`?"""
    turns = {step.fence: step.turns for step in written if step.name == TALK}
    written = [_counted(step, turns) for step in written if step.name not in BESIDE]
    done = tuple(step for step in written if step.name != BEGUN)
    after = [
        Step(name=name, ended=effect.ended, seconds=(effect.ended - effect.began).total_seconds())
        for kind, name in EFFECTS.items()
        if (effect := effects.get(kind)) is not None and effect.ended is not None
    ]
    steps = tuple(sorted((*done, *after), key=_place))
    if task.state == "running":
        found = _running(task, written, effects, steps, verifies=verifies)
        of_agent = turns.get(task.fence, 0) if found.now == "agent" else 0
        return msgspec.structs.replace(found, turns=of_agent) if of_agent else found
    for kind in ("checks", "merge"):
        effect = effects.get(kind)
        if task.state == "in_review" and effect is not None and effect.state != "done":
            return _following(kind, effect, steps)
    return Trail(steps=steps)


def _following(kind: str, effect: Effect, steps: tuple[Step, ...]) -> Trail:
    """One that follows an attempt and has not ended."""
    if effect.state == "waiting":
        return Trail(steps=steps, again_at=effect.due, again=EFFECTS[kind], why=effect.note)
    return Trail(steps=steps, now=EFFECTS[kind], since=effect.began)


def _counted(step: Step, turns: Mapping[int, int]) -> Step:
    return msgspec.structs.replace(step, turns=turns.get(step.fence, 0)) if step.name == "agent" else step


def turned(turns: int, before: str) -> str:
    """How often a model has answered, behind something; "" where none did."""
    return f"{before}{turns} turn{'s' * (turns != 1)}" if turns else ""


def lacks_place(found: Trail, now: datetime) -> bool:
    """Has the time of an attempt's next try come, and is there no place for it?"""
    return not found.again and found.again_at is not None and found.again_at <= now


def told(found: Trail, now: datetime) -> str:
    """A trail in one phrase for a comment; times in UTC, with the date where it is not today's. "" when there is none.

    verify since 14:02:10 UTC (worktree 0.4 s, agent 3 min in 12 turns)
    """
    took_each = ", ".join(
        f"{plain(step.name)} {took(step.seconds)}{turned(step.turns, ' in ')}" for step in found.steps
    )
    if found.again_at is not None:
        why = f" after {plain(found.why, 160)}" if found.why else ""
        when = NEXT_PLACE if lacks_place(found, now) else f"at {_clock(found.again_at, now)}"
        does = f"{found.again} tried again {when}{why}".lstrip()
    elif found.now and found.since is not None:
        does = f"{found.now} since {_clock(found.since, now)}{turned(found.turns, ', ')}"
    else:
        does = ""
    return f"{does} ({took_each})" if does and took_each else does or took_each


def _clock(moment: datetime, now: datetime) -> str:
    there = moment.astimezone(UTC)
    return f"{there:%H:%M:%S} UTC" if there.date() == now.astimezone(UTC).date() else f"{there:%Y-%m-%d %H:%M} UTC"


def _running(
    task: TaskState, written: Sequence[Step], effects: Mapping[str, Effect], steps: tuple[Step, ...], *, verifies: bool
) -> Trail:
    opening = effects.get("open_pull")
    if opening is not None:
        return _following("open_pull", opening, steps)
    mine = [step for step in written if step.fence == task.fence]
    trying = effects.get("attempt")
    if task.away is not None and not mine:
        return Trail(steps=steps, now=waits_for(task.away), since=task.since)
    if trying is not None and trying.state == "waiting":
        kept = steps if mine else ()
        return Trail(steps=kept, again_at=trying.due, why=trying.note)
    if not mine:  # what is written down is about the attempt before
        return Trail(now=ORDER[0], since=task.since)
    reached = {step.name for step in mine}
    left = (name for name in ORDER if name not in reached and (verifies or name != "verify"))
    since = max(step.ended for step in mine)
    now = next(left, "")
    return Trail(steps=steps, now=now, since=since if now else None)


def _place(step: Step) -> tuple[datetime, int]:
    return step.ended, ORDER.index(step.name) if step.name in ORDER else len(ORDER)
