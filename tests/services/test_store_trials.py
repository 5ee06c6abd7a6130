"""Tries in the store: one for each pull request, and a newer one takes an older one's place."""

from collections.abc import AsyncIterator

import pytest

from services.store.db import Database
from services.store.plans import Answer, Plans
from services.store.trials import Trials
from tests.kit.plans import NOW
from tests.kit.store import Place

SAID = Answer(to="ana", command="/lockstep try", text="It passes.")


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made: Database = place.database()
    await made.open()
    yield made
    await made.close()


async def test_a_try_from_its_beginning_to_its_end(database: Database) -> None:
    trials = Trials(database)
    await trials.ask("acme/api", 5, "ana", NOW)
    (row,) = await trials.all(None)
    assert (row.actor, row.sha, row.verdict) == ("ana", "", "")
    assert await trials.begun(row, "s1", "h", "b", NOW)
    assert not await trials.begun(row, "s2", "h", "b", NOW)
    (begun,) = await trials.on("s1")
    assert (begun.head, begun.base) == ("h", "b")
    assert await trials.on("") == []
    assert await trials.judged(begun, "It passes.")
    found = await trials.get("acme/api", 5)
    assert found is not None
    assert found.verdict == "It passes."
    assert await trials.finish(begun, SAID)
    assert not await trials.finish(begun, SAID)
    assert (await Plans(database).sticky("acme/api", 5)).answers == (SAID,)
    assert await trials.open("acme/api") == []


async def test_a_newer_try_takes_the_older_ones_place(database: Database) -> None:
    trials = Trials(database)
    await trials.ask("acme/api", 5, "ana", NOW)
    (old,) = await trials.open("acme/api")
    await trials.begun(old, "s1", "h", "b", NOW)
    await trials.ask("acme/api", 5, "wim", NOW)
    (new,) = await trials.open("acme/api")
    assert (new.n, new.actor, new.sha) == (2, "wim", "")
    assert not await trials.judged(old, "late")
    assert not await trials.finish(old, SAID)
    assert await trials.open("acme/api") == [new]
