"""Fixtures of the contract tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.world import World, running
from tests.kit.contract import Recorder, contract

__all__ = ["contract"]


@pytest.fixture
async def world(tmp_path: Path, contract: Recorder) -> AsyncIterator[World]:
    """A running sandbox; the test fails when anything it says or hears differs from GitHub's descriptions."""
    async with running(tmp_path / "repositories", contract) as found:
        yield found
        await found.running.idle()
