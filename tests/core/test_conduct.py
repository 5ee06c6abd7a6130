"""What a run does next: orders of events, needs, failures, and that nothing is decided twice."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.actions import wait_keys
from services.core.board import Action, Run, Wish
from services.core.gate import PullFact
from services.core.machine import ENDED, SATISFIED, Happening, Kind
from services.core.places import Limits
from tests.kit.plans import NOW, after, check, happen, in_review, pull, run, task, tracked


def kinds(actions: tuple[Action, ...]) -> list[str]:
    """What is to be done, but for showing the run's state, which follows every change of it."""
    return [f"{action.kind} {action.task}".strip() for action in actions if action.kind != "mark"]


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


def test_a_check_that_turns_green_later_brings_the_task_back() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    green = after(red, facts={"a": pull()})
    assert green.run.tasks["a"].state == "in_review"
    assert green.run.state == "running"
    again = after(green.run, facts={"a": pull()})
    assert "merge a" in [*kinds(green.actions), *kinds(again.actions)]


def test_a_green_check_merges_even_when_the_whole_run_had_stopped_for_it() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    assert red.state == "failed"
    assert kinds(after(red, facts={"a": pull()}).actions) == ["label a", "merge a"]


def test_what_a_merge_found_stands_until_it_finds_something_else() -> None:
    """Objections are read right before a merge only: turning back and forth would edit the comment at every sweep."""
    waiting = happen(in_review(task("a")), "a", "waits", text="changes were requested by `ben`").run
    again = after(waiting, facts={"a": pull()})
    assert (kinds(again.actions), again.changed) == (["merge a"], ())


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


def test_a_refused_merge_is_tried_again_without_filling_the_history() -> None:
    stuck = happen(in_review(task("a")), "a", "refused").run
    again = after(stuck, facts={"a": pull()})
    assert kinds(again.actions) == ["merge a"]
    assert (again.changed, again.history) == ((), ())


def test_the_old_head_of_a_task_that_is_tried_again_is_not_judged() -> None:
    red = {"a": pull(checks=(check("test", "failure"),))}
    waiting = after(after(in_review(task("a")), facts=red).run, [("a", Happening(kind="retried"))], limits=None).run
    assert after(waiting, facts=red, limits=None).run.tasks["a"].state == "ready"


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


def test_a_merge_by_hand_counts_while_a_retry_waits_or_works() -> None:
    closed = after(in_review(task("a"), task("b", "a")), facts={"a": pull(state="closed")}).run
    waiting = after(closed, [("a", Happening(kind="retried", actor="ana"))], limits=None).run
    merged = pull(state="closed", merged=True, merge_sha="c" * 40)
    judged = after(waiting, facts={"a": merged})
    assert (judged.run.tasks["a"].state, judged.run.tasks["a"].merge_sha) == ("done", "c" * 40)
    assert "attempt b" in kinds(judged.actions)
    working = happen(closed, "a", "retried").run
    fence = working.tasks["a"].fence
    judged = after(working, facts={"a": merged})
    assert (working.tasks["a"].state, judged.run.tasks["a"].state) == ("running", "done")
    assert happen(judged.run, "a", "pushed", sha="d" * 40, fence=fence).changed == ()


def test_a_pull_request_that_waited_too_long_comes_back_when_it_is_ready_or_when_a_person_says_so() -> None:
    waits = {"a": pull(checks=(check("test"),))}
    late = happen(in_review(task("a")), "a", "expired", text="too long")
    assert kinds(late.actions) == ["label a"]
    still = after(late.run, facts=waits)
    assert (still.changed, still.run.tasks["a"].reason) == ((), "too long")
    assert kinds(after(late.run, facts={"a": pull()}).actions) == ["merge a"]
    on = after(happen(late.run, "a", "released", actor="ana").run, facts=waits).run
    assert (on.tasks["a"].state, on.tasks["a"].reason) == ("in_review", "waits for check `test`")


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


def test_somebody_elses_commit_is_never_merged() -> None:
    judged = after(in_review(task("a")), facts={"a": pull(head="f" * 40)})
    assert judged.run.tasks["a"].state == "needs_human"
    assert "merge a" not in kinds(judged.actions)
    later = after(judged.run, facts={"a": pull(head="f" * 40)})
    assert "merge a" not in kinds(later.actions)


def test_a_head_that_lags_behind_our_own_push_is_waited_for() -> None:
    current = in_review(task("a"), head="a" * 40)
    current = after(current, facts={"a": pull(checks=(check("test", "failure"),))}).run
    current = happen(current, "a", "retried").run
    fence = current.tasks["a"].fence
    current = happen(current, "a", "pushed", sha="b" * 40, fence=fence).run
    current = happen(current, "a", "opened", number=5, fence=fence).run
    old = after(current, facts={"a": pull(head="a" * 40)})
    assert old.run.tasks["a"].state == "in_review"
    assert kinds(old.actions) == []
    assert kinds(after(current, facts={"a": pull(head="b" * 40)}).actions) == ["merge a"]


def test_what_is_with_a_person_is_brought_up_to_date_and_stays_with_them() -> None:
    current = happen(in_review(task("a")), "a", "assigned", name="ben", text="it is with `ben`").run
    current = happen(current, "a", "rebasing", actor="ana").run
    done = happen(current, "a", "rebased", sha="b" * 40, fence=current.tasks["a"].fence)
    assert (done.run.tasks["a"].state, done.run.tasks["a"].reason) == ("needs_human", "it is with `ben`")
    assert kinds(done.actions) == ["checks a"], "its label still says the truth"
    assert kinds(after(done.run, facts={"a": pull("b" * 40)}).actions) == []
    back = happen(done.run, "a", "retried", actor="ana").run
    assert (back.tasks["a"].state, back.tasks["a"].assignee) == ("running", "")


def test_a_pull_request_closed_by_hand_needs_a_person() -> None:
    judged = after(in_review(task("a")), facts={"a": pull(state="closed")})
    assert judged.run.tasks["a"].state == "needs_human"


def test_what_is_said_of_a_pull_request_of_a_persons() -> None:
    begun = tracked(task("a"), task("b", "a")).run
    theirs = happen(begun, "b", "attached", number=5, sha="a" * 40, name="ben", actor="ben").run
    seen = [after(theirs, facts={"b": fact}) for fact in (pull("b" * 40), pull(state="closed"))]
    assert [(one.run.tasks["b"].reason, [each.text for each in one.history]) for one in seen] == snapshot(
        [
            ("", ["the pull request has new commits"]),
            (
                "it is with `ben`, whose pull request was closed without merging",
                ["it is with `ben`, whose pull request was closed without merging"],
            ),
        ]
    )


def test_what_somebody_pushed_after_repairs_were_in_vain_waits_for_a_review() -> None:
    handed = happen(in_review(task("a")), "a", "handed", text="check `test` failed").run
    pushed = after(handed, facts={"a": pull("b" * 40)})
    assert [each.text for each in pushed.history] == snapshot(
        [
            "somebody else pushed bbbbbbb to its branch: it goes on once somebody who can write here approves that commit in a review"
        ]
    )


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


def test_what_is_behind_is_brought_up_to_date_one_at_a_time_in_a_repository() -> None:
    current = in_review(task("a"), task("b"), task("c", repo="acme/web"))
    for number, each in ((6, "b"), (7, "c")):
        fence = current.tasks[each].fence
        current = happen(current, each, "pushed", sha=each * 40, fence=fence).run
        current = happen(current, each, "opened", number=number, fence=fence).run
    numbered = {"b": 6, "c": 7}

    def behind(which: str, head: str) -> PullFact:
        return msgspec.structs.replace(pull(head, mergeable_state="behind"), number=numbered.get(which, 5))

    first = after(current, facts={"a": behind("a", "a" * 40)})
    assert kinds(first.actions) == ["update_branch a"]
    assert first.run.tasks["a"].reason == "its base branch has moved on; it is being brought up to date"
    both = after(first.run, facts={"b": behind("b", "b" * 40), "c": behind("c", "c" * 40)})
    assert kinds(both.actions) == ["update_branch c"]
    assert both.run.tasks["b"].reason == "its base branch has moved on; it is brought up to date after `a`"
    fresh = happen(both.run, "a", "rebased", sha="d" * 40, fence=both.run.tasks["a"].fence).run
    runs = after(fresh, facts={"a": pull("d" * 40, checks=(check("test"),))}).run
    assert kinds(after(runs, facts={"b": behind("b", "b" * 40)}).actions) == []
    reviewed = after(
        runs, facts={"a": pull("d" * 40, mergeable_state="blocked")}
    ).run  # others need not wait for people
    assert kinds(after(reviewed, facts={"b": behind("b", "b" * 40)}).actions) == ["update_branch b"]


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
