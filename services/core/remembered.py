"""A conflict that was resolved before is recognised and resolved the same way, as git's rerere does.

The id of a hunk is made of its two sides, whichever way round and without blanks at line ends, so that a merge in the
other direction finds it too. Where resolutions are kept is for others to say: here they come as a mapping.
"""

import hashlib
from collections.abc import Mapping

from services.core.conflict import Lines
from services.core.difference import changes
from services.core.threeway import Hunk, merge


def hunk_id(hunk: Hunk[str]) -> str:
    """The same for the same two sides."""
    sides = sorted("\n".join(line.rstrip() for line in side) for side in (hunk.ours, hunk.theirs))
    return hashlib.sha256("\0".join(sides).encode("utf-8", "surrogateescape")).hexdigest()


def recalled(hunk: Hunk[str], known: Mapping[str, Lines]) -> Lines | None:
    """The lines somebody resolved such a hunk to."""
    return known.get(hunk_id(hunk))


def learned(base: Lines, ours: Lines, theirs: Lines, resolved: Lines) -> dict[str, Lines]:
    """Id -> lines of each hunk whose resolution stands alone between lines that nobody touched."""
    places: list[str | Hunk[str]] = []
    for part in merge(base, ours, theirs):
        places += [part] if isinstance(part, Hunk) else part.tokens
    found: dict[str, Lines] = {}
    for change in changes(places, resolved):
        first = places[change.start] if change.end - change.start == 1 else None
        if isinstance(first, Hunk):
            found[hunk_id(first)] = tuple(resolved[change.new_start : change.new_end])
    return found
