"""What the broker answers a program that asks for something else, in the words that stand in an attempt's log."""

import asyncio
import json
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from services.agents import Superseded
from services.agents.answers import Answers
from services.agents.broker import Broker, Door
from services.agents.door import MOST
from services.agents.models import Models
from services.errors import BudgetUsedUp, ModelBusy, NotPossible, StoreError
from services.store.ledger import Call
from tests.kit.model import Answer, providing

CALL = Call(plan_id="acme/api#1", run_id="r1", task="a", purpose="attempt", attempt=1, repo="acme/api")
SEARCH = [{"type": "web_search_20250305", "name": "web_search"}]


class Accounts:
    """A model at an address where nobody listens, and what its accounts say."""

    provider, name, seconds = "anthropic", "m", 5.0
    way = SimpleNamespace(url="http://127.0.0.1:1", key="k", ca="", proxy="")

    def __init__(self, refusal: Exception | None) -> None:
        self.refusal = refusal
        self.free: list[bool] = []

    async def reserve(self, *_: object, **__: object) -> int:
        if self.refusal is not None:
            raise self.refusal
        return 1

    async def failed(self, row: int, *, is_free: bool) -> None:
        self.free.append(is_free)


@pytest.mark.parametrize(
    ("path", "body", "refusal", "said"),
    [
        ("/v1/files", {"model": "m"}, None, (404, "only the task's model can be asked here")),
        ("/v1/messages", {"model": "m", "tools": SEARCH}, None,
         (403, "that would reach somewhere else, or cost more than is counted")),
        ("/v1/messages", {"model": "other"}, None, (403, "only the model m can be asked here")),
        ("/v1/messages", {"model": "m"}, BudgetUsedUp("used up", "day"), (403, "the budget is used up")),
        ("/v1/messages", {"model": "m"}, ModelBusy("calls under way may use up the budget"),
         (429, "calls under way may use up the budget")),
        ("/v1/messages", {"model": "m"}, NotPossible("no price"), (403, "the model has no known price")),
        ("/v1/messages", {"model": "m"}, StoreError("away"), (503, "the accounts can't be written now")),
        ("/v1/messages", {"model": "m"}, None, (502, "the provider can't be reached")),
    ],
)  # fmt: skip
async def test_what_is_refused_is_said(
    path: str, body: dict[str, Any], refusal: Exception | None, said: tuple[int, str]
) -> None:
    broker = Broker(Door(models=cast("Models", Accounts(refusal)), call=CALL))
    async with (
        broker.serving() as socket,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as asks,
        asks.post(f"http://model{path}", data=json.dumps(body)) as answer,
    ):
        told = await answer.json()
    assert (answer.status, told["error"]["message"]) == said
    assert broker.lost is (refusal if isinstance(refusal, StoreError) else None)


@pytest.mark.parametrize(
    ("status", "length", "is_free"),
    [(500, 2, True), (502, 2, True), (503, 2, True), (529, 2, True), (400, 2, True), (504, 2, False), (408, 2, False),
     (503, 3, False)],
)  # fmt: skip
async def test_an_error_that_came_whole_costs_nothing(status: int, length: int, is_free: bool) -> None:
    """Which a time-out's is not known to, nor one that breaks off after two of three bytes."""
    accounts = Accounts(None)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{{}}".encode())
        writer.close()

    provider = await asyncio.start_server(answer, "127.0.0.1", 0)
    accounts.way = SimpleNamespace(
        url="http://127.0.0.1:{1}".format(*provider.sockets[0].getsockname()), key="k", ca="", proxy=""
    )
    broker = Broker(Door(models=cast("Models", accounts), call=CALL))
    async with (
        provider,
        broker.serving() as socket,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as asks,
        asks.post("http://model/v1/messages", data=json.dumps({"model": "m"})) as answered,
    ):
        assert answered.status == status
        if length == 2:
            assert await answered.read() == b"{}"
        else:
            with pytest.raises(aiohttp.ClientError):
                await answered.read()
    assert accounts.free == [is_free]


async def test_of_too_many_connections_the_last_are_not_taken() -> None:
    broker = Broker(Door(models=cast("Models", Accounts(None)), call=CALL))
    async with broker.serving() as socket:
        opened = [await asyncio.open_unix_connection(str(socket)) for _ in range(MOST + 3)]
        for reader, _ in opened[MOST:]:
            with suppress(ConnectionError):
                assert await reader.read() == b""
        one, writer = opened[0]
        writer.write(b"GET / HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n")
        assert (await one.read()).startswith(b"HTTP/1.1 404")
        again, writer = await asyncio.open_unix_connection(str(socket))
        writer.write(b"GET / HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n")
        assert (await again.read()).startswith(b"HTTP/1.1 404"), "there is room for one more"
        for _, each in [*opened, (again, writer)]:
            each.close()


class Away(Accounts):
    """Whose store takes nothing any more once the answer is there."""

    async def settle(self, row: int, usage: object) -> None:
        raise StoreError("away")

    async def load(self) -> bytes | None:
        return None

    async def keep(self, data: bytes, turns: int, /) -> None:
        raise StoreError("away")


async def test_an_answer_that_can_not_be_booked_is_heard_and_stays_held() -> None:
    async with providing(Answer(text="Hi.")) as provider:
        away = Away(None)
        away.way = SimpleNamespace(url=provider.url.removesuffix("/v1"), key="k", ca="", proxy="")
        broker = Broker(Door(models=cast("Models", away), call=CALL, answers=Answers(away)))
        async with (
            broker.serving() as socket,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as asks,
            asks.post("http://model/v1/messages", data=json.dumps({"model": "m", "max_tokens": 9})) as answer,
        ):
            assert (answer.status, (await answer.json())["content"][0]["text"]) == (200, "Hi.")
    assert str(broker.lost) == "away"


class Turns(Accounts):
    """Where whoever asks first has to wait for what the second one leaves over."""

    def __init__(self, url: str) -> None:
        super().__init__(None)
        self.way = SimpleNamespace(url=url, key="k", ca="", proxy="")
        self.waits, self.settled = asyncio.Event(), asyncio.Event()
        self.heard: list[str] = []

    async def reserve(self, *_: object, **__: object) -> int:
        if self.waits.is_set():
            return 2
        self.waits.set()
        await self.settled.wait()
        return 1

    async def settle(self, row: int, usage: object) -> None:
        self.heard.append(f"settled {row}")
        self.settled.set()

    async def load(self) -> bytes | None:
        return None

    async def keep(self, data: bytes, turns: int) -> None:
        """As the journal of an attempt that was cancelled."""
        self.heard.append("kept")
        raise Superseded


async def test_who_waited_for_money_is_not_sent_once_the_attempt_is_over() -> None:
    """And what was over is known before the money is there."""
    async with providing(Answer(text="Hi.")) as provider:
        turns = Turns(provider.url.removesuffix("/v1"))
        broker = Broker(Door(models=cast("Models", turns), call=CALL, answers=Answers(turns)))
        async with (
            broker.serving() as socket,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as asks,
        ):

            async def ask() -> tuple[int, str]:
                body = json.dumps({"model": "m", "messages": [], "stream": True, "max_tokens": 200})
                async with asks.post("http://model/v1/messages", data=body) as answer:
                    return answer.status, await answer.text()

            first = asyncio.create_task(ask())
            await turns.waits.wait()
            assert (await ask())[0] == 200
            status, said = await first
    assert (status, json.loads(said)["error"]["message"]) == (403, "the attempt is over")
    assert turns.heard == ["kept", "settled 2"]
    assert (turns.free, len(provider.asked), broker.asked) == ([True], 1, 1)
