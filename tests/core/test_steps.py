"""core/steps.py: where an attempt is, and how long its steps took."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.steps import BEGUN, ORDER, TALK, Effect, Step, Trail, keys_of, told, trail
from services.core.task_state import TaskState
from tests.kit.plans import NOW


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def step(name: str, ended: float, seconds: float = 0.0, fence: int = 7) -> Step:
    return Step(name=name, ended=at(ended), seconds=seconds, fence=fence)


def running(**more: Any) -> TaskState:
    return TaskState(id="one", **{"state": "running", "attempt": 2, "fence": 7, "since": NOW, **more})


def effect(state: Any = "done", began: float = 0.0, ended: float | None = None, **more: Any) -> Effect:
    return Effect(
        state=state, tries=1, due=at(began), began=at(began), ended=at(ended) if ended is not None else None, **more
    )


def test_before_anything_is_written_down_it_is_at_its_first_step() -> None:
    assert trail(running(), [], {}) == Trail(now="worktree", since=NOW)


def test_the_running_step_began_when_the_last_one_ended() -> None:
    found = trail(running(), [step(BEGUN, 1), step("worktree", 3, 2.0)], {"attempt": effect("doing")})
    assert found == Trail(steps=(step("worktree", 3, 2.0),), now="agent", since=at(3))


def test_how_often_a_model_has_answered_is_said_of_the_agent_alone_and_of_this_attempt() -> None:
    def talk(turns: int, fence: int = 7) -> Step:
        return Step(name=TALK, ended=at(50), seconds=0.0, fence=fence, turns=turns)

    begun = [step(BEGUN, 1), step("worktree", 3, 2.0)]
    assert told(trail(running(), [*begun, talk(1)], {}), NOW) == "agent since 12:00:03 UTC, 1 turn (worktree 2.0 s)"
    assert told(trail(running(), [*begun, talk(9, fence=6)], {}), NOW) == "agent since 12:00:03 UTC (worktree 2.0 s)"
    over = trail(running(), [*begun, talk(12), step("agent", 60, 57.0), step("commit", 60)], {})
    assert told(over, NOW) == "verify since 12:01:00 UTC (worktree 2.0 s, agent 57 s in 12 turns, commit 0.0 s)"


def test_after_a_crash_the_running_step_runs_since_it_was_begun_anew() -> None:
    found = trail(running(), [step("worktree", 3, 2.0), step(BEGUN, 600)], {})
    assert (found.now, found.since) == ("agent", at(600))
    assert [each.name for each in found.steps] == ["worktree"]


@pytest.mark.parametrize(("verifies", "now"), [(True, "verify"), (False, "push")])
def test_only_a_task_with_a_verification_is_verified(verifies: bool, now: str) -> None:
    written = [step(BEGUN, 1), step("worktree", 3), step("agent", 60), step("commit", 60)]
    assert trail(running(), written, {}, verifies=verifies).now == now


def test_steps_that_ended_at_the_same_moment_stand_in_their_order() -> None:
    written = [step("commit", 60), step("agent", 60), step("worktree", 3)]
    assert [each.name for each in trail(running(), written, {}).steps] == ["worktree", "agent", "commit"]


def test_an_attempt_that_is_tried_again_later_does_not_run() -> None:
    waits = effect("waiting", 90, note="git push failed: timeout")
    found = trail(running(), [step(BEGUN, 1), step("worktree", 3)], {"attempt": waits})
    assert found == Trail(steps=(step("worktree", 3),), again_at=at(90), why="git push failed: timeout")


def test_the_steps_of_the_attempt_before_are_not_those_of_this_one() -> None:
    old = [step("worktree", -50, fence=3), step("agent", -40, fence=3)]
    assert trail(running(), old, {}) == Trail(now="worktree", since=NOW)
    assert trail(running(), old, {"attempt": effect("waiting", 90)}).steps == ()


def test_an_attempt_that_has_pushed_has_no_step_left() -> None:
    written = [step(BEGUN, 0), *(step(name, n) for n, name in enumerate(ORDER))]
    found = trail(running(), written, {})
    assert (found.now, found.since) == ("", None)
    found = trail(running(), written, {"open_pull": effect("doing", 9)})
    assert (found.now, found.since) == ("pull request", at(9))


def test_what_follows_an_attempt_comes_from_the_outbox() -> None:
    effects = {"attempt": effect("done", 0, 5), "open_pull": effect("done", 5, 7), "checks": effect("done", 7, 8.5)}
    found = trail(running(state="in_review"), [step("push", 5, 1.0)], effects)
    assert [(each.name, each.seconds) for each in found.steps] == [
        ("push", 1.0),
        ("pull request", 2.0),
        ("checks", 1.5),
    ]
    assert found.now == ""


def test_a_merge_under_way_is_said() -> None:
    effects = {"merge": effect("doing", 30), "checks": effect("done", 7, 8)}
    found = trail(running(state="in_review"), [], effects)
    assert (found.now, found.since) == ("merge", at(30))


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [("open_pull", "running", "pull request"), ("checks", "in_review", "checks"), ("merge", "in_review", "merge")],
)
def test_what_follows_the_push_and_is_tried_again_later_does_not_run(kind: str, state: Any, said: str) -> None:
    written = [step(BEGUN, 0), *(step(name, n, 1.0) for n, name in enumerate(ORDER))]
    found = trail(running(state=state), written, {kind: effect("waiting", 90, note="502 Bad Gateway")})
    assert (found.now, found.since, found.again_at, found.again) == ("", None, at(90), said)
    assert told(found, NOW).startswith(f"{said} tried again at 12:01:30 UTC after 502 Bad Gateway (worktree 1.0 s")


@pytest.mark.parametrize("state", ["done", "failed", "needs_human", "cancelled", "blocked", "ready"])
def test_the_last_attempt_of_a_task_that_does_not_run_is_only_told(state: Any) -> None:
    found = trail(
        running(state=state, fence=8), [step(BEGUN, 1), step("worktree", 3)], {"merge": effect("done", 30, 31)}
    )
    assert [each.name for each in found.steps] == ["worktree", "merge"]
    assert (found.now, found.again_at) == ("", None)


def test_where_the_outbox_has_them() -> None:
    assert keys_of("r1", running()) == {"attempt": "r1/one/2/attempt", "open_pull": "r1/one/2/open_pull"}
    assert keys_of("r1", running(head_sha="ab"))["merge"] == "r1/one/2/merge/ab"


@given(
    st.sampled_from(["running", "in_review", "failed", "done"]),
    st.lists(st.tuples(st.sampled_from([BEGUN, *ORDER]), st.integers(0, 999), st.integers(5, 7)), max_size=8),
    st.dictionaries(
        st.sampled_from(["attempt", "open_pull", "checks", "merge"]),
        st.tuples(st.sampled_from(["waiting", "doing"]), st.integers(0, 999)),
    ),
)
def test_whatever_is_stored_a_step_runs_only_in_a_task_that_runs(
    state: Any, written: list[tuple[str, int, int]], effects: dict[str, tuple[Any, int]]
) -> None:
    steps = [step(name, ended, fence=fence) for name, ended, fence in written]
    found = trail(running(state=state), steps, {kind: effect(how, began) for kind, (how, began) in effects.items()})
    assert BEGUN not in {each.name for each in found.steps}
    assert [each.ended for each in found.steps] == sorted(each.ended for each in found.steps)
    assert bool(found.now) == (found.since is not None)
    assert not (found.now and found.again_at)
    if state in {"failed", "done"}:
        assert found.now == ""


def test_a_trail_in_one_phrase() -> None:
    steps = (step("worktree", 3, 0.42), step("agent", 60, 182.0))
    tomorrow = NOW + timedelta(days=1)
    assert told(Trail(steps=steps, now="verify", since=at(60)), NOW) == (
        "verify since 12:01:00 UTC (worktree 0.4 s, agent 3 min)"
    )
    assert told(Trail(now="agent", since=at(60)), tomorrow) == "agent since 2026-03-01 12:01 UTC"
    assert told(Trail(steps=steps), NOW) == "worktree 0.4 s, agent 3 min"
    waits = Trail(steps=steps[:1], again_at=at(90), why="git push failed: @ana <b>")
    assert (
        told(waits, NOW) == "tried again at 12:01:30 UTC after git push failed\\: \\@\u2060ana \\<b\\> (worktree 0.4 s)"
    )
    assert told(Trail(again_at=at(90)), NOW) == "tried again at 12:01:30 UTC"
    late = Trail(again_at=at(90), why="a limit")
    assert told(late, at(90)) == "tried again as soon as a place is free after a limit"
    assert told(Trail(again_at=at(90), again="merge"), at(91)) == "merge tried again at 12:01:30 UTC"
    assert told(Trail(), NOW) == ""
