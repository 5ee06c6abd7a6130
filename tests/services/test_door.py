"""The port as it stands between a socket and the rules of the door: what it reads itself, what it hands over, its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiohttp import web

from bot import door as ports
from bot.listening import take
from services.store.inbox import Delivery
from tests.kit.ingest import Door, headers, open_door

BODY = b'{"action": "opened"}'


async def fine(_: Delivery) -> bool:
    return True


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(fine) as door:
        yield door


@asynccontextmanager
async def line(door: Door) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection of one's own."""
    host, _, port = door.url.removeprefix("http://").removesuffix("/webhook").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(60):
            yield reader, writer
    finally:
        writer.close()


def post(more: Mapping[str, str] | None = None, *, body: bytes = BODY, first: str = "POST /webhook HTTP/1.1") -> bytes:
    lines = {"Host": "h", **headers(body), "Content-Length": str(len(body))} | dict(more or {})
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in lines.items()), "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.partition(b":")[2]))


@asynccontextmanager
async def hall(door: Door, answers: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[None]:
    """A server behind the door."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answers)
    life = web.AppRunner(app)
    await life.setup()
    door.entry.hall = life.server
    try:
        yield
    finally:
        await life.cleanup()


async def echo(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {request.path} {await request.text()}")


async def test_one_connection_brings_many_whatever_the_pieces(door: Door) -> None:
    async with line(door) as (reader, writer):
        for _ in range(3):
            for at in range(0, len(sent := post()), 7):
                writer.write(sent[at : at + 7])
                await writer.drain()
            said = await answer(reader)
            assert said.startswith(b"HTTP/1.1 202 Accepted\r\n")
            assert said.endswith(b"\r\n\r\nstored\n")
            assert b"\r\nDate: Sun, 01 Mar 2026 09:30:00 GMT\r\n" in said
            assert b"Connection" not in said
        assert len(door.wakes) == 3


async def test_a_query_does_not_make_it_another_address(door: Door) -> None:
    async with line(door) as (reader, writer):
        writer.write(post(first="POST /webhook?from=here HTTP/1.1"))
        assert b" 202 " in await answer(reader)


@pytest.mark.parametrize("sent", [post({"Connection": "close"}), post(first="POST /webhook HTTP/1.0")])
async def test_who_wants_no_more_is_hung_up_on(door: Door, sent: bytes) -> None:
    async with line(door) as (reader, writer):
        writer.write(sent)
        assert b"\r\nConnection: close\r\n" in await answer(reader)
        assert await reader.read() == b""


async def test_who_waits_to_be_asked_is_asked(door: Door) -> None:
    async with line(door) as (reader, writer):
        sent = post({"Expect": "100-continue"})
        writer.write(sent[: -len(BODY)])
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY)
        assert b" 202 " in await answer(reader)


@pytest.mark.parametrize("apart", [False, True])
async def test_who_does_not_wait_for_the_answer_is_answered_once(apart: bool) -> None:
    """The connection ends then, so the sender knows that the second one was not taken."""
    go, entered = asyncio.Event(), asyncio.Event()

    async def put(_: Delivery) -> bool:
        entered.set()
        await go.wait()
        return True

    async with open_door(put) as door, line(door) as (reader, writer):
        writer.write(post() if apart else post() + post())
        await entered.wait()
        if apart:
            writer.write(post())
            await writer.drain()
            async with line(door) as (_, other):  # what was sent before has been read once this one is answered
                other.write(b"GET /healthz HTTP/1.1\r\n\r\n")
                await other.drain()
                await _.read()
        go.set()
        said = await answer(reader)
        assert b" 202 " in said
        assert b"\r\nConnection: close\r\n" in said
        assert await reader.read() == b""
        assert len(door.wakes) == 1


@pytest.mark.parametrize(
    "sent",
    [
        post({"Transfer-Encoding": "chunked"}),
        post({"Content-Length": "1, 20"}),
        b"POST /webhook HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /webhook HTTP/9.9\r\n\r\n",
        post({"Upgrade": "h2c", "Connection": "Upgrade"}),
    ],
)
async def test_what_two_readers_could_understand_differently_is_400(door: Door, sent: bytes) -> None:
    async with line(door) as (reader, writer):
        writer.write(sent)
        assert b" 400 " in await answer(reader)
        writer.write_eof()
        assert await reader.read() == b""
        assert not door.wakes


async def test_headers_without_end_are_431(door: Door) -> None:
    async with line(door) as (reader, writer):
        writer.write(b"POST /webhook HTTP/1.1\r\n" + b"X-More: %s\r\n" % (b"x" * 4000) * 17)
        assert b" 431 " in await answer(reader)


@pytest.mark.parametrize(
    "what", [b"1;" + b"x" * 200_000 + b"\r\nx\r\n", b"2\r\nxx\r\n" * 40_000, b"0\r\nX: " + b"x" * 200_000]
)
async def test_chunks_of_little_but_marks_end(door: Door, what: bytes) -> None:
    sent = post({"Transfer-Encoding": "chunked"}, body=b"").replace(b"Content-Length: 0\r\n", b"")
    async with line(door) as (reader, writer):
        writer.write(sent + what)
        assert b" 413 " in await answer(reader)


async def test_an_empty_line_before_a_request_is_none(door: Door) -> None:
    async with line(door) as (reader, writer):
        for _ in range(2):
            writer.write(b"\r\n" + post())
            assert b" 202 " in await answer(reader)


async def test_what_follows_a_whole_delivery_takes_nothing_back(door: Door) -> None:
    async with line(door) as (reader, writer):
        writer.write(post() + b"\x00garbage")
        assert b" 202 " in await answer(reader)
        assert await reader.read() == b""


async def test_who_has_said_all_is_answered_and_left(door: Door) -> None:
    async with line(door) as (reader, writer):
        writer.write(post())
        writer.write_eof()
        assert b" 202 " in await answer(reader)
        assert await reader.read() == b""


async def test_what_is_no_webhook_goes_on_to_the_pages_and_stays_there(door: Door) -> None:
    async with hall(door, echo), line(door) as (reader, writer):
        writer.write(post())
        assert b" 202 " in await answer(reader)
        for sent, said in (
            (b"GET /plans HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /plans "),
            (post(), b"POST /webhook " + BODY),
            (b"POST /web HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", b"POST /web hi"),
        ):
            writer.write(sent)
            assert (await answer(reader)).endswith(said)
        assert len(door.wakes) == 1


async def test_a_delivery_on_a_connection_that_has_asked_for_a_page_is_taken_too(door: Door) -> None:
    async with hall(door, partial(take, door.entry.webhook)), line(door) as (reader, writer):
        writer.write(b"GET /webhook HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b" 405 " in await answer(reader)
        for _ in range(2):
            writer.write(post())
            assert b" 202 " in await answer(reader)
        writer.write(post({"X-Hub-Signature-256": "sha256=0"}))
        assert b" 401 " in await answer(reader)
        writer.write(post({"Content-Encoding": "gzip"}))
        assert b" 415 " in await answer(reader)
        assert await reader.read() == b""
        assert len(door.wakes) == 2


async def test_a_request_that_begins_like_a_webhook_is_told_apart_when_more_has_come(door: Door) -> None:
    async with hall(door, echo), line(door) as (reader, writer):
        for piece in (b"POST", b" /web", b"hooks HTTP/1.1\r\nHost: h\r\n", b"Content-Length: 0\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
        assert (await answer(reader)).endswith(b"POST /webhooks ")


async def test_before_the_pages_are_there_it_says_so(door: Door) -> None:
    async with door.session.get(door.url.replace("webhook", "healthz")) as said:
        assert (said.status, await said.json()) == (200, {"status": "ok"})
    async with door.session.get(door.url.replace("webhook", "plans")) as said:
        assert (said.status, said.headers["Retry-After"]) == (503, "1")


async def test_a_closing_door_answers_what_is_under_way_and_takes_what_is_about_to_come() -> None:
    go, entered = asyncio.Event(), asyncio.Event()

    async def put(_: Delivery) -> bool:
        entered.set()
        await go.wait()
        return True

    async with open_door(put) as door, line(door) as one, line(door) as fresh, line(door) as idle:
        go.set()
        idle[1].write(post())
        await answer(idle[0])
        go.clear()
        entered.clear()
        one[1].write(post())
        await entered.wait()
        closing = asyncio.create_task(door.entry.close(60))
        assert await idle[0].read() == b"", "nothing is under way on it"
        fresh[1].write(post())
        await fresh[1].drain()
        go.set()
        for reader, _ in (one, fresh):
            said = await answer(reader)
            assert b" 202 " in said
            assert b"\r\nConnection: close\r\n" in said
        await closing


async def test_a_bug_behind_the_door_is_503_and_the_next_one_gets_in() -> None:
    stored: list[Delivery] = []

    async def put(delivery: Delivery) -> bool:
        stored.append(delivery)
        if len(stored) == 1:
            raise KeyError("a bug")
        return True

    async with open_door(put) as door:
        assert (await door.post(BODY, headers(BODY)))[0] == 503
        assert (await door.post(BODY, headers(BODY)))[0] == 202


async def test_the_silent_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "SILENT", 0.05)
    async with open_door(fine) as door:
        for sent in (b"", b"POST /web", b"POST /webhook HTTP/1.1\r\nHost: h\r\n"):
            async with line(door) as (reader, writer):
                writer.write(sent)
                assert await reader.read() == b""
