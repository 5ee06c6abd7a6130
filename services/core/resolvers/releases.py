"""Both sides put sections of different releases at the same place of a changelog: all are kept, the newest first.

The order follows from the versions, where the section below is older than all of them. Whatever else stands in such a
hunk, a release that both have, a fix that both tell of, and a form with empty entries are left: those notes are for
people to put together.
"""

import re

from services.core.conflict import Conflict, Lines, filled, is_code
from services.core.resolvers import RULES, Rule

_HEADING = re.compile(
    r"\s{0,3}(#{1,4}\s)?\s*\W{0,3}(?:version\s|release\s)?v?(\d{1,9}(?:\.\d{1,9})+(?:\.x)?)[-.]?((?:dev|a|b|rc|alpha|beta|post)?)"
    r"[-.]?(\d{0,9})(?![\w.])",
    re.IGNORECASE,
)
_LINE_BELOW = re.compile(r"\s*([=~^*+#\"'`-])\1{2,}\s*$")
_EMPTY = re.compile(r"\s*[-*+]\s*$")
_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3, "": 4, "post": 5}
Version = tuple[tuple[int, ...], int, int]
Section = tuple[Version, Lines]


def resolve(conflict: Conflict) -> Lines | None:
    """The sections of both, by version."""
    if is_code(conflict.path) or filled(conflict.base):
        return None
    sides = [sections(side) for side in (conflict.ours, conflict.theirs)]
    below = sections(conflict.after)
    if not all(sides) or not below:
        return None
    if _entries(conflict.ours) & _entries(conflict.theirs) or any(map(_EMPTY.match, conflict.ours + conflict.theirs)):
        return None
    found = sorted((section for side in sides for section in side), key=_version, reverse=True)
    versions = [version for version, _ in found]
    if len({*versions, below[0][0]}) != len(found) + 1 or versions[-1] < below[0][0]:
        return None
    if any(side != sorted(side, key=_version, reverse=True) for side in sides):
        return None
    return tuple(line for _, lines in found for line in lines)


def sections(lines: Lines) -> list[Section]:
    """The sections of releases that the lines are; none where they begin with anything else."""
    found: list[tuple[Version, list[str]]] = []
    for at, line in enumerate(lines):
        version = _heading(line, lines[at + 1] if at + 1 < len(lines) else "")
        if version is not None:
            found.append((version, []))
        elif not found and line.strip():
            return []
        if found:
            found[-1][1].append(line)
    return [(version, tuple(held)) for version, held in found]


def _heading(line: str, below: str) -> Version | None:
    """The version that a heading names: one with a mark before it or a line of signs below."""
    found = _HEADING.match(line)
    if found is None or not (found[1] or _LINE_BELOW.match(below)):
        return None
    return (
        tuple(int(part) for part in found[2].removesuffix(".x").split(".")),
        _STAGES[found[3].lower()],
        int(found[4] or 0),
    )


def _entries(lines: Lines) -> set[str]:
    """The first lines of entries that say something."""
    return {line.strip() for line in lines if re.match(r"\s*[-*+]\s+\w", line)}


def _version(section: Section) -> Version:
    return section[0]


RULES.add(
    "releases",
    Rule("Both sides added different releases to a changelog; all are kept, the newest first.", 60, resolve),
)
