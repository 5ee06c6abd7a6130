"""`lockstep/gate`, the one check to require: are all needs of this pull request met?"""

from services.checks import CHECKS
from services.core import groups, overrides, stacks
from services.core.board import Run
from services.core.depends import waits_for
from services.core.messages import named
from services.core.names import CHECK_GATE
from services.core.report import WORDS, Button, CheckReport, unmet
from services.core.task_state import SATISFIED, Override, TaskState
from services.core.text import code

BUTTONS = (
    Button(label="Merge now", description="Merge it if nothing else is missing", identifier="merge"),
    Button(label="Update branch", description="Merge the base branch into it", identifier="rebase"),
    Button(label="Explain", description="Say what holds it back, in a comment", identifier="explain"),
)
"""Shown once the gate is green: GitHub shows none on a run that is not completed."""


def gate(run: Run, task: TaskState, hidden: frozenset[str]) -> CheckReport:
    """Green exactly when every task this one needs has merged or was skipped, and its group lets it through."""
    if task.was is not None:
        return CheckReport(
            status="in_progress",
            title="The plan asks for something else now",
            summary="What stands here was made of an earlier text of the plan. The next attempt takes its place.",
        )
    needs = run.plan.by_id[task.id].needs
    lifted = [overrides.told(each) for each in overrides.of_head(task) if not _is_hidden(run, each, hidden)]
    missing = overrides.missing(task, unmet(run, task))
    if missing:
        return CheckReport(
            status="in_progress",
            title=waits_for(len(missing), len(needs)),
            summary="\n".join([f"Not merged yet: {named(run, missing, hidden)}.", *_said(lifted)]),
        )
    if on := stacks.holder(run, task):
        return CheckReport(
            status="in_progress",
            title=f"Stacked on {on}",
            summary="\n".join([f"It is made on {code(on)}{_place(run, on)}, which merges first.", *_said(lifted)]),
        )
    if (group := _of_group(run, task, hidden)) is not None:
        return group
    if name := groups.name_of(run, task.id):
        shown = [need for need in needs if run.plan.by_id[need].repo not in hidden]
        lines = [f"- {code(need)} {_where(run, need)}" for need in shown]
        lines += ["- work elsewhere"] if len(shown) < len(needs) else []
        said = f"The group {code(name)} is complete. It merges one after another, in the order of its needs."
        return CheckReport(
            status="completed",
            conclusion="success",
            title="Its group is let through",
            summary="\n".join([said, *([""] if lines else []), *lines, *_said(lifted)]),
            buttons=BUTTONS,
        )
    if not needs:
        return CheckReport(
            status="completed",
            conclusion="success",
            title="Needs nothing",
            summary="\n".join(["This task needs no other task.", *_said(lifted)]),
            buttons=BUTTONS,
        )
    shown = [need for need in needs if run.plan.by_id[need].repo not in hidden]
    lines = [f"- {code(need)} {_where(run, need)}" for need in shown]
    lines += ["- work elsewhere"] if len(shown) < len(needs) else []
    title = "Its need has merged" if len(needs) == 1 else f"All {len(needs)} needs have merged"
    if unmet(run, task):
        title = "What has not merged was overridden"
    summary = "\n".join([*lines, *_said(lifted)])
    return CheckReport(status="completed", conclusion="success", title=title, summary=summary, buttons=BUTTONS)


def _of_group(run: Run, task: TaskState, hidden: frozenset[str]) -> CheckReport | None:
    """What it waits for in its group; None when that is nothing."""
    name = groups.name_of(run, task.id)
    phase = groups.barrier_of(run, name).phase if name else "merged"
    if groups.is_let_through(run, name) and (phase != "forward" or not groups.hold(run, task.id)):
        return None
    if phase == "reverting":
        return CheckReport(
            status="in_progress",
            title="Its group is taken back",
            summary=f"A pull request of the group {code(name)} could not be merged, or somebody took it back. "
            "Nothing more of it is merged.",
        )
    others = [each for each in groups.missing(run, name) if each != task.id]
    shown = [each for each in others if run.plan.by_id[each].repo not in hidden]
    lines = [
        f"- {code(each)}{_place(run, each)}: {WORDS[run.tasks[each].state]}{_why(run, each, hidden)}" for each in shown
    ]
    lines += ["- work elsewhere"] if len(shown) < len(others) else []
    count = len(run.plan.groups[name])
    return CheckReport(
        status="in_progress",
        title=_waits_for(len(others), count - 1) if others else "Its group waits for it",
        summary="\n".join([f"The group {code(name)} merges together, once all of it is ready.", "", *lines]),
    )


def _waits_for(missing: int, others: int) -> str:
    if missing == others:
        return f"Waits for all {others} others in its group" if others > 1 else "Waits for the other one in its group"
    return f"Waits for {missing} of the {others} others in its group"


def _place(run: Run, each: str) -> str:
    pull = run.tasks[each].pull
    return f" ({run.plan.by_id[each].repo}#{pull})" if pull else ""


def _why(run: Run, each: str, hidden: frozenset[str]) -> str:
    """A reason may name others, so there is none where some must not be named."""
    reason = run.tasks[each].reason if not hidden else ""
    return f" ({reason})" if reason else ""


def _said(lifted: list[str]) -> list[str]:
    """What people said no longer counts, below the rest."""
    return ["", "**Overridden:**", *(f"- {each}" for each in lifted)] if lifted else []


def _is_hidden(run: Run, each: Override, hidden: frozenset[str]) -> bool:
    if each.kind != "need":
        return False
    need = run.known(each.name)
    return need is None or need[0].repo in hidden


def _where(run: Run, need: str) -> str:
    met = run.tasks[need]
    if met.state not in SATISFIED:
        return "has not merged"
    place = f"{run.plan.by_id[need].repo}#{met.pull}" if met.pull else "was done before the run"
    return f"{place} as {met.merge_sha[:10]}" if met.merge_sha else place


CHECKS.add(CHECK_GATE, gate)
