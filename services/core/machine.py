"""The life of one task: states, what can happen to it, and the table that says what follows.

Every pair of state and happening is in `TABLE` on purpose: a next state, or `None` = it changes nothing here (late,
doubled or meant for an attempt that is over). Happenings are observed facts, not commands to the future, so any order
of them is safe.
"""

from datetime import datetime

import msgspec

from services.core.repairs import Came, Repair, ended, under_way, with_another
from services.core.task_state import (
    ENDED,
    KINDS,
    STATES,
    STUCK,
    UNTOLD,
    Happening,
    Kind,
    State,
    TaskState,
    is_a_persons,
)
from services.core.written import written

_STAY: dict[Kind, State | None] = dict.fromkeys(KINDS, None)


def _control(state: State) -> dict[Kind, State | None]:
    """What people may say of a task that is not over: when it starts, whether it merges, what is to be different."""
    waits: State = state if state == "ready" else "blocked"
    stay = dict.fromkeys(("held", "released", "prioritised", "modelled", "budgeted", "discarded"), state)
    return {**stay, "reviewed": waits}  # type: ignore[dict-item]


def _renewal(state: State) -> dict[Kind, State | None]:
    """What may become of a pull request that people want brought up to date, judged less strictly, or made anew."""
    return {
        "rebasing": state, "rebased": "in_review", "stalled": state, "overridden": state, "recreated": "blocked",
        "assigned": "needs_human",
    }  # fmt: skip


_EDITED: dict[Kind, State | None] = {"redone": "blocked", "ticked": "done", "removed": "cancelled"}
"""What an edited plan makes of work that has begun."""
TABLE: dict[State, dict[Kind, State | None]] = {
    "blocked": {
        **_STAY, **_control("blocked"),
        "tracked": "blocked", "waits": "blocked", "unblocked": "ready", "broke": "failed",
        "merged": "done", "cancelled": "cancelled", "skipped": "skipped", "assigned": "needs_human",
        "stalled": "needs_human", "attached": "needs_human", "ticked": "done", "removed": "cancelled",
    },
    "ready": {
        **_STAY, **_control("ready"),
        "tracked": "ready", "waits": "ready",
        "started": "running", "reblocked": "blocked", "broke": "failed",
        "merged": "done", "cancelled": "cancelled", "skipped": "skipped", "assigned": "needs_human",
        "stalled": "needs_human", "attached": "needs_human", "ticked": "done", "removed": "cancelled",
    },
    "running": {
        **_STAY, **_control("running"), **_EDITED,
        "tracked": "running", "waits": "running",
        "sent": "running",
        "pushed": "running", "opened": "in_review", "broke": "failed", "handed": "needs_human", "fixing": "blocked",
        "refused": "needs_human", "expired": "needs_human", "merged": "done", "cancelled": "cancelled",
        "skipped": "skipped", "assigned": "needs_human", "restacking": "blocked",
    },
    "in_review": {
        **_STAY, **_control("in_review"), **_renewal("in_review"), **_EDITED,
        "tracked": "in_review", "waits": "in_review", "moved": "needs_human", "broke": "failed",
        "refused": "needs_human", "expired": "needs_human", "merged": "done", "closed": "needs_human",
        "cancelled": "cancelled", "skipped": "skipped", "dequeued": "failed",
        "mending": "in_review", "mended": "in_review", "fixing": "blocked", "cleared": "in_review",
        "integrating": "in_review", "dispatched": "in_review", "proved": "in_review", "disproved": "failed",
        "handed": "needs_human", "restacking": "blocked",
    },
    "needs_human": {
        **_STAY, **_control("needs_human"), **_renewal("needs_human"), **_EDITED,
        "tracked": "needs_human", "moved": "needs_human", "green": "in_review", "merged": "done",
        "attached": "needs_human", "closed": "needs_human", "cancelled": "cancelled", "retried": "blocked",
        "skipped": "skipped", "cleared": "needs_human", "integrating": "needs_human", "dispatched": "needs_human",
        "proved": "needs_human", "disproved": "needs_human",
        "vouched": "in_review",
    },
    "failed": {
        **_STAY, **_control("failed"), **_renewal("failed"), **_EDITED,
        "tracked": "failed", "attached": "needs_human", "moved": "needs_human", "green": "in_review", "merged": "done",
        "refused": "needs_human", "closed": "needs_human", "cancelled": "cancelled", "retried": "blocked",
        "skipped": "skipped", "integrating": "in_review", "dispatched": "failed", "proved": "in_review",
    },
    "done": {
        **_STAY, "tracked": "done", "reverting": "done", "reverted": "done", "stalled": "done", "unticked": "blocked",
    },
    "skipped": {
        **_STAY, "tracked": "skipped", "merged": "done", "retried": "blocked", "discarded": "skipped",
        "stalled": "skipped",
    },
    "cancelled": {
        **_STAY, "tracked": "cancelled", "merged": "done", "retried": "blocked", "skipped": "skipped",
        "recreated": "blocked", "discarded": "cancelled", "stalled": "cancelled", "ticked": "done",
    },
}  # fmt: skip
for _state in STATES:  # whatever became of it meanwhile: what is in the queue is known, and taken out again
    TABLE[_state]["enqueued"] = _state


def step(task: TaskState, happened: Happening, now: datetime) -> TaskState | None:
    """The task after what happened, or None when it changes nothing (the table says so, or its fence is old)."""
    if happened.fence >= 0 and happened.fence != task.fence:
        return None
    following = TABLE[task.state][happened.kind]
    if following == "in_review" and task.assignee:
        following = task.state  # it is with a person until it is given back, whatever its pull request comes to
    if following is None or not _applies(task, happened):
        return None
    changes = {} if happened.kind in _ONLY_MOVES else written(task, happened, now)
    moves = following != task.state
    handed = happened.kind == "handed" or (task.handed and not moves)
    if handed != task.handed:
        changes["handed"] = handed
    if moves:
        _move(task, happened, following, now, changes)
    elif (
        (happened.kind == "cleared" and (happened.text if is_a_persons(task) else happened.sha))
        or happened.kind in _SAYS_WHY
        or (happened.kind == "moved" and (task.handed or (happened.sha in task.heads and not task.assignee)))
    ):
        changes["reason"] = happened.text
    if following in STUCK and changes.get("pull", task.pull) and not task.troubled:
        changes["troubled"] = True
    if task.renewing and changes.get("fence", task.fence) != task.fence:
        changes["renewing"] = ""  # whoever brings it up to date belongs to what is over
    repairs = _repairs(task, happened)
    if repairs is not task.repairs:
        changes["repairs"] = repairs
    after = msgspec.structs.replace(task, **changes)
    return after if moves or after != task else None


def _move(task: TaskState, happened: Happening, following: State, now: datetime, changes: dict[str, object]) -> None:
    """Another state: when and why, and what is known only as long as a task stays in one is gone."""
    changes["state"] = following
    changes["since"] = now
    changes["reason"] = happened.text if happened.kind not in _HISTORY_SAYS_WHY else ""
    changes["finished_at"] = now if following in ENDED else None
    if task.cleared or "cleared" in changes:
        changes["cleared"] = ""
    if task.away is not None or "away" in changes:
        changes["away"] = None
    if happened.kind not in _ON_THE_WAY and (task.carry or "carry" in changes):
        changes["carry"] = ""
    if task.state == "running" and task.since is not None:
        changes["worked"] = task.worked + max((now - task.since).total_seconds(), 0.0)
    if happened.kind == "started":
        changes["started_at"] = task.started_at or now


_ONLY_MOVES: frozenset[Kind] = frozenset({"unblocked", "reblocked"})
"""Happenings that write nothing into a task but its state; every task has one."""
_ON_THE_WAY: frozenset[Kind] = frozenset({"unblocked", "reblocked", "started", "restacking"})
"""Happenings that lead to the attempt that takes over what a task has made."""
_SAYS_WHY: frozenset[Kind] = frozenset({
    "waits", "stalled", "assigned", "attached", "mending", "enqueued", "integrating", "closed", "sent",
})  # fmt: skip
"""Happenings whose text is the reason from then on, also where the state stays."""
_HISTORY_SAYS_WHY: frozenset[Kind] = frozenset({"cancelled", "skipped", "retried"})
"""What people give as a reason for these may be said where fewer may read than the plan's comment has readers."""
_CAME: dict[Kind, Came] = {
    "mended": "worked", "merged": "worked", "green": "worked", "broke": "failed", "stalled": "failed",
    "handed": "failed",
    **dict.fromkeys((
        "moved", "refused", "closed", "cancelled", "skipped", "retried", "reviewed", "recreated", "redone", "ticked",
        "removed", "assigned", "attached", "dequeued", "vouched", "restacking",
    ), "superseded"),
}  # fmt: skip
"""What each happening tells of a repair that is under way."""


def _repairs(task: TaskState, happened: Happening) -> tuple[Repair, ...]:
    """What was repaired, after this; for a person it begins anew."""
    if happened.repair is not None:
        return with_another(task.repairs, happened.repair)
    came = _CAME.get(happened.kind)
    if happened.kind == "opened" and (current := under_way(task.repairs)) is not None and not current.checks:
        came = "worked"  # an attempt that had failed, or a conflict
    if came is None or not task.repairs:
        return task.repairs
    return ended(task.repairs, came, past=bool(happened.actor))


def _applies(task: TaskState, happened: Happening) -> bool:
    """Is this about the task as it stands? Only heads of ours are brought up to date or judged less strictly."""
    if task.state == "done":
        return _applies_to_merged(task, happened)
    match happened.kind:
        case kind if kind in _ABOUT_HEAD:
            return _applies_to_head(task, happened)
        case kind if kind in _BY_WHOSE:
            return _applies_to_whose(task, happened)
        case "pushed":
            return happened.sha != task.head_sha  # else it is heard once more, as after a commit that was in doubt
        case "discarded":
            return task.discarding == happened.number != 0
        case "attached":
            return not task.pull and not task.discarding
        case "green":
            return not task.thrown_out
        case _:
            return True


_ABOUT_HEAD: frozenset[Kind] = frozenset({
    "rebasing", "rebased", "overridden", "mended", "cleared", "integrating", "dispatched", "proved", "disproved",
    "vouched", "dequeued",
})  # fmt: skip


def _applies_to_head(task: TaskState, happened: Happening) -> bool:
    if happened.kind == "mended":
        return under_way(task.repairs) is not None
    if happened.kind == "integrating":
        return happened.integration is not None and happened.integration.sha == task.head_sha
    if happened.kind in {"dispatched", "proved", "disproved"}:
        return task.integration is not None and happened.sha == task.integration.sha == task.head_sha
    if happened.kind == "dequeued":
        return happened.sha == task.head_sha == task.queued
    if happened.kind == "vouched":
        return happened.sha == task.head_sha and happened.sha not in task.heads and not task.assignee
    if happened.kind == "rebased":
        return bool(task.renewing)
    if happened.kind == "cleared":
        return happened.sha in {"", task.head_sha}
    is_ours = bool(task.pull and task.heads) and task.head_sha == task.heads[-1] and task.was is None
    may_be_renewed = not (task.renewing or task.fork)  # its base may be another's branch, which nobody approved
    return is_ours and (may_be_renewed if happened.kind == "rebasing" else happened.sha == task.head_sha)


_BY_WHOSE: frozenset[Kind] = frozenset({"assigned", "recreated", "reviewed", "closed"})
"""Happenings whose meaning depends on whom the task is with."""


def _applies_to_whose(task: TaskState, happened: Happening) -> bool:
    if happened.kind == "assigned":
        return task.state != "needs_human" or task.assignee.lower() != happened.name.lower()
    if happened.kind == "recreated":
        return not is_a_persons(task)  # that pull request is not ours to close
    if happened.kind == "reviewed":
        return bool(task.pull) and not task.assignee
    return not task.assignee or is_a_persons(task)


def _applies_to_merged(task: TaskState, happened: Happening) -> bool:
    """What is merged can be taken back, once, unless it can't."""
    if happened.kind == "reverting":
        return bool(task.merge_sha) and not task.revert
    if happened.kind in {"unticked", "enqueued"}:
        return not task.merge_sha
    if happened.kind == "stalled" and happened.name == UNTOLD:
        return bool(task.merge_sha) and not task.revert
    return happened.kind == "tracked" or task.revert < 0


def late(task: TaskState, happened: Happening, now: datetime) -> TaskState | None:
    """A task that is in the plan no more, after what was under way of it was heard of; None when that changes nothing.

    Its fence does not matter: what there is of it has to be known, so that it can be cleared away.
    """
    changes: dict[str, object] = {}
    if happened.kind == "tracked" and not task.issue:
        changes = {"issue": happened.number}
    elif happened.kind == "opened" and not task.pull:
        changes = {"pull": happened.number}
    elif happened.kind == "pushed" and happened.sha not in task.heads:
        changes = {"heads": (*task.heads, happened.sha)}
    elif happened.kind == "merged" and task.state != "done":
        changes = {"state": "done", "merge_sha": happened.sha, "since": now, "finished_at": now, "reason": ""}
    elif happened.kind == "stalled" and happened.name == UNTOLD and _applies_to_merged(task, happened):
        changes = {"reason": happened.text}
    return msgspec.structs.replace(task, **changes) if changes else None
