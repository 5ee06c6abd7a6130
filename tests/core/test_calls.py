"""What follows from what happened to a task: labels, tracking issues, tidying up."""

from datetime import timedelta

from services.core.task_state import Happening
from tests.kit.plans import NOW, after, check, happen, in_review, kinds, pull, run, task


def test_a_label_is_set_anew_each_time_a_task_comes_to_a_state() -> None:
    red = {"a": pull(checks=(check("test", "failure"),))}
    stuck = after(in_review(task("a")), facts=red)
    green = after(stuck.run, facts={"a": pull(mergeable_state="blocked")}, now=NOW + timedelta(minutes=1))
    again = after(green.run, facts=red, now=NOW + timedelta(minutes=2))
    labels = [action.key for step in (stuck, green, again) for action in step.actions if action.kind == "label"]
    assert len(set(labels)) == 3


def test_a_task_that_nobody_waits_for_any_more_loses_its_label() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    assert kinds(happen(red, "a", "cancelled").actions) == ["label a", "finish"]
    assert kinds(happen(run(task("a"), task("b")), "a", "cancelled").actions) == [], "it never had one"


def test_a_tracking_issue_that_could_not_be_made_is_told_and_tried_again() -> None:
    stuck = happen(run(task("a")), "a", "broke").run
    assert (stuck.tasks["a"].state, stuck.state) == ("failed", "failed")
    again = happen(stuck, "a", "retried")
    assert kinds(again.actions) == ["track a"]
    assert again.actions[0].fence > 0, "a retry looks for what earlier tries may have made"


def test_a_task_without_a_tracking_issue_gets_one_also_when_it_is_made_anew() -> None:
    stuck = after(run(task("a")), [("a", Happening(kind="broke", text="GitHub refused the issue"))]).run
    assert kinds(happen(stuck, "a", "recreated", actor="ana").actions) == ["track a"]
    assert kinds(happen(stuck, "a", "reviewed", actor="ana").actions) == []


def test_a_tracking_issue_is_made_once_however_often_its_task_is_cancelled_and_retried() -> None:
    """Its key stays the same: what is being made already is not made again."""
    begun = run(task("a"))
    again = happen(happen(begun, "a", "cancelled").run, "a", "retried")
    assert [action.key for action in again.actions if action.kind == "track"] == [f"{begun.id}/a/0/track"]


def test_an_issue_that_comes_after_its_task_was_left_out_is_closed_and_opened_when_it_is_taken_up() -> None:
    skipped = happen(run(task("a"), task("b")), "a", "skipped")
    assert kinds(skipped.actions) == []
    late = happen(skipped.run, "a", "tracked", number=3)
    assert kinds(late.actions) == ["tidy a"]
    back = happen(late.run, "a", "retried")
    assert kinds(back.actions) == ["tidy a", "attempt a"]
    again = happen(back.run, "a", "skipped")
    tidied = [action.key for each in (late, back, again) for action in each.actions if action.kind == "tidy"]
    assert len(set(tidied)) == 3
