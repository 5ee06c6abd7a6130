"""Databases: what is said of the store is said of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import store
from tests.kit.store import KINDS, Place


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A file, and then again a database on a server."""
    with store.place(request.param, tmp_path) as found:
        yield found
