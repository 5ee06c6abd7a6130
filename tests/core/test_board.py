"""The board: after any decisions it says what a board made anew of the same run would say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.board import Board, Wish
from services.core.conduct import decide
from services.core.machine import Happening, Kind
from services.core.places import Limits, Places
from services.core.ready import ReadyQueue
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


moves = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(["tracked", "started", "merged", "broke", "cancelled", "retried", "skipped", "held", "released"]),
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
        anew = Board(board.run)
        assert offered(board) == offered(anew)
        assert +board.counts == anew.counts
