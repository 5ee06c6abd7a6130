"""When a pull request may be merged, and what is said when not."""

from datetime import timedelta

import pytest

from services.core.gate import PullFact, awaited, rule
from services.core.machine import step
from services.core.task_state import Happening, TaskState
from tests.kit.plans import NOW, check, pull


@pytest.mark.parametrize(
    ("fact", "verdict", "said"),
    [
        (pull(), "merge", ""),
        (pull(mergeable=None), "merge", ""),
        (pull(checks=(check("test", "neutral"), check("lint", "skipped"))), "merge", ""),
        (pull(held=True), "wait", "is held by the label do-not-merge/hold"),
        (pull(draft=True), "wait", "is a draft; mark it ready for review"),
        (pull(mergeable=False), "failed", "conflicts with its base branch"),
        (pull(checks=(check("test"), check("lint", "success"))), "wait", "waits for check `test`"),
        (pull(checks=(check("test"), check("lint", "failure"))), "failed", "check `lint` failed"),
        (pull(checks=(check("test", "timed_out"),)), "failed", "check `test` failed"),
        (pull(checks=(check("lockstep/gate", "success", ours=True),)), "wait", "waits for its checks to start"),
        (pull(checks=()), "wait", "waits for its checks to start"),
        (
            pull(checks=(), from_fork=True),
            "wait",
            (
                "waits for its checks to start"
                "; it comes from a fork, so perhaps somebody who can write there has to let them run"
            ),
        ),
        (pull(checks=(), from_fork=True, grace_left=1.0), "wait", "waits for its checks to start"),
        (
            pull(checks=(), checks_overdue=True),
            "wait",
            (
                "no check has begun on it, and none may come by itself. Close it and open it again, or push to it; "
                "if it needs none, set `checks: none` in .github/lockstep.yml"
            ),
        ),
        (pull(checks=(check("test", "success"),), checks_overdue=True), "merge", ""),
        (pull(checks=(), checks_overdue=True, checks_none=True), "merge", ""),
        (pull(checks=(), has_workflows=False, checks_none=True), "merge", ""),
        (pull(suites_open=True), "wait", "waits for the rest of its checks"),
        (pull(mergeable_state="blocked"), "wait", "waits for a review or a required check"),
        (
            pull(mergeable_state="behind"),
            "behind",
            "its base branch has moved on, and takes only what is up to date",
        ),
        (pull(frozen="nothing is merged before noon"), "wait", "nothing is merged before noon"),
        (
            pull(frozen="nothing is merged before noon", checks=(check("test", "failure"),)),
            "failed",
            "check `test` failed",
        ),
        (pull(mergeable_state="behind", checks=(check("test"),)), "wait", "waits for check `test`"),
        (pull(objections=("bea", "cy")), "wait", "changes were requested by `bea`, `cy`"),
        (pull(objections=("bea",), checks=(check("test", "failure"),)), "failed", "check `test` failed"),
        (pull(checks=(check("cla", "success"),), grace_left=1.0), "wait", "waits for its checks to start"),
        (pull(checks=(check("cla", "failure"),), grace_left=1.0), "failed", "check `cla` failed"),
        (pull(checks=(), grace_left=1.0, checks_none=True), "wait", "waits for its checks to start"),
        (pull(checks=(), checks_none=True), "merge", ""),
    ],
)
def test_verdicts(fact: PullFact, verdict: str, said: str) -> None:
    ruling = rule(fact, ())
    assert (ruling.verdict, ruling.reason) == (verdict, said)


def test_a_branch_nobody_approved_needs_a_person_whatever_else_holds() -> None:
    ruling = rule(pull(base_ref="release|@x", base_ok=False, held=True), ("schema",))
    assert ruling.verdict == "needs_human"
    assert ruling.reason == (
        "it was turned to the branch `release¦@x`, which nobody approved. Turn it back to the default branch, or merge "
        "it yourself"
    )


def test_what_cannot_be_seen_any_more_is_not_called_closed() -> None:
    ruling = rule(pull(state="gone"), ())
    assert ruling.verdict == "needs_human"
    assert "it was deleted, or the App was uninstalled" in ruling.reason


def test_a_need_that_has_not_merged_holds_even_a_green_one() -> None:
    ruling = rule(pull(), ("schema", "api"))
    assert (ruling.verdict, ruling.reason) == ("wait", "waits for `schema`, `api` to merge")


def test_without_workflows_a_person_has_to_say_that_no_checks_is_fine() -> None:
    ruling = rule(pull(checks=(), has_workflows=False), ())
    assert ruling.verdict == "needs_human"
    assert "checks: none" in ruling.reason


def test_our_own_checks_never_hold_a_merge_back() -> None:
    assert rule(pull(checks=(check("test", "success"), check("lockstep/gate", ours=True))), ()).verdict == "merge"


def test_a_hostile_check_name_stays_a_name() -> None:
    reason = rule(pull(checks=(check("`@acme/all` fixes #1 |", "failure"),)), ()).reason
    assert reason == "check `'@acme/all' fixes #1 ¦` failed"


def test_checks_are_awaited_anew_for_each_head() -> None:
    opened = TaskState(id="a", state="in_review", head_sha="a" * 40, renewing="a" * 40, since=NOW, head_at=NOW)
    assert awaited(opened, 60.0, NOW + timedelta(seconds=20)) == (40.0, False)
    assert awaited(opened, 60.0, NOW + timedelta(minutes=15)) == (0.0, True)
    renewed = step(opened, Happening(kind="rebased", sha="b" * 40), NOW + timedelta(hours=1))
    assert renewed is not None
    assert awaited(renewed, 60.0, NOW + timedelta(hours=1, seconds=20)) == (40.0, False)
    assert awaited(TaskState(id="a"), 60.0, NOW) == (0.0, False)


def test_where_no_grace_is_set_nothing_is_overdue_at_once() -> None:
    opened = TaskState(id="a", state="in_review", since=NOW)
    assert awaited(opened, 0.0, NOW) == (0.0, False)
    assert awaited(opened, 0.0, NOW + timedelta(minutes=15)) == (0.0, True)
