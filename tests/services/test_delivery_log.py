"""GitHub's log of deliveries is read page by page, and one page that fails does not end the look."""

import pytest

from services.errors import Unreachable
from services.github.delivery_log import TRIES, DeliveryLog
from services.github.exchange import Answer, Request
from tests.kit.plans import NOW


class Down:
    """Fails so many times, then has nothing to say."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    async def send(self, request: Request) -> Answer:
        self.asked += 1
        if self.asked <= self.times:
            raise Unreachable(502, "Bad Gateway")
        return Answer(status=200, headers={}, body=b"[]")


async def test_a_page_that_fails_is_asked_for_again() -> None:
    sender = Down(TRIES - 1)
    assert await DeliveryLog(sender).since(NOW) == ([], False)
    assert sender.asked == TRIES


async def test_but_not_for_ever() -> None:
    sender = Down(TRIES)
    with pytest.raises(Unreachable):
        await DeliveryLog(sender).since(NOW)
    assert sender.asked == TRIES
