"""Both sides added whole functions or classes at the same place: all are kept, ours first.

Definitions beside one another don't depend on their order, so both orders mean the same. That they are whole follows
from how far in they stand: nothing of a side stands further out than its first line, and what is below goes on outside.
"""

import re

from services.core.conflict import Conflict, Lines, depth, filled, is_code
from services.core.resolvers import RULES, Rule

_NAME = re.compile(
    r"\s*(?:(?:export|default|public|private|protected|static|async|pub)\s+)*(?:def|class|function|func|fn)\s+(\w+)"
)
_BESIDE = re.compile(r"\s*(?:#|//|[)\]}])")
"""What may stand beside a definition: a comment, and the end of what was opened."""


def resolve(conflict: Conflict) -> Lines | None:
    """The definitions of both."""
    if not is_code(conflict.path) or filled(conflict.base):
        return None
    ours, theirs, after = (filled(lines) for lines in (conflict.ours, conflict.theirs, conflict.after))
    mine, other = names(ours), names(theirs)
    if not mine or not other or depth(ours[0]) != depth(theirs[0]) or len({*mine, *other}) != len(mine) + len(other):
        return None
    if after and (depth(after[0]), bool(_BESIDE.match(after[0]))) > (depth(ours[0]), False):
        return None
    return (*conflict.ours, *conflict.theirs)


def names(lines: Lines) -> list[str]:
    """What the lines define; nothing where they are more or less than whole definitions."""
    found: list[str] = []
    is_open = True
    for line in lines:
        name = _NAME.match(line)
        if depth(line) > depth(lines[0]) and found:
            continue
        if depth(line) != depth(lines[0]):
            return []
        if name:
            found.append(name[1])
            is_open = False
        elif line.lstrip().startswith("@"):
            is_open = True
        elif not _BESIDE.match(line):
            return []
    return [] if is_open else found


RULES.add(
    "definitions",
    Rule("Both sides added whole functions or classes; all are kept, ours first.", 70, resolve, words=False),
)
