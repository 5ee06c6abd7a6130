"""services/store/dashboards.py: where an owner's dashboard stands."""

from collections.abc import AsyncIterator

import pytest

from services.store.dashboards import Dashboards
from services.store.db import Database
from tests.kit.plans import NOW
from tests.kit.store import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made: Database = place.database()
    await made.open()
    yield made
    await made.close()


async def test_it_is_known_from_when_it_is_wanted_until_it_stands_elsewhere(database: Database) -> None:
    rows = Dashboards(database)
    assert await rows.get("acme") is None
    assert (await rows.wanted("Acme", "acme/api", NOW)).number == 0
    await rows.shows("acme", 7, "digest")
    again = await rows.wanted("acme", "Acme/API", NOW)
    assert (again.number, again.shown, again.repo) == (7, "digest", "acme/api")
    await rows.overwritten("ACME")
    assert (await rows.wanted("acme", "acme/api", NOW)).shown == ""
    assert await rows.homes() == ["acme/api"]
    moved = await rows.wanted("acme", "acme/web", NOW)
    assert (moved.number, moved.repo) == (0, "acme/web")
