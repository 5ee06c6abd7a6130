"""Checked reads from JSON that somebody else wrote: each takes what may be anything and returns one type within bounds.

What is missing, of another type or of another shape becomes the type's nothing ("", 0, False, ()), so a caller needs no
guards and can't be surprised. Texts are cut, never escaped: whoever shows them does that.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

Json = Mapping[str, object]

LINE = 512
"""Characters of titles, refs and names."""
BODY = 262_144
"""Characters of bodies; GitHub itself stops at 65,536."""
MANY = 1_000
"""Labels, pull requests or repositories of one event."""
LARGEST = 2**53
"""Numbers of issues and pull requests."""

_REPO = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}", re.ASCII)
_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_WORD = re.compile(r"[a-z_]{1,64}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)


def part(source: Json, name: str) -> Json:
    """The object under `name`, or an empty one."""
    found = source.get(name)
    return found if isinstance(found, dict) else {}


def items(source: Json, name: str) -> Sequence[Json]:
    """The objects in the list under `name`, MANY at most."""
    found = source.get(name)
    return [each for each in found[:MANY] if isinstance(each, dict)] if isinstance(found, list) else []


def text(source: Json, name: str, longest: int = BODY) -> str:
    """A text as it was written, cut."""
    found = source.get(name)
    return found[:longest] if isinstance(found, str) else ""


def line(source: Json, name: str) -> str:
    """A title, ref or name."""
    return text(source, name, LINE)


def flag(source: Json, name: str) -> bool:
    """True only for true."""
    return source.get(name) is True


def number(source: Json, name: str = "number") -> int:
    """The number of an issue or pull request, or another small count; 0 for nothing."""
    found = source.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= LARGEST else 0


def ident(source: Json, name: str = "id") -> str:
    """An id: GitHub sends numbers, we keep texts."""
    found = source.get(name)
    return _matching(_DIGITS, str(found) if isinstance(found, int) and abs(found) < 10**20 else found)


def moment(source: Json, name: str) -> datetime | None:
    """GitHub's time, aware, or None."""
    try:
        found = datetime.fromisoformat(line(source, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def word(source: Json, name: str) -> str:
    """An action, state, status or conclusion: lower case and underscores."""
    return _matching(_WORD, source.get(name))


def sha(source: Json, name: str) -> str:
    """A commit's full hash."""
    return _matching(_SHA, source.get(name))


def login(source: Json, name: str = "login") -> str:
    """An account's name."""
    return _matching(_LOGIN, source.get(name))


def repo(source: Json, name: str = "full_name") -> str:
    """`owner/name`; never `.` or `..`, which a path would follow."""
    found = _matching(_REPO, source.get(name))
    return "" if "." in found and {".", ".."} & set(found.split("/")) else found


def _matching(pattern: re.Pattern[str], found: object) -> str:
    return found if isinstance(found, str) and pattern.fullmatch(found) else ""
