"""Both sides moved the same version on: the higher one is kept.

Only where the line says that it is a version, the two lines differ in nothing else, and neither side went back. Blank
lines beside it, the kind of quotes, and the hash of a commit that a version is named for don't count.
"""

import re

from services.core.conflict import Conflict, Lines, filled
from services.core.resolvers import RULES, Rule

_NUMBER = re.compile(
    r"(?<![\w.])v?(\d{1,9}(?:\.\d{1,9})+)[-.]?((?:dev|a|b|c|rc|alpha|beta|post|pre)?)[-.]?(\d{0,9})(?![\w])(?!\.\d)"
)
_SAID = re.compile(r"(?<![a-z])version|(?<![a-z])release(?![-_]?rate)|__version__", re.IGNORECASE)
_NAMED = re.compile(
    r"\brev\b|\btag\b|\b(?:uses|image):|^from\s+(?:--\S+\s+)?\S*:|@v?\d"
    r"|^\s*[\"']?[\w.-]+(?:\[[\w, .-]*\])?\s*[=~><]=",
    re.IGNORECASE,
)
_MAYBE = re.compile(r"[\w/-][:=]")
"""A name before a number is a version's where that has three parts; two may be a fraction, four an address."""
_COMPARED = re.compile(r"\s[=~><]=\s|\b(?:if|while|assert|return|elif)\b|&&|\|\|")
_HASH = re.compile(r"@[0-9a-f]{40}\b")
_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "pre": 3, "c": 3, "rc": 3, "": 4, "post": 5}
MOST_LINES = 4


def resolve(conflict: Conflict) -> Lines | None:
    """Line by line: what one side changed alone is taken, of two versions the higher."""
    sides = filled(conflict.base), filled(conflict.ours), filled(conflict.theirs)
    if len({len(side) for side in sides}) != 1 or not 0 < len(sides[0]) <= MOST_LINES:
        return None
    out: list[str] = []
    moved = 0
    for base, ours, theirs in zip(*sides, strict=True):
        if theirs in {base, ours}:
            out.append(ours)
        elif ours == base:
            out.append(theirs)
        else:
            line = higher(base, ours, theirs)
            if line is None:
                return None
            out.append(line)
            moved += 1
    if not moved:
        return None
    whole = (side for side in (conflict.ours, conflict.theirs) if filled(side) == tuple(out))
    return next(whole, tuple(out))


def higher(base: str, ours: str, theirs: str) -> str | None:
    """The line with the higher version, where the two differ in nothing else."""
    was, mine, other = (_key(line) for line in (base, ours, theirs))
    if was is None or mine is None or other is None or not _is_named(base):
        return None
    if _rest(ours) != _rest(theirs) or min(mine, other) < was or mine == other:
        return None
    return ours if mine > other else theirs


def _is_named(line: str) -> bool:
    """Whether the line says that its number is a version."""
    if _SAID.search(line):
        return True
    if _NAMED.search(line):
        return not _COMPARED.search(line)
    found = _NUMBER.search(line)
    return bool(found and found[1].count(".") == 2 and _MAYBE.search(line))


def _rest(line: str) -> str:
    """The line without what may differ."""
    return _HASH.sub("@", _NUMBER.sub("", line)).replace("'", '"')


def _key(line: str) -> tuple[list[int], int, int] | None:
    """What the line's only version is compared by; four numbers are an address as likely."""
    found = _NUMBER.findall(line)
    if len(found) != 1 or found[0][0].count(".") > 2:
        return None
    number, stage, count = found[0]
    numbers = [int(part) for part in number.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers, _STAGES[stage], int(count or 0)


RULES.add("version", Rule("Both sides moved the same version on; the higher one is kept.", 20, resolve))
