"""What commands answer about a plan as a whole, and how tasks are named in every answer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.core import plan_changes
from services.core.board import Run, RunState
from services.core.chosen import Chosen
from services.core.chosen import told as why
from services.core.delegation import Delegation
from services.core.plan_diff import PlanDiff
from services.core.report import ICONS, WORDS, progress_in_words, wishes
from services.core.steps import Trail
from services.core.steps import told as steps_told
from services.core.task_state import TaskState
from services.core.text import code, plain

NAMED = 20
"""Tasks that one sentence names."""
LISTED = 50
"""Tasks that one list holds."""
MOVED = 20
"""Tasks of which a second look tells that they have changed."""

PING = "Here, and listening."
APPROVAL_TAKEN_BACK = "The approval is taken back. `/lockstep approve` gives it again."
APPROVAL_TAKEN_BACK_AND_HELD = (
    "The approval is taken back, and the run is held: what is being worked on comes to its end, nothing more is "
    "started or merged. `/lockstep approve` and `/lockstep resume` go on."
)
SAME_TEXT = "The issue says what was approved for the run; nothing has changed."
WAITS_FOR_RUN = "The plan is approved and not started: whoever has the write permission starts it: `/lockstep run`"
WAITS_FOR_APPROVAL = (
    "The plan waits for its approval: whoever has the maintain permission gives it: `/lockstep approve`"
)
NOTHING_HELD_BACK = "Nothing holds this plan back: all of it is over."


def tasks(ids: Sequence[str]) -> str:
    """These tasks in one line, and how many more there are."""
    shown = ", ".join(code(task_id) for task_id in ids[:NAMED])
    return f"{shown} and {len(ids) - NAMED} more" if len(ids) > NAMED else shown


def counted(count: int, thing: str = "task") -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def with_reason(answer: str, why: str) -> str:
    """What was given as the reason belongs to the answer, for everybody else."""
    return f"{answer} ({plain(why)})"


def in_the_name_of(lender: str, said: str) -> str:
    return f"In the name of {code(lender)}: {said}"


def approved(version: str, *, given: int, required: int, changes: str = "", run: RunState | None = None) -> str:
    """version: the hash of the text; changes: what they make of the run that takes it over.  run: how that run stands
    which goes on as this text, None where there is none.
    """
    short = code(version[:12])
    if changes:
        return f"Approved as {short}, and the run has taken it over: {changes}.{_HELD if run == 'paused' else ''}"
    if given < required:
        return f"{given} of {required} approvals of {short}. Another person's `/lockstep approve` is still needed."
    if run is None:
        return f"Approved as {short}. `/lockstep run` starts it."
    return f"Approved as {short}.{_HELD}" if run == "paused" else f"Approved as {short}, which is what runs."


_HELD = " The run is held; `/lockstep resume` goes on."


def started(run: Run) -> str:
    return f"Started: {counted(len(run.plan.tasks))}. The table above shows how far it is."


def read_anew(count: int) -> str:
    """Of a plan of so many tasks, none of whose runs goes on."""
    return f"Read: {counted(count)}, and no run is under way. `/lockstep approve` is what comes next."


def differs(found: PlanDiff, run: Run) -> str:
    """The issue's text against the run's."""
    head = f"The issue says something else than the run: {plan_changes.counted(found)}."
    return "\n".join([head, "", *plan_changes.listed(found, run)])


def refreshed(moved: Mapping[str, tuple[TaskState, TaskState]], *, is_edited: bool, read: int) -> str:
    """moved: tasks as they were and as they are; read: pull requests that were looked at."""
    lines = ["The plan's text has changed since I last read it." if is_edited else "The plan's text is as I knew it."]
    lines += [f"I looked at {counted(read, 'open pull request')}."] if read else []
    for task_id, (before, after) in list(moved.items())[:MOVED]:
        change = f"{WORDS[before.state]} → {WORDS[after.state]}" if before.state != after.state else WORDS[after.state]
        lines.append(f"- {code(task_id)} {change}{f': {after.reason}' if after.reason else ''}")
    if len(moved) > MOVED:
        lines.append(f"- … and {len(moved) - MOVED} more")
    elif not moved and not is_edited:
        lines.append("Nothing has changed.")
    return "\n".join(lines)


def not_started(count: int) -> str:
    return f"Not started: {counted(count)}. The comment above says what comes next."


def status(
    run: Run,
    chosen: Sequence[str],
    *,
    spent: str,
    trails: Mapping[str, Trail],
    alike: Mapping[str, str],
    models: Mapping[str, Chosen],
    now: datetime,
) -> str:
    """spent: what models have cost, "" for nothing; trails: of tasks whose steps are told; alike: what was like one, of
    those that are told of at length; models: that work on them.
    """
    lines = [f"{progress_in_words(run)}; {_STANDS[run.state]}.{f' Models: {spent}' if spent else ''}"]
    for task_id in chosen[:LISTED]:
        task = run.tasks[task_id]
        attempt = f", attempt {task.attempt}" if task.attempt > 1 else ""
        reason = f": {task.reason}" if task.reason else ""
        steps = steps_told(trails[task_id], now) if task_id in trails else ""
        where = f"; {steps}" if steps else ""
        where += f"; {models[task_id].short}" if task_id in models else ""
        lines.append(f"- {ICONS[task.state]} {code(task_id)} {WORDS[task.state]}{attempt}{wishes(task)}{reason}{where}")
        if task_id in alike:
            lines += [f"  {line}" for line in why(models[task_id]).splitlines()] if task_id in models else []
            lines += [f"  - {alike[task_id]}"] if alike[task_id] else []
    lines += [f"- … and {len(chosen) - LISTED} more"] if len(chosen) > LISTED else []
    return "\n".join(lines)


_STANDS: dict[RunState, str] = {
    "running": "the run goes on", "paused": "the run is held", "done": "the run is over",
    "failed": "the run has stopped", "cancelled": "the run is cancelled",
}  # fmt: skip


def explained(texts: Sequence[str], missing: int) -> str:
    """What holds tasks back, one after the other; missing: how many more there are."""
    more = f"… and {counted(missing, 'more task')}; name those you mean."
    return "\n\n".join([*texts, *([more] if missing else [])])


def commands(rows: Iterable[tuple[str, str, str]]) -> str:
    """The answer to `help`. rows: usage, what it does, the permission it needs."""
    told = [f"| `/lockstep {usage.replace('|', ' or ')}` | {summary} | {needs} |" for usage, summary, needs in rows]
    return "\n".join(["| Command | What it does | Permission needed |", "| --- | --- | --- |", *told])


def lent(given: Delegation) -> str:
    may = ", ".join(map(code, given.verbs))
    return (
        f"{code(given.login)} may use {may} in your name, until the plan's text changes or "
        f"`/lockstep delegate off @{given.login}`."
    )


def taken_back_from(login: str, *, was_lent: bool) -> str:
    if was_lent:
        return f"Taken back from {code(login)}."
    return f"{code(login)} may do nothing in anybody's name here."


def who_acts(given: Sequence[Delegation], otherwise: str) -> str:
    """Those who act in somebody's name; otherwise: how that is said, where nobody does."""
    if not given:
        return f"Nobody acts in anybody's name here. {otherwise}"
    return "\n".join(
        f"- {code(each.login)} in the name of {code(each.by)}: {', '.join(map(code, each.verbs))}" for each in given
    )
