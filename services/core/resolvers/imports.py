"""Both sides added to a block of imports: all of them are kept.

Only for blocks of whole one-line statements, only where nothing was taken away, and only where both sides keep them
sorted, so that the place of each follows.
"""

import re
from collections.abc import Callable

from services.core.conflict import Conflict, Lines, filled, kind, words
from services.core.resolvers import RULES, Rule

_NAMES = re.compile(r"[(\\]|^\s*(?:#include|export)")
_KEYS: tuple[Callable[[str], object], ...] = (
    str.strip,
    lambda line: line.strip().lower(),
    lambda line: (line.split()[1:2], line),
    lambda line: (line.lstrip().startswith("from"), line.strip().lower()),
)


def resolve(conflict: Conflict) -> Lines | None:
    """The block both sides want, sorted as both have it."""
    sides = conflict.base, conflict.ours, conflict.theirs
    if any(filled(side) != side for side in sides) or not all(map(_plain, (line for side in sides for line in side))):
        return None
    base, ours, theirs = (set(side) for side in sides)
    added = (ours - base, theirs - base)
    if base - ours or base - theirs:
        return None
    if {_module(line) for line in added[0] - added[1]} & {_module(line) for line in added[1] - added[0]}:
        return None
    if words(added[0]) & conflict.gone_theirs or words(added[1]) & conflict.gone_ours:
        return None
    around = [tuple(line for line in lines if _plain(line)) for lines in (conflict.before[-3:], conflict.after[:3])]
    for key in _KEYS:
        runs = [[key(line) for line in (*around[0], *side, *around[1])] for side in sides[1:]]
        if all(run == sorted(run) for run in runs) and min(map(len, runs)) > 2:  # type: ignore[type-var]
            return tuple(sorted(ours | theirs, key=key))  # type: ignore[arg-type]
    return None


def _plain(line: str) -> bool:
    return kind(line) == "import" and not _NAMES.search(line)


def _module(line: str) -> str:
    return " ".join(line.split()[1:2])


RULES.add("imports", Rule("Both sides added to a sorted block of imports; all are kept in order.", 35, resolve))
