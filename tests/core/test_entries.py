"""Entries that both sides put at the end of a list."""

import pytest

from services.core.conflict import Conflict, Lines
from services.core.resolvers.entries import resolve

BEFORE = ("Changes\n", "\n", "- First of all,\n", "  on two lines\n")
OURS, THEIRS = ("- Colour prints\n",), ("- Faster start\n", "  of the server\n")


def ends(ours: Lines, theirs: Lines, before: Lines = BEFORE, after: Lines = (), path: str = "CHANGES.md") -> Conflict:
    return Conflict((), ours, theirs, before, after, path)


def test_ours_stand_first() -> None:
    assert resolve(ends(OURS, THEIRS)) == OURS + THEIRS
    assert resolve(ends(OURS, (*THEIRS, "\n"), after=("Version 1\n",))) == (*OURS, *THEIRS, "\n")
    assert resolve(ends((*OURS, "\n"), THEIRS, after=("Version 1\n",))) == (*OURS, *THEIRS, "\n")


def test_right_below_a_heading_of_a_changelog() -> None:
    head = ("# Changes\n", "\n", "## Unreleased\n", "\n")
    assert resolve(ends(OURS, THEIRS, head, ("- Old one\n",))) == OURS + THEIRS
    assert resolve(ends(OURS, THEIRS, head, ("\n", "## 1.0\n"))) == OURS + THEIRS
    assert resolve(ends(("\n", *OURS), ("\n", *THEIRS), head[:3])) == ("\n", *OURS, *THEIRS)
    assert resolve(ends(("\n", *OURS), THEIRS, head[:3])) == ("\n", *OURS, *THEIRS)


@pytest.mark.parametrize(
    "path", ["CHANGES", "docs/changelog.rst", "HISTORY.md", "RELEASE-NOTES.md", "CHANGELOG-3.x.md"]
)
def test_a_changelog_by_the_name_of_its_file(path: str) -> None:
    assert resolve(ends(OURS, THEIRS, ("# Unreleased\n",), ("- Old one\n",), path)) == OURS + THEIRS


@pytest.mark.parametrize("path", ["STEPS.md", "docs/exchange.md", "docs/release-process.md", "changes/steps.md"])
def test_steps_have_an_order(path: str) -> None:
    assert resolve(ends(OURS, THEIRS, ("# Unreleased\n",), ("- Old one\n",), path)) is None


def test_below_a_heading_what_follows_counts() -> None:
    head = ("# Changes\n",)
    assert resolve(ends(OURS, THEIRS, head, ("  goes on\n",))) is None
    assert resolve(ends((*OURS, "\n"), (*THEIRS, "\n"), head, ("- Old one\n",))) is None, "with blank lines between"


@pytest.mark.parametrize(
    "conflict",
    [
        ends(OURS, THEIRS, after=("- Last\n",)),
        ends(OURS, THEIRS, after=("  more\n",)),
        ends(OURS, THEIRS, before=("Changes\n",)),
        ends(OURS, THEIRS, before=("* First\n",)),
        ends(OURS, ("Faster start\n",)),
        ends(OURS, ("* Faster start\n",)),
        ends(("- Colour prints\n", "\n", "- More\n"), THEIRS),
        ends(("\n", *OURS), THEIRS),
        ends(OURS, ("- Prints in colour now\n",)),
        ends(OURS, THEIRS, path="ci.yml"),
        ends(OURS, THEIRS, path="a.py"),
        Conflict(("- Old\n",), OURS, THEIRS, BEFORE, (), "CHANGES.md"),
    ],
    ids=[
        "goes_on",
        "inside",
        "no_list",
        "other_list",
        "text",
        "other_mark",
        "loose",
        "loose_above",
        "alike",
        "settings",
        "code",
        "changed",
    ],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
