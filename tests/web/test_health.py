"""Up, ready, and how it is doing."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.health import Health, room_in
from services.errors import Unreachable
from services.metrics import Metrics
from services.store.inbox import Delivery, Inbox
from services.store.sqlite import SqliteDatabase
from tests.kit.plans import NOW
from tests.web.stage import StoppedClock

REQUEST = make_mocked_request("GET", "/")


class Hub:
    """GitHub as far as health asks it."""

    def __init__(self) -> None:
        self.reads = self
        self.answers = True

    async def app(self) -> object:
        if not self.answers:
            raise Unreachable(0, "the connection was reset")
        return object()


@pytest.fixture
async def database() -> AsyncIterator[SqliteDatabase]:
    found = SqliteDatabase(":memory:")
    await found.open()
    yield found
    await found.close()


def health(database: SqliteDatabase, hub: Hub) -> Health:
    return Health(
        database=database, inbox=Inbox(database), metrics=Metrics(), github=cast("Any", hub), clock=StoppedClock()
    )


async def test_up_means_that_it_answers(database: SqliteDatabase) -> None:
    assert json.loads((await health(database, Hub()).live(REQUEST)).text or "") == {"status": "ok"}


async def test_ready_when_it_can_write_and_github_knows_it(database: SqliteDatabase) -> None:
    hub = Hub()
    answer = await health(database, hub).ready(REQUEST)
    assert (answer.status, json.loads(answer.text or "")["parts"]) == (
        200,
        {"database": "ok", "inbox": "ok", "github": "ok"},
    )
    hub.answers = False
    answer = await health(database, hub).ready(REQUEST)
    assert answer.status == 503
    assert "check the App id" in json.loads(answer.text or "")["parts"]["github"]


async def test_ready_has_written_to_the_disk(database: SqliteDatabase) -> None:
    log = database.path.with_name(f"{database.path.name}-wal")
    before = log.stat().st_size
    assert (await health(database, Hub()).ready(REQUEST)).status == 200
    assert log.stat().st_size > before


@pytest.mark.parametrize(("least", "status"), [(2**62, 503), (1, 200)])
async def test_not_ready_while_there_is_no_room_for_larger_writes(
    database: SqliteDatabase, least: int, status: int
) -> None:
    """A small one may still fit in where a large one did not."""
    answer = await Health(
        database=database, inbox=Inbox(database), metrics=Metrics(), github=None, clock=StoppedClock(),
        parts={"disk": room_in(database.path.parent, least)},
    ).ready(REQUEST)  # fmt: skip
    parts = json.loads(answer.text or "")["parts"]
    assert (answer.status, parts["database"]) == (status, "ok")
    assert re.fullmatch(r"ok|the disk of the data directory has \d+\.\d MB left; make room there", parts["disk"])


async def test_not_ready_when_the_database_takes_no_writes(database: SqliteDatabase) -> None:
    whole = health(database, Hub())
    assert (await whole.ready(REQUEST)).status == 200
    await database.write(lambda connection: connection.execute("PRAGMA query_only=ON"))
    answer = await whole.ready(REQUEST)
    assert answer.status == 503
    assert json.loads(answer.text or "")["parts"]["database"].startswith("the database takes no writes")
    await database.close()
    assert (await whole.ready(REQUEST)).status == 503


async def test_metrics_tell_what_waits(database: SqliteDatabase) -> None:
    await Inbox(database).put(Delivery(hook_id="1", guid="a", event="issues", received_at=NOW, body=b"{}"))
    answer = await health(database, Hub()).metrics(REQUEST)
    text = cast("bytes", answer.body).decode()
    assert "lockstep_inbox_waiting 1.0" in text
    assert "lockstep_inbox_oldest_seconds 3600.0" in text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


async def test_whoever_handles_webhooks_is_not_ready_while_they_wait_too_long(database: SqliteDatabase) -> None:
    await Inbox(database).put(Delivery(hook_id="1", guid="a", event="issues", received_at=NOW, body=b"{}"))
    assert (await health(database, Hub()).ready(REQUEST)).status == 200, "a web can do nothing about it"
    inbox, clock = Inbox(database), StoppedClock()
    hub = cast("Any", Hub())
    conducts = Health(database=database, inbox=inbox, metrics=Metrics(), github=hub, clock=clock, conducts=True)
    answer = await conducts.ready(REQUEST)
    assert answer.status == 503
    assert "waited for 3600 s" in json.loads(answer.text or "")["parts"]["inbox"]
