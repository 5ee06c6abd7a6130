"""Patterns of failures in logs, and the index that finds which of them a line has.

A pattern is literal text: case does not count, `*` stands for anything in between, `#` for a number other than 0 (in a
pattern that has one, all numbers are `#`), and `^` in front for the beginning of the line. It begins and ends with
whole words unless a `*` stands there. There are no regular expressions, so that a repository's own patterns can't blow
up: a line is searched for each piece in turn, from left to right and never back, which takes time linear in the line. A
pattern is filed under one of its words, so a line is compared with few of them.
"""

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from services.core.failures import FailureClass

Row = tuple[FailureClass, int, str]
"""Class, weight and text of a pattern, as the tables hold them."""
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[a-z]{2,}")
OWN_WEIGHT = 25
ANNOTATED = "##[error]"
"""What GitHub Actions puts before a line that a problem matcher knows."""
COMMON = frozenset(
    {"at", "be", "error", "errors", "fail", "failed", "failure", "for", "has", "in", "is", "it", "no", "not", "of",
     "on", "the", "to", "warning", "was", "with"}
)  # fmt: skip
"""Words that stand in too many lines to tell patterns by, if there is another."""


class Pattern(msgspec.Struct, frozen=True):
    """text: what a line has in it. weight: 1, a hint, to 10, which decides alone; more for a cause that stands below a
    tool's last word.
    """

    cls: FailureClass
    weight: int
    text: str
    tool: str = ""

    def key(self) -> str:
        """A whole word that every line with this pattern has; nothing when there is none."""
        text = self.text.lower()
        words = [
            found[0]
            for found in _WORD.finditer(text)
            if "*" not in {*text[found.start() - 1 : found.start()], *text[found.end() : found.end() + 1]}
        ]
        return max([word for word in words if word not in COMMON] or words, key=len, default="")


class KnownFailure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pattern of a repository's own, as its settings write it."""

    text: Annotated[
        str,
        Meta(
            min_length=4,
            max_length=200,
            pattern=r"^(?=.*[A-Za-z]{3})(?!.*#.*[1-9])(?!.*[1-9].*#)[^*\n]*(?:\*[^*\n]*){0,5}$",
            description="What a line of the log has in it: `*` for anything, `#` for a number, `^` for its beginning.",
        ),
    ]
    cls: Annotated[FailureClass, Meta(description="The class of failure it tells of.")] = msgspec.field(name="class")


def own_patterns(known: Iterable[KnownFailure]) -> tuple[Pattern, ...]:
    """They go before every known pattern."""
    return tuple(Pattern(each.cls, OWN_WEIGHT, each.text, "own") for each in known)


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """A pattern, made ready: what has to follow what, and whether its ends have to be ends of words. probe: the longest
    piece, which most lines don't have. counts: begins with a number, which a heading's `# ` is not.
    """

    pattern: Pattern
    probe: str
    pieces: tuple[str, ...]
    folded: bool
    counts: bool
    first: bool
    whole_start: bool
    whole_end: bool

    def holds(self, text: str) -> bool:
        """True if the line, lowered and if need be folded, has the pattern."""
        if not self.pieces:
            return False
        if self.first:
            text = text.removeprefix(ANNOTATED).lstrip()
            if not text.startswith(self.pieces[0]):
                return False
        at, last = 0, len(self.pieces) - 1
        for number, piece in enumerate(self.pieces):
            at = _place(text, piece, at, start=number == 0 and self.whole_start, end=number == last and self.whole_end)
            if at < 0:
                return False
            at += len(piece)
        return True


def _ready(pattern: Pattern) -> _Entry:
    text = pattern.text.lower().removeprefix("^")
    pieces = tuple(piece for piece in text.split("*") if piece)
    return _Entry(
        pattern,
        max(pieces, key=len, default=""),
        pieces,
        "#" in text,
        pattern.text.startswith("^#"),
        pattern.text.startswith("^"),
        "a" <= text[:1] <= "z",
        "a" <= text[-1:] <= "z",
    )


def _place(text: str, piece: str, at: int, *, start: bool, end: bool) -> int:
    """Where the piece stands next, as whole words where its ends have to be; -1 if nowhere."""
    at = text.find(piece, at)
    while at >= 0:
        after = at + len(piece)
        if not (start and at and "a" <= text[at - 1] <= "z") and not (end and "a" <= text[after : after + 1] <= "z"):
            return at
        at = text.find(piece, at + 1)
    return -1


class Matcher:
    """Finds the patterns of lines."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._by_word: dict[str, list[_Entry]] = {}
        self._loose: list[_Entry] = []
        for pattern in patterns:
            word = pattern.key()
            (self._by_word.setdefault(word, []) if word else self._loose).append(_ready(pattern))
        self._words = frozenset(self._by_word)

    def find(self, low: str, words: Iterable[str]) -> list[Pattern]:
        """The patterns of a line, given in small letters and with its words."""
        keys = self._words.intersection(words)
        if not keys and not self._loose:
            return []
        entries = [entry for key in keys for entry in self._by_word[key]] + self._loose
        shape = ""
        found = []
        for entry in entries:
            text = low
            if entry.folded:
                shape = text = shape or fold(low)
            if entry.probe in text and entry.holds(text) and not (entry.counts and low.startswith("# ")):
                found.append(entry.pattern)
        return found


def words_of(low: str) -> list[str]:
    """The words of a line in small letters."""
    return _WORD.findall(low)


def fold(low: str) -> str:
    """Each number but 0 as `#`: `0 failed` is no failure."""
    return _NUMBER.sub(_as_sign, low)


def _as_sign(found: re.Match[str]) -> str:
    return "#" if found[0].strip("0") else "0"
