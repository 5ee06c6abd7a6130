"""What resolvers read off lines."""

import pytest

from services.core.conflict import Conflict, filled, is_code, is_part, kind, tokens, words


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  \n", "blank"),
        ("from a import b\n", "import"),
        ("    async def run(self):\n", "definition"),
        ("@wraps(f)\n", "definition"),
        ("-----\n", "rule"),
        ("- an entry\n", "item"),
        (".. _#12: link\n", "item"),
        ("# says why\n", "comment"),
        ("importance = 1\n", "code"),
    ],
)
def test_the_kind_of_a_line(line: str, found: str) -> None:
    assert kind(line) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("src/app.py", True),
        ("web/main.test.ts", True),
        ("README.md", False),
        ("AUTHORS", False),
        ("docs/Makefile", False),
        (".travis.yml", False),
        ("src/changelog.py", False),
        ("requirements/dev.in", False),
    ],
)
def test_code_by_its_name(path: str, found: bool) -> None:
    assert is_code(path) is found


def test_words_and_signs() -> None:
    assert tokens(["a = f(x1)\n"]) == ["a", "=", "f", "(", "x1", ")"]
    assert words(["a = _f(x1, 2)\n"]) == {"_f", "x1"}
    assert filled(["\n", "a\n", "  \n"]) == ("a\n",)


def test_a_part_keeps_the_order() -> None:
    assert is_part("ac", "abc")
    assert not is_part("ca", "abc")
    assert is_part("", "")


def test_turned_twice_is_the_same() -> None:
    conflict = Conflict(("b",), ("o",), ("t",), ("x",), ("y",), "p", frozenset("g"), frozenset("h"))
    assert conflict.turned().ours == ("t",)
    assert conflict.turned().gone_ours == frozenset("h")
    assert conflict.turned().turned() == conflict
