"""Both sides changed a sorted list of requirements: each package is looked at by itself.

What one side alone added, moved or took away is done. A package that both changed is left, and so is a list with other
lines in it, such as the comments of a tool that writes it.
"""

import re

from services.core.conflict import Conflict, Lines, filled
from services.core.resolvers import RULES, Rule

_PATH = re.compile(
    r"(?:^|/)(?:[\w-]*require[\w-]*|constraints|dev|test|docs)[\w-]*\.(?:txt|in)$|requirements/", re.IGNORECASE
)
LEAST = 4
"""How many names have to be in order before it counts as one."""
_LINE = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[\w, -]*\])?\s*(?:[=<>~!].*)?$")


def resolve(conflict: Conflict) -> Lines | None:
    """The list, in the order of the names if both sides have it so."""
    sides = conflict.base, conflict.ours, conflict.theirs
    if not _PATH.search(conflict.path) or any(filled(side) != side for side in sides):
        return None
    tables = [_table(side) for side in sides]
    base, ours, theirs = tables
    if base is None or ours is None or theirs is None or not all(_in_order(conflict, side) for side in (ours, theirs)):
        return None
    chosen: dict[str, str] = {}
    for name in sorted({*ours, *theirs}):
        was, mine, other = base.get(name), ours.get(name), theirs.get(name)
        kept = _one(was, mine, other)
        if kept is None:
            return None
        if kept:
            chosen[name] = kept
    return tuple(chosen.values())


def _one(was: str | None, mine: str | None, other: str | None) -> str | None:
    """The line that is wanted, "" for none; None where nobody can tell."""
    if mine == other or other == was:
        return mine or ""
    if mine == was:
        return other or ""
    return None


def _table(lines: Lines) -> dict[str, str] | None:
    """Name -> line; None where a line is something else or a name stands there twice."""
    found: dict[str, str] = {}
    for line in lines:
        name = _LINE.match(line)
        if name is None or _key(name[1]) in found:
            return None
        found[_key(name[1])] = line
    return found


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _in_order(conflict: Conflict, names: dict[str, str]) -> bool:
    """Whether the list is kept sorted, as far as it is seen from here."""
    around = [[found for line in lines if (found := _LINE.match(line))] for lines in (conflict.before, conflict.after)]
    before, after = ([_key(name[1]) for name in side] for side in around)
    seen = [*before, *names, *after]
    return len(seen) >= LEAST and seen == sorted(seen)


RULES.add(
    "pins", Rule("Both sides changed a sorted list of requirements; each package is looked at by itself.", 25, resolve)
)
