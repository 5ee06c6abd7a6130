"""services/engine/ended.py: what is over with a decision, and how long it took."""

from datetime import timedelta

import msgspec

from services.core.board import Decision, Moment
from services.core.task_state import TaskState
from services.engine.ended import ended_by
from tests.kit.plans import NOW, run, task


def test_what_is_over_with_a_decision_and_how_long_it_took() -> None:
    ten, hour = NOW + timedelta(minutes=10), NOW + timedelta(hours=1)
    states = {
        "a": TaskState(id="a", state="done", started_at=NOW, finished_at=ten),
        "b": TaskState(id="b", state="skipped", started_at=NOW, finished_at=ten),
    }
    over = msgspec.structs.replace(
        run(task("a"), task("b")), tasks=states, state="done", started_at=NOW, finished_at=hour
    )
    history = (
        Moment(task="a", kind="merged", before="in_review", after="done"),
        Moment(task="a", kind="noted", before="done", after="done"),
        Moment(task="b", kind="skip", before="failed", after="skipped"),
        Moment(task="gone", kind="merged", before="in_review", after="done"),
        Moment(task="", kind="run", before="running", after="done"),
        Moment(task="", kind="group", before="done", after="done"),
    )
    decision = Decision(run_id=over.id, state="done", finished_at=hour, history=history)
    assert list(ended_by(over, decision)) == [("task", 600.0), ("run", 3_600.0)]
