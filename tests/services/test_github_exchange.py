"""What an answer says of GitHub's clock: the spelling that HTTP asks for is read here, every other one by the library."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.github.exchange import Answer


@settings(max_examples=60)
@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - its zone comes next
def test_a_date_is_what_the_library_reads(moment: datetime) -> None:
    text = format_datetime(moment.replace(tzinfo=UTC), usegmt=True)
    assert (
        Answer(200, {"date": text}, b"").date
        == parsedate_to_datetime(text)
        == moment.replace(microsecond=0, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", None),
        ("now", None),
        ("Mon, 31 Feb 2026 09:00:00 GMT", None),
        ("Mon, 02 Foo 2026 09:00:00 GMT", None),
        ("Mon, 02 Mar 2026 09:00:61 GMT", None),
        ("Mon, 2 Mar 2026 09:00:00 +0000", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 10:00:00 +0100", datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ],
)
def test_other_spellings_are_the_librarys(text: str, read: datetime | None) -> None:
    assert Answer(200, {"date": text}, b"").date == read
