"""The board: after any decisions it says what a board made anew of the same run would say."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.board import Board, Wish
from services.core.conduct import decide
from services.core.lengths import Lengths, Sample
from services.core.machine import step
from services.core.places import Limits, Places, Use
from services.core.plan import DEFAULT_TIMEOUT, Plan
from services.core.ready import ReadyQueue
from services.core.repairs import Repair
from services.core.schedule import Candidate
from services.core.task_state import Happening, Kind, TaskState
from tests.kit.plans import NOW, run, task

WIDE = Limits(total=99, installation=99, repo=99, agent=99, group=99)
PLAN = (task("a"), task("b", "a", group="release"), task("c", "a", repo="acme/web"), task("d", "b", "c"))


def offered(board: Board) -> list[str]:
    return [one.id for one in board.ready.pick(Places(WIDE), NOW) if one.use.run == board.run.id]


def tracked_board(ready: ReadyQueue | None = None) -> Board:
    board = Board(run(*PLAN), ready)
    board.apply(decide(board, [(t.id, Happening(kind="tracked", number=1)) for t in PLAN], now=NOW))
    return board


def test_lanes_are_those_of_the_task_and_its_run() -> None:
    board = tracked_board()
    use = board.uses["b"]
    assert (use.installation, use.repo, use.agent, use.run, use.group) == (
        "acme",
        "acme/api",
        "script",
        board.run.id,
        "release",
    )
    assert board.uses["a"] is board.uses["d"]


def test_a_chain_goes_on_behind_all_of_a_group() -> None:
    board = Board(run(task("a", group="g"), task("b", group="g"), task("c", "a"), task("d", "c")))
    assert board.remaining["b"] == board.remaining["a"] == 3 * DEFAULT_TIMEOUT


def test_only_a_going_run_offers_its_tasks() -> None:
    board = tracked_board()
    assert offered(board) == ["a"]
    board.apply(decide(board, wish=Wish(state="paused"), now=NOW))
    assert offered(board) == []
    board.apply(decide(board, wish=Wish(state="running"), now=NOW))
    assert offered(board) == ["a"]


def test_a_run_that_somebody_else_drives_leaves_nothing_behind() -> None:
    board = tracked_board(ReadyQueue())
    board.withdraw()
    assert len(board.ready) == 0


def test_chains_are_measured_anew_when_more_is_known_of_lengths() -> None:
    """While one run goes on, tasks of another finish."""
    lengths = Lengths()
    board = Board(run(*PLAN), None, lengths)
    assert board.remaining["a"] == 3 * DEFAULT_TIMEOUT
    for _ in range(3):
        lengths.learn(Sample(repo="acme/web", agent="script", timeout=1_800.0, work=5.0, whole=7_200.0))
    board.apply(decide(board, [("a", Happening(kind="tracked", number=1))], now=NOW))
    assert board.remaining == {"a": 21_600.0, "b": 14_400.0, "c": 14_400.0, "d": 7_200.0}
    board.apply(decide(board, [("b", Happening(kind="tracked", number=1))], now=NOW))


def test_a_task_that_finishes_is_learned_from() -> None:
    board = tracked_board()
    for kind, later in (("started", 0), ("merged", 60)):
        happened = [("a", Happening(kind=kind, sha="a" * 40))]  # type: ignore[arg-type]
        board.apply(decide(board, happened, now=NOW + timedelta(seconds=later)))
    for _ in range(2):
        board.lengths.learn(Sample(repo="acme/api", agent="script", timeout=1_800.0, work=60.0, whole=60.0))
    assert board.lengths.whole(PLAN[0]) == 60.0, "three are enough, and it was the first"


moves = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(
        ["tracked", "started", "merged", "broke", "cancelled", "retried", "skipped", "held", "released", "enqueued"]
    ),
    st.sampled_from([None, None, None, "paused", "running"]),
    st.booleans(),
)


@given(st.lists(moves, max_size=30))
@settings(max_examples=100)
def test_it_never_differs_from_one_made_anew(history: list[tuple[str, Kind, str | None, bool]]) -> None:
    board = Board(run(*PLAN))
    for task_id, kind, wish, starts in history:
        happened = [(task_id, Happening(kind=kind, number=1, sha="a" * 40))]
        wanted = Wish(state=wish) if wish else None  # type: ignore[arg-type]
        places = Places(WIDE) if starts else None
        board.apply(decide(board, happened, wish=wanted, places=places, now=NOW))
        anew = Board(board.run, None, board.lengths)
        assert board.remaining == anew.remaining
        assert offered(board) == offered(anew)
        assert +board.counts == anew.counts
        assert board.queued == anew.queued


def test_who_was_kept_waiting_by_a_rival_lacked_no_place_meanwhile() -> None:
    """Else the moment it is free it goes before whatever people say is urgent."""
    rivals = tuple(task(name, paths=("src/**",)) for name in ("one", "other"))
    current = run(*rivals)
    begun = msgspec.structs.replace(current, plan=Plan(title="A plan", tasks=rivals, apart=("acme/api",)))
    ready, one = ReadyQueue(), Places(Limits(total=1))
    board = Board(begun, ready)
    board.apply(decide(board, [(t.id, Happening(kind="tracked", number=1)) for t in rivals], places=one, now=NOW))
    assert [board.run.tasks[each].state for each in ("one", "other")] == ["running", "ready"]
    later = NOW + timedelta(days=2)
    urgent = Candidate(
        id="urgent", use=Use(installation="acme", repo="acme/web", agent="script", run="r9"), since=later, priority=9.0
    )
    ready.add(urgent)
    merged = [("one", Happening(kind="merged", sha="c" * 40))]
    freed = decide(board, merged, places=one, now=later)
    assert [each.id for each in freed.changed] == ["one"], "the place is for what is urgent"
    board.apply(freed)
    assert [(each.id, each.since) for each in ready.pick(Places(WIDE), later)] == [("urgent", later), ("other", later)]
    assert ready.pick(one, later + timedelta(days=1))[0].id == "other", "then it has lacked one for a day"


def test_what_waited_for_its_issue_or_for_a_pull_request_to_be_closed_lacked_no_place_meanwhile() -> None:
    later = NOW + timedelta(days=2)
    board = Board(run(task("a"), task("b", "a")))
    board.apply(decide(board, [(each, Happening(kind="tracked", number=3)) for each in "ab"], now=later))
    assert board.candidate(board.run.tasks["a"]).since == later
    assert board.run.tasks["b"].resumed_at is None, "it waits for more"
    board.apply(decide(board, [("a", Happening(kind="tracked", number=3))], now=later + timedelta(days=1)))
    assert board.candidate(board.run.tasks["a"]).since == later, "that was heard of before"
    closing = TaskState(id="a", state="ready", issue=3, discarding=5, since=NOW)
    closed = step(closing, Happening(kind="discarded", number=5), later)
    assert closed is not None
    assert board.candidate(closed).since == later


def test_the_age_of_a_task_that_rested_begins_when_its_time_came() -> None:
    board = Board(run(task("a")))
    due = NOW + timedelta(days=1)
    repair = Repair(
        n=1, strategy="retry", cls="rate_limited", sha="", attempt=1, about=("",), checks=(), due=due,
    )  # fmt: skip
    resting = TaskState(id="a", state="ready", attempt=1, since=NOW, repairs=(repair,))
    assert (board.candidate(resting).since, board.candidate(resting).due) == (due, due)
    assert board.candidate(TaskState(id="a", state="ready", since=NOW)).since == NOW


def test_nothing_is_sure_of_what_is_being_stored() -> None:
    board = tracked_board()
    a, b, c, d = PLAN
    assert board.is_sure_of(a)
    board.storing = decide(board, [("a", Happening(kind="held", actor="ana"))], now=NOW)
    assert [board.is_sure_of(each) for each in (a, b, c, d)] == [False, False, False, True], "it, and what needs it"
    board.storing = decide(board, wish=Wish(state="paused", actor="ana"), now=NOW)
    assert not any(board.is_sure_of(each) for each in PLAN)
    board.storing = None
    board.is_doubtful = True
    assert not any(board.is_sure_of(each) for each in PLAN)
    board.renew(board.run)
    assert all(board.is_sure_of(each) for each in PLAN)


def test_of_a_need_in_a_group_all_of_that_counts() -> None:
    board = tracked_board()
    assert board.is_sure_of(PLAN[3]), "it needs b, which is in a group"
    two = Board(run(task("x", group="g"), task("y", group="g"), task("t", "x")))
    two.storing = decide(two, [("y", Happening(kind="skipped", actor="ana"))], now=NOW)
    assert [each.id for each in two.storing.changed] == ["y"]
    assert not two.is_sure_of(task("t", "x"))
