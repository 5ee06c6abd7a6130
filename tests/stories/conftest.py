"""Every story gets its own GitHub and its own bot."""

from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest

from services.core import keyless
from services.github import auth
from tests.kit.crash.forge import forge
from tests.kit.pipe import Pipe
from tests.kit.story import Story, told

auth._load = cache(auth._load)
"""Checking a private key takes a while, and it is the same in every story."""


@pytest.fixture(scope="session", autouse=True)
def _forge() -> Iterator[None]:
    with forge.opened():
        yield


@pytest.fixture(autouse=True)
def _lists_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyless, "AGAIN", 0.05)


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """See tests/kit/story.py; what went wrong behind the test's back fails it at the end."""
    async with told(tmp_path) as found:
        yield found


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    made = Pipe(tmp_path / "pipe")
    yield made
    made.close()
