"""Times in words."""

from datetime import timedelta

from bot.web.times import clock, when
from tests.kit.plans import NOW


def test_a_moment_is_said_from_now_and_by_the_clock() -> None:
    today = when(NOW - timedelta(minutes=12), NOW)
    assert today is not None
    assert (today.iso, today.text) == ("2026-03-01T11:48:00+00:00", "12 min ago · 11:48")
    yesterday = when(NOW - timedelta(days=1), NOW)
    assert yesterday is not None
    assert yesterday.text == "1 d 0 h ago · 2026-02-28 12:00"
    assert when(None, NOW) is None


def test_a_clock_that_runs_ahead_makes_nothing_negative() -> None:
    ahead = when(NOW + timedelta(seconds=90), NOW)
    assert ahead is not None
    assert ahead.text == "0 s ago · 12:01"


def test_seconds_where_they_matter() -> None:
    assert clock(NOW, NOW, seconds=True) == "12:00:00"
    assert clock(NOW, NOW + timedelta(days=3), seconds=True) == "2026-03-01 12:00:00"
