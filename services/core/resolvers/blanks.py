"""One side changed nothing but blanks: the other side's lines are taken, set in as the first has them.

Where lines were moved by different widths, or the other side added lines to those that were moved, nothing is proved.
"""

import re

from services.core.conflict import Conflict, Lines, filled, is_code, tokens
from services.core.difference import changes
from services.core.resolvers import RULES, Rule

_TEXT = re.compile(r"[`/]|\"{3}|'{3}")
"""What may begin a text over several lines, or one without quotes."""
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")


def resolve(conflict: Conflict) -> Lines | None:
    """Lines of the side with real changes, in the blanks of the other."""
    bare_base, bare_ours, bare_theirs = (_bare(side) for side in (conflict.base, conflict.ours, conflict.theirs))
    if bare_ours == bare_theirs:
        return conflict.ours if _is_same(conflict, ended=bare_ours == bare_base) else None
    for blanks, bare, real in (
        (conflict.theirs, bare_theirs, conflict.ours),
        (conflict.ours, bare_ours, conflict.theirs),
    ):
        if bare == bare_base:
            return None if _breaks(conflict, blanks) else _dressed(conflict.base, blanks, real)
    return None


def _is_same(conflict: Conflict, *, ended: bool) -> bool:
    """Whether two sides that differ in blanks say the same. ended: only by blanks at the ends of lines.

    Inside a line, only where it is code and has nothing in which blanks may count.
    """
    ours, theirs = filled(conflict.ours), filled(conflict.theirs)
    if [line.rstrip() for line in ours] == [line.rstrip() for line in theirs]:
        return not _breaks(conflict, conflict.theirs, conflict.ours)
    if ended or not is_code(conflict.path) or any(map(_TEXT.search, (*ours, *theirs))):
        return False
    same = _quoted(ours) == _quoted(theirs) and _depths(ours) == _depths(theirs)
    return same and tokens(ours) == tokens(theirs)


def _breaks(conflict: Conflict, side: Lines, other: Lines | None = None) -> bool:
    """Whether blanks at line ends differ where they break a line."""
    if not conflict.path.lower().endswith((".md", ".markdown")):
        return False
    ends = [[line.rstrip("\r\n").endswith("  ") for line in filled(lines)] for lines in (side, other or conflict.base)]
    return ends[0] != ends[1]


def _bare(lines: Lines) -> list[str]:
    return ["".join(line.split()) for line in filled(lines)]


def _depths(lines: Lines) -> list[int]:
    return [_depth(line) for line in filled(lines)]


def _dressed(base: Lines, blanks: Lines, real: Lines) -> Lines | None:
    """`real` with the blanks that `blanks` gave the lines of `base`."""
    was, now, new = filled(base), filled(blanks), filled(real)
    if not was:
        return real
    if not new or any(a.strip() != b.strip() for a, b in zip(was, now, strict=True)) or _quoted(was) != _quoted(now):
        return None
    if any("\t" in _lead(line) for line in (*was, *now, *new)):
        return _led(was, now, real)
    moved = {_depth(b) - _depth(a) for a, b in zip(was, now, strict=True)}
    if moved == {0}:
        return real
    more = any(change.new_end - change.new_start > change.end - change.start for change in changes(was, new))
    return None if more or len(moved) > 1 else tuple(_shifted(line, *moved) for line in real)


def _led(was: Lines, now: Lines, real: Lines) -> Lines | None:
    """With tabs there are no widths: each beginning of a line has to have become one other."""
    leads = {_lead(a): _lead(b) for a, b in zip(was, now, strict=True)}
    if any(leads[_lead(a)] != _lead(b) for a, b in zip(was, now, strict=True)):
        return None
    if any(_lead(line) not in leads for line in filled(real)):
        return None
    return tuple(leads[_lead(line)] + line.lstrip() if line.strip() else line for line in real)


def _lead(line: str) -> str:
    return line[: _depth(line)]


def _quoted(lines: Lines) -> list[str]:
    """What stands in quotes, in which blanks count."""
    return _QUOTED.findall("".join(lines))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _shifted(line: str, shift: int) -> str:
    if not line.strip():
        return line
    return " " * shift + line if shift > 0 else line[min(-shift, _depth(line)) :]


RULES.add(
    "blanks", Rule("One side changed nothing but blanks; the other side's change is taken.", 10, resolve, words=False)
)
