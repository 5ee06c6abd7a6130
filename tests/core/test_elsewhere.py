"""elsewhere: what is under way on GitHub, in places, wait keys, actions and words."""

import msgspec
import pytest

from services.core.actions import attempt_action, recalled, wait_keys
from services.core.board import Board, resting
from services.core.conduct import decide
from services.core.elsewhere import ACTIONS, COPILOT, Away, came_to, does, waits_for
from services.core.machine import TABLE, step
from services.core.places import TOTAL, Limits, Places, Use, lanes_of
from services.core.repair import repaired
from services.core.repairs import Failed, Failure
from services.core.steps import Effect, told, trail
from services.core.strategies import Rules
from services.core.task_state import STATES, Happening, Kind, TaskState
from tests.kit.plans import NOW, run, task

AWAY = Away(agent=ACTIONS, fence=1, until=NOW, run="77")
LIMITS = Limits(total=2, installation=2, repo=2, agent=2)


def running(**more: object) -> TaskState:
    return TaskState(id="one", state="running", attempt=1, fence=1, issue=5, since=NOW, **more)  # type: ignore[arg-type]


def test_only_what_runs_is_sent_and_with_its_attempt_it_is_over() -> None:
    assert [state for state in STATES if TABLE[state]["sent"]] == ["running"]
    sent = step(running(), Happening(kind="sent", fence=1, away=AWAY, text="is there"), NOW)
    assert sent is not None
    assert (sent.state, sent.away, sent.reason) == ("running", AWAY, "is there")
    assert step(running(), Happening(kind="sent", fence=0, away=AWAY), NOW) is None
    over = step(sent, Happening(kind="broke", fence=1, text="no"), NOW)
    assert over is not None
    assert over.away is None


def test_what_is_waited_for_takes_a_place_of_its_agent_alone_and_that_one_always_counts() -> None:
    use = Use(installation="acme", repo="acme/api", agent=ACTIONS, run="r1", group="g")
    assert dict(lanes_of(resting(use), LIMITS)) == {("agent", ACTIONS): 2}
    places = Places(LIMITS)
    for key in ("a", "b"):
        places.take(key, use)
        assert places.taken[TOTAL] == 1
        places.take(key, resting(use))
        assert TOTAL not in places.taken
    assert not places.is_full
    assert places.full(use) == ("agent", ACTIONS)
    assert places.full(msgspec.structs.replace(use, agent="script")) is None
    assert places.give_back("a")
    assert places.full(use) is None


def test_what_it_waits_on_wakes_it() -> None:
    current = run(task("one", agent=ACTIONS))
    assert wait_keys(current, running(away=AWAY)) == ("issue:acme/api#5", "actions:acme/api@77")
    there = Away(agent=COPILOT, fence=1, until=NOW, pull=9)
    assert wait_keys(current, running(away=there)) == ("issue:acme/api#5", "pull:acme/api#9")


@pytest.mark.parametrize("kind", ["cancelled", "reviewed"])
def test_an_attempt_that_is_not_wanted_any_more_is_called_back_once_it_is_elsewhere(kind: Kind) -> None:
    for agent, called in ((ACTIONS, ["recall"]), ("script", [])):
        current = run(task("one", agent=agent))
        board = Board(msgspec.structs.replace(current, tasks={"one": running(away=AWAY if called else None, pull=9)}))
        decision = decide(board, [("one", Happening(kind=kind, actor="ana"))], now=NOW)
        found = [act for act in decision.actions if act.kind == "recall"]
        assert [act.kind for act in found] == called
        for act in found:
            assert act.sha == "actions:77"
            assert recalled(act) == attempt_action(current.id, running())


def test_it_begins_anew_where_others_would_go_on_with_what_is_there() -> None:
    """What the last attempt left can't be handed to a workflow, and it has no stronger model."""
    conflict = Failure(check="", id="x", cls="merge_conflict", signature="s")
    for agent, carries in ((ACTIONS, False), (COPILOT, False), ("coder", True)):
        state = TaskState(id="one", state="in_review", attempt=1, fence=1, head_sha="h", heads=("h",), pull=3)
        after = repaired(state, agent, "conflicts", [""], Failed(failures=(conflict,), rules=Rules()), NOW)
        assert (after.kind, after.repair is not None and after.repair.carries) == ("fixing", carries)
    failed = Failure(check="", id="x", cls="missing_dependency", signature="s")
    rules = Rules(stronger=1, policy={"missing_dependency": ()})
    again = repaired(running(), ACTIONS, "no", [""], Failed(failures=(failed,), rules=rules), NOW)
    assert again.kind == "broke"


def test_words() -> None:
    assert waits_for(AWAY) == "waits for run 77 of GitHub Actions"
    assert waits_for(Away(agent=COPILOT, fence=1, until=NOW)) == "waits for Copilot"
    assert waits_for(Away(agent=COPILOT, fence=1, until=NOW, pull=9)) == "waits for Copilot in #9"
    effect = Effect(state="waiting", tries=1, due=NOW, began=NOW)
    found = trail(running(away=AWAY), [], {"attempt": effect})
    assert told(found, NOW).startswith("waits for run 77 of GitHub Actions since ")


def test_what_copilot_has_come_to_is_its_newest_word_after_it_was_asked() -> None:
    begun, done, failed = ("copilot_work_started", "1"), ("copilot_work_finished", "2"), ("commented", "9")
    assert came_to([begun], "") == ""
    assert came_to([begun, done], "") == "finished"
    assert came_to([begun, done, failed], "9") == ""
    assert came_to([begun, done, failed, begun], "9") == ""
    assert came_to([begun, done, failed, begun, ("copilot_work_finished_failure", "3")], "9") == "failed"
    assert came_to([begun, done, failed, begun, ("review_requested", "4")], "9") == "finished"
    assert came_to([begun, done, begun], "") == ""
    assert came_to([done], "7") == ""


@pytest.mark.parametrize("ended", ["copilot_work_finished", "copilot_work_finished_failure", "review_requested"])
def test_work_of_copilots_that_began_before_it_was_asked_says_nothing_of_what_it_was_asked(ended: str) -> None:
    begun, asked, over = ("copilot_work_started", "1"), ("commented", "2"), (ended, "3")
    assert came_to([begun, asked, over], "2") == ""
    assert came_to([begun, asked, over, begun], "2") == ""
    assert came_to([begun, asked, over, begun, over], "2") != ""


def test_a_pull_request_of_copilots_says_on_a_line_of_its_own_which_issue_it_does() -> None:
    assert does("Thanks.\n\n- Fixes acme/api#12\n* closes: #4.\nResolved #5\r\n", "Acme/API") == {12, 4, 5}
    for other in (
        "> Fixes #12",
        "It fixes #12 and more",
        "    fixes #12",
        "- Fixes acme/web#12",
        "- Fixes #12 <!-- x -->",
    ):
        assert does(other, "acme/api") == frozenset()
