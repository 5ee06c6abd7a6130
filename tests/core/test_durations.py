"""core/durations.py: durations in words."""

import pytest

from services.core.durations import lasting, took


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h 00"),
        (11_100, "3 h 05"),
        (86_400, "1 d 0 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0.0 s"), (0.04, "0.0 s"), (0.26, "0.3 s"), (9.94, "9.9 s"), (9.96, "10 s"), (75, "1 min")],
)
def test_what_is_over_at_once(seconds: float, words: str) -> None:
    assert took(seconds) == words
