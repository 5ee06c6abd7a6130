"""Sections of different releases at the same place of a changelog."""

import pytest

from services.core.conflict import Conflict, Lines
from services.core.resolvers.releases import resolve

BELOW = ("Version 1.0\n", "-----------\n")


def section(version: str, *entries: str) -> Lines:
    head = f"Version {version}\n"
    return (head, "-" * (len(head) - 1) + "\n", "\n", *(f"- {entry}\n" for entry in entries), "\n")


def changelog(ours: Lines, theirs: Lines, after: Lines = BELOW, path: str = "CHANGES.rst") -> Conflict:
    return Conflict((), ours, theirs, (), after, path)


def test_the_newest_stands_first_on_either_side() -> None:
    major, minor = section("2.0", "New"), section("1.0.1", "Mended")
    conflict = changelog(major, minor)
    assert resolve(conflict) == major + minor == resolve(conflict.turned())
    assert resolve(changelog(section("1.1.dev"), section("1.1a2") + section("1.0.5"))) == (
        section("1.1a2") + section("1.1.dev") + section("1.0.5")
    )


def test_headings_of_markdown() -> None:
    ours, theirs = ("## [1.10.0] - 2026-01-02\n", "- New\n"), ("## 1.9.3\n", "- Mended\n")
    conflict = changelog(ours, theirs, ("## 1.9.2\n",), "CHANGELOG.md")
    assert resolve(conflict) == ours + theirs == resolve(conflict.turned())


@pytest.mark.parametrize(
    "conflict",
    [
        changelog(section("2.0"), section("2.0", "New")),
        changelog(section("2.0"), section("1.0", "New")),
        changelog(section("2.0"), section("0.9", "New")),
        changelog(section("2.0"), section("1.0.1"), ("Text\n",)),
        changelog(section("2.0"), ("More.\n", *section("1.0.1"))),
        changelog(section("2.0", "Mended"), section("1.0.1", "Mended")),
        changelog((*section("2.0"), "*\n"), section("1.0.1")),
        changelog(section("1.1") + section("1.2"), section("1.0.1")),
        changelog(section("2.0"), section("1.0.1"), path="a.py"),
        Conflict(("x\n",), section("2.0"), section("1.0.1"), (), BELOW, "CHANGES.rst"),
    ],
    ids=["same", "as below", "older", "no order", "text", "same entry", "a form", "upwards", "code", "not added"],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
