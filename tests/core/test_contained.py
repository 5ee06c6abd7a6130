"""One side made all changes of the other, and more."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.contained import resolve

BASE = ("def f(a):\n", "    return a\n")
FIX = ("def f(a):\n", "    return int(a)\n")
MORE = ("def f(a, b):\n", "    return int(a) + b\n")


def test_the_larger_side_is_taken() -> None:
    assert resolve(Conflict(BASE, MORE, FIX, path="a.py")) == MORE
    assert resolve(Conflict(BASE, FIX, MORE, path="a.py")) == MORE


def test_of_added_lines_too() -> None:
    assert resolve(Conflict((), ("a\n", "b\n", "c\n"), ("a\n", "c\n"), path="a.py")) == ("a\n", "b\n", "c\n")


@pytest.mark.parametrize(
    "conflict",
    [
        Conflict(BASE, MORE, FIX, path="README.md"),
        Conflict(('"b": 2,\n', '"c": 3\n'), ('"b": 2\n',), ('"c": 4,\n', '"b": 2\n'), path="a.json"),
        Conflict(BASE, MORE, ("def f(a):\n", "    return str(a)\n"), path="a.py"),
        Conflict(("a\n", "b\n"), ("c\n",), ("c\n", "b\n", "d\n"), path="a.py"),
        Conflict(("a\n",), tuple(f"new {n} ;\n" for n in range(40)), ("new\n",), path="a.py"),
        Conflict((), ("a\n", "b\n"), ("b\n", "a\n"), path="a.py"),
        Conflict((), ("import a\n", "import b\n"), ("import a\n",), path="a.py"),
    ],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
    assert resolve(conflict.turned()) is None
