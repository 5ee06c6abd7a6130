"""One side changed nothing but blanks."""

from services.core.conflict import Conflict
from services.core.resolvers.blanks import resolve


def resolved(base: str, ours: str, theirs: str, path: str = "a.py") -> str | None:
    conflict = Conflict(lines(base), lines(ours), lines(theirs), path=path)
    found, turned = resolve(conflict), resolve(conflict.turned())
    assert found == turned
    return None if found is None else "".join(found)


def lines(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines(keepends=True))


def test_blanks_at_line_ends_and_empty_lines() -> None:
    assert resolved("a = 1  \n", "a = 1\n", "a = 2  \n") == "a = 2  \n"
    assert resolved("a = 1\n", "\na = 1\n", "a = 2\n") == "a = 2\n"


def test_two_ways_to_set_blanks_are_left() -> None:
    assert resolved("r = f(a b)\n", "r = f(a  b)\n", "r = f(ab)\n") is None
    assert resolved("  g()\n", "    g()\n", "g()\n") is None
    assert resolved("a:\n        x\n", "a:\n x\n", "a:\n\tx\n", "Makefile") is None
    assert resolved("k: a b\n", "k: ab\n", "k: a  b\n", "a.yml") is None


def test_the_same_change_with_other_blanks() -> None:
    conflict = Conflict(("a = 1\n",), ("a = f(1,2)\n",), ("a = f(1, 2)\n",), path="a.py")
    assert resolve(conflict) == conflict.ours
    assert resolved("x = 1\n", "x = nota\n", "x = not a\n") is None
    assert resolved("r = 1\n", "r = /a b/\n", "r = /a  b/\n", "a.js") is None
    assert resolved("r = 1\n", "r = a b\n", "r = a  b\n", "a.yml") is None


def test_blanks_inside_a_line_may_be_of_a_text() -> None:
    assert resolved("a  b\n", "a b\n", "a  c\n") is None
    assert resolved("echo $x  y\n", "echo $x y\n", "echo $x  z\n", "a.sh") is None


def test_two_blanks_at_its_end_break_a_line_of_markdown() -> None:
    assert resolved("foo\nbar\n", "foo  \nbar\n", "food\nbar\n", "README.md") is None
    assert resolved("foo\nbar\n", "foo \nbar\n", "food\nbar\n", "README.md") == "food\nbar\n"


def test_tabs_become_what_they_became() -> None:
    assert resolved("{\n\tg();\n", "{\n    g();\n", "{\n\th();\n") == "{\n    h();\n"
    assert resolved("\tg();\n", "    g();\n", "\th();\n\t\ti();\n") is None


def test_blanks_in_quotes_are_no_blanks() -> None:
    assert resolved("s = 'a b'\n", "s = 'a  b'\n", "s = 'a b c'\n") is None


def test_lines_that_were_set_in_are_set_in_with_the_other_change() -> None:
    assert resolved("a = 1\nb = 2\n", "    a = 1\n    b = 2\n", "a = 1\nb = 3\n") == "    a = 1\n    b = 3\n"
    assert resolved("    a = 1\n", "a = 1\n", "    a = 2\n") == "a = 2\n"


def test_what_is_not_proved_is_left() -> None:
    assert resolved("a = 1\n", "    a = 1\n", "a = 1\nb = 2\n") is None, "how far is the new line set in?"
    assert resolved("a = 1\nb = 2\n", "    a = 1\n  b = 2\n", "a = 3\nb = 2\n") is None, "moved by two widths"
    assert resolved("f( x )\n", "f(x)\n", "g( x )\n") is None, "blanks inside a line"
    assert resolved("a\n", "b\n", "c\n") is None
    assert resolved("a\n", "    b\n", "b\n") is None, "the same line at two depths"
