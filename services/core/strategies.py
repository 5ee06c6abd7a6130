"""What is tried when something failed: for each class of failure its strategies, in order, how often and how far apart.

A table, what a repository says otherwise, and what has helped there so far; nothing here acts. Every list ends with a
person, so nothing is tried for ever. What each strategy is stands in `recovery`, one file each.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.core.backoff import delay
from services.core.failures import FailureClass

Strategy = Literal[
    "retry", "rerun_failed", "update_branch", "resolve_conflict", "fix_format", "fix_dependency", "fix_tests",
    "stronger_model", "revert", "manual",
]  # fmt: skip


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy, how often at most, and the seconds between tries: the first pause and the longest."""

    strategy: Annotated[Strategy, Meta(description="What to try.")]
    most: Annotated[int, Meta(ge=1, le=10, description="How often at most.")] = 1
    first: Annotated[float, Meta(ge=0, le=86_400, description="Seconds before a second try.")] = 1.0
    longest: Annotated[float, Meta(ge=0, le=86_400, description="The longest pause between two tries.")] = 300.0


MOST = 8
"""Repairs of one task before a person has to look, unless the repository says otherwise."""
SURE = 10.0
"""As if each place in a list had been tried so often before anything was: what is seen has to outweigh that."""
FIRST, LATER = 0.9, 0.2
"""How often the first of a list is taken to help while nobody knows, and how much less each further one."""
_MANUAL = Step("manual")
_FIX = (Step("fix_tests", 2), Step("stronger_model"), _MANUAL)

POLICY: dict[FailureClass, tuple[Step, ...]] = {
    "transient_api": (Step("retry", 6, 2.0, 300.0), _MANUAL),
    "rate_limited": (Step("retry", 8, 60.0, 3_600.0), _MANUAL),
    "permission": (_MANUAL,),
    "merge_conflict": (Step("resolve_conflict", 4), Step("stronger_model"), _MANUAL),
    "stale_base": (Step("update_branch", 5, 5.0, 300.0), _MANUAL),
    "test_failure": (Step("rerun_failed", 1, 15.0, 300.0), *_FIX),
    "flaky_test": (Step("rerun_failed", 2, 30.0, 600.0), _MANUAL),
    "broken_base": (Step("update_branch", 3, 300.0, 3_600.0), Step("revert"), _MANUAL),
    "lint": (Step("fix_format", 2), Step("fix_tests"), Step("stronger_model"), _MANUAL),
    "build": _FIX,
    "documentation": _FIX,
    "license": (Step("fix_format"), Step("fix_tests"), _MANUAL),
    "missing_dependency": (Step("fix_dependency", 2), Step("stronger_model"), _MANUAL),
    "configuration": (Step("fix_tests"), _MANUAL),
    "timeout": (Step("rerun_failed", 1, 60.0, 600.0), Step("fix_tests"), _MANUAL),
    "out_of_resources": (Step("rerun_failed", 1, 60.0, 600.0), _MANUAL),
    "runner": (Step("rerun_failed", 3, 60.0, 900.0), _MANUAL),
    "agent_failed": (Step("retry", 2, 10.0, 300.0), Step("stronger_model"), _MANUAL),
    "agent_empty": (Step("retry"), Step("stronger_model"), _MANUAL),
    "budget": (_MANUAL,),
    "policy": (_MANUAL,),
    "unknown": (_MANUAL,),
}


class Tally(msgspec.Struct, frozen=True):
    """How often a strategy has helped here, of so many times that it is known of."""

    worked: int
    tried: int


Record = Mapping[tuple[FailureClass, Strategy], Tally]
"""What has helped in a repository so far."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository wants done about failures, and what has helped there.

    policy: of classes for which it says something else than the table.  most: repairs of one task.  fixer: the command
    of its own formatter.  record: what has helped.  stronger: how many stronger models there are than the first.
    """

    policy: Mapping[FailureClass, tuple[Step, ...]] = {}
    most: int = MOST
    fixer: str = ""
    record: Record = {}
    stronger: int = 0

    def steps(self, cls: FailureClass) -> tuple[Step, ...]:
        """What to try for this class, in order; a person comes last."""
        return ranked(cls, (*self.policy[cls], _MANUAL) if cls in self.policy else POLICY[cls], self.record)


def ranked(cls: FailureClass, steps: Sequence[Step], record: Record) -> tuple[Step, ...]:
    """What has helped here goes first. Their order counts for as much as a few tries, so one bad day turns nothing."""

    def rank(at: int) -> float:
        step = steps[at]
        if step.strategy == "manual":
            return -1.0
        seen = record.get((cls, step.strategy), Tally(0, 0))
        return (seen.worked + SURE * max(FIRST - LATER * at, LATER)) / (seen.tried + SURE)

    return tuple([steps[at] for at in sorted(range(len(steps)), key=rank, reverse=True)])


def pause(step: Step, key: str, tries: int, *, retry_after: float | None = None) -> float:
    """Seconds before the next try; `tries` were made. They come after what the service asked for."""
    if not tries and not retry_after:
        return 0.0
    return delay(key, tries, retry_after=retry_after, base=step.first, cap=step.longest)
