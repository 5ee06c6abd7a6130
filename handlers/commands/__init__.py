"""Comment commands, one file each: what it is called, who may use it, what it does. `/lockstep help` and the docs
come from here.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

import msgspec

from services.core.commands import Command
from services.core.messages import usage
from services.core.roles import Tier, suffices
from services.core.text import plain
from services.engine.engine import Engine
from services.errors import UserError
from services.registry import Registry

About = Literal["anything", "plan", "tasks"]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked what where. `repo` and `number` are the plan's, wherever the comment stands; `asked_at` is GitHub's
    time of the comment; `sender` the login whose permission counts.
    said_by: who says it in the sender's name, "" when nobody does.

    task: the one in whose tracking issue or pull request the comment stands, "" on the plan's own issue.
    hidden: repositories that must not be mentioned there.
    seen: the hash of the text that was asked about, "" when only the time says which that was.
    """

    engine: Engine
    repo: str
    number: int
    asked_at: datetime
    sender: str
    said_by: str = ""
    task: str = ""
    hidden: frozenset[str] = frozenset()
    seen: str = ""

    def targets(self, asked: Command, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
        """What a command is about: what it names, else the task in whose place it stands, else `otherwise`."""
        if not self.task:
            return asked.targets or otherwise
        if self.hidden and set(asked.targets) - {self.task}:
            raise UserError(usage.only_about(self.task))
        return asked.targets or (self.task,)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One verb. `run` returns the answer as Markdown of ours, or raises UserError. about: what it can be said of; what
    is about the plan as a whole is said on its issue.
    """

    usage: str
    summary: str
    needs: Tier
    about: About
    run: Callable[[Context, Command], Awaitable[str]]


COMMANDS: Registry[Entry] = Registry("command")


def command(
    verb: str, *, usage: str, summary: str, needs: Tier, about: About = "tasks"
) -> Callable[[Callable[[Context, Command], Awaitable[str]]], Entry]:
    """Register the decorated coroutine as the command `verb`."""

    def register(run: Callable[[Context, Command], Awaitable[str]]) -> Entry:
        return COMMANDS.add(verb, Entry(usage=usage, summary=summary, needs=needs, about=about, run=run))

    return register


def reason(asked: Command) -> str:
    """Why somebody wants that, if they say it: for the history, and beside the task."""
    return plain(asked.options.get("why", ""), 100)


def refusal(entry: Entry, role: str) -> str:
    """Why a role may not use a command, or ""."""
    if suffices(role, entry.needs):
        return ""
    return usage.not_allowed(entry.usage.split()[0], entry.needs, role)


def load() -> None:
    """Import every command of this folder."""
    COMMANDS.load(sys.modules[__name__])
