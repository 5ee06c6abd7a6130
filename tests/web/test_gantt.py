"""Bars over time: where they stand, what is cut, what is likely to come, and which rows there are when there are many."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.gantt import ROWS, Gantt, coming, gantt
from services.store.reports import Move
from tests.kit.plans import NOW, plan, task


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def moves(*told: tuple[str, str, float]) -> list[Move]:
    return [Move(task=name, at=at(minutes), kind="", after=after) for name, after, minutes in told]


def drawn(
    told: Iterable[Move],
    *,
    now: float = 60,
    ended: float | None = None,
    critical: tuple[str, ...] = (),
    ahead: dict[str, tuple[float, float]] | None = None,
) -> Gantt:
    told = list(told)
    urls = {move.task: f"/{move.task}" for move in told} | {name: f"/{name}" for name in ahead or {}}
    over = None if ended is None else at(ended)
    found = gantt(told, now=at(now), ended=over, critical=critical, ahead=ahead or {}, urls=urls)
    assert found is not None
    return found


def test_each_state_is_a_bar_from_its_moment_to_the_next() -> None:
    page = drawn(moves(("a", "ready", 0), ("a", "running", 15), ("a", "in_review", 45), ("a", "done", 60)), ended=60)
    assert [(bar.kind, bar.x, bar.width) for bar in page.bars] == [
        ("ready", 0, 25), ("running", 25, 50), ("in_review", 75, 25),
    ]  # fmt: skip
    assert page.bars[1].title == "a worked for 30 min"
    assert page.now is None
    assert [(tick.x, tick.text) for tick in page.ticks][:3] == [(0, "12:00"), (16.67, "12:10"), (33.33, "12:20")]


def test_what_is_under_way_lasts_until_now_and_what_comes_follows() -> None:
    page = drawn(moves(("a", "running", 0)), now=30, critical=("a", "b"), ahead={"a": (0, 900), "b": (900, 1800)})
    assert [row.id for row in page.rows] == ["a", "b"]
    assert all(row.critical for row in page.rows)
    assert [(bar.kind, bar.x, bar.width) for bar in page.bars] == [
        ("running", 0, 50), ("ghost", 50, 25), ("ghost", 75, 25),
    ]  # fmt: skip
    assert page.now == 50


def test_a_night_without_work_is_cut_and_a_long_attempt_is_not() -> None:
    told = moves(
        ("a", "running", 0), ("a", "in_review", 30), ("a", "done", 630), ("b", "running", 630), ("b", "done", 660)
    )
    page = drawn(told, ended=660)
    assert [cut.text for cut in page.cuts] == ["10 h 00"]
    assert page.bars[0].width > 45
    assert not drawn(moves(("a", "running", 0), ("a", "done", 600)), ended=600).cuts


def test_of_many_those_that_matter_have_a_row() -> None:
    told = [move for n in range(100) for move in moves((f"t{n}", "running", n), (f"t{n}", "done", n + 1))]
    told += moves(("stuck", "running", 0), ("stuck", "failed", 5))
    page = drawn(sorted(told, key=lambda move: move.at), now=120, critical=("t3",))
    names = [row.id for row in page.rows]
    assert len(names) == ROWS
    assert {"stuck", "t3", "t99"} <= set(names)
    assert page.hidden == 101 - ROWS


def test_nothing_has_begun() -> None:
    assert gantt([], now=NOW, ended=None, critical=(), ahead={}, urls={}) is None
    unnamed = gantt(moves(("a", "running", 0)), now=at(1), ended=None, critical=(), ahead={}, urls={})
    assert unnamed is None, "a task that may not be named has no bar"


def test_what_comes_begins_when_its_needs_are_over() -> None:
    whole = plan(task("a"), task("b", "a"), task("c", "a", "b"), task("d"))
    assert coming(whole, {"b": 10.0, "c": 5.0, "d": 7.0}) == {"b": (0.0, 10.0), "c": (10.0, 15.0), "d": (0.0, 7.0)}


STATES = ["ready", "running", "in_review", "failed", "done", "blocked"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(STATES), st.floats(0, 10_000)), min_size=1, max_size=30
    ),
    st.floats(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_bars_stay_on_the_page_and_keep_their_order(told: list[tuple[str, str, float]], now: float) -> None:
    found = sorted(moves(*told), key=lambda move: move.at)
    urls = dict.fromkeys("abcde", "/")
    page = gantt(found, now=at(now), ended=None, critical=("a",), ahead={"a": (0.0, 60.0)}, urls=urls)
    if page is None:
        return
    for bar in page.bars:
        assert 0 <= bar.x <= 100
        assert 0 < bar.width <= 100
        assert bar.x + bar.width <= 100.01
    assert [tick.x for tick in page.ticks] == sorted(tick.x for tick in page.ticks)
