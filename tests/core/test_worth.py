"""Which lessons stay: by what came of the attempts that were told of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.worth import HELD, HELD_YOUNG, YOUNG, Told, helps, is_held, near, odds, verdict


def test_a_lesson_of_which_nothing_is_known_stays() -> None:
    assert verdict(Told()) == verdict(Told(good_without=30, bad_without=20)) == "keep"


def test_harm_is_told_from_bad_luck() -> None:
    known = {"good_without": 30, "bad_without": 12}
    assert verdict(Told(good=3, bad=5, **known)) == "keep"
    assert verdict(Told(good=3, bad=16, **known)) == "harms"
    assert verdict(Told(good=16, bad=6, **known)) == "keep"


def test_what_helps_nobody_goes_after_enough_attempts_only() -> None:
    known = {"good_without": 80, "bad_without": 20}
    assert verdict(Told(good=12, bad=7, **known)) == "keep"
    assert verdict(Told(good=12, bad=8, **known)) == "helps nobody"
    assert verdict(Told(good=15, bad=5, **known)) == "keep"
    assert verdict(Told(good=42, bad=18, **known)) == "helps nobody"
    assert verdict(Told(good=52, bad=8, **known)) == "keep"


@settings(max_examples=40)
@given(*(st.integers(0, 60) for _ in range(4)))
def test_more_that_is_good_never_speaks_against_it(good: int, bad: int, other: int, rest: int) -> None:
    told = Told(good=good, bad=bad, good_without=other, bad_without=rest)
    better = Told(good=good + 1, bad=bad, good_without=other, bad_without=rest)
    assert odds(better) <= odds(told) * 1.0001
    assert helps(better) >= helps(told) - 0.05
    assert 0 <= helps(told) <= 1


def test_a_part_of_the_tasks_is_held_back_the_same_each_time() -> None:
    tasks = [f"acme/api#1/t{n}" for n in range(2_000)]
    young, grown = ({task for task in tasks if is_held("3f2a91c0", task, told)} for told in (0, YOUNG))
    assert abs(len(grown) / len(tasks) - HELD) < 0.03
    assert abs(len(young) / len(tasks) - HELD_YOUNG) < 0.03
    assert grown < young
    assert young == {task for task in tasks if is_held("3f2a91c0", task, YOUNG - 1)}


def test_texts_are_near_by_their_words() -> None:
    assert near(["use", "the", "logger"], ["use", "logger", "the", "now"])
    assert not near(["use", "the", "logger"], ["write", "the", "test"])
    assert not near([], [])
