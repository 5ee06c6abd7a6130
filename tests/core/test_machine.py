"""The table of a task's life: every cell on purpose, and what a late or doubled happening may not do."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.machine import TABLE, step
from services.core.task_state import ENDED, KINDS, STATES, UNTOLD, Happening, Kind, State, TaskState
from tests.kit.plans import NOW

ALLOWED: dict[State, dict[Kind, State]] = {
    state: {kind: after for kind, after in row.items() if after is not None} for state, row in TABLE.items()
}


def test_every_cell_is_there() -> None:
    assert set(TABLE) == set(STATES)
    assert all(set(row) == set(KINDS) for row in TABLE.values())


def test_the_table_says_what_it_said() -> None:
    """The whole table in one place: a change of it is a decision, so it has to be made twice."""
    moves = {
        state: sorted(f"{kind}>{after}" for kind, after in row.items() if after != state)
        for state, row in ALLOWED.items()
    }
    assert moves == {
        "blocked": ["assigned>needs_human", "attached>needs_human", "broke>failed", "cancelled>cancelled", "merged>done", "removed>cancelled", "skipped>skipped", "stalled>needs_human", "ticked>done", "unblocked>ready"],
        "ready": ["assigned>needs_human", "attached>needs_human", "broke>failed", "cancelled>cancelled", "merged>done", "reblocked>blocked", "removed>cancelled", "skipped>skipped", "stalled>needs_human", "started>running", "ticked>done"],
        "running": ["assigned>needs_human", "broke>failed", "cancelled>cancelled", "expired>needs_human", "fixing>blocked", "handed>needs_human", "merged>done", "opened>in_review", "redone>blocked", "refused>needs_human", "removed>cancelled", "restacking>blocked", "reviewed>blocked", "skipped>skipped", "ticked>done"],
        "in_review": ["assigned>needs_human", "broke>failed", "cancelled>cancelled", "closed>needs_human", "dequeued>failed", "disproved>failed", "expired>needs_human", "fixing>blocked", "handed>needs_human", "merged>done", "moved>needs_human", "recreated>blocked", "redone>blocked", "refused>needs_human", "removed>cancelled", "restacking>blocked", "reviewed>blocked", "skipped>skipped", "ticked>done"],
        "needs_human": ["cancelled>cancelled", "green>in_review", "merged>done", "rebased>in_review", "recreated>blocked", "redone>blocked", "removed>cancelled", "retried>blocked", "reviewed>blocked", "skipped>skipped", "ticked>done", "vouched>in_review"],
        "failed": ["assigned>needs_human", "attached>needs_human", "cancelled>cancelled", "closed>needs_human", "green>in_review", "integrating>in_review", "merged>done", "moved>needs_human", "proved>in_review", "rebased>in_review", "recreated>blocked", "redone>blocked", "refused>needs_human", "removed>cancelled", "retried>blocked", "reviewed>blocked", "skipped>skipped", "ticked>done"],
        "done": ["unticked>blocked"],
        "skipped": ["merged>done", "retried>blocked"],
        "cancelled": ["merged>done", "recreated>blocked", "retried>blocked", "skipped>skipped", "ticked>done"],
    }  # fmt: skip


def test_all_that_is_in_no_list_is_refused() -> None:
    """The cells that lead nowhere else and still write something down; whatever neither says is refused."""
    stays = {
        state: " ".join(sorted(kind for kind, after in row.items() if after == state)) for state, row in ALLOWED.items()
    }
    assert stays == {
        "blocked": "budgeted discarded enqueued held modelled prioritised released reviewed tracked waits",
        "ready": "budgeted discarded enqueued held modelled prioritised released reviewed tracked waits",
        "running": "budgeted discarded enqueued held modelled prioritised pushed released sent tracked waits",
        "in_review": "budgeted cleared discarded dispatched enqueued held integrating mended mending modelled overridden prioritised proved rebased rebasing released stalled tracked waits",
        "needs_human": "assigned attached budgeted cleared closed discarded dispatched disproved enqueued held integrating modelled moved overridden prioritised proved rebasing released stalled tracked",
        "failed": "budgeted discarded dispatched enqueued held modelled overridden prioritised rebasing released stalled tracked",
        "done": "enqueued reverted reverting stalled tracked",
        "skipped": "discarded enqueued stalled tracked",
        "cancelled": "discarded enqueued stalled tracked",
    }  # fmt: skip
    task = TaskState(
        id="a", pull=5, head_sha=OURS, heads=(OURS,), merge_sha=OURS, queued=OURS, renewing=OURS, attempt=1
    )
    for state, row in TABLE.items():
        for kind in (kind for kind, after in row.items() if after is None):
            there = msgspec.structs.replace(task, state=state)
            assert step(there, Happening(kind=kind, number=5, sha=OURS, name="ben", actor="ana"), NOW) is None, (
                f"{state} {kind}"
            )


@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_task_stays_merged(kind: Kind) -> None:
    merged = TaskState(id="a", state="done", merge_sha="c" * 40)
    after = step(merged, Happening(kind=kind, number=3), NOW)
    assert after is None or (after.state == "done" and after.merge_sha == "c" * 40)


def test_what_is_merged_is_taken_back_once_unless_it_can_not_be() -> None:
    merged = TaskState(id="a", state="done", merge_sha="c" * 40)
    asked = step(merged, Happening(kind="reverting", actor="ana"), NOW)
    assert asked is not None
    assert asked.revert == -1
    assert step(asked, Happening(kind="reverting", actor="ana"), NOW) is None
    back = step(asked, Happening(kind="reverted", number=8), NOW)
    assert back is not None
    assert back.revert == 8
    assert step(back, Happening(kind="stalled", text="too late"), NOW) is None
    assert step(TaskState(id="a", state="done"), Happening(kind="reverting"), NOW) is None  # it was done before the run


def test_of_what_is_merged_it_is_said_that_nobody_could_be_told_to_deploy_it() -> None:
    merged, told = (
        TaskState(id="a", state="done", merge_sha="c" * 40),
        Happening(kind="stalled", name=UNTOLD, text="away"),
    )
    after = step(merged, told, NOW)
    assert after == msgspec.structs.replace(merged, reason="away")
    for other in ({"merge_sha": ""}, {"revert": -1}, {"revert": 8}):
        assert step(msgspec.structs.replace(merged, **other), told, NOW) is None


def test_a_result_of_an_attempt_that_is_over_is_dropped() -> None:
    task = TaskState(id="a", state="running", attempt=2, fence=4)
    assert step(task, Happening(kind="pushed", sha="b" * 40, fence=3), NOW) is None
    assert step(task, Happening(kind="pushed", sha="b" * 40, fence=4), NOW) == msgspec.structs.replace(
        task, head_sha="b" * 40, head_at=NOW, heads=("b" * 40,)
    )


def test_a_reason_lives_as_long_as_the_state_it_explains() -> None:
    failed = step(TaskState(id="a", state="running", fence=1), Happening(kind="broke", text="it broke", fence=1), NOW)
    assert failed is not None
    assert failed.reason == "it broke"
    again = step(failed, Happening(kind="retried", actor="ana"), NOW + timedelta(minutes=1))
    assert again is not None
    assert (again.state, again.reason, again.since) == ("blocked", "", NOW + timedelta(minutes=1))


def test_what_takes_too_long_stops_its_attempt_but_not_its_merge() -> None:
    running = step(TaskState(id="a", state="running", fence=3), Happening(kind="expired"), NOW)
    waiting = step(TaskState(id="a", state="in_review", fence=3), Happening(kind="expired"), NOW)
    assert running is not None
    assert waiting is not None
    assert (running.state, running.fence, running.late) == ("needs_human", 4, False)
    assert (waiting.state, waiting.fence, waiting.late) == ("needs_human", 3, True)


@pytest.mark.parametrize("kind", ["cancelled", "skipped", "retried"])
def test_why_a_person_wants_that_is_no_reason_that_everybody_is_shown(kind: Kind) -> None:
    """It may be said in a private place; the history has it, and shows it to who may see that."""
    after = step(TaskState(id="a", state="failed", reason="broke"), Happening(kind=kind, text="why", actor="ana"), NOW)
    assert after is not None
    assert after.reason == ""


def test_time_in_attempts_adds_up() -> None:
    task = TaskState(id="a", state="running", fence=1, since=NOW, worked=10.0)
    broke = step(task, Happening(kind="broke", fence=1), NOW + timedelta(seconds=90))
    assert broke is not None
    assert broke.worked == 100.0


OURS, NEXT = "a" * 40, "b" * 40


def test_only_heads_of_ours_are_brought_up_to_date_or_judged_less_strictly() -> None:
    foreign = TaskState(id="a", state="needs_human", pull=5, head_sha=NEXT, heads=(OURS,))
    assert step(foreign, Happening(kind="rebasing", actor="ana"), NOW) is None
    assert step(foreign, Happening(kind="overridden", sha=NEXT, name="check:lint"), NOW) is None
    ours = msgspec.structs.replace(foreign, head_sha=OURS)
    assert step(ours, Happening(kind="overridden", sha=NEXT, name="check:lint"), NOW) is None, "said of another head"


def test_what_is_with_a_person_stays_there_whatever_its_pull_request_comes_to() -> None:
    task = TaskState(id="a", state="in_review", fence=1, pull=5, head_sha=OURS, heads=(OURS,))
    for happened in (
        Happening(kind="assigned", name="ben", text="it is with ben"),
        Happening(kind="rebasing", actor="ana"),
        Happening(kind="rebased", sha=NEXT, fence=2),
        Happening(kind="green"),
    ):
        task = step(task, happened, NOW) or task
    assert (task.state, task.assignee, task.reason) == ("needs_human", "ben", "it is with ben")
    assert (task.head_sha, task.heads, task.renewing) == (NEXT, (OURS, NEXT), "")


def test_a_word_that_comes_once_more_hands_nothing_over_twice() -> None:
    task = step(TaskState(id="a", state="failed", fence=1), Happening(kind="assigned", name="ben"), NOW)
    assert task is not None
    assert step(task, Happening(kind="assigned", name="Ben"), NOW) is None
    assert step(task, Happening(kind="assigned", name="cem"), NOW) is not None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_with_a_person_comes_back_into_review_by_itself(state: State, kind: Kind) -> None:
    """The table's cells that lead there are for tasks that are with nobody; all others are as the table says."""
    task = TaskState(id="a", state=state, assignee="ben", pull=5, head_sha=OURS, heads=(OURS,), renewing=OURS)
    after = step(task, Happening(kind=kind, number=5, sha=NEXT, name="ben"), NOW)
    said = TABLE[state][kind]
    if after is not None:
        assert after.state == (state if said == "in_review" and kind != "tracked" else said)


happenings = st.builds(
    Happening,
    kind=st.sampled_from(KINDS),
    fence=st.sampled_from([-1, 0, 1, 2]),
    number=st.integers(1, 9),
    sha=st.sampled_from(["a" * 40, "b" * 40]),
    name=st.sampled_from(["", "ben"]),
)


@given(st.lists(happenings, max_size=30))
def test_any_history_leads_to_a_known_state_and_the_fence_never_falls(history: list[Happening]) -> None:
    task = TaskState(id="a")
    for happened in history:
        after = step(task, happened, NOW) or task
        assert after.fence >= task.fence
        assert after.state in STATES
        assert not after.assignee or after.state in ENDED | {"needs_human"}, "nobody judges it while a person has it"
        assert (after.finished_at is not None) == (after.state in ENDED) or after.state == task.state
        task = after


@given(st.lists(happenings, max_size=20), happenings)
def test_the_same_happening_twice_is_the_same_as_once(history: list[Happening], last: Happening) -> None:
    task = TaskState(id="a")
    for happened in history:
        task = step(task, happened, NOW) or task
    once = step(task, last, NOW) or task
    twice = step(once, last, NOW) or once
    assert twice.state == once.state
    assert (twice.pull, twice.issue, twice.head_sha, twice.attempt) == (
        once.pull,
        once.issue,
        once.head_sha,
        once.attempt,
    )


def test_what_the_merge_queue_threw_out_is_not_green_again_before_there_is_another_head() -> None:
    waits = TaskState(
        id="a", state="in_review", attempt=1, pull=5, head_sha="a" * 40, heads=("a" * 40,), queued="a" * 40
    )
    out = step(waits, Happening(kind="dequeued", sha="a" * 40, text="its checks failed there"), NOW)
    assert out is not None
    assert (out.state, out.thrown_out) == ("failed", "a" * 40)
    assert step(out, Happening(kind="green"), NOW) is None
    asked = step(out, Happening(kind="rebasing"), NOW)
    assert asked is not None
    back = step(asked, Happening(kind="rebased", sha="b" * 40), NOW)
    assert back is not None
    assert (back.state, back.thrown_out) == ("in_review", "")
    assert step(back, Happening(kind="dequeued", sha="a" * 40, text="told late"), NOW) is None


@pytest.mark.parametrize("state", STATES)
def test_what_a_person_gives_a_task_stays_with_it_until_it_is_over(state: State) -> None:
    task = TaskState(id="a", state=state, attempt=1, fence=3)
    told = [
        Happening(kind="modelled", name="openai:gpt", actor="ana"),
        Happening(kind="budgeted", name="2.50", actor="ana"),
    ]
    for happened in told:
        task = step(task, happened, NOW) or task
    assert (task.model, task.budget) == (("", "") if state in ENDED else ("openai:gpt", "2.50"))
    assert (task.state, task.fence) == (state, 3)
    again = step(task, told[0], NOW)
    assert again is None, "nothing changes, so nothing is told"
