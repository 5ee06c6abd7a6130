"""What the demo says at the end: every number is counted in this run, none is prepared."""

import sys

import msgspec

from bot.demo.story import Ending
from services.core import graph
from services.core.board import Run
from services.core.plan import Task


def as_json(ending: Ending) -> str:
    """`{"ok", "tasks", "merged", "seconds", "critical_path_seconds", "api_calls", "api_calls_saved", "events"}`."""
    run = ending.run
    tasks = []
    for task, state in [(task, run.tasks[task.id]) for task in run.plan.tasks] if run is not None else []:
        tasks.append(
            {
                "id": task.id,
                "repo": task.repo,
                "state": state.state,
                "pull": state.pull or None,
                "merge_sha": state.merge_sha or None,
            }
        )
    summary = {
        "ok": is_ok(ending),
        "tasks": tasks,
        "merged": list(merged(ending)),
        "seconds": round(seconds(run), 2),
        "critical_path_seconds": round(critical_path_seconds(run), 2),
        "api_calls": ending.calls,
        "api_calls_saved": ending.saved,
        "events": ending.events,
        "said": ending.said,
    }
    return msgspec.json.encode(summary).decode()


def is_ok(ending: Ending) -> bool:
    """All that was planned is merged."""
    return ending.run is not None and all(state.state == "done" for state in ending.run.tasks.values())


def merged(ending: Ending) -> tuple[str, ...]:
    """`owner/name#n` of the merged pull requests, in the order GitHub merged them."""
    return tuple(line.partition(" ")[0] for line in ending.merges)


def together(run: Run) -> list[tuple[str, tuple[str, ...]]]:
    """The groups that have merged as a whole, and their tasks."""
    groups = run.plan.groups.items()
    return [(name, ids) for name, ids in groups if name in run.barriers and run.barriers[name].phase == "merged"]


def seconds(run: Run | None) -> float:
    """From the start of the run to its last merge."""
    if run is None or run.started_at is None:
        return 0.0
    ends = [state.finished_at for state in run.tasks.values() if state.finished_at is not None]
    return (max(ends) - run.started_at).total_seconds() if ends else 0.0


def critical_path_seconds(run: Run | None) -> float:
    """The longest chain of tasks, each with the time it really took from its start to its merge: no schedule could be
    quicker.
    """
    if run is None:
        return 0.0
    took = {task.id: _took(run, task) for task in run.plan.tasks}
    path = graph.critical_path(run.plan, lambda task: took[task.id])
    return sum(took[task_id] for task_id in path)


def _took(run: Run, task: Task) -> float:
    state = run.tasks[task.id]
    if state.started_at is None or state.finished_at is None:
        return 0.0
    return (state.finished_at - state.started_at).total_seconds()


def print_for_people(ending: Ending, kept: str) -> None:
    """The summary as text."""
    run = ending.run
    lines = [""]
    if ending.said:
        lines.append(ending.said)
    if run is not None:
        total = len(run.tasks)
        done = sum(state.state == "done" for state in run.tasks.values())
        lines.append(f"{done} of {total} tasks merged. In order: {', '.join(merged(ending)) or 'none'}.")
        lines.append(
            f"{seconds(run):.1f} s from start to last merge; the critical path alone took "
            f"{critical_path_seconds(run):.1f} s."
        )
        lines += [
            f"{name}: {' and '.join(ids)} merged together, once all of them were ready." for name, ids in together(run)
        ]
        stuck = [state for state in run.tasks.values() if state.state in {"failed", "needs_human"}]
        lines += [f"  {state.id}: {state.reason}" for state in stuck]
    each = f"{ending.calls / len(run.tasks):.1f} for each task, " if run is not None and run.tasks else ""
    lines.append(
        f"{ending.calls} API calls made, {each}unpaced because this GitHub is the demo's own; {ending.saved} saved by "
        f"the cache; {ending.events} webhooks sent."
    )
    if kept:
        lines.append(f"Kept for looking: {kept}")
    sys.stdout.write("\n".join(lines) + "\n")
