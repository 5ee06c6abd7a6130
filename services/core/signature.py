"""What a failure is called, so that the same one is known again elsewhere and later.

A line of evidence without what differs from run to run: paths, addresses, times, durations, ids and numbers.
"""

import re
from collections.abc import Iterable

LINES = 2
LENGTH = 160
_SPLIT = re.compile(r"([\s\"'`()\[\]{}<>|=,;]+)")
_HEX = re.compile(r"(?:0x)?[0-9a-f]{6,}(?:-[0-9a-f]{4,})*")
_NUMBER = re.compile(r"\d+(?:[.:,_-]\d+)*")
_UNIT = re.compile(r"#\s?(?:ns|us|µs|ms|s|m|h|sec|secs|seconds?|min|mins|minutes?|hours?|%|[kmg]i?b)\b")
_BLANK = re.compile(r"[^\S ]+| {2,}")


def normal(text: str) -> str:
    """The line without what differs from run to run."""
    parts = (_part(part) for part in _SPLIT.split(text.lower()[:1_000]))
    joined = _UNIT.sub("#", _NUMBER.sub("#", "".join(parts)))
    return _BLANK.sub(" ", joined).strip()[:LENGTH].rstrip()


def signature(cls: str, texts: Iterable[str]) -> str:
    """The class and the first different lines that told it."""
    found: list[str] = []
    for text in texts:
        line = normal(text)
        if line and line not in found:
            found.append(line)
        if len(found) == LINES:
            break
    return ": ".join([cls, " | ".join(found)]) if found else cls


def _part(part: str) -> str:
    if "/" in part or "\\" in part:
        return "<path>"
    if _HEX.fullmatch(part) and any(char.isdigit() for char in part):
        return "#"
    return part


def of_class(cls: str, rest: str) -> str:
    """A signature of something that is no log."""
    return f"{cls}: {rest}"[:400]


def without_class(found: str) -> str:
    """What failed, whatever it was taken for."""
    return found.partition(": ")[2]
