"""Fixtures of the contract tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.sandbox.git import Git
from services.sandbox.git_memory import MemoryGit
from services.sandbox.repositories import Repositories
from tests.contract.world import World, running
from tests.kit.contract import Recorder, contract

__all__ = ["contract"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module with STORES = ("disk", "memory") runs its tests on both: what is true of git's own repositories must be
    true of those in memory.
    """
    if "store" in metafunc.fixturenames and hasattr(metafunc.module, "STORES"):
        metafunc.parametrize("store", metafunc.module.STORES, indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repositories]:
    """Where a hub keeps its repositories."""
    found: Repositories = MemoryGit() if getattr(request, "param", "disk") == "memory" else Git(tmp_path)
    yield found
    found.close()


@pytest.fixture
async def world(tmp_path: Path, contract: Recorder) -> AsyncIterator[World]:
    """A running sandbox; the test fails when anything it says or hears differs from GitHub's descriptions."""
    async with running(tmp_path / "repositories", contract) as found:
        yield found
        await found.running.idle()
