"""An edited plan takes the place of the one that runs: what becomes of each task, and that whatever is edited at whatever
moment, nothing of an earlier text passes for what the plan says now.
"""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.adopt import Fate, adopt, fates, obstacle
from services.core.board import Adoption, Board, Decision, Run, Wish
from services.core.conduct import decide
from services.core.groups import Barrier
from services.core.plan import Plan, Task
from services.core.plan_diff import diff
from services.core.repairs import Repair, under_way
from services.core.task_state import ENDED, SATISFIED, STUCK, TaskState
from tests.core.test_conduct_worlds import ACTS, events, happens
from tests.kit.plans import NOW, applied, happen, in_review, plan, pull, run, task, tracked
from tests.kit.plans import after as decided
from tests.kit.world import World

HEAD = "a" * 40


def adopted(current: Run, *tasks: Task) -> tuple[Run, Decision]:
    decision = adopt(Board(current), Adoption(plan=plan(*tasks), actor="cem", text="an edit"), NOW)
    return applied(current, decision), decision


def kinds(decision: Decision, task_id: str = "") -> list[str]:
    return [action.kind for action in decision.actions if task_id in {"", action.task}]


def put(current: Run, task_id: str, **values: object) -> Run:
    state = msgspec.structs.replace(current.tasks[task_id], **values)
    return msgspec.structs.replace(current, tasks={**current.tasks, task_id: state})


# One edit.


def test_the_run_goes_on_as_the_new_text_in_the_name_of_who_approved_it() -> None:
    now, decision = adopted(run(task("a"), task("b")), task("a"), task("b", "a"), task("c"))
    assert (now.plan.hash, now.approver, now.actor) == (plan(task("a"), task("b", "a"), task("c")).hash, "cem", "ana")
    (said, *_) = decision.history
    assert (said.task, said.kind, said.text, said.actor, said.before, said.after) == (
        "", "adopted", "an edit", "cem", "running", "running"
    )  # fmt: skip
    assert list(now.tasks) == ["a", "b", "c"]


def test_the_same_text_changes_nothing() -> None:
    current = in_review(task("a"))
    now, decision = adopted(current, msgspec.structs.replace(task("a"), line=7))
    assert decision.adopted is None
    assert decision.is_empty
    assert now == current


def test_a_run_that_is_over_takes_nothing_over() -> None:
    current = happen(run(task("a")), "a", "skipped").run
    assert current.finished_at is not None
    assert adopted(current, task("a"), task("b"))[1].adopted is None


def test_what_is_added_is_tracked_and_waits_for_what_it_needs() -> None:
    now, decision = adopted(run(task("a")), task("a"), task("c", "b"), task("b", "a"), task("d", done=True), task("e"))
    assert {one.id: one.state for one in now.tasks.values()} == {
        "a": "ready", "c": "blocked", "b": "blocked", "d": "done", "e": "ready"
    }  # fmt: skip
    assert [action.task for action in decision.actions if action.kind == "track"] == ["e", "b", "c"]


def test_what_is_removed_is_ended_and_cleared_away() -> None:
    now, decision = adopted(in_review(task("a"), task("b", "a")), task("b"))
    was = now.former["a"]
    assert (was.state, was.pull, was.reason, was.was) == ("cancelled", 5, "no longer in the plan", task("a"))
    assert kinds(decision, "a") == ["withdraw"]
    assert ("a", ()) in decision.waits, "no webhook about it wakes anybody"
    assert now.tasks["b"].state == "ready"
    assert now.known("a") == (task("a"), was)


@pytest.mark.parametrize("state", ["done", "skipped", "cancelled"])
def test_what_was_over_before_it_was_removed_stays_as_it_was(state: str) -> None:
    now, decision = adopted(put(tracked(task("a"), task("b")).run, "a", state=state, merge_sha=""), task("b"))
    assert now.former["a"].state == state
    assert kinds(decision, "a") == (["withdraw"] if state == "cancelled" else [])


def test_a_run_whose_open_tasks_are_all_removed_is_over() -> None:
    current = happen(in_review(task("a"), task("b")), "a", "merged", sha="m").run
    now, decision = adopted(current, task("a"))
    assert (now.state, now.finished_at) == ("done", NOW)
    assert "finish" in kinds(decision)


def test_running_work_that_changed_is_stopped_and_done_again() -> None:
    current = tracked(task("a", run="old")).run
    now, decision = adopted(current, task("a", run="new"))
    before, after = current.tasks["a"], now.tasks["a"]
    assert (before.state, after.state, after.fence) == ("running", "ready", before.fence + 1)
    late = happen(now, "a", "pushed", sha=HEAD, fence=before.fence)
    assert not late.run.tasks["a"].heads, "the old attempt's result is dropped"
    assert [m.kind for m in decision.history] == ["adopted", "redone", "unblocked"]


def test_what_rests_before_its_next_try_goes_on_from_nothing_that_the_old_text_led_to() -> None:
    repair = Repair(
        n=1, strategy="resolve_conflict", cls="merge_conflict", sha=HEAD, attempt=1, about=("x",), checks=(),
        carries=True, due=NOW + timedelta(hours=1),
    )  # fmt: skip
    told = {"attempt": 1, "pull": 5, "heads": (HEAD,), "repairs": (repair,), "carry": HEAD, "broke": "it conflicts"}
    current = put(run(task("a", run="make old")), "a", state="ready", issue=1, **told)
    now, _ = adopted(current, task("a", run="make new"))
    state = now.tasks["a"]
    assert (state.state, state.carry, state.broke, under_way(state.repairs)) == ("ready", "", "", None)
    assert state.was == task("a", run="make old")
    same, _ = adopted(current, task("a", run="make old", priority=3))
    assert under_way(same.tasks["a"].repairs) == repair


def test_work_in_review_that_changed_keeps_its_pull_request_and_merges_nothing_of_it() -> None:
    current = in_review(task("a", run="old"))
    now, decision = adopted(current, task("a", run="new"))
    after = now.tasks["a"]
    assert (after.state, after.pull, after.was) == ("ready", 5, task("a", run="old"))
    assert kinds(decision, "a") == ["checks"], "its gate says so at once"
    stuck = put(now, "a", state="needs_human")
    facts = {"a": pull()}
    assert "merge" not in {action.kind for action in decided(stuck, facts=facts, limits=None).actions}
    begun = decided(now).run
    pushed = happen(begun, "a", "pushed", sha="b" * 40, fence=begun.tasks["a"].fence).run
    assert pushed.tasks["a"].was is None
    opened = happen(pushed, "a", "opened", number=5, fence=pushed.tasks["a"].fence).run
    assert [action.kind for action in decided(opened, facts={"a": pull("b" * 40)}).actions] == ["merge"]


def test_a_merge_of_the_earlier_text_that_was_quicker_counts_and_is_told() -> None:
    now, _ = adopted(in_review(task("a", run="old")), task("a", run="new"))
    merged = happen(now, "a", "merged", sha="m").run.tasks["a"]
    assert (merged.state, merged.was) == ("done", task("a", run="old"))


def test_a_merge_of_what_was_removed_is_told_and_tidied_up() -> None:
    now, _ = adopted(in_review(task("a"), task("b")), task("b"))
    late = happen(now, "a", "merged", sha="m")
    assert late.run.former["a"].state == "done"
    assert [(m.task, m.before, m.after) for m in late.history] == [("a", "cancelled", "done")]
    assert [action.kind for action in late.actions if action.task == "a"] == ["withdraw"]


def test_what_comes_to_light_of_what_was_removed_is_withdrawn_too() -> None:
    current = run(task("a"), task("b"))
    now, first = adopted(current, task("b"))
    found = happen(now, "a", "tracked", number=77)
    again = happen(found.run, "a", "opened", number=5, fence=0)
    keys = [action.key for d in (first, found, again) for action in d.actions if action.kind == "withdraw"]
    assert len(set(keys)) == 3
    assert (again.run.former["a"].issue, again.run.former["a"].pull) == (77, 5)


def test_merged_work_that_is_asked_for_in_other_words_stays_and_says_so() -> None:
    current = happen(in_review(task("a", run="old"), task("b", "a")), "a", "merged", sha="m").run
    now, _ = adopted(current, task("a", run="new"), task("b", "a"))
    assert (now.tasks["a"].state, now.tasks["a"].was) == ("done", task("a", run="old"))
    back, _ = adopted(now, task("a", run="old", priority=3.0), task("b", "a"))
    assert back.tasks["a"].was is None


def test_merged_work_does_not_care_how_it_would_be_verified() -> None:
    current = happen(in_review(task("a"), task("b")), "a", "merged", sha="m").run
    assert adopted(current, task("a", verify="make check"), task("b"))[0].tasks["a"].was is None


def test_what_only_stands_elsewhere_or_waits_for_more_is_not_done_again() -> None:
    current = in_review(task("a"), task("b"), task("c", "a"))
    now, decision = adopted(current, task("a", "b", timeout=60, group="g"), task("b"), task("c"))
    assert (now.tasks["a"].state, now.tasks["a"].was) == ("in_review", None)
    assert kinds(decision, "a") == ["checks"], "its gate waits for `b` now"
    assert now.tasks["c"].state == "ready", "what waits for less goes on"


def test_the_gate_of_what_is_in_review_is_said_anew_once_its_new_need_has_merged() -> None:
    now, first = adopted(in_review(task("a"), task("b")), task("a", "b"), task("b"))
    met = happen(now, "b", "skipped")
    checks = [action for action in (*first.actions, *met.actions) if action.kind == "checks"]
    assert [action.task for action in checks] == ["a", "a"]
    assert len({action.key for action in checks}) == 2
    back = happen(met.run, "b", "retried")
    assert "checks" in [action.kind for action in back.actions if action.task == "a"]


def test_a_box_that_is_ticked_by_hand_is_the_task_done() -> None:
    current = in_review(task("a"), task("b", "a"))
    now, decision = adopted(current, task("a", done=True), task("b", "a"))
    assert (now.tasks["a"].state, now.tasks["b"].state) == ("done", "ready")
    assert kinds(decision, "a") == ["tidy"]
    back, undone = adopted(now, task("a"), task("b", "a"))
    assert (back.tasks["a"].state, back.tasks["b"].state) == ("ready", "blocked")
    assert kinds(undone, "a") == ["tidy"], "its issue is opened again"


def test_a_box_that_is_unticked_undoes_no_merge() -> None:
    current = happen(in_review(task("a", done=False), task("b")), "a", "merged", sha="m").run
    ticked, _ = adopted(current, task("a", done=True), task("b"))
    assert adopted(ticked, task("a"), task("b"))[0].tasks["a"].state == "done"


def test_a_task_that_was_done_before_the_run_is_tracked_when_its_box_is_unticked() -> None:
    now, decision = adopted(run(task("a", done=True), task("b")), task("a"), task("b"))
    assert now.tasks["a"].state == "ready"
    assert kinds(decision, "a") == ["track"]


def test_whoever_a_task_went_to_goes_on() -> None:
    current = happen(in_review(task("a", run="old")), "a", "assigned", name="ben").run
    now, decision = adopted(current, task("a", run="new"))
    assert (now.tasks["a"].state, now.tasks["a"].assignee, now.tasks["a"].was) == ("needs_human", "ben", None)
    assert not kinds(decision, "a")


def test_what_people_stopped_stays_stopped() -> None:
    current = happen(tracked(task("a", run="old"), task("b")).run, "a", "cancelled").run
    assert adopted(current, task("a", run="new"), task("b"))[0].tasks["a"].state == "cancelled"


@pytest.mark.parametrize(
    ("set_", "edit", "unset"),
    [
        ({"priority": 9.0}, {"priority": 1.0}, {"priority": None}),
        ({"model": "large"}, {"model": "small"}, {"model": ""}),
        ({"budget": "5"}, {"budget": "2"}, {"budget": ""}),
    ],
)
def test_what_the_plan_says_now_counts_more_than_an_earlier_word(
    set_: dict[str, Any], edit: dict[str, Any], unset: dict[str, Any]
) -> None:
    current = put(run(task("a"), task("b")), "a", **set_)
    kept = adopted(current, task("a", timeout=60), task("b"))[0].tasks["a"]
    assert {name: getattr(kept, name) for name in set_} == set_
    changed = adopted(current, task("a", **edit), task("b"))[0].tasks["a"]
    assert {name: getattr(changed, name) for name in unset} == unset


def test_nothing_starts_while_a_plan_is_taken_over_and_a_paused_run_stays_paused() -> None:
    current = applied(run(task("a")), _paused(run(task("a"))))
    now, decision = adopted(current, task("a"), task("b"))
    assert now.state == "paused"
    assert "attempt" not in kinds(decision)


def _paused(current: Run) -> Decision:
    return decide(Board(current), wish=Wish(state="paused"), now=NOW)


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([task("a", repo="acme/web"), task("b")], "can't move the task `a` to another repository"),
        ([task("a", issue=7), task("b")], "can't move the task `a` to another issue"),
        ([task("a"), task("b"), task("gone")], "`gone` was taken out of this run before"),
    ],
)
def test_what_a_run_can_not_take_over(tasks: list[Task], why: str) -> None:
    current, _ = adopted(run(task("a"), task("b"), task("gone")), task("a"), task("b"))
    assert why in obstacle(current, plan(*tasks))
    assert adopted(current, *tasks)[1].adopted is None


OLD = task("a", run="old")


@pytest.mark.parametrize(
    ("state", "new", "fate"),
    [
        ({"state": "blocked"}, {"run": "new"}, "goes on"),
        ({"state": "running"}, {"run": "new"}, "redone"),
        ({"state": "running"}, {"title": "Another"}, "goes on"),
        ({"state": "running"}, {"paths": ("src/**",)}, "redone"),
        ({"state": "in_review"}, {"needs": ("b",)}, "goes on"),
        ({"state": "failed"}, {"agent": "coder"}, "redone"),
        ({"state": "needs_human", "assignee": "ben"}, {"run": "new"}, "theirs"),
        ({"state": "done", "merge_sha": "m"}, {"run": "new"}, "merged"),
        ({"state": "done"}, {"run": "new"}, "goes on"),
        ({"state": "skipped"}, {"run": "new"}, "stays"),
        ({"state": "in_review"}, {"done": True, "run": "new"}, "ticked"),
        ({"state": "skipped"}, {"done": True}, "goes on"),
    ],
)
def test_what_becomes_of_a_change(state: dict[str, object], new: dict[str, object], fate: Fate) -> None:
    current = put(run(OLD, task("b")), "a", **state)
    edited = msgspec.structs.replace(OLD, **new)
    assert fates(current, diff(current.plan, plan(edited, task("b"))))["a"] == fate


def test_nothing_is_taken_over_while_a_merge_is_being_taken_back() -> None:
    current = put(run(task("a"), task("b")), "a", state="done", merge_sha="m", revert=-1)
    assert obstacle(current, plan(task("a"))) == (
        "What has merged is being taken back just now; say it again in a moment."
    )


def test_a_group_that_is_being_merged_is_not_edited() -> None:
    trio = (task("a", group="release"), task("b", group="release"))
    current = msgspec.structs.replace(run(*trio), barriers={"release": Barrier(phase="merging")})
    assert obstacle(current, plan(*trio, task("c"))) == ""
    assert obstacle(current, plan(*trio, task("c", group="release"))) == (
        "The group `release` is being merged just now; say it again when that is over."
    )


def test_a_title_is_work_where_there_is_no_script() -> None:
    current = put(run(task("a")), "a", state="running")
    assert fates(current, diff(current.plan, plan(task("a", title="Another"))))["a"] == "redone"


def test_a_board_after_an_edit_is_one_made_anew_of_the_same_run() -> None:
    board = Board(tracked(task("a", run="1"), task("b", "a"), task("c")).run)
    edited = plan(task("d"), task("a", run="2"), task("b", "d", group="g"))
    board.apply(adopt(board, Adoption(plan=edited, actor="cem"), NOW))
    fresh = Board(board.run)
    assert (board.specs, board.after, board.uses) == (fresh.specs, fresh.after, fresh.uses)
    assert +board.counts == +fresh.counts
    assert len(board.ready) == len(fresh.ready)
    assert board.remaining == fresh.remaining


# Any edits, at any moment.

edits = st.tuples(
    st.sampled_from(["work", "work", "needs", "add", "remove", "tick", "priority", "same"]),
    st.integers(0, 7),
    st.integers(0, 7),
)
steps = st.one_of(
    events.map(lambda one: ("event", *one)),
    st.tuples(st.just("event"), st.sampled_from(ACTS), st.integers(0, 7)),
    edits.map(lambda one: ("edit", *one)),
)


def edited(world: World, kind: str, one: int, other: int) -> tuple[Task, ...]:
    """The plan after an edit. A task only ever needs one that stands above it."""
    tasks, change = list(world.tasks), msgspec.structs.replace
    at = one % len(tasks)
    match kind:
        case "work":
            tasks[at] = change(tasks[at], run=f"work {world.minutes}")
        case "needs":
            above = tasks[other % len(tasks)].id if other % len(tasks) < at else ""
            tasks[at] = change(tasks[at], needs=(above,) if above else ())
        case "add":
            tasks.append(task(f"n{world.minutes}", tasks[at].id, run="more"))
        case "remove" if len(tasks) > 1:
            gone = tasks.pop(at).id
            tasks = [change(each, needs=tuple(need for need in each.needs if need != gone)) for each in tasks]
        case "tick":
            tasks[at] = change(tasks[at], done=not tasks[at].done)
        case "priority":
            tasks[at] = change(tasks[at], priority=float(other))
    return tuple(tasks)


def lived(history: list[tuple[object, ...]]) -> World:
    world = World({})
    for step, *what in history:
        if step == "edit":
            world.adopt(*edited(world, *what))  # type: ignore[arg-type]
        else:
            happens(world, *what)  # type: ignore[arg-type]
        _is_sound(world)
    return world


def _is_sound(world: World) -> None:
    run = world.board.run
    for one in run.tasks.values():
        text = world.made.get(world.merged.get(one.id, "").rstrip("+"))
        merged = one.state == "done" and one.merge_sha == f"merge of {world.merged.get(one.id)}"
        if merged and text is not None and text != run.plan.by_id[one.id].run and not one.assignee:
            assert one.was is not None, f"an earlier text passes for what the plan says: {one}"
    assert all(one.state in ENDED for one in run.former.values()), "what is in the plan no more is over"
    assert not set(run.former) & set(run.tasks)


@given(st.lists(steps, max_size=50))
@settings(max_examples=400, deadline=None)
def test_whatever_is_edited_at_whatever_moment_the_run_ends_or_says_whom_it_waits_for(
    history: list[tuple[object, ...]],
) -> None:
    world = lived(history)
    world.settle()
    _is_sound(world)
    if world.board.run.state == "paused":
        world.decide(wish=Wish(state="running", actor="ana"))
        world.settle()
    run, states = world.board.run, world.states
    waiting = [one for one in run.tasks.values() if one.state not in ENDED | STUCK]
    for one in waiting:
        lacks = [need for need in run.plan.by_id[one.id].needs if states[need] not in SATISFIED]
        assert lacks if one.state == "blocked" else one.held or lacks, f"nobody does anything for {one}"
    assert run.state in {"done", "cancelled"} or waiting or STUCK & set(states.values())
    assert not world.places.taken
    assert all(len(made) <= 1 for made in world.issues.values()), "one tracking issue a task"
    for former in run.former.values():
        mine = [pull for pull in world.pulls.get(former.id, ()) if pull.state == "open" and pull.head in former.heads]
        assert not mine or former.assignee or former.state != "cancelled", f"{former} has left its pull request open"


@given(st.lists(steps, max_size=40))
@settings(max_examples=150, deadline=None)
def test_after_everything_is_taken_up_again_the_plan_is_done(history: list[tuple[object, ...]]) -> None:
    world = lived(history)
    world.settle()
    for _ in range(len(world.tasks) + 1):
        world.decide(wish=Wish(state="running", actor="ana"))
        world.say("released", *world.board.run.tasks)
        world.say("retried", *world.board.run.tasks)
        world.settle()
    assert set(world.states.values()) <= {"done", "skipped"}
    assert world.board.run.state == "done"


@given(st.lists(steps, max_size=30), edits)
@settings(max_examples=100, deadline=None)
def test_what_people_are_told_is_what_becomes_of_it(
    history: list[tuple[object, ...]], edit: tuple[str, int, int]
) -> None:
    world = lived(history)
    before, new = world.board.run, Plan(title="A plan", tasks=edited(world, *edit))
    told, was = fates(before, diff(before.plan, new)), dict(before.tasks)
    if world.adopt(*new.tasks).adopted is None:
        return
    now = world.board.run
    for one, fate in told.items():
        if fate in {"redone", "theirs", "merged", "stays", "ticked", "unticked", "withdrawn", "left"}:
            state: TaskState = now.tasks.get(one) or now.former[one]
            stays = {"theirs", "merged", "stays", "left"}
            ends = {"ticked": "done", "withdrawn": "cancelled"}
            assert (state.fence == was[one].fence and state.state == was[one].state) == (fate in stays)
            assert state.state == ends.get(fate, state.state)


def test_a_need_of_a_group_that_was_taken_back_is_not_taken_over() -> None:
    """It would never be met, and nobody could be named who it waits for."""
    pair = (task("a", group="release"), task("b", group="release"))
    current = run(*pair, task("c", "a"))
    for each in ("a", "b"):
        current = put(current, each, state="done", merge_sha="m", revert=8)
    current = msgspec.structs.replace(current, barriers={"release": Barrier(phase="reverting")})
    assert obstacle(current, plan(*pair, task("c", "a"), task("d"))) == ""
    assert obstacle(current, plan(*pair, task("c", "a"), task("d", "b", done=True))) == ""
    assert obstacle(current, plan(*pair, task("c", "a"), task("d", "b"))) == (
        "The run can't let `d` need `b`, whose group was taken back; take that need out."
    )


def test_what_an_edit_changes_leaves_the_merge_queue() -> None:
    current = put(run(task("a"), task("b")), "a", state="in_review", pull=5, head_sha="h", heads=("h",), queued="h")
    assert "dequeue" in kinds(adopted(current, task("a", "b"), task("b"))[1]), "it needs what has not merged"
    assert "dequeue" in kinds(adopted(current, task("a", run="another"), task("b"))[1]), "it is done anew"
    assert "dequeue" in kinds(adopted(current, task("a", done=True), task("b"))[1]), "people have done it"
    assert "dequeue" not in kinds(adopted(current, task("a"), task("b"), task("c"))[1])
