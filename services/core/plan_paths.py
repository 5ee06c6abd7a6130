"""The `paths` of a task: what an entry may look like, and whether two entries can mean the same file.

The patterns themselves are those of core/paths.py (`*` and `?` within one part of a path, `**` for any number of
parts).
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from services.core.plan_text import find_hidden, quote

MAX_PATH = 512
_DRIVE = re.compile(r"[A-Za-z]:")
_WILD = re.compile(r"[*?]")

Item = TypeVar("Item")


def tidy(path: str) -> str:
    """One spelling for one meaning: no `./`, no doubled `/`, and `docs/` written as `docs/**`."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return "/".join([*parts, "**"] if parts and path.endswith("/") else parts)


def objection(path: str) -> str | None:
    """Why an entry can't be used, as the end of a sentence that starts with the entry; None when it can."""
    parts = path.split("/")
    trimmed = [part.rstrip(" .").lower() for part in parts]
    rules = (
        (len(path) > MAX_PATH, f"has more than {MAX_PATH} characters; name a folder instead"),
        (
            path.startswith(("/", "~")) or _DRIVE.match(path),
            "is not inside the repository; write it relative to the repository's root",
        ),
        ("\\" in path, "holds a backslash; separate folders with `/`"),
        (".." in parts, "leaves the repository; remove the `..`"),
        (".git" in trimmed or "git~1" in trimmed, "reaches into `.git`, which no task may change"),
        (
            path.startswith(("!", ":")),
            f"starts with {quote(path[:1])}, which has no meaning here; list what the task may change",
        ),
        (
            find_hidden(path) >= 0 or any(c in path for c in "\n\t"),
            "holds a character that cannot be seen; type it again",
        ),
        (not tidy(path), "names nothing; write a folder such as `src/**`, or leave `paths` out"),
    )
    return next((reason for broken, reason in rules if broken), None)


def overlap(one: str, other: str) -> bool:
    """Can some path match both patterns? Exact for `*`, `?` and `**`; at most len(one) x len(other) steps."""
    return _meet(_parts(one), _parts(other), "**", lambda a, b: _meet(a, b, "*", _same_letter))


def literal_start(pattern: str) -> str:
    """What every match of the pattern starts with."""
    return _WILD.split(pattern, maxsplit=1)[0]


def _parts(pattern: str) -> list[str]:
    """The parts of a tidy pattern; one without a wildcard in its last part also means everything below it."""
    parts = pattern.split("/")
    return parts if _WILD.search(parts[-1]) else [*parts, "**"]


def _same_letter(one: str, other: str) -> bool:
    return one == other or "?" in {one, other}


def _meet(one: Sequence[Item], other: Sequence[Item], star: str, same: Callable[[Item, Item], bool]) -> bool:
    """Is there something that both wildcard patterns match? Walks the pairs of positions row by row."""
    row = [True]
    for item in other:
        row.append(row[-1] and item == star)
    for left in one:
        above, row = row, [row[0] and left == star]
        for at, right in enumerate(other):
            if left == star:
                row.append(above[at + 1] or row[at])
            elif right == star:
                row.append(row[at] or above[at + 1])
            else:
                row.append(above[at] and same(left, right))
    return row[-1]
