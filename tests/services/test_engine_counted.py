"""services/engine/counted.py: what a decision adds to an operator's counters, each once."""

from datetime import timedelta

import msgspec

from services.core.board import Decision, Moment
from services.core.records import Try
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.engine.counted import count
from tests.kit.counting import Told
from tests.kit.plans import NOW, run, task


def repair(n: int, **values: object) -> Repair:
    made = Repair(n=n, strategy="rerun_failed", cls="flaky_test", sha="a", attempt=1, about=(), checks=("unit",))
    return msgspec.structs.replace(made, **values)


def test_what_is_over_with_a_decision_and_how_long_it_took() -> None:
    told, before = Told(), msgspec.structs.replace(run(task("a"), task("b")), started_at=NOW)
    ten, hour = NOW + timedelta(minutes=10), NOW + timedelta(hours=1)
    changed = (
        TaskState(id="a", state="done", started_at=NOW, finished_at=ten),
        TaskState(id="b", state="skipped", started_at=NOW, finished_at=ten),
        TaskState(id="gone", state="done", started_at=NOW, finished_at=ten),  # an edit took it out of the plan
    )
    history = (
        Moment(task="a", kind="merged", before="in_review", after="done"),
        Moment(task="a", kind="noted", before="done", after="done"),
        Moment(task="b", kind="skip", before="failed", after="skipped"),
        Moment(task="gone", kind="merged", before="cancelled", after="done"),
        Moment(task="", kind="run", before="running", after="done"),
        Moment(task="", kind="group", before="done", after="done"),
    )
    decision = Decision(run_id=before.id, state="done", finished_at=hour, changed=changed, history=history)
    count(told, before, decision)
    assert told.all == [("lasted", "task", 600.0), ("lasted", "run", 3_600.0)]


def test_attempts_are_counted_when_they_begin_and_when_they_come_to_something() -> None:
    told, before = Told(), run(task("a"))
    tries = (
        Try(task="a", attempt=1, repo="acme/api", agent="script", came="checks"),
        Try(task="a", attempt=2, repo="acme/api", agent="script"),
    )
    count(told, before, Decision(run_id=before.id, state="running", tries=tries))
    assert told.all == [("tried", "script", "checks"), ("tried", "script", "begun")]


def test_a_failure_is_counted_once_however_often_is_told_of_its_repair() -> None:
    told, before = Told(), run(task("a"))
    tasks = {"a": TaskState(id="a", state="in_review", repairs=(repair(1, came="failed"), repair(2)))}
    before = msgspec.structs.replace(before, tasks=tasks)
    repairs = (
        ("a", "acme/api", repair(2, came="worked")),  # its failure was counted when it was told
        ("a", "acme/api", repair(3, cls="timeout")),
        ("a", "acme/api", repair(4, cls="policy", came="superseded")),  # begun and over at once
        ("added", "acme/api", repair(1)),
    )
    count(told, before, Decision(run_id=before.id, state="running", repairs=repairs))
    assert told.all == [
        ("recovered", "rerun_failed", "worked"),
        ("failed", "timeout"),
        ("failed", "policy"),
        ("recovered", "rerun_failed", "superseded"),
        ("failed", "flaky_test"),
    ]
