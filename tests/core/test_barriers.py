"""A group in whole runs: it merges as a whole, or what has merged of it is taken back, or finished, whatever happens."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core import groups
from services.core.board import Decision, Wish
from services.core.plan import Task
from services.core.task_state import Kind
from tests.core.test_conduct_worlds import acts, events, happens
from tests.kit.plans import task
from tests.kit.world import Truth, World

TRIO = (
    task("a", group="release"),
    task("b", "a", repo="acme/web", group="release"),
    task("c", repo="acme/docs", group="release"),
)
AROUND = (task("first", repo="acme/lib"), *TRIO, task("last", "c", repo="acme/site"))


def world(*, rollback: str = "", tasks: tuple[Task, ...] = TRIO, failing: str = "") -> World:
    made = tuple(msgspec.structs.replace(one, rollback=rollback if one.group else "") for one in tasks)
    return World({one.id: Truth(passes=one.id != failing) for one in made}, made)


def phase(at: World) -> str:
    return groups.barrier_of(at.board.run, "release").phase


def until(at: World, wanted: str, *, but: tuple[str, ...] = ()) -> None:
    """Carry on until the group is there; checks of `but` do not end."""
    for _ in range(200):
        if phase(at) == wanted:
            return
        if at.doing:
            at.carry_out(0)
        for one in at.board.run.tasks:
            if one not in but:
                at.check(one)
        at.sweep()
    raise AssertionError(f"it never came to {wanted}: {at.states}")


def test_all_of_it_merges_in_the_order_of_its_needs() -> None:
    at = world(tasks=AROUND)
    at.settle()
    assert set(at.states.values()) == {"done"}
    assert [one for one in at.merged if one in "abc"] == ["a", "c", "b"]
    assert list(at.merged)[-1] == "last"
    assert phase(at) == "merged"


def test_work_begins_when_a_needs_pull_request_is_there_and_nothing_merges_before_all_is_ready() -> None:
    at = world(tasks=AROUND, failing="c")
    at.settle()
    assert at.states == {"first": "done", "a": "in_review", "b": "in_review", "c": "needs_human", "last": "blocked"}
    assert set(at.merged) == {"first"}
    at.truth["c"] = Truth()
    at.settle()
    assert set(at.states.values()) == {"done"}


def test_a_head_that_moves_before_the_first_merge_closes_the_barrier() -> None:
    at = world()
    until(at, "merging")
    at.push("c")
    at.look("c")
    assert phase(at) == "closed"
    at.settle()
    assert not at.merged
    assert at.states == {"a": "in_review", "b": "in_review", "c": "needs_human"}


class Heard(World):
    """Keeps what the run's history says of its group."""

    def __post_init__(self) -> None:
        self.said: list[str] = []
        super().__post_init__()

    def _take_up(self, decision: Decision) -> None:
        self.said += [each.text for each in decision.history if each.kind == "group"]
        super()._take_up(decision)


def test_what_is_said_when_it_is_let_go_and_has_merged() -> None:
    at = Heard({one.id: Truth() for one in TRIO}, TRIO)
    until(at, "merged")
    assert at.said == snapshot(
        ["its group `release` is let go: all are ready", "its group `release` has merged, all of it"]
    )


@pytest.mark.parametrize(
    ("rollback", "then"), [("", "what has merged is taken back"), ("forward", "the rest is finished forward")]
)
def test_what_is_said_when_a_later_one_fails(rollback: str, then: str) -> None:
    tasks = (*(msgspec.structs.replace(one, rollback=rollback) for one in TRIO), AROUND[-1])
    at = Heard({one.id: Truth() for one in tasks}, tasks)
    until(at, "merging")
    while not at.merged:
        at.carry_out(0)
    at.close("c")
    at.settle()
    assert f"`c` could not be merged after others of its group: {then}" in at.said
    reasons = {one.id: one.reason for one in at.board.run.tasks.values()}
    if not rollback:
        assert reasons == snapshot(
            {
                "a": "",
                "b": "its group `release` is taken back, so it is not merged any more",
                "c": "the pull request was closed without merging",
                "last": "needs a task of the group `release`, which is taken back",
            }
        )


def fallen(rollback: str) -> World:
    """One that has merged its first, and whose second is closed by somebody then."""
    at = world(rollback=rollback)
    until(at, "merging")
    while not at.merged:
        at.carry_out(0)
    at.close("c")
    at.settle()
    return at


def test_what_has_merged_is_taken_back_when_a_later_one_fails() -> None:
    at = fallen("")
    assert phase(at) == "reverting"
    assert (list(at.merged), at.reverts) == (["a"], ["a"])
    assert at.states == {"a": "done", "b": "needs_human", "c": "needs_human"}
    assert at.board.run.tasks["a"].revert == 901


@pytest.mark.parametrize("said", ["retried", "recreated", "reviewed"])
def test_what_is_begun_anew_of_a_group_that_is_taken_back_is_not_merged_and_says_why(said: Kind) -> None:
    at = fallen("")
    at.say(said, "b")
    at.settle()
    late = at.board.run.tasks["b"]
    assert (late.attempt, late.state, list(at.merged)) == (2, "needs_human", ["a"])
    assert late.reason == "its group `release` is taken back, so it is not merged any more"


def test_or_the_rest_is_finished_forward() -> None:
    at = fallen("forward")
    assert phase(at) == "forward"
    assert (sorted(at.merged), at.reverts) == (["a", "b"], [])
    at.say("retried", "c")
    at.settle()
    assert phase(at) == "merged"
    assert set(at.states.values()) == {"done"}


@pytest.mark.parametrize(("said", "states"), [("cancelled", "reverting"), ("skipped", "merged"), ("held", "merging")])
def test_what_people_say_of_one_in_the_middle(said: Kind, states: str) -> None:
    at = world()
    until(at, "merging")
    while not at.merged:
        at.carry_out(0)
    at.say(said, "b")
    at.settle()
    assert phase(at) == states
    at.say("released", "b")
    at.settle()
    assert phase(at) == ("merged" if said == "held" else states)


def test_a_merge_that_was_under_way_when_the_barrier_closed_is_gone_back_on() -> None:
    at = world()
    until(at, "merging")
    while not any(action.kind == "merge" for action, _ in at.doing.values()):
        at.carry_out(0)
    at.merge("a")  # GitHub has done it, and nobody has heard of it
    at.push("b")
    at.look("b")
    assert phase(at) == "closed"
    at.settle()
    assert phase(at) == "reverting"
    assert at.reverts == ["a"]


def test_where_the_approver_may_not_merge_any_more_nothing_merges_until_somebody_may() -> None:
    at = world()
    while not (musters := [n for n, (action, _) in enumerate(at.doing.values()) if action.kind == "muster"]):
        if at.doing:
            at.carry_out(0)
        for one in at.board.run.tasks:
            at.check(one)
        at.sweep()
    at.act(musters[0])
    ((key, facts),) = at.mustered.items()
    at.mustered[key] = facts | {"b": msgspec.structs.replace(facts["b"], barred="nobody may")}
    at.carry_out(musters[0])
    assert phase(at) == "complete"
    assert at.board.run.tasks["b"].reason == "nobody may"
    assert not at.merged
    at.settle()
    assert phase(at) == "merged"


truths = st.fixed_dictionaries(
    {
        one.id: st.builds(
            Truth,
            pushes=st.sampled_from([(True,), (True,), (False, True)]),
            passes=st.sampled_from([True, True, False]),
        )
        for one in TRIO
    }
)


@given(truths, st.sampled_from(["revert", "forward"]), st.lists(st.one_of(events, acts), max_size=50))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_it_is_never_left_half_merged(
    truth: dict[str, Truth], rollback: str, history: list[tuple[str, int]]
) -> None:
    at = world(rollback=rollback)
    at.truth = truth
    for event, which in history:
        happens(at, event, which)
    at.settle()
    if at.board.run.state == "paused":
        at.decide(wish=Wish(state="running", actor="ana"))
        at.settle()
    run = at.board.run
    ours = [one for one in at.merged if at.merged[one] == groups.barrier_of(run, "release").heads.get(one)]
    if groups.half(run, "release") and ours:
        assert phase(at) in {"merging", "reverting", "forward"}
    if phase(at) == "reverting":
        assert all(state.revert for state in run.tasks.values() if state.merge_sha)
    if phase(at) == "merging":
        assert groups.missing(run, "release"), "it waits for somebody"
