"""May this pull request be merged now, and if not, what is missing and who can act?

A verdict, never an act: the merge call is GitHub's to judge. Pending beats green until every known check is done, and
our own checks never count, or the bot would wait for itself.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from services.core.repairs import Failure
from services.core.strategies import Rules
from services.core.task_state import TaskState
from services.core.text import code

Verdict = Literal["merge", "wait", "behind", "failed", "needs_human"]
"""behind: all is well but that its base has moved on, and the branch takes only what is up to date."""
PASSED = frozenset({"success", "neutral", "skipped"})
NO_CHECKS = (
    "no checks will come: the repository has no workflows. Add one, or set `checks: none` in .github/lockstep.yml"
)
STARTING = "waits for its checks to start"
OF_FORK = "; it comes from a fork, so perhaps somebody who can write there has to let them run"
OVERDUE = (
    "no check has begun on it, and none may come by itself. Close it and open it again, or push to it; "
    "if it needs none, set `checks: none` in .github/lockstep.yml"
)
SURE = timedelta(minutes=1)
"""So long after a change GitHub shows what was before no more: an earlier head unless somebody has put that back."""
USUAL, CHECKS_COME = 60.0, 15
"""Seconds of grace where none is set; times of it in which checks begin where any will."""


class CheckFact(msgspec.Struct, frozen=True, kw_only=True):
    """One check run or status on the head, newest of its name; `ours` = reported by this App."""

    name: str
    status: str
    conclusion: str = ""
    url: str = ""
    ours: bool = False


class PullFact(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub says about a pull request right now. `mergeable` None = GitHub has not worked it out yet, which it
    was asked to if `unsettled`.

    state: open, closed, or gone = it can't be seen any more.  base_ok: it goes into the branch that was approved.
    frozen: why nothing is merged there now.  objections: logins of those who asked for changes.  suites_open: more
    checks may still come, though none of those there is pending.  grace_left: seconds for which more checks may begin
    on their own.  checks_overdue: by now they would have.  checks_none: nobody wants any.  gate_closed: GitHub asks for
    our own gate, which is not green.
    from_fork: its head lies in another repository, where Actions may wait for somebody to let it run.
    failures: what is known of those that failed, rules: and what the repository wants done about it.  vouched: who has
    approved this very commit, where it is not one of ours, or with `by_push` has pushed it and may answer for it alone.
    barred: why it may not be merged though nothing of it is missing.
    workflow: which has to try it together with others, if one has to.  tried: how the one under way has ended.
    overtaken: its head is of an attempt of ours that was over when it was pushed.
    seen_at: when GitHub was asked for its head, where that was an earlier one of ours.
    left_queue: the merge queue that it was put into has it no more.
    """

    number: int
    state: str
    head_sha: str
    merged: bool = False
    merge_sha: str = ""
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    unsettled: bool = False
    draft: bool = False
    held: bool = False
    frozen: str = ""
    head_ref: str = ""
    base_ref: str = ""
    base_ok: bool = True
    from_fork: bool = False
    objections: tuple[str, ...] = ()
    checks: tuple[CheckFact, ...] = ()
    suites_open: bool = False
    has_workflows: bool = True
    grace_left: float = 0.0
    checks_overdue: bool = False
    checks_none: bool = False
    gate_closed: bool = False
    barred: str = ""
    failures: tuple[Failure, ...] = ()
    workflow: str = ""
    tried: str = ""
    rules: Rules = Rules()
    vouched: str = ""
    by_push: bool = False
    overtaken: bool = False
    seen_at: datetime | None = None
    left_queue: bool = False


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict with its reason as one sentence for people. by_itself: it waits for checks alone.
    failed: the checks that are the reason.  by_gate: nothing is missing but our own gate, as far as GitHub tells.
    """

    verdict: Verdict
    reason: str = ""
    by_itself: bool = False
    failed: tuple[str, ...] = ()
    by_gate: bool = False


def awaited(task: TaskState, grace: float, now: datetime) -> tuple[float, bool]:
    """Seconds of grace that are left for checks to begin on their own, since its head came or it came back to review;
    and would they have by now? Actions begins soon after a push; until then one quick status of another service is not
    all.
    """
    begun = max([at for at in (task.since, task.head_at) if at is not None], default=None)
    waited = (now - begun).total_seconds() if begun is not None else grace
    return max(grace - waited, 0.0), waited >= (grace or USUAL) * CHECKS_COME


def is_earlier(task: TaskState, head: str) -> bool:
    """Is it a head of ours, and not the one that its pull request had last?"""
    return head != task.head_sha != "" and head in task.heads


def put_back_in(task: TaskState, fact: PullFact) -> float | None:
    """Seconds until an earlier head of ours is no late answer any more, but where somebody has put the branch; None for
    every other head, and where that is only remembered.
    """
    if fact.seen_at is None or not is_earlier(task, fact.head_sha):
        return None
    return max((task.head_at + SURE - fact.seen_at).total_seconds(), 0.0) if task.head_at is not None else 0.0


def rule(pull: PullFact, unmet: tuple[str, ...]) -> Ruling:
    """Judge a pull request that is neither merged nor closed; `unmet` names the needs that have not merged."""
    if pull.state == "gone":
        return Ruling(
            verdict="needs_human",
            reason="the pull request can't be seen any more: it was deleted, or the App was uninstalled",
        )
    if not pull.base_ok:
        return Ruling(
            verdict="needs_human",
            reason=f"it was turned to the branch {code(pull.base_ref)}, which nobody approved. "
            "Turn it back to the default branch, or merge it yourself",
        )
    if unmet:
        return Ruling(verdict="wait", reason=f"waits for {_names(unmet)} to merge")
    if pull.held:
        return Ruling(verdict="wait", reason="is held by the label do-not-merge/hold")
    if pull.draft:
        return Ruling(verdict="wait", reason="is a draft; mark it ready for review")
    if pull.mergeable is False:
        return Ruling(verdict="failed", reason="conflicts with its base branch")
    return _by_checks(pull)


def _by_checks(pull: PullFact) -> Ruling:
    theirs = [check for check in pull.checks if not check.ours]
    failed = [check.name for check in theirs if check.status == "completed" and check.conclusion not in PASSED]
    pending = [check.name for check in theirs if check.status != "completed"]
    if failed:
        return Ruling(verdict="failed", reason=f"check {_names(failed)} failed", failed=tuple(failed))
    if pending:
        return Ruling(verdict="wait", reason=f"waits for check {_names(pending)}", by_itself=True)
    if pull.grace_left > 0:
        return Ruling(verdict="wait", reason=STARTING, by_itself=True)
    if not theirs and not pull.checks_none:
        if pull.has_workflows and pull.checks_overdue and not pull.from_fork:
            return Ruling(verdict="wait", reason=OVERDUE)
        if pull.has_workflows:
            return Ruling(verdict="wait", reason=STARTING + (OF_FORK if pull.from_fork else ""), by_itself=True)
        return Ruling(verdict="needs_human", reason=NO_CHECKS)
    if pull.suites_open:
        return Ruling(verdict="wait", reason="waits for the rest of its checks", by_itself=True)
    return _by_others(pull)


def _by_others(pull: PullFact) -> Ruling:
    """All checks are well: what people and the branch say."""
    if pull.objections:
        return Ruling(verdict="wait", reason=f"changes were requested by {_names(pull.objections)}")
    is_blocked = pull.mergeable_state == "blocked"
    if pull.frozen and (pull.gate_closed or not is_blocked):
        return Ruling(verdict="wait", reason=pull.frozen)
    if is_blocked:
        return Ruling(verdict="wait", reason="waits for a review or a required check", by_gate=pull.gate_closed)
    if pull.mergeable_state == "behind":
        return Ruling(verdict="behind", reason="its base branch has moved on, and takes only what is up to date")
    return Ruling(verdict="merge")


def _names(names: tuple[str, ...] | list[str]) -> str:
    each = list(dict.fromkeys(names))  # a workflow for pushes and one for pull requests may call theirs the same
    shown = ", ".join(code(name) for name in each[:3])
    return shown if len(each) <= 3 else f"{shown} and {len(each) - 3} more"
