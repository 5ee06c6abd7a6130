"""Databases: what is said of the store is said of both kinds."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.store.db import Database
from tests.kit import store
from tests.kit.driving import Stage, driving
from tests.kit.store import KINDS, Place, opened


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A file, and then again a database on a server."""
    with store.place(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """The same, open. Modules that are about one kind have one of their own."""
    async with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def one(database: Database) -> AsyncIterator[Stage]:
    """A driver with a single place."""
    async with driving(database, workers=1) as stage:
        yield stage
