"""Registration: handlers come back by event, in the order of module then definition, each once."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import handlers
from handlers import Handler, load, name_of, on
from handlers.events import Event
from services.registry import Registry

Table = Mapping[str, tuple[Handler[object], ...]]


async def later(event: Event, engine: object) -> None:
    """Registered first, defined in a module whose name sorts last."""


async def first(event: Event, engine: object) -> None:
    """See below."""


async def second(event: Event, engine: object) -> None:
    """See below."""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty registry that imports nothing, so that these handlers meet no others."""

    class Quiet(Registry[object]):
        def load(self, package: object) -> None:
            pass

    monkeypatch.setattr(handlers, "_registry", Quiet("handler"))


def test_order_is_module_then_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "__module__", "handlers.zz")
    monkeypatch.setattr(first, "__module__", "handlers.aa")
    monkeypatch.setattr(second, "__module__", "handlers.aa")
    on("issues")(later)
    on("issues", "push")(first)
    on("issues")(second)
    table: Table = load()
    assert table["issues"] == (first, second, later)
    assert table["push"] == (first,)
    assert list(table) == ["issues", "push"]


def test_a_handler_is_registered_once() -> None:
    on("issues")(first)
    with pytest.raises(ValueError, match="two handler entries"):
        on("push")(first)


def test_the_name_in_logs_says_where_to_look() -> None:
    assert name_of(first) == "tests.handlers.test_registration.first"


def test_the_folder_loads_in_a_fresh_interpreter_even_from_its_inside() -> None:
    code = "import handlers.reading\nfrom handlers import load\nassert all(load().values())"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
