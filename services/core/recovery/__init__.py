"""The strategies against failures: one file each, which registers itself.

A strategy is pure: asked about one failure of a task it answers with the move that it would make, or with "" where it
could not help. Which strategies are asked, in which order and how often, says the policy (`strategies.py`, and a
repository's own settings); when to stop says `repair.py`, which also makes the move.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from services.core.elsewhere import ELSEWHERE
from services.core.repairs import Failure
from services.core.strategies import Rules, Strategy
from services.core.task_state import TaskState
from services.registry import Registry

Move = Literal["", "rerun", "rebase", "carry", "attempt"]
"""rerun: its failed jobs run again.  rebase: its base is brought into its branch.  carry: what the last attempt made is
taken over and worked on, without its agent where that can be.  attempt: its agent begins anew, told what failed."""
WITHOUT_MODEL = frozenset({"script", "human"})
"""Agents that would do the same again, whatever they are told."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One failure of a task. Of an attempt that failed it has no check."""

    task: TaskState
    agent: str
    failure: Failure
    rules: Rules = Rules()

    @property
    def reads(self) -> bool:
        """Does its agent do otherwise when it is told what failed?"""
        return self.agent not in WITHOUT_MODEL

    @property
    def chooses(self) -> bool:
        """Is its agent given a model of our choice?"""
        return self.reads and self.agent not in ELSEWHERE


@dataclass(frozen=True, slots=True)
class Way:
    """summary: what is done, for the reference and for people.  doing: the same while it is under way."""

    summary: str
    doing: str
    move: Callable[[Case], Move]


WAYS: Registry[Way] = Registry("strategy")


def load() -> None:
    """Import every strategy of this folder."""
    WAYS.load(sys.modules[__name__])


def way(strategy: Strategy) -> Way:
    """The strategy of that name."""
    load()
    found = WAYS.get(strategy)
    assert found is not None  # noqa: S101 - a test holds the names against the files
    return found


def summaries() -> dict[str, str]:
    """What each strategy does, by name."""
    load()
    return {name: found.summary for name, found in WAYS}
