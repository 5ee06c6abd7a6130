"""The valve: one refusal shuts it for all, one call tries it, and it opens by and by."""

import math

from services.core.valve import Valve


def shut(valve: Valve, seconds: float = 5.0, now: float = 0.0) -> None:
    assert valve.refused(valve.turn, seconds, now)


def test_nobody_passes_while_it_is_shut_then_one_and_then_more() -> None:
    valve = Valve(20)
    shut(valve)
    assert valve.when(0, 4.9) == 5.0
    assert valve.when(0, 5.0) == 5.0
    assert valve.when(1, 5.0) == math.inf
    valve.answered(valve.turn)
    assert (valve.when(1, 5.1), valve.when(2, 5.1)) == (5.1, math.inf)
    for _ in range(40):
        valve.answered(valve.turn)
    assert (valve.when(19, 6.0), valve.when(20, 6.0)) == (6.0, math.inf)


def test_what_was_sent_before_neither_opens_nor_shuts_it() -> None:
    valve = Valve(20)
    before = valve.turn
    shut(valve, 5.0)
    valve.answered(before)
    assert valve.when(0, 1.0) == 5.0
    assert not valve.refused(before, 9.0, 1.0)  # but it says better how long
    assert valve.when(0, 9.5) == 10.0
    valve.answered(valve.turn)
    assert not valve.refused(before, 60.0, 11.0)
    assert valve.when(0, 11.0) == 11.0


def test_without_a_time_the_wait_doubles_until_something_is_answered() -> None:
    valve = Valve(20)
    waits = []
    now = 0.0
    for _ in range(9):
        shut(valve, 60.0, now)
        waits.append(valve.when(0, now) - now)
        now += waits[-1]
    assert waits == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    valve.answered(valve.turn)
    shut(valve, 60.0, now)
    assert valve.when(0, now) == now + 60


def test_a_stated_time_is_kept() -> None:
    valve = Valve(20)
    for now in (0.0, 5.0, 10.0):
        shut(valve, 5.0, now)
        assert valve.when(0, now) == now + 5
    shut(valve, 4_000.0, 20.0)
    assert valve.when(0, 20.0) == 4_020
