"""A line that one side rewrote beside lines that the other changed."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.beside import resolve

BASE = ("a = 1\n", "b = 2\n")


def code(ours: tuple[str, ...], theirs: tuple[str, ...], path: str = "a.py") -> Conflict:
    return Conflict(BASE, ours, theirs, path=path)


def test_both_changes_are_made() -> None:
    conflict = code(("a = 10\n", "b = 2\n"), ("a = 1\n", "b = 10\n", "c = 10\n"))
    assert resolve(conflict) == ("a = 10\n", "b = 10\n", "c = 10\n") == resolve(conflict.turned())


@pytest.mark.parametrize(
    "conflict",
    [
        code(("a = 10\n", "b = 2\n"), ("a = 1\n",)),
        code(("a = 10\n", "x\n", "b = 2\n"), ("a = 1\n", "b = 10\n", "c = 10\n")),
        code(("a = 10\n", "b = 2\n"), ("a = 11\n", "b = 2\n")),
        code(("import a\n", "b = 2\n"), ("a = 1\n", "import b\n")),
        code(("a = 10\n", "b = 2\n"), ("a = 1\n", "b = 10\n"), "notes.md"),
        Conflict((), ("a = 1\n",), ("b = 2\n",), path="a.py"),
        code(("aa = 1\n", "b = 2\n"), ("a = 1\n", "log(a)\n", "b = 2\n")),
    ],
    ids=["taken out", "not in its place", "the same line", "imports", "prose", "both added", "renamed"],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
