"""One side changed nothing but blanks: the other side's lines are taken, set in as the first has them.

Where lines were moved by different widths, or the other side added lines to those that were moved, nothing is proved.
"""

from services.core.conflict import Conflict, Lines, filled
from services.core.difference import changes
from services.core.resolvers import RULES, Rule


def resolve(conflict: Conflict) -> Lines | None:
    """Lines of the side with real changes, in the blanks of the other."""
    bare_base, bare_ours, bare_theirs = (_bare(side) for side in (conflict.base, conflict.ours, conflict.theirs))
    if bare_ours == bare_theirs:
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
    if not new or any(_inside(a) != _inside(b) for a, b in zip(was, now, strict=True)):
        return None
    moved = {_depth(b) - _depth(a) for a, b in zip(was, now, strict=True)}
    if moved == {0}:
        return real
    more = any(change.new_end - change.new_start > change.end - change.start for change in changes(was, new))
    return None if more or len(moved) > 1 else tuple(_shifted(line, *moved) for line in real)


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
