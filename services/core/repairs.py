"""What failed on a pull request, and what was done about it, as values that a task keeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from services.core.failures import FailureClass
from services.core.strategies import Rules, Strategy, Tally

KEPT = 24
"""Repairs of a task that it remembers, the newest ones."""
Came = Literal["", "worked", "failed", "superseded"]
"""What came of a repair, "" while that is open; superseded: something else happened first, so nobody will know."""
AGAIN: frozenset[Strategy] = frozenset({"retry", "rerun_failed"})
"""Of a check they are the same: its failed jobs run once more. Of each head they are counted anew."""
FIXES: frozenset[Strategy] = frozenset({"fix_format", "fix_dependency", "fix_tests", "resolve_conflict"})
"""Another attempt that goes on where the one before ended; a stronger model is none of them."""
BASE: Strategy = "update_branch"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failed check. id: of its check run, which is that of its job where Actions ran it (`jobs`); each try has a new
    one.  evidence: the lines of its log that tell it.  base: how the same check stands on `base_sha`, where the base
    branch is; "" where nobody asked, or it is not there.  broke_by: the commit of the base with which it began to fail
    there.  late: its log is not there yet, and will be asked for again.

    Of an attempt that failed there is no check, nor of a conflict.
    """

    check: str
    id: str
    cls: FailureClass = "unknown"
    signature: str = ""
    evidence: tuple[str, ...] = ()
    jobs: bool = False
    base: Literal["", "failed", "passed", "pending"] = ""
    base_sha: str = ""
    broke_by: str = ""
    late: bool = False


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """What failed besides checks, and what the repository wants done about it."""

    failures: tuple[Failure, ...]
    rules: Rules = Rules()


class Repair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One repair of a task, its number `n`. sha, attempt: of what failed.  about: ids of the check runs that it is to
    make good, `checks` their names, `signatures` what they failed of.  tries, most: which try this is, of how many.
    due: not before.  base: the commit of the base branch that fails too.  seen: how often that has helped here.
    carries: it takes over what the attempt before has made.  past: a person has spoken since, and the count begins
    anew.
    """

    n: int
    strategy: Strategy
    cls: FailureClass
    sha: str
    attempt: int
    about: tuple[str, ...]
    checks: tuple[str, ...]
    signatures: tuple[str, ...] = ()
    tries: int = 1
    most: int = 1
    due: datetime | None = None
    base: str = ""
    seen: Tally | None = None
    carries: bool = False
    came: Came = ""
    past: bool = False

    def knew(self, failure: Failure) -> bool:
        """Was it made for this very failure?"""
        checks = self.checks or ("",) * len(self.signatures)
        return (failure.check, failure.signature) in zip(checks, self.signatures, strict=False)


def under_way(repairs: Sequence[Repair]) -> Repair | None:
    """The one of which nobody knows yet what came of it."""
    return next((repair for repair in reversed(repairs) if not repair.came), None)


def for_attempt(repairs: Sequence[Repair], attempt: int) -> Repair | None:
    """The repair that this attempt is."""
    repair = under_way(repairs)
    return repair if repair is not None and repair.attempt == attempt - 1 else None


def next_due(repairs: Sequence[Repair], attempt: int) -> datetime | None:
    """When the attempt after this one may begin; None for at any time."""
    repair = for_attempt(repairs, attempt + 1)
    return repair.due if repair is not None else None


def tier(repairs: Sequence[Repair]) -> int:
    """How much stronger a model than the first one the next attempt is to have."""
    return sum(each.strategy == "stronger_model" and not each.past for each in repairs)


def ended(repairs: Sequence[Repair], came: Came, *, past: bool = False) -> tuple[Repair, ...]:
    """The same, with nothing under way any more; past: what was tried does not count from now on."""
    replace = msgspec.structs.replace
    return tuple([replace(each, came=each.came or came, past=each.past or past) for each in repairs])


def with_another(repairs: Sequence[Repair], repair: Repair) -> tuple[Repair, ...]:
    """The same and this one, whose predecessor has evidently not helped."""
    return (*ended(repairs, "failed"), repair)[-KEPT:]
