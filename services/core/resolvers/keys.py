"""Both sides changed settings: each key is looked at by itself, with what stands under it.

What one side alone added, changed or took away is done; a key that both changed leaves the hunk. Keys that both added
stand one after the other, ours first: to who reads them their order says nothing. The whole file is read again
afterwards, and each key held against the three.
"""

import re
from collections.abc import Sequence

from services.core.conflict import Conflict, Lines, depth, filled, is_settings
from services.core.resolvers import RULES, Rule

_KEY = re.compile(r"""\s*(?:"([^"\\]+)"|'([^'\\]+)'|([A-Za-z0-9_.@/-]+))\s*[:=](?:\s|$)""")
_SECTION = re.compile(r"\s*(\[[^\[\]]+\])\s*$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_CLOSING = re.compile(r"\s*[\])}],?\s*$")
Blocks = dict[str, Lines]


def resolve(conflict: Conflict) -> Lines | None:
    """The keys of both."""
    if not is_settings(conflict.path):
        return None
    is_json = conflict.path.lower().endswith(".json")
    sides = [filled(side) for side in (conflict.base, conflict.ours, conflict.theirs)]
    if is_json and any(re.search(r"//|/\*", _QUOTED.sub("", line)) for side in sides for line in side):
        return None  # in a comment, a comma is none
    depths = {depth(side[0]) for side in sides if side}
    found = [_blocks(side, is_json=is_json) for side in sides]
    base, ours, theirs = found
    if base is None or ours is None or theirs is None or not ours or not theirs or len(depths) != 1:
        return None
    if any(_is_gapped(side) for side in (conflict.base, conflict.ours, conflict.theirs)):
        return None
    if len({key.startswith("[") for side in (base, ours, theirs) for key in side}) > 1:
        return None
    if filled(conflict.after) and depth(filled(conflict.after)[0]) > min(depths):
        return None
    kept = _merged(base, ours, theirs)
    if kept is None:
        return None
    if not is_json:
        return _spaced(kept, conflict)
    goes_on = bool(_KEY.match("".join(filled(conflict.after)[:1])))
    return tuple(line for at, block in enumerate(kept) for line in _ended(block, comma=goes_on or at + 1 < len(kept)))


def _blocks(lines: Lines, *, is_json: bool) -> Blocks | None:
    """Key -> its lines; None where the lines are anything else, or a key stands there twice."""
    found: dict[str, list[str]] = {}
    held: list[str] = []
    for line in lines:
        key = _SECTION.match(line) or _KEY.match(line)
        if held and _SECTION.match(held[0]) and not _SECTION.match(line):
            held.append(line)  # what stands below its head is a section's
            continue
        if depth(line) > depth(lines[0]) or (found and _CLOSING.match(line) and depth(line) == depth(lines[0])):
            held.append(line)
            continue
        if key is None or depth(line) != depth(lines[0]) or line.lstrip()[0] in "-#;":
            return None
        name = next(filter(None, key.groups()))
        if name in found:
            return None
        held = found[name] = [line]
    return {key: _ended(tuple(block), comma=False) if is_json else tuple(block) for key, block in found.items()}


def _spaced(kept: Sequence[Lines], conflict: Conflict) -> Lines:
    """One after the other; sections with a blank line between them where the sides put one before or after theirs."""
    sides = conflict.ours, conflict.theirs
    first, last = (all(not side[at].strip() for side in sides) for at in (0, -1))
    apart = (first or last) and all(block[0].lstrip().startswith("[") for block in kept)
    lines = [line for at, block in enumerate(kept) for line in (*(("\n",) if apart and at else ()), *block)]
    return (*(("\n",) if apart and first else ()), *lines, *(("\n",) if apart and last else ()))


def _is_gapped(lines: Lines) -> bool:
    """Whether blank lines stand inside: they may be of a text."""
    return bool(re.search(r"\S[^\n]*\n\s*\n\s*\S", "".join(lines)))


def _merged(base: Blocks, ours: Blocks, theirs: Blocks) -> list[Lines] | None:
    """What is wanted of each key, in our order; None where nobody can tell."""
    if [key for key in ours if key in theirs] != [key for key in theirs if key in ours]:
        return None
    kept: list[Lines] = []
    for key in (*ours, *(key for key in theirs if key not in ours)):
        was, mine, other = base.get(key), ours.get(key), theirs.get(key)
        if mine not in {was, other} and other != was:
            return None
        wanted = other if mine == was else mine
        if wanted is not None:
            kept.append(wanted)
    return kept if _in_order(kept, ours) and _in_order(kept, theirs) else None


def _in_order(kept: Sequence[Lines], side: Blocks) -> bool:
    """Whether what a side has still stands in its order."""
    places = {block: at for at, block in enumerate(kept)}
    found = [places[block] for block in side.values() if block in places]
    return found == sorted(found)


def _ended(block: Lines, *, comma: bool) -> Lines:
    bare = block[-1].rstrip().removesuffix(",")
    end = block[-1][len(block[-1].rstrip()) :]
    return (*block[:-1], bare + ("," if comma else "") + end)


RULES.add("keys", Rule("Both sides changed different keys of settings; each key is looked at by itself.", 55, resolve))
