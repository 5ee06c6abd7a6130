"""Who does a task's work: one module here is one agent, and it registers itself.

An agent changes files and reports; it never sees git, a token or GitHub. What it did is what lies in the directory
afterwards, and the engine decides whether that is kept. To add one, write a module that ends with `AGENTS.add("name",
TheAgent())`.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from services.agents.box import Box
from services.core.plan import PERSON, Task
from services.errors import UserError
from services.registry import Registry
from services.store.ledger import Call

if TYPE_CHECKING:
    from services.agents.models import Models


class Superseded(Exception):
    """The attempt is over: its task was cancelled, or tried again. Whatever it comes to is dropped."""


class Journal(Protocol):
    """Where an agent keeps how far it has come, for whoever takes its attempt up again. Superseded."""

    async def load(self) -> bytes | None:
        """What was kept last."""
        ...

    async def keep(self, data: bytes, turns: int, /) -> None:
        """turns: how often the model has answered by now."""
        ...


@dataclass(frozen=True)
class Work:
    """One attempt as an agent sees it. files: the repository's files, its own to change; seconds: how long it may take.

    note: what an earlier attempt ran into, for agents that can read; empty at first. lessons: what reviews of other
    tasks have taught. past: what like it has merged before, and which files that touched. models, call: how a model
    is asked, where there is one, and what that is booked on.
    """

    task: Task
    files: Path
    seconds: float
    note: str = ""
    lessons: str = ""
    past: str = ""
    models: "Models | None" = None
    call: Call | None = None
    journal: Journal | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of it. summary: one line for people; log: the end of what was printed, plain and bounded."""

    ok: bool
    summary: str
    exit_code: int = 0
    timed_out: bool = False
    log: bytes = b""
    seconds: float = 0.0


class Agent(Protocol):
    """Does the work of one attempt inside the box. UserError when the task asks for what this agent can't do.

    One that asks models has `providers`, the names of those whose models it can ask; one that reads a prompt of ours
    has `asked_with`, its name.
    """

    async def run(self, work: Work, box: Box) -> Outcome: ...


AGENTS: Registry[Agent] = Registry("agent")


def agent_names() -> list[str]:
    """All agents there are."""
    AGENTS.load(sys.modules[__name__])
    return AGENTS.names()


def asking_models(agents: Registry[Agent] = AGENTS) -> frozenset[str]:
    """The agents that ask models."""
    AGENTS.load(sys.modules[__name__])
    return frozenset(name for name in agents.names() if providers_of(name, agents))


def providers_of(name: str, agents: Registry[Agent] = AGENTS) -> frozenset[str]:
    """Whose models an agent asks; none for one that asks none, and for one that there is not."""
    AGENTS.load(sys.modules[__name__])
    return getattr(agents.get(name), "providers", frozenset())


def prompt_of(name: str, agents: Registry[Agent] = AGENTS) -> str:
    """The name of the prompt that an agent is asked with; "" for one that is asked with none."""
    AGENTS.load(sys.modules[__name__])
    return getattr(agents.get(name), "asked_with", "")


class ForAPerson(UserError):
    """There is no agent because the work is a person's."""


def find_agent(name: str, agents: Registry[Agent] = AGENTS) -> Agent:
    """The agent a task names; UserError that lists the known ones when there is none of that name, ForAPerson when
    that is on purpose.
    """
    AGENTS.load(sys.modules[__name__])
    if name == PERSON and PERSON not in agents.names():
        raise ForAPerson("This is for a person.")
    agent = agents.get(name)
    if agent is None:
        asked = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))[:40]
        raise UserError(f"There is no agent `{asked}`; this Lockstep knows: {', '.join(agents.names()) or 'none'}.")
    return agent
