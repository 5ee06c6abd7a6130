"""One side changed nothing but blanks: the other side's lines are taken, set in as the first has them.

Where lines were moved by different widths, or the other side added lines to those that were moved, nothing is proved.
"""

import re

from services.core.conflict import Conflict, Lines, filled
from services.core.difference import changes
from services.core.resolvers import RULES, Rule

_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")


def resolve(conflict: Conflict) -> Lines | None:
    """Lines of the side with real changes, in the blanks of the other."""
    bare_base, bare_ours, bare_theirs = (_bare(side) for side in (conflict.base, conflict.ours, conflict.theirs))
    if bare_ours == bare_theirs:
        if _quoted(conflict.ours) != _quoted(conflict.theirs):
            return None
        return conflict.ours if bare_ours == bare_base or _depths(conflict.ours) == _depths(conflict.theirs) else None
    if bare_theirs == bare_base:
        return _dressed(conflict.base, conflict.theirs, conflict.ours)
    if bare_ours == bare_base:
        return _dressed(conflict.base, conflict.ours, conflict.theirs)
    return None


def _bare(lines: Lines) -> list[str]:
    return ["".join(line.split()) for line in filled(lines)]


def _depths(lines: Lines) -> list[int]:
    return [_depth(line) for line in filled(lines)]


def _dressed(base: Lines, blanks: Lines, real: Lines) -> Lines | None:
    """`real` with the blanks that `blanks` gave the lines of `base`."""
    was, now, new = filled(base), filled(blanks), filled(real)
    if not was:
        return real
    if not new or any(_inside(a) != _inside(b) for a, b in zip(was, now, strict=True)) or _quoted(was) != _quoted(now):
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


def _inside(line: str) -> str:
    return " ".join(line.split())


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _shifted(line: str, shift: int) -> str:
    if not line.strip():
        return line
    return " " * shift + line if shift > 0 else line[min(-shift, _depth(line)) :]


RULES.add(
    "blanks", Rule("One side changed nothing but blanks; the other side's change is taken.", 10, resolve, words=False)
)
