"""What is tried when something failed: for each class of failure its strategies, in order, how often and how far apart.

A table and two functions on it; nothing here acts. Every list ends with a person, so nothing is tried for ever.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from services.core.backoff import delay
from services.core.failures import FailureClass

Strategy = Literal[
    "retry", "rerun_failed", "update_branch", "resolve_conflict", "fix_format", "fix_dependency", "fix_tests",
    "stronger_model", "revert", "manual",
]  # fmt: skip

STRATEGIES: dict[Strategy, str] = {
    "retry": "do the same again, after a pause that grows",
    "rerun_failed": "run only the failed jobs again, on the same commit",
    "update_branch": "bring the base into the branch",
    "resolve_conflict": "merge the base and resolve what git could not, then run the checks",
    "fix_format": "run the repository's formatter, or have the agent repair what the linter names",
    "fix_dependency": "another attempt, told which dependency is missing or does not fit",
    "fix_tests": "another attempt, told what fails: tests, compiler or documentation",
    "stronger_model": "another attempt by the next stronger model",
    "revert": "take the merge back that broke it, where the plan allows that (`rollback`)",
    "manual": "hand it to a person, with the evidence",
}


class Step(msgspec.Struct, frozen=True):
    """A strategy, how often at most, and the seconds between tries: the first pause and the longest."""

    strategy: Strategy
    most: int = 1
    first: float = 1.0
    longest: float = 300.0


_MANUAL = Step("manual")
_FIX = (Step("fix_tests", 2), Step("stronger_model"), _MANUAL)

POLICY: dict[FailureClass, tuple[Step, ...]] = {
    "transient_api": (Step("retry", 6, 2.0, 300.0), _MANUAL),
    "rate_limited": (Step("retry", 8, 60.0, 3_600.0), _MANUAL),
    "permission": (_MANUAL,),
    "merge_conflict": (Step("resolve_conflict", 2), Step("stronger_model"), _MANUAL),
    "stale_base": (Step("update_branch", 5, 5.0, 300.0), _MANUAL),
    "test_failure": _FIX,
    "flaky_test": (Step("rerun_failed", 2, 30.0, 600.0), _MANUAL),
    "broken_base": (Step("update_branch", 3, 300.0, 3_600.0), Step("revert"), _MANUAL),
    "lint": (Step("fix_format", 2), Step("stronger_model"), _MANUAL),
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
    "unknown": (Step("rerun_failed", 1, 60.0, 600.0), _MANUAL),
}


def next_step(cls: FailureClass, tried: Mapping[str, int]) -> Step:
    """What to try now; `tried` counts the tries of each strategy that were made for this failure."""
    return next((step for step in POLICY[cls] if tried.get(step.strategy, 0) < step.most), _MANUAL)


def pause(step: Step, key: str, tries: int, *, retry_after: float | None = None) -> float:
    """Seconds before the next try; `tries` were made. At least what the service asked for."""
    if not tries:
        return retry_after or 0.0
    return delay(key, tries, retry_after=retry_after, base=step.first, cap=step.longest)
