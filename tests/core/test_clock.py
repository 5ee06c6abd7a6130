"""Times as text: what goes in comes out, and texts sort like the times they name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.clock import from_text, to_text

moments = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001  # hypothesis wants bounds without a zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))]),
)


@given(moments)
def test_a_moment_survives_being_stored(moment: datetime) -> None:
    text = to_text(moment)
    assert from_text(text) == moment
    assert from_text(text).tzinfo is UTC
    assert len(text) == 32


@given(moments, moments)
def test_texts_sort_like_the_moments_they_name(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


def test_a_time_without_a_zone_is_refused_both_ways() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        to_text(naive)
    with pytest.raises(ValueError, match="zone"):
        from_text(naive.isoformat())
