"""Changes that only stand side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.conflict import Conflict
from services.core.resolvers.apart import lines_apart, resolve, words_apart

BASE = ("first = start(1)\n", "second = stop(2)\n")


def code(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...], *gone: str) -> Conflict:
    return Conflict(base, ours, theirs, path="a.py", gone_theirs=frozenset(gone))


def test_neighbouring_lines() -> None:
    conflict = code(BASE, ("first = begin(1)\n", BASE[1]), (BASE[0], "second = finish(2)\n"))
    assert resolve(conflict) == ("first = begin(1)\n", "second = finish(2)\n")
    assert resolve(conflict.turned()) == resolve(conflict)


def test_a_line_added_beside_one_that_changed() -> None:
    conflict = code(BASE[:1], (BASE[0], "third = wait(3)\n"), ("first = begin(1)\n",))
    assert resolve(conflict) == ("first = begin(1)\n", "third = wait(3)\n")


@pytest.mark.parametrize(
    "conflict",
    [
        code(BASE, ("first = begin(1)\n", BASE[1]), (BASE[0], "second = begin(2)\n")),
        code(BASE[:1], (BASE[0], "third = start(3)\n"), ("first = begin(1)\n",), "start"),
        code(BASE[:1], (BASE[0], "again = start(1)\n"), ("first = begin(1)\n",)),
        code(BASE[:1], ("first = begin(1)\n",), ("first = commence(1)\n",)),
        code(("import a\n",), ("import a\n", "import c\n"), ("import b\n",)),
        code(("Name\n", "----\n"), ("Name\n", "----\n", "more\n"), ("Title\n", "=====\n")),
        code((), ("a\n",), ("b\n",)),
    ],
    ids=["same word", "word gone", "alike", "same place", "imports", "heading", "both added"],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None


def test_in_settings_words_are_enough() -> None:
    def toml(ours: str, theirs: str) -> Conflict:
        return Conflict(('run = ["one", "two"]\n',), (ours,), (theirs,), path="a.toml")

    conflict = toml('run = ["one"]\n', 'run = ["zero", "one", "two"]\n')
    assert resolve(conflict) == ('run = ["zero", "one"]\n',) == resolve(conflict.turned())
    assert resolve(toml('run = ["one", "two", "new"]\n', 'run = ["new", "one", "two"]\n')) is None, "the same word"
    assert resolve(toml('run = [ "one", "two" ]\n', 'run = ["one", "three"]\n')) is None, "blanks alone"


@pytest.mark.parametrize(
    ("path", "line", "ours", "theirs"),
    [
        ("setup.cfg", "addopts = {}", "-n 8 --maxfail 1", "-n 4 --maxfail 3"),
        ("a.yml", "  - run: {}", "-n 8 --maxfail 1", "-n 4 --maxfail 3"),
        ("a.yml", "    {}", "-v -n 4 --maxfail 1", "-n 4 --maxfail 1 tests"),
    ],
)
def test_a_value_without_quotes_is_one_piece(path: str, line: str, ours: str, theirs: str) -> None:
    base, mine, other = ((f"{line}\n".format(value),) for value in ("-n 4 --maxfail 1", ours, theirs))
    assert resolve(Conflict(base, mine, other, path=path)) is None


def test_lists_in_brackets_are_more() -> None:
    base, mine, other = ((f"  - on: [{each}]\n",) for each in ("one, two", "one", "zero, one, two"))
    assert resolve(Conflict(base, mine, other, path="a.yml")) == ("  - on: [zero, one]\n",)


def test_prose_is_left() -> None:
    conflict = code(BASE, ("first = begin(1)\n", BASE[1]), (BASE[0], "second = finish(2)\n"))
    assert resolve(Conflict(conflict.base, conflict.ours, conflict.theirs, path="notes.md")) is None


sides = st.lists(st.sampled_from(["alpha\n", "beta\n", "gamma\n", "delta\n"]), max_size=6).map(tuple)


@given(sides, sides, sides)
def test_a_line_both_sides_keep_is_never_lost(
    base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    for found in (lines_apart(Conflict(base, ours, theirs)), words_apart(Conflict(base, ours, theirs))):
        if found is not None:
            for line in set(base):
                least = min(base.count(line), ours.count(line), theirs.count(line))
                lost = base.count(line) - ours.count(line) + base.count(line) - theirs.count(line)
                assert found.count(line) >= min(least, base.count(line) - max(0, lost))


@given(st.lists(st.integers(0, 99), min_size=2, max_size=10, unique=True), st.data())
def test_edits_of_different_lines_are_both_made(numbers: list[int], data: st.DataObject) -> None:
    base = tuple(f"w{number}\n" for number in numbers)
    cut = data.draw(st.integers(1, len(base) - 1))
    ours = (*(f"o{line}" for line in base[:cut]), *base[cut:])
    theirs = (*base[:cut], *(f"t{line}" for line in base[cut:]))
    assert lines_apart(Conflict(base, ours, theirs)) == (*ours[:cut], *theirs[cut:])
