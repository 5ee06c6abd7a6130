"""services/engine/absent.py: what may have been made is made again only after two looks, apart."""

from datetime import timedelta

import pytest

from services.core.keyless import AGAIN
from services.core.shards import shard_of
from services.engine.absent import FORGOTTEN, Absent
from services.errors import RateLimited
from tests.kit.plans import NOW


def later(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_the_first_look_in_vain_says_when_the_next_is_due() -> None:
    absent = Absent()
    for seconds in (0.0, AGAIN / 2):
        with pytest.raises(RateLimited) as told:
            absent.check("a", NOW + later(seconds))
        assert told.value.retry_after == AGAIN
    absent.check("a", NOW + later(AGAIN))


def test_each_key_has_looks_of_its_own_and_after_another_doubt_two_more() -> None:
    absent = Absent()
    with pytest.raises(RateLimited):
        absent.check("a", NOW)
    with pytest.raises(RateLimited):
        absent.check("b", NOW + later(AGAIN))
    absent.check("a", NOW + later(AGAIN))
    absent.forget("a")
    with pytest.raises(RateLimited):
        absent.check("a", NOW + later(AGAIN * 3))


def test_a_look_of_long_ago_counts_no_more() -> None:
    absent = Absent()
    for start in (NOW, NOW + FORGOTTEN + later(1)):
        with pytest.raises(RateLimited):
            absent.check("a", start)


@pytest.mark.parametrize(("key", "others"), [("acme/p-1-r1/a", False), ("_/plan-12-r1/a", True)])
def test_a_look_counts_no_more_once_others_have_been_there(key: str, *, others: bool) -> None:
    """Of a hidden run its name does not tell whose it is."""
    absent, ours = Absent(), shard_of("acme")
    with pytest.raises(RateLimited):
        absent.check(key, NOW)
    absent.inherit({ours ^ 1})
    assert bool(absent._since) is not others
    absent.inherit({ours})
    with pytest.raises(RateLimited):
        absent.check(key, NOW + later(AGAIN))
