"""GitHub's log of deliveries is read page by page, and one page that fails does not end the look."""

from datetime import timedelta

import msgspec
import pytest

from services.errors import Unreachable
from services.github.delivery_log import TRIES, DeliveryLog, Page
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
    assert [page async for page in DeliveryLog(sender).since(NOW)] == [Page(listed=[], is_last=False)]
    assert sender.asked == TRIES


async def test_but_not_for_ever() -> None:
    sender = Down(TRIES)
    with pytest.raises(Unreachable):
        await anext(DeliveryLog(sender).since(NOW))
    assert sender.asked == TRIES


class Pages:
    """A log of three pages of two entries, a minute apart."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, request: Request) -> Answer:
        self.asked.append(request.path)
        page = len(self.asked) - 1
        entries = [
            {"id": number, "guid": f"g{number}", "event": "issues", "delivered_at": NOW - timedelta(minutes=number)}
            for number in (2 * page, 2 * page + 1)
        ]
        more = f"page={page + 1}" if page < 2 else ""
        return Answer(status=200, headers={}, body=msgspec.json.encode(entries), next=more)


async def test_no_page_is_read_before_the_one_that_reaches_so_far_back_and_none_after_it() -> None:
    log = Pages()
    pages = DeliveryLog(log).since(NOW - timedelta(minutes=2))
    first = await anext(pages)
    assert ([each.guid for each in first.listed], first.is_last, len(log.asked)) == (["g0", "g1"], False, 1)
    rest = [([each.guid for each in page.listed], page.is_last) async for page in pages]
    assert (rest, log.asked[1:]) == ([(["g2"], True)], ["page=1"])


async def test_a_log_that_does_not_reach_so_far_has_no_last_page() -> None:
    pages = [page async for page in DeliveryLog(Pages()).since(NOW - timedelta(days=1))]
    assert [(len(page.listed), page.is_last) for page in pages] == [(2, False)] * 3
