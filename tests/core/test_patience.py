"""patience: what has taken too long, and what never does."""

from datetime import timedelta

import msgspec

from services.core.board import Run
from services.core.groups import Barrier
from services.core.patience import Patience, overdue
from services.core.task_state import STATES, TaskState
from tests.kit.plans import NOW, run, task

DAY = timedelta(days=1)
BOTH = Patience(task=3 * DAY, review=30 * DAY)


def of(*tasks: TaskState, state: str = "running") -> Run:
    made = run(*(task(each.id) for each in tasks))
    return msgspec.structs.replace(made, tasks={each.id: each for each in tasks}, state=state)


def late(current: Run, days: float, patience: Patience = BOTH) -> dict[str, str]:
    return {task_id: each.text for task_id, each in overdue(current, patience, NOW + days * DAY)}


def test_a_task_has_days_from_its_first_start_on() -> None:
    """Later attempts don't begin it anew."""
    current = of(TaskState(id="a", state="running", attempt=4, started_at=NOW, since=NOW + 2 * DAY))
    assert late(current, 2.9) == {}
    assert late(current, 3) == {"a": "it has not come to an end in 3 days: `/lockstep retry a` begins it anew"}


def test_a_pull_request_has_weeks_of_its_own() -> None:
    current = of(TaskState(id="a", state="in_review", started_at=NOW - 90 * DAY, since=NOW))
    assert late(current, 29) == {}
    assert late(current, 30) == {
        "a": "its pull request has waited for 30 days: merge or close it, or let it wait on with `/lockstep resume a`"
    }


def test_waiting_for_needs_for_a_place_or_for_a_person_is_never_too_long() -> None:
    states = [state for state in STATES if state not in {"running", "in_review"}]
    current = of(*(TaskState(id=state, state=state, started_at=NOW, since=NOW) for state in states))
    assert late(current, 400) == {}


def test_what_is_held_back_on_purpose_is_never_late() -> None:
    waiting = TaskState(id="a", state="in_review", since=NOW)
    assert late(of(msgspec.structs.replace(waiting, held=True)), 400) == {}
    assert late(of(waiting, state="paused"), 400) == {}
    assert late(of(waiting, state="failed"), 400) != {}


def test_no_bound_is_for_ever() -> None:
    current = of(TaskState(id="a", state="in_review", since=NOW), TaskState(id="b", state="running", started_at=NOW))
    assert late(current, 4_000, Patience()) == {}


def test_what_goes_on_again_has_its_whole_time() -> None:
    waiting = TaskState(id="a", state="in_review", since=NOW)
    going = msgspec.structs.replace(of(waiting), resumed_at=NOW + 40 * DAY)
    assert late(going, 69) == {}
    assert late(going, 70) != {}
    assert late(of(msgspec.structs.replace(waiting, resumed_at=NOW + 40 * DAY)), 69) == {}
    working = TaskState(id="a", state="running", started_at=NOW)
    assert late(msgspec.structs.replace(of(working), resumed_at=NOW + 9 * DAY), 11) == {}


def test_a_group_that_is_being_merged_is_never_late() -> None:
    """It would be taken back for a timer."""
    grouped = run(task("a", group="release"), task("b", group="release"))
    at = {each: TaskState(id=each, state="in_review", since=NOW) for each in ("a", "b")}
    merging = msgspec.structs.replace(grouped, tasks=at, barriers={"release": Barrier(phase="merging")})
    assert late(merging, 400) == {}
    assert late(msgspec.structs.replace(merging, barriers={}), 400) != {}
