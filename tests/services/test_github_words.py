"""What is said where GitHub or a model gives no usable answer: on the page of a task, in its comment, by `doctor`."""

from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from inline_snapshot import snapshot

from bot.loops import LoopTimers
from services.agents import embedding, gemini
from services.errors import ApiError, ModelBusy, NotFound, RateLimited, Refused, Unreachable, Withdrawn
from services.github import governor, http1, http2
from services.github.batch import Batcher
from services.github.client import Transport
from services.github.delivery_log import DeliveryLog
from services.github.exchange import Answer, Identity, Request, Stats, decode, repo_path, segment
from services.github.failures import checked, checked_graphql, failure
from services.github.oauth import OAuth
from services.github.queries import Change, Wanted
from services.github.wire import Network
from tests.kit.fakehub import FakeHub, HandClock, Reply

NOW = HandClock().now()


def said(act: Callable[[], object], kind: type[ApiError] = Unreachable) -> str:
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


class Says:
    def __init__(self, body: bytes) -> None:
        self.body = body

    async def send(self, request: Request) -> Answer:
        return Answer(200, {}, self.body)


def test_what_is_no_answer() -> None:
    assert [
        said(lambda: checked(Answer(200, {}, b"{"), NOW)),
        said(lambda: checked_graphql(Answer(200, {}, b"[]"), NOW)),
        str(failure(Answer(599, {}, b"<html>"), NOW)),
        said(lambda: decode(b"[", dict)),
        str(Unreachable(0, "no answer within 10 s")),
        str(Withdrawn()),
        said(lambda: segment(".."), NotFound),
        said(lambda: repo_path("acme"), NotFound),
        str(governor._come_back(90)),
    ] == snapshot(
        [
            "GitHub answered 200: the answer was cut off or is not JSON",
            "GitHub answered 200: a GraphQL answer must be a JSON object",
            "GitHub answered 599: an unknown status (the answer was not JSON)",
            "GitHub answered 200: the answer could not be read: Expected `object`, got `array`",
            "GitHub did not answer: no answer within 10 s",
            "GitHub did not answer: it was not sent: it is to be decided anew",
            "GitHub answered 404: nothing is named '..'",
            "GitHub answered 404: 'acme' is not the name of a repository",
            "GitHub did not answer: GitHub's limits leave no room for 90 s",
        ]
    )


async def test_nobody_waits_inside_a_call_and_no_page_leads_elsewhere() -> None:
    transport = Transport("http://127.0.0.1:1")
    with pytest.raises(RateLimited, match="the limit is used up"):
        await transport.sleep(3)
    with pytest.raises(Unreachable, match="the link to the next page could not be read"):
        transport._next_path('<http://[x/>; rel="next"')


async def test_what_shares_a_call_and_is_told_nothing() -> None:
    asks = Batcher(Says(b'{"data": {"r0": {"a0": null}}}'), HandClock(), LoopTimers(), Stats())
    found = await asks._asked((Identity("7"), "event"), [Wanted("pull", "acme/api", 1)])
    assert isinstance(found, Unreachable)
    assert found.message == "the answer was empty"
    asks = Batcher(Says(b'{"data": {"a0": null}}'), HandClock(), LoopTimers(), Stats())
    with pytest.raises(Unreachable, match="the answer does not say what became of it"):
        await asks.change(Identity("7"), "plan", Change("createIssue", {"title": "t"}, "issue { number }"))


async def test_what_the_log_of_deliveries_does_not_hold() -> None:
    body = b'{"id": 1, "guid": "g", "event": "push", "request": {"headers": {}, "payload": null}}'
    assert await DeliveryLog(Says(body)).full("1") is None


async def test_how_it_could_not_be_reached() -> None:
    async def breaks(_: object) -> Any:
        raise aiohttp.ServerDisconnectedError

    with pytest.raises(Unreachable, match="the connection broke while waiting for the answer"):
        await http1._send_once(cast("aiohttp.ClientRequest", SimpleNamespace(method="POST")), breaks)
    with pytest.raises(Unreachable, match=" when asked whether it speaks HTTP/2"):
        await http2.is_spoken(Network(), "127.0.0.1", "https://127.0.0.1:1/", {})
    with pytest.raises(Unreachable, match="pyreqwest can't be set up: "):
        http2.Http2(Network(proxy="::"), "example.com", 1.0)

    async def proxied(*_: object, **__: object) -> Any:
        where = SimpleNamespace(real_url="http://proxy")
        raise aiohttp.ClientHttpProxyError(cast("aiohttp.RequestInfo", where), (), status=407)

    wire = http1.Http1(Network(), 1.0)
    wire._exchange = proxied  # type: ignore[method-assign]
    with pytest.raises(Unreachable, match="the proxy answered 407"):
        await wire.send("GET", "http://127.0.0.1:1/", {}, b"")


async def test_a_sign_in_that_comes_to_nothing() -> None:
    async with FakeHub() as hub:
        asks = OAuth(site=hub.url, api=hub.url, client_id="i", client_secret="s", back="https://x")
        hub.script("POST", "/login/oauth/access_token", Reply(json={}), Reply(500), Reply(body=b"["))
        with pytest.raises(Refused, match="the code is not good any more"):
            await asks.login("code", "verifier")
        with pytest.raises(Refused, match="the sign-in was refused"):
            await asks.login("code", "verifier")
        with pytest.raises(Unreachable, match="the answer could not be read"):
            await asks.login("code", "verifier")
        await asks.close()


async def test_a_model_that_says_too_much_or_nothing_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        async def aiter_lines(self) -> AsyncIterator[str]:
            while True:
                yield "x" * 100

    monkeypatch.setattr(gemini, "LONGEST", 1_000)
    with pytest.raises(ModelBusy, match="the answer is too long"):
        [_ async for _ in gemini._events(Endless())]
    assert gemini._UNREADABLE == "the model's answer can't be read"
    with pytest.raises(ValueError, match="these are no vectors of one kind"):
        embedding._read(b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}', 2)
