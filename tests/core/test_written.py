"""What a happening writes into a task."""

import msgspec

from services.core.machine import step
from services.core.task_state import Happening, Override, TaskState
from tests.kit.plans import NOW

OURS, NEXT = "a" * 40, "b" * 40


def test_starting_counts_the_attempt_and_raises_the_fence() -> None:
    begun = step(TaskState(id="a", state="ready", fence=1), Happening(kind="started"), NOW)
    assert begun is not None
    assert (begun.state, begun.attempt, begun.fence, begun.started_at) == ("running", 1, 2, NOW)


def test_cancelling_raises_the_fence_so_a_late_push_is_dropped() -> None:
    task = TaskState(id="a", state="running", attempt=1, fence=1)
    cancelled = step(task, Happening(kind="cancelled"), NOW)
    assert cancelled is not None
    assert step(cancelled, Happening(kind="opened", number=9, fence=1), NOW) is None


def test_a_persons_retry_begins_anew_and_our_own_does_not() -> None:
    failed = TaskState(id="a", state="failed", started_at=NOW, worked=9.0, late=True)
    ours = step(failed, Happening(kind="retried"), NOW)
    theirs = step(failed, Happening(kind="retried", actor="ana"), NOW)
    assert ours is not None
    assert theirs is not None
    assert (ours.started_at, ours.worked, ours.late) == (NOW, 9.0, False)
    assert (theirs.started_at, theirs.worked, theirs.late) == (None, 0.0, False)


def test_a_head_that_is_brought_up_to_date_is_ours_and_lifts_nothing_any_more() -> None:
    task = TaskState(id="a", state="failed", fence=2, pull=5, head_sha=OURS, heads=(OURS,))
    lifted = step(task, Happening(kind="overridden", sha=OURS, name="check:lint", actor="ana", text="flaky"), NOW)
    assert lifted is not None
    assert lifted.overrides == (Override(kind="check", name="lint", sha=OURS, actor="ana", why="flaky"),)
    asked = step(lifted, Happening(kind="rebasing", actor="ana"), NOW)
    assert asked is not None
    assert (asked.state, asked.renewing) == ("failed", OURS)
    assert step(asked, Happening(kind="rebasing", actor="ben"), NOW) is None, "it is at it already"
    done = step(asked, Happening(kind="rebased", sha=NEXT, fence=2), NOW)
    assert done is not None
    assert (done.state, done.head_sha, done.heads, done.renewing, done.overrides) == (
        "in_review", NEXT, (OURS, NEXT), "", (),
    )  # fmt: skip


def test_a_head_that_a_person_had_approved_stays_known_as_theirs() -> None:
    task = TaskState(id="a", state="needs_human", fence=2, pull=5, head_sha=NEXT, heads=(OURS,), handed=True)
    theirs = step(task, Happening(kind="vouched", sha=NEXT, actor="ana"), NOW)
    assert theirs is not None
    assert (theirs.heads, theirs.vouched) == ((OURS, NEXT), (NEXT,))
    asked = step(theirs, Happening(kind="rebasing", actor="ana"), NOW)
    assert asked is not None
    renewed = step(asked, Happening(kind="rebased", sha="c" * 40, fence=2), NOW)
    assert renewed is not None
    assert (renewed.heads, renewed.vouched) == ((OURS, NEXT, "c" * 40), (NEXT,))


def test_making_anew_forgets_the_pull_request_once_it_is_closed() -> None:
    task = TaskState(id="a", state="failed", fence=2, pull=5, head_sha=OURS, heads=(OURS,), renewing=OURS)
    anew = step(task, Happening(kind="recreated", actor="ana"), NOW)
    assert anew is not None
    assert (anew.state, anew.fence, anew.discarding, anew.renewing) == ("blocked", 3, 5, "")
    assert step(anew, Happening(kind="discarded", number=4), NOW) is None, "it is another one that was closed"
    closed = step(anew, Happening(kind="discarded", number=5), NOW)
    assert closed is not None
    assert (closed.pull, closed.head_sha, closed.heads, closed.discarding) == (0, "", (), 0)


def test_what_was_handed_to_a_person_comes_back_with_a_retry() -> None:
    task = step(TaskState(id="a", state="running", fence=1), Happening(kind="assigned", name="ben", text="it is"), NOW)
    assert task is not None
    assert (task.state, task.assignee, task.fence, task.reason) == ("needs_human", "ben", 2, "it is")
    back = step(task, Happening(kind="retried", actor="ana"), NOW)
    assert back is not None
    assert (back.state, back.assignee) == ("blocked", "")


def test_what_reviews_ask_for_is_kept_for_every_later_attempt_and_bounded() -> None:
    task = TaskState(id="a", state="in_review", pull=4, fence=1, heads=("a" * 40,), head_sha="a" * 40)
    first = step(task, Happening(kind="reviewed", actor="bea", name="Rename it."), NOW)
    assert first is not None
    assert (first.state, first.fence, first.asked) == ("blocked", 2, "Rename it.")
    second = step(first, Happening(kind="reviewed", actor="bea", name="x" * 9_000), NOW)
    assert second is not None
    assert second.asked == "x" * 8_000
    with_a_person = msgspec.structs.replace(task, assignee="cy")
    assert step(with_a_person, Happening(kind="reviewed", actor="bea", name="Rename it."), NOW) is None
