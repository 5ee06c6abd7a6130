"""services/core/gaps.py: what was lost is found once, in order, and told as a time."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.gaps import APART, Blind, Listed, missing, unseen, windows
from tests.kit.plans import NOW


def listed(number: int, minutes: float = 0.0, guid: str = "") -> Listed:
    return Listed(id=str(number), guid=guid or f"g{number}", at=NOW + timedelta(minutes=minutes), event="issues")


def test_what_is_stored_is_not_missing_and_one_tried_twice_is_missing_once() -> None:
    log = [listed(4, 4, "c"), listed(3, 3, "a"), listed(2, 2, "b"), listed(1, 1, "a")]
    assert [each.id for each in missing(log, {"b"})] == ["3", "4"], "a was sent first, and its newest attempt counts"
    assert missing(log, {"a", "b", "c"}) == []


def test_losses_near_each_other_are_one_window() -> None:
    lost = [listed(1), listed(2, 5), listed(3, 40)]
    assert windows(lost) == [
        Blind(began=NOW, ended=NOW + timedelta(minutes=5), missed=2),
        Blind(began=NOW + timedelta(minutes=40), ended=NOW + timedelta(minutes=40), missed=1),
    ]


def test_what_the_log_does_not_reach_is_told() -> None:
    later = NOW + timedelta(days=4)
    assert unseen(NOW, later, is_whole=False) == Blind(began=NOW, ended=later, unseen=True)
    assert unseen(NOW, later, is_whole=True) is None
    assert unseen(None, later, is_whole=False) is unseen(NOW, None, is_whole=False) is None


LOGS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 600)), max_size=30)


@given(LOGS, st.sets(st.integers(1, 12)))
@settings(max_examples=60)
def test_nothing_is_left_out_and_nothing_told_twice(tries: list[tuple[int, int]], kept: set[int]) -> None:
    log = [listed(at, minutes, f"g{number}") for at, (number, minutes) in enumerate(tries)]
    known = {f"g{number}" for number in kept}
    lost = missing(log, known)
    assert sorted(each.guid for each in lost) == sorted({each.guid for each in log} - known)
    found = windows(lost)
    assert sum(each.missed for each in found) == len(lost)
    assert all(later.began - earlier.ended > APART for earlier, later in pairwise(found))
    assert all(any(each.began <= one.at <= each.ended for each in found) for one in lost)
