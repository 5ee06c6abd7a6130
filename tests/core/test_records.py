"""What a happening tells of the attempt that it is about."""

import msgspec
import pytest

from services.core.machine import step
from services.core.plan import Task
from services.core.records import BEGUN, GAVE_UP, OUTCOMES, TELLING, tried
from services.core.repairs import Repair
from services.core.task_state import KINDS, Happening, TaskState
from tests.kit.plans import NOW

TASK = Task(id="a", title="A", repo="acme/api", agent="coder")
RUNNING = TaskState(id="a", state="running", attempt=2, fence=2, issue=1)
REVIEW = msgspec.structs.replace(RUNNING, state="in_review", pull=7, head_sha="f" * 40, heads=("f" * 40,))
REPAIR = Repair(
    n=1, strategy="fix_tests", cls="test_failure", sha="f" * 40, attempt=2, about=("1",), checks=("test",),
    signatures=("test_failure: one",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "happening", "expected"),
    [
        (RUNNING, Happening(kind="broke", text="exit code 1"), ("failed", False, None, "agent_failed")),
        (RUNNING, Happening(kind="broke", text="GitHub is down", name=GAVE_UP), None),
        (RUNNING, Happening(kind="refused", text="x"), ("refused", False, None, "policy")),
        (RUNNING, Happening(kind="expired", text="x"), ("timed_out", False, None, "timeout")),
        (REVIEW, Happening(kind="expired", text="x"), None),
        (REVIEW, Happening(kind="fixing", repair=REPAIR), ("checks", False, None, "test_failure")),
        (REVIEW, Happening(kind="broke", text="check `test` failed"), ("checks", False, None, "")),
        (REVIEW, Happening(kind="broke", text="conflicts with its base branch"), None),
        (REVIEW, Happening(kind="reviewed", name="Use the logger"), ("reviewed", True, False, "")),
        (REVIEW, Happening(kind="merged", sha="c" * 40), ("merged", True, True, "")),
        (REVIEW, Happening(kind="closed", text="closed"), ("closed", None, False, "")),
        (REVIEW, Happening(kind="waits", text="checks"), None),
        (msgspec.structs.replace(REVIEW, head_sha="e" * 40), Happening(kind="merged", sha="c" * 40), None),
        (msgspec.structs.replace(REVIEW, heads=(), assignee="ana"), Happening(kind="merged", sha="c" * 40), None),
    ],
)
def test_what_is_told(before: TaskState, happening: Happening, expected: tuple[object, ...] | None) -> None:
    after = step(before, happening, NOW)
    assert after is not None
    found = tried(before, happening, after, TASK)
    assert (found and (found.came, found.passed, found.good, found.cls)) == expected
    assert found is None or (found.task, found.attempt, found.repo) == ("a", 2, "acme/api")


def test_an_attempt_begins_with_its_number_and_its_agent() -> None:
    before = msgspec.structs.replace(RUNNING, state="ready")
    after = step(before, Happening(kind="started"), NOW)
    assert after is not None
    found = tried(before, Happening(kind="started"), after, TASK)
    assert found is not None
    assert (found.attempt, found.agent, found.came, found.passed) == (3, "coder", "", None)


def test_a_merge_says_how_many_repairs_it_took_and_a_revert_speaks_against_it() -> None:
    repaired = msgspec.structs.replace(REVIEW, repairs=(REPAIR, msgspec.structs.replace(REPAIR, n=2, attempt=1)))
    merged = Happening(kind="merged", sha="c" * 40)
    done = step(repaired, merged, NOW)
    assert done is not None
    found = tried(repaired, merged, done, TASK)
    assert found is not None
    assert (found.rounds, found.pull) == (1, 7)
    back = Happening(kind="reverting")
    after = step(done, back, NOW)
    assert after is not None
    told = tried(done, back, after, TASK)
    assert told is not None
    assert (told.came, told.good, told.passed) == ("reverted", False, None)


def test_a_task_for_a_person_is_no_attempt_and_no_failure_of_anybodys() -> None:
    theirs = msgspec.structs.replace(TASK, agent="human")
    for before, happening in (
        (msgspec.structs.replace(RUNNING, state="ready"), Happening(kind="started")),
        (RUNNING, Happening(kind="refused", text="a pull request takes it")),
    ):
        after = step(before, happening, NOW)
        assert after is not None
        assert tried(before, happening, after, TASK) is not None
        assert tried(before, happening, after, theirs) is None


def test_what_tells_nothing_is_passed_over_at_once() -> None:
    assert "waits" not in TELLING
    assert tried(REVIEW, Happening(kind="waits"), REVIEW, TASK) is None


def test_whatever_can_be_told_of_an_attempt_can_be_counted() -> None:
    merged = step(REVIEW, Happening(kind="merged", sha="c" * 40), NOW)
    assert merged is not None
    ready = TaskState(id="a", state="ready", issue=1)
    told = set()
    for before in (ready, RUNNING, REVIEW, merged):
        for kind in KINDS:
            for text in ("", "check `test` failed"):
                happening = Happening(kind=kind, text=text, number=9)
                after = step(before, happening, NOW)
                found = tried(before, happening, after, TASK) if after is not None else None
                if found is not None:
                    told.add(found.came or BEGUN)
    assert told == set(OUTCOMES)


def test_a_revert_is_told_once_when_it_is_decided() -> None:
    merged = step(REVIEW, Happening(kind="merged", sha="c" * 40), NOW)
    assert merged is not None
    going = step(merged, Happening(kind="reverting"), NOW)
    assert going is not None
    opened = Happening(kind="reverted", number=8)
    after = step(going, opened, NOW)
    assert after is not None
    assert tried(going, opened, after, TASK) is None
