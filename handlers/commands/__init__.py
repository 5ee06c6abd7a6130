"""Comment commands, one file each: what it is called, who may use it, what it does. `/lockstep help` and the docs
come from here.
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

import msgspec

from services.core import messages
from services.core.commands import Command
from services.engine.engine import Engine
from services.registry import Registry

Tier = Literal["read", "triage", "write", "maintain"]
ROLES = ("none", "read", "triage", "write", "maintain", "admin")


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked what where. `asked_at` is GitHub's time of the comment; `sender` the login whose permission counts."""

    engine: Engine
    repo: str
    number: int
    asked_at: datetime
    sender: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One verb. `run` returns the answer as Markdown of ours, or raises UserError."""

    usage: str
    summary: str
    needs: Tier
    run: Callable[[Context, Command], Awaitable[str]]


COMMANDS: Registry[Entry] = Registry("command")


def command(
    verb: str, *, usage: str, summary: str, needs: Tier
) -> Callable[[Callable[[Context, Command], Awaitable[str]]], Entry]:
    """Register the decorated coroutine as the command `verb`."""

    def register(run: Callable[[Context, Command], Awaitable[str]]) -> Entry:
        return COMMANDS.add(verb, Entry(usage=usage, summary=summary, needs=needs, run=run))

    return register


def refusal(entry: Entry, role: str) -> str:
    """Why a role may not use a command, or "". A role nobody here knows counts as none."""
    have = ROLES.index(role) if role in ROLES else 0
    if have >= ROLES.index(entry.needs):
        return ""
    return messages.not_allowed(entry.usage.split()[0], entry.needs, role)


def load() -> None:
    """Import every command of this folder."""
    COMMANDS.load(sys.modules[__name__])
