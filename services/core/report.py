"""The one map from Lockstep's states to GitHub's check status and conclusion, labels and words."""

from typing import Literal

import msgspec

from services.core import groups
from services.core.board import Run
from services.core.task_state import ENDED, TaskState
from services.core.text import code

ICONS = {
    "blocked": "⏸", "ready": "▶", "running": "🔵", "in_review": "👀", "done": "✅",
    "needs_human": "🙋", "failed": "❌", "skipped": "⏭", "cancelled": "🚫",
}  # fmt: skip
WORDS = {
    "blocked": "blocked", "ready": "ready", "running": "running", "in_review": "in review", "done": "done",
    "needs_human": "needs a person", "failed": "failed", "skipped": "skipped", "cancelled": "cancelled",
}  # fmt: skip
LABEL_OF_TASK = {"needs_human": "lockstep:needs-human", "failed": "lockstep:failed", "done": "lockstep:done"}
LABEL_OF_RUN = {
    "running": "lockstep:in-progress", "paused": "lockstep:blocked",
    "done": "lockstep:done", "failed": "lockstep:failed",
}  # fmt: skip

Conclusion = Literal["success", "failure", "neutral", "action_required", "cancelled"]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a check run has to say at one line of a file; `line` counts from 1, 0 = the file as a whole."""

    path: str
    line: int
    text: str
    level: Literal["failure", "warning"] = "failure"


BUTTONS = frozenset({"retry", "hold", "resume", "merge", "rebase", "explain"})
"""Commands that a button may stand for: about one task, and harmless when they come twice."""


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """What people can press on a check run that is completed; three of them at most. It is the command `identifier`.

    label and identifier have at most 20 characters, description 40.
    """

    label: str
    description: str
    identifier: str


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check run shows; `conclusion` is "" while `status` is not completed."""

    status: Literal["queued", "in_progress", "completed"]
    conclusion: Conclusion | Literal[""] = ""
    title: str = ""
    summary: str = ""
    notes: tuple[Note, ...] = ()
    buttons: tuple[Button, ...] = ()


def progress(run: Run) -> tuple[int, int, int]:
    """(tasks done, tasks skipped, tasks in all)."""
    states = [task.state for task in run.tasks.values()]
    return states.count("done"), states.count("skipped"), len(states)


def progress_in_words(run: Run) -> str:
    done, skipped, total = progress(run)
    return f"{done} of {total} tasks done{skipped_in_words(skipped)}"


def skipped_in_words(skipped: int) -> str:
    """Behind how many are done; "" for none."""
    return f", {skipped} skipped" if skipped else ""


def unmet(run: Run, task: TaskState) -> tuple[str, ...]:
    """Ids of the needs of a task that have not merged."""
    return tuple(groups.unmet(run, run.plan.by_id[task.id]))


def wishes(task: TaskState) -> str:
    """What people have said of a task that is not over: that it is held, another model or budget than its plan's. It
    follows the state; "" for nothing.
    """
    if task.state in ENDED:
        return ""
    said = ["held"] if task.held else []
    said += [f"model {code(task.model)}"] if task.model else []
    said += [f"at most ${task.budget}"] if task.budget else []
    return "".join(f", {each}" for each in said)
