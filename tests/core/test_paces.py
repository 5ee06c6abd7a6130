"""Paces: however the asking comes, no stretch of time holds more than the limit."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.paces import Bucket, Window

ARRIVALS = st.lists(st.tuples(st.floats(0, 40), st.integers(1, 5)), min_size=1, max_size=80)
"""Seconds since the one before, and points."""


def most_in(taken: list[tuple[float, int]], seconds: float) -> int:
    """The most points in any half-open stretch of so many seconds."""
    return max(sum(points for at, points in taken if start <= at < start + seconds) for start, _ in taken)


@given(ARRIVALS, st.integers(15, 60))
def test_a_bucket_never_lets_more_through_than_its_limit(arrivals: list[tuple[float, int]], limit: int) -> None:
    bucket, now = Bucket(limit, 60.0), 0.0
    taken: list[tuple[float, int]] = []
    for arrival, points in zip(accumulate(gap for gap, _ in arrivals), (points for _, points in arrivals), strict=True):
        now = max(now, arrival)
        now = max(now, bucket.when(points, now))
        bucket.take(points, now)
        taken.append((now, points))
    assert most_in(taken, 60.0) <= limit


@given(ARRIVALS, st.integers(5, 40))
def test_a_window_never_lets_more_through_and_all_it_may(arrivals: list[tuple[float, int]], limit: int) -> None:
    window, now = Window(limit, 60.0), 0.0
    taken: list[tuple[float, int]] = []
    for arrival, points in zip(accumulate(gap for gap, _ in arrivals), (points for _, points in arrivals), strict=True):
        now = max(now, arrival)
        at = window.when(points, now)
        if at > now:  # then there really was no room
            assert sum(each for when, each in taken if when > now - 60.0) + points > limit
        now = at
        window.take(points, now)
        taken.append((now, points))
    assert most_in(taken, 60.0) <= limit


def test_a_third_goes_at_once_and_the_rest_evenly() -> None:
    bucket = Bucket(900, 60.0)
    for _ in range(300):
        assert bucket.when(1, 5.0) == 5.0
        bucket.take(1, 5.0)
    assert bucket.when(1, 5.0) == pytest.approx(5.1)
    assert bucket.when(5, 5.0) == pytest.approx(5.5)


def test_what_is_too_big_goes_alone() -> None:
    bucket, window = Bucket(15, 60.0), Window(3, 60.0)
    assert (bucket.when(50, 0.0), window.when(9, 0.0)) == (0.0, 0.0)
    bucket.take(50, 0.0)
    window.take(9, 0.0)
    assert bucket.when(1, 0.0) > 60
    assert window.when(1, 0.0) == 60.0


def test_a_share_of_a_window_is_less() -> None:
    window = Window(10, 60.0)
    for second in range(8):
        window.take(1, float(second))
    assert window.is_filled(0.8, 8.0)
    assert not window.is_filled(1.0, 8.0)
    assert (window.when(1, 8.0, 0.8), window.when(1, 8.0)) == (60.0, 8.0)


def test_what_went_before_counts_too() -> None:
    window = Window(3, 60.0)
    window.take(1, 100.0)
    window.remember([(10.0, 1), (70.0, 1)])
    assert window.taken == ((10.0, 1), (70.0, 1), (100.0, 1))
    assert (window.when(1, 100.0), window.when(2, 100.0), window.when(3, 100.0)) == (100.0, 130.0, 160.0)


def test_what_is_over_is_forgotten_though_nobody_asks_when() -> None:
    window = Window(3, 60.0)
    for minute in range(5):
        window.take(1, minute * 61.0)
    assert window.taken == ((4 * 61.0, 1),)
