"""Keys of actions: each names what it is about, and two that are about the same are the same."""

from datetime import timedelta

import msgspec

from services.core.actions import action, attempt_key, mark, wait_keys
from services.core.task_state import Override
from tests.kit.plans import NOW, in_review, task

RUN = in_review(task("a"), task("b"))
TASK = RUN.tasks["a"]
HEAD = "a" * 40
PLACE = "acme/platform-7-r1/a/1"


def test_an_action_is_known_by_what_it_is_about() -> None:
    checks = action(RUN, TASK, "checks")
    assert (checks.key, checks.sha, checks.attempt, checks.fence) == (f"{PLACE}/checks/{HEAD}", HEAD, 1, TASK.fence)
    assert action(RUN, TASK, "attempt").key == attempt_key(RUN.id, TASK) == f"{PLACE}/attempt"
    assert action(RUN, TASK, "merge", "b" * 40).key == f"{PLACE}/merge/{'b' * 40}"
    assert action(RUN, TASK, "tidy").key == f"{PLACE}/tidy/in_review-{TASK.fence}"


def test_a_gate_that_says_something_else_of_one_head_is_another_action() -> None:
    lifted = msgspec.structs.replace(TASK, overrides=(Override(kind="check", name="ci", sha=HEAD),))
    keys = [
        action(RUN, TASK, "checks").key,
        action(RUN, lifted, "checks").key,
        action(RUN, TASK, "checks", need=RUN.tasks["b"]).key,
        action(RUN, TASK, "checks", at=NOW).key,
        action(RUN, TASK, "checks", at=NOW + timedelta(seconds=1)).key,
    ]
    assert len(set(keys)) == len(keys)


def test_a_withdrawal_follows_each_number_that_comes_to_light() -> None:
    states = [TASK, *(msgspec.structs.replace(TASK, **more) for more in ({"issue": 9}, {"pull": 9}, {"heads": ()}))]
    assert len({action(RUN, state, "withdraw").key for state in states}) == len(states)


def test_a_run_can_come_to_one_state_twice() -> None:
    later = NOW + timedelta(seconds=1)
    assert mark(RUN, "failed", NOW).key != mark(RUN, "failed", later).key
    assert mark(RUN, "done", NOW, kind="finish").kind == "finish"


def test_what_is_over_waits_for_nothing() -> None:
    assert len(wait_keys(RUN, TASK)) == 3
    assert wait_keys(RUN, msgspec.structs.replace(TASK, state="done")) == ()
