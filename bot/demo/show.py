"""How the demo looks: a table that lives on a terminal, plain lines in a pipe, and the summary at the end."""

import sys
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.core.board import Run
from services.core.clock import from_text
from services.core.report import ICONS, WORDS
from services.store.runs import Told

STYLES = {
    "done": "green",
    "failed": "red",
    "needs_human": "yellow",
    "running": "blue",
    "in_review": "magenta",
    "cancelled": "dim",
    "skipped": "dim",
}


class Lines:
    """One line per thing that happened, for pipes and logs."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began: datetime | None = None

    def begins(self, github: str, pages: str, notice: str) -> None:
        if notice:
            self._say(notice)
        self._say(f"GitHub on this machine: {github}   Lockstep's pages: {pages}")

    def goes_on(self, run: Run, news: list[Told]) -> None:
        began = run.started_at
        for moment in news:
            seconds = (from_text(moment.at) - began).total_seconds() if began is not None else 0.0
            where = moment.task or "plan"
            moved = moment.before and moment.before != moment.after
            change = f"{moment.before} -> {moment.after}" if moved else moment.after
            text = f"version {moment.text[:12]}" if moment.kind == "approved" else moment.text  # as comments name it
            self._say(f"{max(seconds, 0.0):6.1f}s  {where:<12} {moment.kind:<10} {change}  {text}".rstrip())

    def close(self) -> None:
        return

    def _say(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


class Silent(Lines):
    """For --json: only the object is printed."""

    def _say(self, line: str) -> None:
        return


class Board:
    """A table of the tasks that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8)

    def begins(self, github: str, pages: str, notice: str) -> None:
        if notice:
            self._console.print(Text(notice, style="yellow"))
        self._console.print(f"GitHub on this machine: {github}   Lockstep's pages: {pages}")
        self._live.start()

    def goes_on(self, run: Run, news: list[Told]) -> None:
        self._live.update(_table(run))

    def close(self) -> None:
        self._live.stop()


def _table(run: Run) -> Table:
    table = Table(
        "Task",
        "Repository",
        "State",
        "Pull request",
        "Why",
        title=f"Plan {run.repo}#{run.number}: {run.state}",
        title_justify="left",
    )
    for task in run.plan.tasks:
        state = run.tasks[task.id]
        word = Text(f"{ICONS[state.state]} {WORDS[state.state]}", style=STYLES.get(state.state, ""))
        reason = (
            ""
            if state.state == "done"
            else state.reason or ("needs " + ", ".join(task.needs) if state.state == "blocked" else "")
        )
        table.add_row(task.id, task.repo, word, f"#{state.pull}" if state.pull else "", Text(reason[:60]))
    return table


def audience(*, as_json: bool) -> Lines | Board:
    """The right one for where the output goes."""
    if as_json:
        return Silent(sys.stdout)
    console = Console()
    return Board(console) if console.is_terminal else Lines(sys.stdout)
