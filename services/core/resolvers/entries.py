"""Both sides added whole entries at the end of a list: all are kept, ours first as they were there first.

Only in texts for people, where the order of a list means little, and only at the end of a list whose entries follow one
another closely, or in a changelog right below a heading: of those with blank lines between them people choose an order.
Entries that resemble one another may be two words for the same, and are left.
"""

import re

from services.core.conflict import Conflict, Lines, depth, filled, is_code, is_settings, words
from services.core.resolvers import RULES, Rule

ALIKE = 0.5
_ENTRY = re.compile(r"\s*([-*+]) +\S")

_CHANGES = re.compile(
    r"(?:^|/)(?:changes?|change[-_]?logs?|history|news|release[-_]?notes?|releases?)[-_.\dvx]*(?:\.\w+)?$",
    re.IGNORECASE,
)
"""By the name of the file alone."""


def resolve(conflict: Conflict) -> Lines | None:
    """The entries of both."""
    if is_code(conflict.path) or is_settings(conflict.path) or filled(conflict.base):
        return None
    ours, theirs, before, after = map(filled, (conflict.ours, conflict.theirs, conflict.before, conflict.after))
    mark = _mark(ours)
    if mark is None or mark != _mark(theirs):
        return None
    ends = _follows(before, mark) and not _goes_on(after, mark)
    if not ends and not (_CHANGES.search(conflict.path) and before and before[-1].startswith("#")):
        return None
    around = [(*conflict.before, *side, *conflict.after) for side in (conflict.ours, conflict.theirs)]
    if (after and depth(after[0]) > mark[0]) or any(_is_loose(lines, mark) for lines in around):
        return None
    mine, other = (words(line.lower() for line in side) for side in (ours, theirs))
    if len(mine & other) >= ALIKE * max(1, min(len(mine), len(other))):
        return None
    return (*_blanks_before(conflict), *ours, *theirs, *_blanks_after(conflict))


Mark = tuple[int, str]


def _mark(lines: Lines) -> Mark | None:
    """How far in the entries stand and what they begin with; None where the lines are anything else."""
    first = _entry(lines[0]) if lines else None
    if first is None or any(_entry(line) != first for line in lines if depth(line) <= first[0]):
        return None
    return first


def _entry(line: str) -> Mark | None:
    found = _ENTRY.match(line)
    return (depth(line), found[1]) if found else None


def _follows(before: Lines, mark: Mark) -> bool:
    """Whether the last line above belongs to an entry of this list."""
    above = next((line for line in reversed(before) if depth(line) <= mark[0]), "")
    return _entry(above) == mark


def _goes_on(after: Lines, mark: Mark) -> bool:
    """Whether the list has more below: where between two entries a third belongs, nobody can tell."""
    return bool(after) and (depth(after[0]) > mark[0] or _entry(after[0]) == mark)


def _is_loose(lines: Lines, mark: Mark) -> bool:
    """Whether a blank line stands between two of the entries."""
    begun = blank = False
    for line in lines:
        if not line.strip():
            blank = True
            continue
        is_entry = _entry(line) == mark
        if begun and blank and is_entry:
            return True
        begun, blank = is_entry or (begun and depth(line) > mark[0]), False
    return False


def _blanks_before(conflict: Conflict) -> Lines:
    """The blank lines that a side put above its entries."""
    sides = conflict.ours, conflict.theirs
    return max((side[: next(at for at, line in enumerate(side) if line.strip())] for side in sides), key=len)


def _blanks_after(conflict: Conflict) -> Lines:
    """The blank lines that a side put below its entries."""
    sides = conflict.ours, conflict.theirs
    return max((side[len("".join(side).rstrip().splitlines()) :] for side in sides), key=len)


RULES.add(
    "entries",
    Rule("Both sides added entries at the end of a list in a text; all are kept, ours first.", 65, resolve),
)
