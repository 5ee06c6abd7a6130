"""What is left of an hourly budget: answers overtake each other, and only what is certain is spent."""

from hypothesis import given
from hypothesis import strategies as st

from services.core.quota import Quota, Told


def told(remaining: int, mark: int = 3_600, limit: int = 5_000, reset_in: float = 3_000.0) -> Told:
    return Told(resource="core", limit=limit, remaining=remaining, mark=mark, reset_in=reset_in)


def test_within_an_epoch_the_smallest_counts() -> None:
    quota = Quota()
    for left in (4_990, 4_980, 4_985):
        quota.reserve(1)
        quota.settle(1, charged=True, told=told(left), now=0.0)
    assert quota.remaining == 4_980


def test_an_answer_of_an_epoch_that_is_over_says_nothing_and_a_new_one_all() -> None:
    quota = Quota()
    quota.settle(0, charged=False, told=told(5, mark=7_200), now=0.0)
    quota.settle(0, charged=False, told=told(4_000, mark=3_600), now=0.0)
    assert quota.remaining == 5
    quota.settle(0, charged=False, told=told(4_999, mark=10_800, reset_in=3_600), now=100.0)
    assert quota.remaining == 4_999


def test_a_304_is_given_back_and_what_tells_nothing_is_charged() -> None:
    quota = Quota()
    quota.settle(0, charged=False, told=told(100), now=0.0)
    quota.reserve(1)
    quota.settle(1, charged=False, told=None, now=1.0)
    assert quota.remaining == 100
    quota.reserve(1)
    quota.settle(1, charged=True, told=None, now=1.0)
    assert quota.remaining == 99


def test_a_class_leaves_its_share_and_the_reset_gives_everything_back() -> None:
    quota = Quota()
    quota.settle(0, charged=False, told=told(501, limit=5_000, reset_in=60.0), now=0.0)
    assert quota.when(1, 0.9, 0.0) == 0.0
    quota.reserve(1)
    assert quota.when(1, 0.9, 0.0) == 60.0
    assert quota.when(1, 1.0, 0.0) == 0.0
    assert quota.when(1, 0.9, 60.0) == 60.0
    assert quota.remaining is None


@given(st.data())
def test_what_is_under_way_is_never_spent_twice(data: st.DataObject) -> None:
    """GitHub counts by itself; answers come in any order. It never has to refuse anything."""
    quota, left, under_way = Quota(), data.draw(st.integers(1, 20)), list[Told]()
    quota.settle(0, charged=False, told=told(left, limit=20), now=0.0)
    for _ in range(data.draw(st.integers(1, 80))):
        if data.draw(st.booleans()) and quota.when(1, 1.0, 1.0) <= 1.0:
            quota.reserve(1)
            left -= 1
            assert left >= 0
            under_way.append(told(left, limit=20))
        elif under_way:
            answer = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            quota.settle(1, charged=True, told=answer, now=1.0)
