"""What collecting the tests leaves lives as long as they do: no search for garbage needs to look at half a million such
objects, while it grows or again and again afterwards.
"""

import gc

import pytest

WAITING = frozenset({"test_crash.py", "test_fleet.py"})
"""Tours of many kills: each takes half a minute, and little of a processor."""


def pytest_configure() -> None:
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits begins first, so that at the end nobody waits for it."""
    items.sort(key=lambda item: item.path.name not in WAITING)
