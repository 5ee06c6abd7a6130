"""Bodies at the door: large, larger, compressed, slow, cut and malformed ones. None is a 500, none fills the memory."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest

from bot import webhook
from services.store.inbox import Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.ingest import Door, headers, open_door

BODY = b'{"action": "opened"}'
MB = 1_000_000


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    database = SqliteDatabase(":memory:")
    await database.open()
    yield Inbox(database)
    await database.close()


@pytest.fixture
async def door(inbox: Inbox) -> AsyncIterator[Door]:
    async with open_door(inbox.put) as door:
        yield door


async def raw(door: Door, head: str, body: bytes = b"") -> bytes:
    """Send bytes as they are, keep the line open, and return the status line."""
    reader, writer = await connect(door)
    writer.write(head.encode("latin-1").replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)
    line = await asyncio.wait_for(reader.readline(), 60)
    writer.close()
    return line.strip()


async def connect(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = door.url.removeprefix("http://").removesuffix("/webhook").split(":")
    return await asyncio.open_connection(host, int(port))


def head(**more: str) -> str:
    lines = {"Host": "127.0.0.1", **headers(BODY), **{name.replace("_", "-"): value for name, value in more.items()}}
    return "POST /webhook HTTP/1.1\n" + "\n".join(f"{name}: {value}" for name, value in lines.items())


async def test_24_mb_are_accepted(door: Door, inbox: Inbox) -> None:
    body = b'{"a": "' + b"x" * (24 * MB) + b'"}'
    assert (await door.post(body, headers(body)))[0] == 202
    (row,) = await inbox.waiting(1)
    assert row.body == body


async def test_more_than_25_mb_are_refused_before_they_are_read(door: Door, inbox: Inbox) -> None:
    declared = head(Content_Length=str(27 * MB))
    assert (await raw(door, declared)).startswith(b"HTTP/1.1 413")
    assert await inbox.waiting(1) == []


@pytest.mark.parametrize("size", [25 * 1024 * 1024 + 1, 26 * 1024 * 1024 + 1])
async def test_too_much_without_a_declared_length_is_counted_while_it_is_read(inbox: Inbox, size: int) -> None:
    body = b"x" * size

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield body[start : start + 65_536]

    async with (
        open_door(inbox.put) as door,
        door.session.post(door.url, data=pieces(), headers=headers(body)) as answer,
    ):
        assert answer.status == 413
    assert await inbox.waiting(1) == []


async def test_sec_21_a_compressed_body_is_refused_whatever_is_in_it(door: Door, inbox: Inbox) -> None:
    bomb = gzip.compress(b"\0" * (50 * MB))
    for encoding in ("gzip", "deflate", "br", "zstd", "identity"):
        sent = headers(bomb) | {"Content-Encoding": encoding}
        assert (await door.post(bomb, sent))[0] == 415
    assert await inbox.waiting(1) == []


async def test_sec_21_many_empty_gzip_members_are_not_unpacked(door: Door) -> None:
    body = gzip.compress(b"") * 50_000
    assert (await door.post(body, headers(body) | {"Content-Encoding": "gzip"}))[0] == 415


async def test_sec_21_a_body_that_never_ends_is_408(inbox: Inbox) -> None:
    async with open_door(inbox.put, body_seconds=0.1) as door:
        assert (await raw(door, head(Content_Length="1000"), b"{")).startswith(b"HTTP/1.1 408")
    assert await inbox.waiting(1) == []


async def test_a_body_that_is_not_valid_http_is_400(door: Door, inbox: Inbox) -> None:
    assert b" 400 " in await raw(door, head(Transfer_Encoding="chunked"), b"zz\r\nnot a chunk\r\n0\r\n\r\n")
    assert b" 400 " in await raw(door, head(Content_Length="minus one"), BODY)
    assert await inbox.waiting(1) == []


async def test_a_sender_that_hangs_up_in_the_middle_changes_nothing(door: Door, inbox: Inbox) -> None:
    _, writer = await connect(door)
    writer.write(head(Content_Length="1000").replace("\n", "\r\n").encode() + b"\r\n\r\n{")
    await writer.drain()
    writer.close()
    assert (await door.post(BODY, headers(BODY)))[0] == 202
    assert len(await inbox.waiting(10)) == 1


async def test_a_chunked_body_is_accepted(door: Door, inbox: Inbox) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    assert (await raw(door, head(Transfer_Encoding="chunked"), chunks)).startswith(b"HTTP/1.1 202")
    assert [row.body for row in await inbox.waiting(1)] == [BODY]


async def test_bodies_from_strangers_are_bounded_together(
    door: Door, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "READING_BYTES", 1_500)
    _, slow = await connect(door)
    slow.write(head(Content_Length="1000").replace("\n", "\r\n").encode() + b"\r\n\r\n{")
    body = json.dumps(["x" * 600]).encode()

    async def posted() -> int:
        return (await door.post(body, headers(body)))[0]

    async with asyncio.timeout(60):
        while await posted() == 202:
            pass  # until the slow one has been let in
        slow.close()
        while await posted() != 202:
            pass  # until its share is free again
