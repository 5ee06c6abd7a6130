"""When nothing is merged."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.config import is_freeze_unread, read_config, read_file
from services.core.freeze import DAYS, UNREAD, Freeze, frozen

FRIDAY = datetime(2026, 12, 18, 12, 0, tzinfo=UTC)
MOMENTS = st.integers(0, 366 * 86_400).map(lambda seconds: FRIDAY + timedelta(seconds=seconds))


def test_a_moment_is_meant_where_its_clock_stands() -> None:
    text = "freeze:\n  - {from: 2026-12-18T13:00:00+01:00, until: 2026-12-18T08:00:00-05:00}\n"
    freezes = read_config(text).freeze
    assert frozen(freezes, FRIDAY) == "nothing is merged before 2026-12-18 13:00 UTC"
    assert frozen(freezes, FRIDAY - timedelta(seconds=1)) == frozen(freezes, FRIDAY + timedelta(hours=1)) == ""


def test_moments_and_days_are_told_with_their_end() -> None:
    weekend = Freeze(days=("sat", "sun"), why="no merges at weekends")
    holidays = Freeze(start=datetime(2026, 12, 21, tzinfo=UTC), until=datetime(2027, 1, 4, 7, tzinfo=UTC))
    assert frozen((weekend, holidays), FRIDAY) == ""
    assert frozen((weekend,), FRIDAY + timedelta(days=1)) == (
        "nothing is merged before 2026-12-21 00:00 UTC: no merges at weekends"
    )
    both = frozen((weekend, holidays), FRIDAY + timedelta(days=2))
    assert both == "nothing is merged before 2027-01-04 07:00 UTC: no merges at weekends"


@given(st.lists(st.sampled_from(DAYS), min_size=1, max_size=6, unique=True), MOMENTS)
def test_a_freeze_of_days_ends_when_it_says(days: list[str], now: datetime) -> None:
    freeze = msgspec.convert({"days": days}, Freeze)
    end = freeze.end(now)
    assert (end is not None) == (DAYS[now.weekday()] in days)
    if end is not None:
        assert freeze.end(end) is None
        assert freeze.end(end - timedelta(microseconds=1)) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- why: holidays", "a freeze has either 'from' and 'until', or 'days'"),
        ("- days: [sat]\n    until: 2026-12-20T00:00:00Z", "a freeze has either 'from' and 'until', or 'days'"),
        ("- from: 2026-12-20T00:00:00Z\n    until: 2026-12-19T00:00:00Z", "'until' comes after 'from'"),
        (
            "- from: 2026-12-20T00:00:00Z\n    until: 9999-12-31T23:59:59-01:00",
            "'until' is in the year 9000 at the latest",
        ),
        ("- dayz: [sat]", "Did you mean `days`?"),
        (
            "- from: tomorrow\n    until: 2026-12-19T00:00:00Z",
            "write a moment and how far it is from UTC, such as `2026-12-20T08:00:00+01:00`.",
        ),
        ("- from: 2026-12-18T00:00:00\n    until: 2026-12-19T00:00:00Z", "such as `2026-12-20T08:00:00+01:00`"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(text: str, said: str) -> None:
    (problem,) = read_file(f"merge: squash\nfreeze:\n  {text}\n").problems
    assert said in problem.message
    assert problem.line >= 2


def test_the_owners_freezes_hold_too() -> None:
    own, owners = "freeze:\n  - days: [sat]\n", "freeze:\n  - days: [sun]\n"
    assert [each.days for each in read_config(own, defaults=owners).freeze] == [("sat",), ("sun",)]


def test_the_owners_freezes_hold_however_many_a_repository_has() -> None:
    own, owners = "freeze:\n" + "  - days: [sat]\n" * 20, "merge: rebase\nfreeze:\n  - days: [fri]\n"
    config = read_config(own, defaults=owners)
    assert config.merge == "rebase"
    assert frozen(config.freeze, FRIDAY)


def test_no_freeze_leads_out_of_the_calendar() -> None:
    last = "freeze:\n  - {from: 2026-01-01T00:00:00Z, until: 9000-12-31T23:59:59-23:59}\n  - days: [mon, tue, wed, thu, fri]\n"
    assert "nothing is merged before 9001-01-" in frozen(read_config(last).freeze, FRIDAY)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("freeze:\n  - dayz: [sat]\n", True),
        ("merge: [\nfreeze:\n  - days: [sat]\n", True),
        ("merge: wrong\nfreeze:\n  - days: [sat]\n", False),
        ("merge: wrong\n", False),
        ("freeze:\n  - days: [sat]\n", False),
    ],
)
def test_a_freeze_that_can_not_be_read_is_known_to_be_there(text: str, unread: bool) -> None:
    assert is_freeze_unread(text) is unread
    assert frozen((UNREAD,), FRIDAY) == (
        "nothing is merged until the `freeze` in its settings can be read; `lockstep/config` says what is wrong"
    )
