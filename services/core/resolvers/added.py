"""Both sides added lines at the same place of a sorted list: all are kept, where the order has them.

Without an order nothing is proved: which of two entries comes first is for people to say.
"""

import re
from collections.abc import Callable

from services.core.conflict import Conflict, Lines, filled, is_code
from services.core.resolvers import RULES, Rule

_KEY = re.compile(r"\W*(\w[\w.-]*)\s*(?:\[[^\]]*\]\s*)?(?:[=:~<>!@;]|$)")
_KEYS: tuple[Callable[[str], str], ...] = (
    lambda line: line,
    lambda line: line.strip().lower(),
    lambda line: re.sub(r"^\W+", "", line).strip().lower(),
)


def resolve(conflict: Conflict) -> Lines | None:
    """Both, in the order that the lines around have. Lists in code have ends and commas: those are left."""
    if is_code(conflict.path) or filled(conflict.base) or not (filled(conflict.ours) and filled(conflict.theirs)):
        return None
    return in_order(conflict)


def in_order(conflict: Conflict) -> Lines | None:
    """Single lines among lines that are sorted."""
    ours, theirs = conflict.ours, conflict.theirs
    if filled(ours) != ours or filled(theirs) != theirs:
        return None
    if _keys({*ours} - {*theirs}) & _keys({*theirs} - {*ours}):
        return None
    before, after = conflict.before[-4:], conflict.after[:4]
    for key in _KEYS:
        sides = [[key(line) for line in (*before, *side, *after)] for side in (ours, theirs)]
        if len(before) + len(after) >= 4 and all(
            side == sorted(side) and len(set(side)) == len(side) for side in sides
        ):
            return tuple(dict.fromkeys(sorted((*ours, *theirs), key=key)))
    return None


def _keys(lines: set[str]) -> set[str]:
    """What the lines give a value, or all that they say, however it is written."""
    return {re.sub(r"[-_.]+", "-", found[1].lower()) for found in map(_KEY.match, lines) if found}


RULES.add("added", Rule("Both sides added lines to a sorted list; all are kept in order.", 50, resolve))
