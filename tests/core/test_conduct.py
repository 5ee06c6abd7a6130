"""What a run does next: orders of events, needs, failures, and that nothing is decided twice."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.actions import wait_keys
from services.core.board import Board, Run, Wish
from services.core.places import Limits
from services.core.task_state import ENDED, SATISFIED, Happening, Kind
from tests.kit.plans import NOW, after, check, happen, in_review, kinds, pull, run, task, tracked


def test_a_run_begins_with_tracking_issues_and_ticked_tasks_are_done() -> None:
    current = run(task("a", done=True), task("b", "a"))
    assert current.tasks["a"].state == "done"
    begun = after(current, [("b", Happening(kind="tracked", number=3))])
    assert kinds(begun.actions) == ["attempt b"]


def test_only_what_needs_nothing_starts() -> None:
    decided = tracked(task("a"), task("b", "a"), task("c"))
    assert kinds(decided.actions) == ["attempt a", "attempt c"]
    assert {t.id: t.state for t in decided.run.tasks.values()} == {"a": "running", "b": "blocked", "c": "running"}


def test_a_run_shows_each_state_it_comes_to() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))})
    assert [action.key for action in red.actions if action.kind == "mark"] == [
        f"{red.run.id}//0/mark/failed-{NOW.isoformat()}"
    ]
    assert [action.kind for action in happen(red.run, "a", "retried").actions] == ["label", "attempt", "mark"]


def test_a_task_waits_for_its_tracking_issue() -> None:
    assert kinds(after(run(task("a"))).actions) == []


def test_the_longest_chain_starts_first_and_limits_hold() -> None:
    begun = run(task("short"), task("long"), task("next", "long"))
    happened = [(t, Happening(kind="tracked", number=1)) for t in begun.tasks]
    one = Limits(total=1, installation=1, repo=1, agent=1)
    assert kinds(after(begun, happened, limits=one).actions) == ["attempt long"]


def test_from_push_to_merge_to_the_next_task() -> None:
    current = in_review(task("a"), task("b", "a"))
    judged = after(current, facts={"a": pull()})
    assert kinds(judged.actions) == ["merge a"]
    merged = happen(judged.run, "a", "merged", sha="c" * 40)
    assert kinds(merged.actions) == ["tidy a", "attempt b"]
    assert merged.run.tasks["a"].merge_sha == "c" * 40


def test_the_last_merge_finishes_the_run() -> None:
    merged = happen(in_review(task("a")), "a", "merged", sha="c" * 40)
    assert merged.run.state == "done"
    assert kinds(merged.actions) == ["tidy a", "finish"]
    assert merged.run.finished_at == NOW


def test_a_failed_check_fails_the_task_and_then_the_run() -> None:
    judged = after(in_review(task("a"), task("b", "a")), facts={"a": pull(checks=(check("test", "failure"),))})
    assert (judged.run.tasks["a"].state, judged.run.tasks["a"].reason) == ("needs_human", "check `test` failed")
    assert judged.run.state == "failed"
    assert kinds(judged.actions) == ["label a"]


def test_a_green_check_merges_even_when_the_whole_run_had_stopped_for_it() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    assert red.state == "failed"
    assert kinds(after(red, facts={"a": pull()}).actions) == ["label a", "merge a"]


def test_what_was_cancelled_can_be_left_out() -> None:
    current = happen(tracked(task("a"), task("b", "a")).run, "a", "cancelled").run
    assert current.state == "failed"
    left_out = happen(current, "a", "skipped")
    assert "attempt b" in kinds(left_out.actions)


def test_retry_starts_a_new_attempt_on_the_same_pull_request() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    again = happen(red, "a", "retried", actor="ana")
    assert kinds(again.actions) == ["label a", "attempt a"]
    assert (again.run.tasks["a"].attempt, again.run.tasks["a"].pull) == (2, 5)


def test_a_new_attempt_that_comes_to_the_same_commit_goes_on() -> None:
    """Scripts are quick: two attempts in one second make one commit."""
    closed = after(in_review(task("a"), head="a" * 40), facts={"a": pull(state="closed")}).run
    again = happen(closed, "a", "retried").run
    pushed = happen(again, "a", "pushed", sha="a" * 40, fence=again.tasks["a"].fence)
    assert kinds(pushed.actions) == ["open_pull a"]


def test_cancelling_everything_ends_the_run() -> None:
    current = tracked(task("a"), task("b", "a")).run
    ended = after(current, [(t, Happening(kind="cancelled", actor="ana")) for t in current.tasks])
    assert ended.run.state == "cancelled"
    assert kinds(ended.actions) == ["finish"]


def test_skipping_lets_the_next_one_go() -> None:
    current = tracked(task("a"), task("b", "a")).run
    assert "attempt b" in kinds(happen(current, "a", "skipped").actions)


def test_a_waiting_task_is_woken_by_its_pull_request_checks_and_issue() -> None:
    current = in_review(task("a"))
    assert wait_keys(current, current.tasks["a"]) == (
        "issue:acme/api#100",
        "pull:acme/api#5",
        f"check:acme/api@{'a' * 40}",
    )
    assert wait_keys(current, happen(current, "a", "merged").run.tasks["a"]) == ()
    assert wait_keys(current, happen(current, "a", "cancelled").run.tasks["a"]) == ("pull:acme/api#5",), "it may merge"


PLAN = (task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"))
moves = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(
        [
            "pushed",
            "opened",
            "merged",
            "broke",
            "refused",
            "cancelled",
            "retried",
            "skipped",
            "closed",
            "green",
            "moved",
        ]
    ),
    st.booleans(),
)


@given(st.lists(moves, max_size=40))
@settings(max_examples=150)
def test_needs_are_respected_and_no_key_is_decided_twice(history: list[tuple[str, Kind, bool]]) -> None:
    """Whatever happens in whatever order: a task starts only after its needs are met, and every action has a key of its own."""
    result = tracked(*PLAN)
    current, keys = result.run, [action.key for action in result.actions]
    for task_id, kind, late in history:
        fence = current.tasks[task_id].fence - (1 if late else 0)
        fenced = fence if kind in {"pushed", "opened", "broke", "refused"} else -1
        happened = Happening(kind=kind, fence=fenced, number=5, sha="a" * 40)
        decided = after(current, [(task_id, happened)])
        for action in decided.actions:
            if action.kind == "attempt":
                assert all(
                    current.tasks[need].state in SATISFIED or decided.run.tasks[need].state in SATISFIED
                    for need in current.plan.by_id[action.task].needs
                )
            if action.kind in {"attempt", "open_pull"}:
                assert action.key not in keys or decided.run.tasks[action.task].attempt == 0
            keys.append(action.key)
        current = decided.run
    assert _is_honest(current)


def _is_honest(current: Run) -> bool:
    """A run says it is over exactly when all its tasks are."""
    over = all(state.state in ENDED for state in current.tasks.values())
    return (current.finished_at is not None) == over or current.state in {"running", "failed"}


def test_a_held_run_starts_and_merges_nothing_until_it_goes_on() -> None:
    current = after(in_review(task("a"), task("b")), wish=Wish(state="paused", actor="ana", text="freeze")).run
    assert current.state == "paused"
    quiet = after(current, facts={"a": pull()})
    assert kinds(quiet.actions) == []
    freed = happen(quiet.run, "b", "broke", fence=quiet.run.tasks["b"].fence).run
    again = happen(freed, "b", "retried")
    assert kinds(again.actions) == ["label b"] or kinds(again.actions) == []
    going = after(again.run, wish=Wish(state="running", actor="ana"))
    assert kinds(going.actions) == ["attempt b"]
    assert [(m.before, m.after, m.actor) for m in going.history if m.kind == "run"] == [("paused", "running", "ana")]
    assert kinds(after(going.run, facts={"a": pull()}).actions) == ["merge a"]


def test_a_held_task_waits_alone() -> None:
    begun = run(task("a"), task("b"))
    held = happen(begun, "a", "held", actor="ana").run
    happened = [(t, Happening(kind="tracked", number=1)) for t in held.tasks]
    assert kinds(after(held, happened).actions) == ["attempt b"]
    waiting = happen(in_review(task("a")), "a", "held").run
    judged = after(waiting, facts={"a": pull()})
    assert (kinds(judged.actions), judged.run.tasks["a"].reason) == ([], "is held; `/lockstep resume a` lets it go")
    assert kinds(after(happen(judged.run, "a", "released").run, facts={"a": pull()}).actions) == ["merge a"]


def test_a_priority_set_by_hand_comes_first() -> None:
    begun = happen(run(task("a", priority=5.0), task("b")), "b", "prioritised", value=9.0).run
    happened = [(t, Happening(kind="tracked", number=1)) for t in begun.tasks]
    one = Limits(total=1, installation=1, repo=1, agent=1)
    assert kinds(after(begun, happened, limits=one).actions) == ["attempt b"]


def test_what_was_ready_waits_again_when_a_need_is_taken_back() -> None:
    begun = run(task("a"), task("b", "a"))
    current = happen(begun, "a", "skipped").run
    assert current.tasks["b"].state == "ready"
    back = happen(current, "a", "retried").run
    assert (back.tasks["a"].state, back.tasks["b"].state) == ("ready", "blocked")


def test_the_gate_of_an_open_pull_request_follows_what_becomes_of_its_needs() -> None:
    ready = happen(tracked(task("b", "a"), task("a")).run, "a", "skipped").run
    fence = ready.tasks["b"].fence
    opened = happen(happen(ready, "b", "pushed", sha="a" * 40, fence=fence).run, "b", "opened", number=5, fence=fence)
    back = after(opened.run, [("a", Happening(kind="retried"))], now=NOW + timedelta(seconds=1))
    again = after(back.run, [("a", Happening(kind="skipped"))], now=NOW + timedelta(seconds=2))
    keys = [each.key for decided in (opened, back, again) for each in decided.actions if each.kind == "checks"]
    assert len(set(keys)) == 3
    assert {action.task for each in (back, again) for action in each.actions if action.kind == "checks"} == {"b"}


def test_what_needs_a_task_is_taken_back_before_it() -> None:
    current = in_review(task("a"), task("b", "a"))
    current = happen(after(current, facts={"a": pull()}).run, "a", "merged", sha="c" * 40).run
    current = happen(current, "b", "merged", sha="d" * 40).run
    asked = after(current, [(each, Happening(kind="reverting", actor="ana")) for each in ("a", "b")])
    assert kinds(asked.actions) == ["revert b"]
    first = happen(asked.run, "b", "reverted", number=8)
    assert kinds(first.actions) == ["revert a"]
    assert first.run.tasks["b"].revert == 8
    left = happen(asked.run, "b", "stalled", text="it could not be")
    assert kinds(left.actions) == []
    assert [left.run.tasks[each].revert for each in ("a", "b")] == [0, 0]
    assert left.run.tasks["a"].reason == "not taken back, because `b` is not"


def test_what_is_not_wanted_any_more_leaves_the_merge_queue() -> None:
    queued = happen(in_review(task("a"), task("b", "a")), "a", "enqueued", sha="a" * 40).run
    assert kinds(after(queued, facts={"a": pull()}).actions) == []
    for kind in ("held", "cancelled", "skipped"):
        left = happen(queued, "a", kind)
        assert "dequeue a" in kinds(left.actions)
        assert left.run.tasks["a"].queued == ""
        assert happen(left.run, "a", "dequeued", sha="a" * 40).changed == (), "we did that ourselves"
    paused = after(queued, wish=Wish(state="paused", actor="ana"))
    assert kinds(paused.actions) == ["dequeue a"]
    late = happen(happen(in_review(task("a")), "a", "cancelled").run, "a", "enqueued", sha="a" * 40)
    assert kinds(late.actions) == ["dequeue a"], "it was put there while it was cancelled"
    back = after(happen(happen(queued, "a", "held").run, "a", "released").run, facts={"a": pull()})
    assert kinds(back.actions) == ["merge a"]


def test_a_need_that_is_taken_back_takes_what_needs_it_out_of_the_merge_queue() -> None:
    current = happen(tracked(task("a"), task("b", "a")).run, "a", "skipped").run
    fence = current.tasks["b"].fence
    current = happen(current, "b", "pushed", sha="a" * 40, fence=fence).run
    current = happen(current, "b", "opened", number=5, fence=fence).run
    queued = happen(current, "b", "enqueued", sha="a" * 40).run
    back = happen(queued, "a", "retried", actor="ana")
    assert "dequeue b" in kinds(back.actions)
    assert back.run.tasks["b"].queued == ""
    lifted = happen(queued, "b", "overridden", name="need:a", sha="a" * 40, actor="ana").run
    assert lifted.tasks["b"].overrides
    assert "dequeue b" not in kinds(happen(lifted, "a", "retried", actor="ana").actions)


def test_what_merged_although_it_was_cancelled_or_skipped_has_merged() -> None:
    for kind in ("cancelled", "skipped"):
        over = happen(in_review(task("a"), task("b", "a")), "a", kind, actor="ana").run
        assert after(over, facts={"a": pull()}).changed == ()
        merged = after(over, facts={"a": pull(state="closed", merged=True, merge_sha="c" * 40)}).run
        assert (merged.tasks["a"].state, merged.tasks["a"].merge_sha) == ("done", "c" * 40)
        assert merged.tasks["b"].state == "running"


def test_what_was_held_back_has_not_waited_meanwhile() -> None:
    """Else all that was held for a day would go before everybody else, whatever people say is urgent."""
    paused = after(in_review(task("a"), task("b")), wish=Wish(state="paused", actor="ana"))
    assert paused.run.resumed_at is None
    later = NOW + timedelta(days=2)
    going = after(paused.run, wish=Wish(state="running", actor="ana"), now=later)
    assert going.run.resumed_at == later
    assert after(going.run, now=later + timedelta(days=1)).run.resumed_at == later
    assert Board(going.run).candidate(going.run.tasks["b"]).since == later


def test_what_was_ticked_while_it_was_put_into_the_merge_queue_leaves_it() -> None:
    ticked = happen(in_review(task("a"), task("b")), "a", "ticked", actor="ana").run
    late = happen(ticked, "a", "enqueued", sha="a" * 40)
    assert (kinds(late.actions), late.run.tasks["a"].state, late.run.tasks["a"].queued) == (["dequeue a"], "done", "")
