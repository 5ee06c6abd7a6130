"""The one comment on a plan issue: what the plan is, where each task stands, what comes next.

It must stay readable, and below GitHub's 65,536 characters, with one task and with a thousand: the graph is left out
first, then rows of the table, finished ones before the rest, each time saying how many are missing.
"""

from collections.abc import Sequence

from services.core import graph
from services.core.conduct import Run
from services.core.machine import TaskState
from services.core.messages import FOOT
from services.core.names import STICKY
from services.core.plan import Parsed, Plan, Task
from services.core.report import ICONS, WORDS, progress
from services.core.text import code, plain

LIMIT = 60_000
GRAPH_TASKS = 60
ROWS = 200
PROBLEMS = 20


def broken(parsed: Parsed, answers: Sequence[str] = ()) -> str:
    """The comment for a text that does not read as a plan: each problem with its line and its fix."""
    errors = parsed.errors
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    lines = [
        "### This plan can't be run yet",
        "",
        f"I found {count}. Edit the issue and I look again; nothing has been started.",
        "",
    ]
    lines += [f"- {_place(problem.line)}{problem.message}" for problem in errors[:PROBLEMS]]
    if len(errors) > PROBLEMS:
        lines.append(f"- … and {len(errors) - PROBLEMS} more")
    return _join(lines, answers)


def _place(line: int) -> str:
    return f"**Line {line}:** " if line else ""


def render(
    plan: Plan,
    warnings: Sequence[str],
    *,
    approved_by: str,
    run: Run | None,
    answers: Sequence[str] = (),
    edited: bool = False,
) -> str:
    """The comment for a plan that reads; `run` is its newest run, if any; `plan` is what is approved or waits for
    approval; `edited`: an earlier text of it had been approved.
    """
    path = graph.critical_path(plan, lambda task: float(task.timeout))
    lines = [f"### Plan: {plain(plan.title) or 'untitled'}", "", _headline(plan, approved_by, run, edited=edited), ""]
    lines += [f"**Critical path:** {_path(path)} ({len(path)} of {len(plan.tasks)} tasks)", ""]
    lines += [f"- ⚠ {warning}" for warning in warnings[:PROBLEMS]]
    lines += ["", *_table(plan, run), ""]
    if len(plan.tasks) <= GRAPH_TASKS:
        lines += _mermaid(plan, run, frozenset(path))
    body = _join(lines, answers)
    return body if len(body) <= LIMIT else _join(lines[:6], answers)


def _headline(plan: Plan, approved_by: str, run: Run | None, *, edited: bool) -> str:
    count, repos = len(plan.tasks), len(plan.repos)
    size = f"{count} task{'s' * (count != 1)} in {repos} repositor{'ies' if repos != 1 else 'y'}"
    if run is not None:
        met, total = progress(run)
        said = {
            "running": "Running", "paused": "Paused", "done": "Done", "cancelled": "Cancelled",
            "failed": "Stopped: something needs a person. `/lockstep retry failed` starts the failed tasks again",
        }  # fmt: skip
        return f"**{said[run.state]}.** {met} of {total} tasks done, started by {code(run.actor)}."
    if approved_by:
        return f"**Approved** by {code(approved_by)}: {size}. Next: `/lockstep run` (needs write permission)."
    what = (
        "**Waits for approval again**, because the plan was edited after it was approved:"
        if edited
        else "**Waits for approval:**"
    )
    return f"{what} {size}. Next: `/lockstep approve` (needs maintain permission), then `/lockstep run`."


def _path(path: Sequence[str]) -> str:
    shown = [code(task_id) for task_id in path]
    return " → ".join(shown if len(shown) <= 12 else [*shown[:6], "…", *shown[-5:]])


def _table(plan: Plan, run: Run | None) -> list[str]:
    states = run.tasks if run is not None else {}
    tasks = list(plan.tasks)
    if len(tasks) > ROWS:
        tasks.sort(key=lambda task: task.id in states and states[task.id].state == "done")
    rows = [_row(task, states.get(task.id)) for task in tasks[:ROWS]]
    if len(plan.tasks) > ROWS:
        rows.append(f"| … | {len(plan.tasks) - ROWS} more tasks | | | |")
    return ["| Task | What | State | Pull request | Needs |", "| --- | --- | --- | --- | --- |", *rows]


def _row(task: Task, state: TaskState | None) -> str:
    needs = ", ".join(code(need) for need in task.needs[:5]) + (" …" if len(task.needs) > 5 else "")
    what = f"{plain(task.title, 100)} ({task.repo})"
    if state is None:
        return f"| {code(task.id)} | {what} | {'done before' if task.done else 'planned'} | | {needs} |"
    reason = f": {state.reason[:300]}" if state.reason and state.state != "done" else ""
    pull = f"{task.repo}#{state.pull}" if state.pull else f"{task.repo}#{state.issue} (issue)" if state.issue else ""
    return f"| {code(task.id)} | {what} | {ICONS[state.state]} {WORDS[state.state]}{reason} | {pull} | {needs} |"


def _mermaid(plan: Plan, run: Run | None, critical: frozenset[str]) -> list[str]:
    """The graph. Node names are made here; a label is a task id, which the parser has limited to harmless
    characters.
    """
    number = {task.id: f"t{n}" for n, task in enumerate(plan.tasks)}
    lines = ["<details><summary>Graph</summary>", "", "```mermaid", "flowchart LR"]
    for task in plan.tasks:
        state = run.tasks[task.id].state if run is not None else "done" if task.done else "blocked"
        lines.append(f'  {number[task.id]}["{ICONS[state]} {task.id}"]')
    for task in plan.tasks:
        for need in task.needs:
            arrow = "==>" if {task.id, need} <= critical else "-->"
            lines.append(f"  {number[need]} {arrow} {number[task.id]}")
    return [*lines, "```", "", "</details>", ""]


def answered(answers: Sequence[str]) -> str:
    """The comment where there is no plan: only answers to commands."""
    return _join([], answers)


def _join(lines: Sequence[str], answers: Sequence[str]) -> str:
    said = ["#### Answers", "", *answers, ""] if answers else []
    return "\n".join([*lines, *said, FOOT, STICKY])
