"""Which effects follow from what happened to a task: one table, and what depends on how it stood before."""

from services.core.board import ActionKind
from services.core.repairs import AGAIN
from services.core.task_state import SATISFIED, STUCK, Kind, TaskState

NEED_ISSUE = frozenset({"tidy", "label", "assign"})
_RELIEVES = frozenset({
    "cancelled", "retried", "green", "rebased", "recreated", "reviewed", "redone", "proved", "integrating",
})  # fmt: skip
"""Happenings after which a task no longer waits for somebody, as its label says it does."""
RECALLS = frozenset({"cancelled", "skipped", "assigned", "expired", "redone", "reviewed", "ticked", "merged"})
"""Happenings by which an attempt that is under way elsewhere is not wanted any more."""
_CALLS_FOR: dict[str, tuple[ActionKind, ...]] = {
    "started": ("attempt",),
    "pushed": ("open_pull",),
    "opened": ("checks",),
    "merged": ("tidy",),
    "broke": ("label",),
    "handed": ("label",),
    "vouched": ("label", "checks"),
    "dequeued": ("label",),
    "refused": ("label",),
    "closed": ("label",),
    "expired": ("label",),
    "moved": ("label", "checks"),
    "skipped": ("tidy",),
    "rebasing": ("update_branch",),
    "rebased": ("checks",),
    "overridden": ("checks",),
    "assigned": ("label", "assign"),
    "attached": ("label", "assign", "checks"),
    "ticked": ("tidy",),
    "unticked": ("tidy",),
    "integrating": ("integrate",),
    "proved": ("integrate",),
    "disproved": ("label", "integrate"),
}


def calls_for(before: TaskState, kind: Kind, after: TaskState) -> tuple[ActionKind, ...]:
    """What follows when a happening of this kind has changed a task."""
    if kind in {"retried", "recreated", "unticked", "redone"} and not after.issue:
        return ("track",)  # it could not be made, or is being made: its key is the same, so it is made once
    if (kind == "retried" and before.state in {"skipped", "cancelled"}) or (
        kind == "tracked" and after.state in SATISFIED
    ):
        return ("tidy",)  # its issue was closed, or came too late to be
    if kind == "tracked" and after.assignee:
        return ("label", "assign")
    calls = _CALLS_FOR.get(kind, ())
    if kind == "mending" and after.repairs[-1].strategy in AGAIN:
        calls = ("rerun",)
    if kind == "recreated" and after.discarding:
        calls = ("discard",)
    if kind == "stalled" and after.state != before.state:
        calls = ("label",)
    is_relieved = kind in _RELIEVES and before.state in STUCK and after.state not in STUCK
    return (*calls, "label") if is_relieved else calls
