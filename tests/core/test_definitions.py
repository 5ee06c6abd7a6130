"""Whole functions and classes that both sides put at the same place."""

import pytest

from services.core.conflict import Conflict, Lines
from services.core.resolvers.definitions import names, resolve

OURS = ("@mark(1)\n", "def one(\n", "    a,\n", "):\n", "    return 1\n", "\n", "\n")
THEIRS = ("# Why it is so.\n", "class Two:\n", "    def one(self):\n", "        pass\n", "\n")


def place(ours: Lines, theirs: Lines, after: Lines = ("def last():\n",), path: str = "a.py") -> Conflict:
    return Conflict((), ours, theirs, ("x = 1\n", "\n"), after, path)


def test_ours_stand_first() -> None:
    assert resolve(place(OURS, THEIRS)) == OURS + THEIRS
    assert resolve(place(OURS, THEIRS, ())) == OURS + THEIRS
    methods = tuple(tuple("    " + line for line in side) for side in (OURS, THEIRS))
    assert resolve(place(methods[0], methods[1], ("x = 1\n",))) == methods[0] + methods[1]


def test_what_is_defined() -> None:
    assert names(OURS) == ["one"]
    assert names(("export function go() {\n", "  f()\n", "}\n", "fn run() {\n", "}\n")) == ["go", "run"]


@pytest.mark.parametrize(
    "conflict",
    [
        place(OURS, ("def one():\n", "    pass\n")),
        place(OURS, ("    def two():\n", "        pass\n")),
        place(OURS, ("x = 2\n",)),
        place(OURS, ("    return 2\n", "def two():\n", "    pass\n")),
        place(OURS, ("def two():\n", "    pass\n", "@mark\n")),
        place(OURS, ("@mark\n",)),
        place(OURS, THEIRS, ("    return 3\n",)),
        place(OURS, THEIRS, (")\n",)),
        place(OURS, THEIRS, path="a.md"),
        Conflict(("y = 1\n",), OURS, THEIRS, (), (), "a.py"),
    ],
    ids=["same_name", "depth", "statement", "begun", "open", "no_name", "goes_on", "closes", "text", "changed"],
)
def test_what_is_not_whole_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
