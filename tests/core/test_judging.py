"""What is read of a pull request, and what that says of its task."""

from datetime import datetime, timedelta

import msgspec
from inline_snapshot import snapshot

from services.core.gate import NO_CHECKS, SURE, PullFact
from services.core.task_state import Happening, Stack
from tests.kit.plans import NOW, after, check, happen, in_review, kinds, pull, task, tracked


def test_a_check_that_turns_green_later_brings_the_task_back() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    green = after(red, facts={"a": pull()})
    assert green.run.tasks["a"].state == "in_review"
    assert green.run.state == "running"
    again = after(green.run, facts={"a": pull()})
    assert "merge a" in [*kinds(green.actions), *kinds(again.actions)]


def test_what_checks_that_came_after_all_find_is_repaired_as_if_they_had_come_in_time() -> None:
    alone = after(in_review(task("a")), facts={"a": pull(checks=(), has_workflows=False)}).run
    assert (alone.tasks["a"].state, alone.tasks["a"].reason) == ("needs_human", NO_CHECKS)
    in_time = after(in_review(task("a")), facts={"a": pull(mergeable=False)}).run.tasks["a"]
    late = after(alone, facts={"a": pull(mergeable=False)}).run.tasks["a"]
    assert (late.state, late.reason, late.repairs) == (in_time.state, in_time.reason, in_time.repairs)
    other = happen(in_review(task("a")), "a", "refused", text="a person looks").run
    assert after(other, facts={"a": pull(mergeable=False)}).run.tasks["a"].reason == "a person looks"


def test_what_a_merge_found_stands_until_it_finds_something_else() -> None:
    """Objections are read right before a merge only: turning back and forth would edit the comment at every sweep."""
    waiting = happen(in_review(task("a")), "a", "waits", text="changes were requested by `ben`").run
    again = after(waiting, facts={"a": pull()})
    assert (kinds(again.actions), again.changed) == (["merge a"], ())


def test_a_refused_merge_is_tried_again_without_filling_the_history() -> None:
    stuck = happen(in_review(task("a")), "a", "refused").run
    again = after(stuck, facts={"a": pull()})
    assert kinds(again.actions) == ["merge a"]
    assert (again.changed, again.history) == ((), ())


def test_the_old_head_of_a_task_that_is_tried_again_is_not_judged() -> None:
    red = {"a": pull(checks=(check("test", "failure"),))}
    waiting = after(after(in_review(task("a")), facts=red).run, [("a", Happening(kind="retried"))], limits=None).run
    assert after(waiting, facts=red, limits=None).run.tasks["a"].state == "ready"


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


LATER = NOW + SURE


def back_at(head: str, seen_at: datetime | None = LATER, **more: object) -> dict[str, PullFact]:
    return {"a": pull(head, seen_at=seen_at, **more)}


def test_a_branch_that_is_put_back_to_an_earlier_head_of_ours_is_a_persons_to_look_at() -> None:
    current = happen(in_review(task("a"), task("b")), "a", "rebasing").run
    current = happen(current, "a", "rebased", sha="b" * 40, fence=current.tasks["a"].fence).run
    for too_early in (None, NOW, LATER - timedelta(seconds=1)):
        assert after(current, facts=back_at("a" * 40, too_early)).changed == ()
    back = after(current, facts=back_at("a" * 40), now=LATER)
    now = back.run.tasks["a"]
    assert (now.state, now.head_sha, now.renewed) == ("needs_human", "a" * 40, False)
    assert now.reason == snapshot(
        "somebody put its branch back to aaaaaaa, which came before bbbbbbb: push that again, merge it yourself, or retry the task"
    )
    posted = [action.key.partition("/checks/")[2] for action in back.actions if action.kind == "checks"]
    assert posted == ["a" * 40, f"{'a' * 40}/edited-{LATER.isoformat()}"]
    for fact in (back_at("a" * 40), back_at("a" * 40, None)):
        assert (again := after(back.run, facts=fact, now=LATER)).changed == ()
        assert kinds(again.actions) == []
    assert happen(back.run, "a", "rebasing", actor="ana").changed == (), "it would be the earlier one that is merged"
    assert happen(back.run, "a", "overridden", name="check:test", sha="a" * 40, actor="ana").changed == ()
    then = LATER + SURE
    newest = after(back.run, facts=back_at("b" * 40, then), now=then)
    assert newest.run.tasks["a"].state == "in_review"
    assert "merge a" in kinds(newest.actions)


def test_a_foreign_commit_that_is_taken_away_again_holds_nothing_up() -> None:
    foreign = after(in_review(task("a")), facts={"a": pull("f" * 40)}).run
    said = []
    for fact in (
        back_at("a" * 40),
        back_at("a" * 40, checks=(check("test"),)),
        back_at("a" * 40, checks=(check("test", "failure"),)),
        back_at("a" * 40, base_ok=False, base_ref="other"),
    ):
        now = after(foreign, facts=fact, now=LATER).run.tasks["a"]
        said.append(f"{now.head_sha[:3]} {now.state}: {now.reason}")
    assert said == snapshot(
        [
            "aaa in_review: ",
            "aaa in_review: waits for check `test`",
            "aaa needs_human: check `test` failed",
            "aaa needs_human: it was turned to the branch `other`, which nobody approved. Turn it back to the default branch, or merge it yourself",
        ]
    )
    late = msgspec.structs.replace(foreign.tasks["a"], late=True)
    held = msgspec.structs.replace(foreign, tasks={"a": late})
    now = after(held, facts=back_at("a" * 40, checks=(check("test"),)), now=LATER).run.tasks["a"]
    assert (now.state, now.reason) == (
        "needs_human",
        "its newest commit is there again, and its pull request has waited too long: merge or close it, or let it wait on with `/lockstep resume a`",
    )
    out = msgspec.structs.replace(foreign.tasks["a"], thrown_out="a" * 40)
    refused = msgspec.structs.replace(foreign, tasks={"a": out})
    now = after(refused, facts=back_at("a" * 40), now=LATER).run.tasks["a"]
    assert (now.state, now.reason) == (
        "needs_human",
        "its newest commit is there again, which the merge queue did not take: push another, merge it yourself, or retry the task",
    )
    green = after(held, facts=back_at("a" * 40), now=LATER)
    assert (green.run.tasks["a"].reason, "merge a" in kinds(green.actions)) == (
        "its newest commit is there again, and its pull request has waited too long: merge or close it, or let it wait on with `/lockstep resume a`",
        True,
    )


def test_a_stacked_head_that_is_there_again_is_still_made_on_anothers_commit() -> None:
    stacked = in_review(task("a"))
    own = msgspec.structs.replace(stacked.tasks["a"], stack=Stack(on="b", sha="9" * 40), fork="9" * 40)
    stacked = msgspec.structs.replace(stacked, tasks={"a": own})
    foreign = happen(stacked, "a", "moved", sha="f" * 40).run
    assert foreign.tasks["a"].fork == ""
    assert happen(foreign, "a", "moved", sha="a" * 40).run.tasks["a"].fork == "9" * 40


def test_what_an_attempt_pushed_that_was_over_by_then_is_not_said_to_be_somebodys() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    late = happen(happen(red, "a", "retried").run, "a", "expired", text="too late").run
    judged = after(late, facts={"a": pull("c" * 40, overtaken=True)})
    assert (judged.run.tasks["a"].state, judged.run.tasks["a"].head_sha) == ("needs_human", "c" * 40)
    assert [moment.text for moment in judged.history] == snapshot(
        [
            "ccccccc stands on its branch, which an attempt made that does not count any more: look at it, then merge it yourself, or retry the task"
        ]
    )
    assert kinds(judged.actions) == ["label a", "checks a"]


def test_the_old_head_of_an_attempt_that_failed_is_not_put_back() -> None:
    red = after(in_review(task("a")), facts={"a": pull(checks=(check("test", "failure"),))}).run
    failed = happen(happen(red, "a", "retried").run, "a", "broke", text="no").run
    assert (failed.tasks["a"].state, failed.tasks["a"].head_sha) == ("failed", "")
    assert after(failed, facts=back_at("a" * 40), now=LATER).changed == ()


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


def test_a_pull_request_that_a_person_closes_instead_and_opens_again() -> None:
    red = pull(checks=(check("test", "failure"),))
    handed = happen(in_review(task("a")), "a", "handed", text="check `test` failed").run
    said = []
    for fact in (pull(state="closed"), pull(state="closed"), red, pull(state="closed"), pull("b" * 40), pull()):
        handed = after(handed, facts={"a": fact}).run
        said.append(f"{handed.tasks['a'].state}: {handed.tasks['a'].reason}")
    assert said == snapshot(
        [
            "needs_human: the pull request was closed without merging",
            "needs_human: the pull request was closed without merging",
            "needs_human: check `test` failed",
            "needs_human: the pull request was closed without merging",
            "needs_human: somebody else pushed bbbbbbb to its branch: it goes on once somebody (or as many as plans take) who can write here and did not push it approves that commit in a review",
            "needs_human: somebody else pushed bbbbbbb to its branch: it goes on once somebody (or as many as plans take) who can write here and did not push it approves that commit in a review",
        ]
    )


def test_one_that_is_opened_again_and_can_be_merged_is() -> None:
    closed = after(in_review(task("a")), facts={"a": pull(state="closed")}).run
    opened = after(closed, facts={"a": pull()})
    assert opened.run.tasks["a"].reason == "the pull request was opened again"
    assert "merge a" in kinds(opened.actions)


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
            "somebody else pushed bbbbbbb to its branch: it goes on once somebody (or as many as plans take) who can write here and did not push it approves that commit in a review"
        ]
    )


def test_whose_push_is_enough_is_said_and_it_is_judged_like_any_other_head() -> None:
    handed = happen(in_review(task("a")), "a", "handed", text="check `test` failed").run
    pushed = after(handed, facts={"a": pull("b" * 40, vouched="bea", by_push=True)})
    assert [(each.kind, each.actor, each.text) for each in pushed.history] == snapshot(
        [
            ("moved", "", "somebody else pushed bbbbbbb to its branch"),
            ("vouched", "bea", "`bea` pushed bbbbbbb, and may approve such plans"),
            ("run", "", ""),
        ]
    )
    assert kinds(pushed.actions) == snapshot(["label a", "checks a", "label a", "checks a", "merge a"])
    red = pull("b" * 40, vouched="bea", by_push=True, checks=(check("test", "failure"),))
    assert after(handed, facts={"a": red}).run.tasks["a"].reason == snapshot("check `test` failed")
    objected = after(pushed.run, facts={"a": pull("b" * 40, objections=("cia",))})
    assert (objected.run.tasks["a"].reason, kinds(objected.actions)) == ("changes were requested by `cia`", [])


def test_as_long_as_what_counts_last_is_a_persons_their_next_push_goes_on_too() -> None:
    handed = happen(in_review(task("a")), "a", "handed", text="check `test` failed").run
    first = after(handed, facts={"a": pull("b" * 40, vouched="bea", by_push=True, checks=(check("test"),))}).run
    assert (first.tasks["a"].state, first.tasks["a"].handed) == ("in_review", False)
    lags = after(first, facts={"a": pull("c" * 40)}).run
    assert lags.tasks["a"].reason == snapshot(
        "somebody else pushed ccccccc to its branch: it goes on once somebody (or as many as plans take) who can write here and did not push it approves that commit in a review"
    )
    second = after(lags, facts={"a": pull("c" * 40, vouched="bea", by_push=True)})
    assert kinds(second.actions)[-1] == "merge a"
    never = after(in_review(task("a")), facts={"a": pull("c" * 40, vouched="bea", by_push=True)})
    assert "merge a" not in kinds(never.actions), "it was never handed over"


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


def test_what_the_merge_queue_has_no_more_is_taken_for_thrown_out() -> None:
    queued = happen(in_review(task("a")), "a", "enqueued", sha="a" * 40).run
    assert after(queued, facts={"a": pull()}).changed == ()
    out = after(queued, facts={"a": pull(left_queue=True)})
    now = out.run.tasks["a"]
    assert (now.queued, now.thrown_out) == ("", "a" * 40)
    assert now.reason == snapshot("the merge queue did not take it: GitHub does not say why")
    assert kinds(after(out.run, facts={"a": pull()}).actions) == []
