"""What collecting the tests leaves lives as long as they do: no search for garbage needs to look at half a million such
objects, while it grows or again and again afterwards.
"""

import gc

import pytest


def pytest_configure() -> None:
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
