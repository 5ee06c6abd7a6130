"""Shows a checked plan to a person: a table on a terminal, plain lines in a pipe.

Titles and messages are foreign text. The parser has taken control characters out of both, so nothing here can steer a
terminal, and rich is given texts, never markup.
"""

from collections.abc import Iterator, Sequence
from typing import TextIO

from services.core import graph
from services.core.plan import Parsed, Plan, Problem, Task
from services.core.simulate import Simulated
from services.core.simulated import head, rows

HEAD = ("task", "repository", "needs", "title")


def show(parsed: Parsed, name: str, out: TextIO) -> None:
    """Write the plan, if there is one, and every problem as `NAME:LINE:COLUMN: message`."""
    if parsed.plan and out.isatty():
        _table(parsed.plan, out)
    elif parsed.plan:
        out.writelines(line + "\n" for line in _plain(parsed.plan))
    out.writelines(f"{place(name, problem)}: {_severity(problem)}{problem.message}\n" for problem in parsed.problems)
    if parsed.plan:
        out.writelines(line + "\n" for line in summary(parsed.plan))
    else:
        count = len(parsed.errors)
        out.write(f"Not a valid plan: {count} {'problem' if count == 1 else 'problems'}.\n")


def show_simulated(found: Simulated, out: TextIO) -> None:
    """Write what a simulation found, a figure to a line, each with what it goes by."""
    if not found.tasks:
        out.write("Nothing is left to simulate: all tasks are done.\n")
        return
    out.write(f"{head(found)}\n")
    out.writelines(f"{what}: {likely} ({basis})\n" for what, likely, basis in rows(found))


def place(name: str, problem: Problem) -> str:
    return f"{name}:{problem.line}:{problem.column}" if problem.line else name


def summary(plan: Plan) -> Iterator[str]:
    """What the plan amounts to: its size, the layers that can run side by side, and its longest chain."""
    needs = graph.needs_of(plan.tasks)
    layers = graph.layers(needs)
    path = graph.critical_path(plan)
    for number, layer in enumerate(layers, 1):
        yield f"Layer {number}: {', '.join(layer)}"
    yield f"Critical path: {' → '.join(path)} ({_count(len(path), 'task')})"
    edges = sum(len(wanted) for wanted in needs.values())
    counts = (
        _count(len(plan.tasks), "task"),
        _count(edges, "need"),
        _count(len(plan.repos), "repository", "repositories"),
    )
    yield f"Valid: {', '.join(counts)}, {_count(len(layers), 'layer')}."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _severity(problem: Problem) -> str:
    return "warning: " if problem.severity == "warning" else ""


def _row(task: Task) -> tuple[str, str, str, str]:
    return (task.id, task.repo, ", ".join(task.needs) or "-", f"{task.title} (done)" if task.done else task.title)


def _plain(plan: Plan) -> Iterator[str]:
    rows: Sequence[tuple[str, ...]] = [HEAD, *map(_row, plan.tasks)]
    widths = [min(max(len(row[column]) for row in rows), 40) for column in range(3)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip()


def _table(plan: Plan, out: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(plan.title) if plan.title else None, title_justify="left", header_style="bold")
    for name in HEAD:
        table.add_column(name, overflow="fold")
    for task in plan.tasks:
        table.add_row(*(Text(cell) for cell in _row(task)), style="dim" if task.done else "")
    Console(file=out, highlight=False).print(table)
