"""The table `cache`: what GitHub said outlives the process, in bounds, and nothing depends on it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from services.errors import StoreBusy, StoreError
from services.store import answers
from services.store.answers import Answer, Answers
from services.store.db import Database
from services.store.retention import Keep, Retention
from tests.kit.fakehub import START, HandClock
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


async def keys(database: Database) -> list[str]:
    rows = await database.read(lambda c: c.execute("SELECT key FROM cache ORDER BY used_at, key").fetchall())
    return [str(row[0]) for row in rows]


async def test_an_answer_is_there_before_and_after_it_is_written(database: Database) -> None:
    kept = Answers(database, HandClock())
    kept.put("one", b'{"id":1}' * 100, 'W/"1"', "next", "Sun, 01 Mar 2026 09:30:00 GMT")
    whole = Answer(b'{"id":1}' * 100, 'W/"1"', "next", "Sun, 01 Mar 2026 09:30:00 GMT")
    assert await kept.load("one") == whole
    assert await keys(database) == []
    await kept.flush()
    assert await Answers(database, HandClock()).load("one") == whole
    assert await kept.load("other") is None


async def test_a_newer_body_replaces_and_a_touch_only_renews(database: Database) -> None:
    clock = HandClock()
    kept = Answers(database, clock)
    kept.put("one", b"1", "a", "", "")
    kept.put("one", b"2", "b", "", "")
    kept.put("two", b"3", "c", "", "")
    await kept.flush()
    clock.pass_(days=1)
    kept.touch("one", "d")
    kept.touch("nobody", "e")
    await kept.flush()
    assert await kept.load("one") == Answer(b"2", "d", "", "")
    assert await keys(database) == ["two", "one"]


async def test_it_is_written_in_groups_while_others_go_on(database: Database) -> None:
    kept, rests, rested = Answers(database, HandClock()), asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def pause(seconds: float) -> None:
        assert seconds == answers.GATHER
        rests.release()
        await rested.acquire()

    async with asyncio.TaskGroup() as group:
        writer = group.create_task(kept.run(pause))
        for number in range(answers.GROUP + 10):
            kept.put(str(number), b"x", "e", "", "")
        await rests.acquire()
        assert await keys(database) == [], "they come together first"
        rested.release()
        async with asyncio.timeout(240):
            while len(await keys(database)) < answers.GROUP + 10:
                kept.touch("0", "e")
        writer.cancel()


async def test_too_much_is_dropped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PENDING", 10)
    monkeypatch.setattr(answers, "LARGEST", 8)
    kept = Answers(database, HandClock())
    kept.put("large", b"x" * 9, "e", "", "")
    kept.put("one", b"x" * 8, "e", "", "")
    kept.put("two", b"x" * 8, "e", "", "")
    kept.put("one", b"y" * 8, "e", "", "")
    await kept.flush()
    kept.put("three", b"x" * 8, "e", "", "")
    await kept.flush()
    assert await keys(database) == ["one", "three"]


class Away:
    """A database that is not there, or answers never."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def read(self, act: Any) -> Any:
        await self._fail()

    async def write(self, act: Any) -> Any:
        await self._fail()

    async def _fail(self) -> None:
        if self.error is None:
            await asyncio.Event().wait()
        raise self.error or StoreError("away")


@pytest.mark.parametrize("error", [StoreError("away"), StoreBusy("full"), None])
async def test_a_database_that_is_away_costs_an_answer_and_nothing_else(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SOON", 0.01)
    kept = Answers(cast("Database", Away(error)), HandClock())
    assert await kept.load("one") is None
    if error is not None:
        kept.put("one", b"x", "e", "", "")
        await kept.flush()
        assert await kept.load("one") is None


async def test_what_is_damaged_is_not_there(database: Database) -> None:
    kept = Answers(database, HandClock())
    kept.put("one", b"x", "e", "", "")
    await kept.flush()
    await database.write(lambda c: c.execute("UPDATE cache SET body = ?", (b"no zstd",)).rowcount)
    assert await kept.load("one") is None


async def test_retention_drops_what_is_old_and_what_is_too_much(database: Database) -> None:
    clock = HandClock()
    kept = Answers(database, clock)
    for number in range(4):
        kept.put(f"at {number}", bytes(range(256)), "e", "", "")
        await kept.flush()
        clock.pass_(days=1)
    retention = Retention(database, Keep(answers=timedelta(days=3)), answer_bytes=1)
    assert await retention.step(START + timedelta(days=4)) == 1
    assert await keys(database) == ["at 1", "at 2", "at 3"]
    while await retention.step(START + timedelta(days=4)):
        pass
    assert await keys(database) == []
    roomy = Retention(database, Keep(), answer_bytes=10_000)
    kept.put("one", bytes(range(256)), "e", "", "")
    await kept.flush()
    assert await roomy.step(clock.now()) == 0
    assert await keys(database) == ["one"]
