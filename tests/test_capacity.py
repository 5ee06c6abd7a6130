"""The queueing simulation behind the page on scale waits as the theory of queues says."""

import random
from statistics import fmean

import pytest

from benchmarks import capacity


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_one_server_waits_as_pollaczek_and_khinchine_say(load: float) -> None:
    found = fmean(capacity.waits(load, 1.0, 1, random.Random(1)))
    assert found == pytest.approx(load / (2 * (1 - load)), rel=0.1)


def test_servers_are_added_until_nobody_waits_long() -> None:
    rate, each = 900.0, 0.01
    servers = capacity.enough(rate, each, 1)
    assert servers >= rate * each
    assert capacity.percentile(capacity.waits(rate, each, servers, random.Random(1)), 0.99) <= capacity.PATIENCE


def test_ten_times_as_much_needs_about_ten_times_as_many() -> None:
    one, ten = (capacity.enough(rate, 0.01, 1) for rate in (1_000.0, 10_000.0))
    assert 8 <= ten / one <= 12
