"""A conflict that was resolved before is recognised and resolved the same way, as git's rerere does.

The id of a hunk is made of its two sides, whichever way round and without blanks at line ends, so that a merge in the
other direction finds it too; and of its file's path, because a line like `1` may be in conflict anywhere. Where
resolutions are kept is for others to say: here they come as a mapping.
"""

import hashlib
from collections.abc import Mapping

from services.core.conflict import Lines
from services.core.difference import changes
from services.core.newlines import split
from services.core.threeway import Hunk, merge

MOST_LINES, MOST_CHARACTERS = 200, 16_000
"""Of a resolution that is learned."""
MOST_HUNKS = 50
"""Of a file of which anything is learned or recalled."""


def hunk_id(hunk: Hunk[str], path: str = "") -> str:
    """The same for the same two sides in the same file."""
    sides = sorted("\n".join(line.rstrip() for line in side) for side in (hunk.ours, hunk.theirs))
    return hashlib.sha256("\0".join([*sides, path]).encode("utf-8", "surrogateescape")).hexdigest()


def recalled(hunk: Hunk[str], known: Mapping[str, Lines], path: str = "") -> Lines | None:
    """The lines somebody resolved such a hunk to."""
    return known.get(hunk_id(hunk, path))


def learned(base: Lines, ours: Lines, theirs: Lines, resolved: Lines, path: str = "") -> dict[str, Lines]:
    """Id -> lines of each hunk whose resolution stands alone between lines that nobody touched. The same hunk resolved
    in two ways tells nothing.
    """
    places: list[str | Hunk[str]] = []
    for part in merge(base, ours, theirs):
        places += [part] if isinstance(part, Hunk) else part.tokens
    found: dict[str, set[Lines]] = {}
    for change in changes(places, resolved):
        first = places[change.start] if change.end - change.start == 1 else None
        if isinstance(first, Hunk):
            found.setdefault(hunk_id(first, path), set()).add(tuple(resolved[change.new_start : change.new_end]))
    return {key: lines for key, (lines, *others) in found.items() if not others}


def ids(base: str, ours: str, theirs: str, path: str) -> list[str]:
    """Of the hunks of three texts; none where there are too many."""
    _, sides = split(base, ours, theirs)
    found = [hunk_id(part, path) for part in merge(*sides) if isinstance(part, Hunk)]
    return found if len(found) <= MOST_HUNKS else []


def of_texts(base: str, ours: str, theirs: str, resolved: str, path: str) -> dict[str, Lines]:
    """What is learned of a file: only small resolutions that are text."""
    style, sides = split(base, ours, theirs)
    if style.crlf is None:
        return {}
    _, (_, _, made) = split(base, ours, resolved)
    found = learned(*sides, made, path)
    return {key: lines for key, lines in found.items() if _is_small(lines)} if len(found) <= MOST_HUNKS else {}


def _is_small(lines: Lines) -> bool:
    text = "".join(lines)
    return (
        len(lines) <= MOST_LINES and len(text) <= MOST_CHARACTERS and not any("\ud800" <= c <= "\udfff" for c in text)
    )
