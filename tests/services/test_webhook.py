"""The door over real HTTP: who gets in, who is refused with what, and that nothing is said before it is stored."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.webhook import Webhook, signed
from services.errors import StoreError, UserError
from services.metrics import Metrics
from services.store.arrivals import Arrivals
from services.store.db import Database
from services.store.inbox import Delivery, Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.ingest import SECRET, START, Door, FixedClock, headers, open_door, sign

BODY = b'{"action": "opened", "issue": {"number": 1}}'
NEXT_SECRET = b"the one we are rotating to"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = SqliteDatabase(tmp_path / "t.sqlite", capacity=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Door]:
    async with open_door(Arrivals(database).put, secrets=(SECRET, NEXT_SECRET)) as door:
        yield door


async def test_a_signed_delivery_is_stored_then_answered_then_dispatched(door: Door, inbox: Inbox) -> None:
    assert await door.post(BODY, headers(BODY, event="issues", guid="72d3162e-cc78-11e3-81ab-4c9367dc0958")) == (
        202,
        "stored\n",
    )
    (row,) = await inbox.waiting(10)
    assert (row.hook_id, row.event) == ("292430182", "issues")
    assert (row.guid, row.body) == ("72d3162e-cc78-11e3-81ab-4c9367dc0958", BODY)
    assert row.received_at == START
    assert len(door.wakes) == 1
    assert door.counted("stored") == 1


async def test_a_doubled_delivery_is_thanked_and_stored_once(door: Door, inbox: Inbox) -> None:
    answers = [await door.post(BODY, headers(BODY)) for _ in range(3)]
    assert answers == [(202, "stored\n"), (202, "stored before\n"), (202, "stored before\n")]
    assert len(await inbox.waiting(10)) == 1
    assert len(door.wakes) == 1
    assert door.counted("doubled") == 2


async def test_two_at_once_with_one_guid_are_one(door: Door, inbox: Inbox) -> None:
    answers = await asyncio.gather(door.post(BODY, headers(BODY)), door.post(BODY, headers(BODY)))
    assert sorted(answers) == [(202, "stored\n"), (202, "stored before\n")]
    assert len(await inbox.waiting(10)) == 1


async def test_both_secrets_are_good_while_they_are_rotated(door: Door, inbox: Inbox) -> None:
    assert (await door.post(BODY, headers(BODY, guid="a", secret=SECRET)))[0] == 202
    assert (await door.post(BODY, headers(BODY, guid="b", secret=NEXT_SECRET)))[0] == 202
    assert (await door.post(BODY, headers(BODY, guid="c", secret=b"an older one")))[0] == 401
    assert len(await inbox.waiting(10)) == 2


GOOD = sign(BODY)
SHA1 = "sha1=" + "0" * 40


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        "sha256=" + GOOD.removeprefix("sha256=").upper(),
        GOOD.removeprefix("sha256="),
        GOOD.replace("sha256", "sha512"),
        SHA1,
        "sha256=" + "ä" * 64,
        "sha256=" + "\udce4" * 64,
        sign(BODY + b" "),
        sign(BODY, b""),
    ],
)
async def test_sec_19_a_signature_that_is_not_exactly_right_is_401(door: Door, inbox: Inbox, signature: str) -> None:
    assert await door.post(BODY, headers(BODY) | {"X-Hub-Signature-256": signature}) == (
        401,
        "the signature does not match\n",
    )
    assert await inbox.waiting(10) == []
    assert (door.counted("refused"), len(door.wakes)) == (1, 0)


async def test_sec_19_an_altered_body_is_401(door: Door, inbox: Inbox) -> None:
    assert (await door.post(BODY.replace(b"1", b"2"), headers(BODY)))[0] == 401
    assert await inbox.waiting(10) == []


async def test_sec_19_no_signature_or_only_the_old_sha1_one_is_401(door: Door, inbox: Inbox) -> None:
    bare = headers(BODY)
    del bare["X-Hub-Signature-256"]
    assert (await door.post(BODY, bare))[0] == 401
    assert (await door.post(BODY, bare | {"X-Hub-Signature": SHA1}))[0] == 401
    assert await inbox.waiting(10) == []


async def test_sec_19_an_empty_secret_does_not_start(inbox: Inbox) -> None:
    for secrets in ((), (b"",), (SECRET, b"")):
        with pytest.raises(UserError, match="LOCKSTEP_WEBHOOK_SECRET"):
            Webhook(secrets=secrets, put=inbox.put, wake=lambda: None, clock=FixedClock(), metrics=Metrics())


def test_every_secret_is_compared() -> None:
    assert signed(BODY, sign(BODY, b"one").encode(), (b"one", b"two"))
    assert signed(BODY, sign(BODY, b"two").encode(), (b"one", b"two"))
    assert not signed(BODY, sign(BODY, b"three").encode(), (b"one", b"two"))


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery"])
async def test_a_missing_header_is_400_and_named(door: Door, inbox: Inbox, name: str) -> None:
    sent = headers(BODY)
    del sent[name]
    assert await door.post(BODY, sent) == (400, f"the header {name} is missing or malformed\n")
    assert await inbox.waiting(10) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-GitHub-Event", "issues; drop table"),
        ("X-GitHub-Event", "Issues"),
        ("X-GitHub-Event", "a" * 65),
        ("X-GitHub-Delivery", "../../etc/passwd"),
        ("X-GitHub-Delivery", "g" * 65),
        ("X-GitHub-Delivery", "４２"),
        ("X-GitHub-Hook-ID", "1 OR 1=1"),
        ("X-GitHub-Hook-ID", "1" * 21),
    ],
)
async def test_a_header_that_is_not_of_its_shape_is_400(door: Door, inbox: Inbox, name: str, value: str) -> None:
    assert (await door.post(BODY, headers(BODY) | {name: value}))[0] == 400
    assert await inbox.waiting(10) == []


async def test_a_delivery_without_a_hook_id_counts_as_hook_0(door: Door, inbox: Inbox) -> None:
    sent = headers(BODY)
    del sent["X-GitHub-Hook-ID"]
    assert (await door.post(BODY, sent))[0] == 202
    assert [row.hook_id for row in await inbox.waiting(10)] == ["0"]


async def test_form_encoding_is_refused_with_the_fix(door: Door) -> None:
    sent = headers(BODY) | {"Content-Type": "application/x-www-form-urlencoded"}
    status, text = await door.post(BODY, sent)
    assert (status, "application/json" in text) == (415, True)


async def test_the_body_is_not_read_as_json(door: Door, inbox: Inbox) -> None:
    body = b"\xff not json {"
    assert (await door.post(body, headers(body)))[0] == 202
    assert [row.body for row in await inbox.waiting(10)] == [body]


async def test_a_full_queue_is_503_and_nothing_is_lost_afterwards(database: Database, inbox: Inbox, door: Door) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        entered.set()
        assert release.wait(10)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(database.write(hold))
        await asyncio.to_thread(entered.wait)
        assert await door.post(BODY, headers(BODY)) == (503, "the delivery could not be stored\n")
        release.set()
    assert await inbox.waiting(10) == []
    assert (door.counted("busy"), len(door.wakes)) == (1, 0)
    assert (await door.post(BODY, headers(BODY)))[0] == 202, "GitHub's redelivery gets in"


async def test_a_store_that_refuses_is_503(inbox: Inbox) -> None:
    async def put(_: Delivery) -> bool:
        raise StoreError("database or disk is full")

    async with open_door(put) as door:
        status, text = await door.post(BODY, headers(BODY))
    assert (status, "full" in text) == (503, False), "the reason is for the log, not for the internet"
    assert door.wakes == []


async def test_a_store_that_takes_too_long_is_503(database: Database, inbox: Inbox) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        entered.set()
        assert release.wait(10)

    async with open_door(Arrivals(database).put, commit_seconds=0.05) as door, asyncio.TaskGroup() as group:
        group.create_task(database.write(hold))
        await asyncio.to_thread(entered.wait)
        assert (await door.post(BODY, headers(BODY)))[0] == 503
        release.set()
    await database.write(lambda c: None)  # whatever was queued before is committed now
    assert len(await inbox.waiting(10)) == 1, "it was stored after all: a redelivery will be a double"
