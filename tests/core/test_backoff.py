"""Waiting before the next try: bounded, spread, and never shorter than GitHub asked for."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.core.backoff import BASE, CAP, MOST_AGAIN, delay, once_more


@given(st.text(max_size=40), st.integers(1, 500))
def test_it_stays_between_its_bounds(key: str, tries: int) -> None:
    assert BASE / 4 <= delay(key, tries) <= CAP


@given(st.text(max_size=40), st.integers(1, 50), st.floats(0, 4_000))
def test_never_sooner_than_asked(key: str, tries: int, asked: float) -> None:
    found = delay(key, tries, retry_after=asked)
    assert asked + delay(key, tries) <= found <= asked + CAP


def test_what_is_put_off_together_does_not_come_back_together() -> None:
    for asked, over in ((60.0, 5), (3_600.0, 200)):
        rests = sorted(delay(f"k{n}", 1, retry_after=asked) for n in range(200))
        assert len(set(rests)) > 150
        assert rests[-1] - rests[0] > over


def test_it_grows_on_average_and_differs_from_key_to_key() -> None:
    early = [delay(f"k{n}", 1) for n in range(200)]
    late = [delay(f"k{n}", 6) for n in range(200)]
    assert sum(late) > 10 * sum(early)
    assert len(set(late)) > 190


def test_what_an_outage_let_down_is_done_ever_more_seldom_for_about_a_day_and_then_no_more() -> None:
    rests = [once_more(times) for times in range(1, MOST_AGAIN + 1)]
    assert [rest // timedelta(minutes=1) for rest in rests if rest is not None] == [5, 10, 20, 40, 80, 160, 320, 640]
    assert once_more(MOST_AGAIN + 1) is None


def test_the_same_try_waits_the_same() -> None:
    assert delay("a/b/1/merge", 3) == delay("a/b/1/merge", 3)
