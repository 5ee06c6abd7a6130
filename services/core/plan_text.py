"""Foreign text made safe to store and to show: one place decides what an invisible character is and how text is quoted.

A title may hold characters that turn the reading direction around or cannot be seen at all. They are taken out of prose
(the parser warns), refused in commands and ids, and written as `\\u202e` wherever a message quotes them.
"""

import functools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable

_UNUSUAL = re.compile(r"[^\x20-\x7e]")
_BLANK_LOOKING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufff9\ufffa\ufffb")
_JOINER = "\u200d"
QUOTE_LIMIT = 60


@functools.lru_cache(maxsize=4096)
def _category(char: str) -> str:
    return unicodedata.category(char)


def is_hidden(char: str) -> bool:
    """True for a character that a reader cannot see: controls, direction marks, zero-width, tags; not for blanks."""
    if char in "\t\n":
        return False
    invisible = _category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or char in _BLANK_LOOKING
    return invisible or "\U000e0000" <= char <= "\U000e0fff"


def _joins_emoji(text: str, at: int) -> bool:
    """A zero-width joiner inside one emoji (a family, a profession) is visible: it decides what is drawn."""
    if text[at] != _JOINER or at == 0 or at + 1 == len(text):
        return False
    return _category(text[at - 1]) in {"So", "Sk", "Mn"} and _category(text[at + 1]) == "So"


def find_hidden(text: str) -> int:
    """The index of the first invisible character, -1 without one."""
    for found in _UNUSUAL.finditer(text):
        if is_hidden(found.group()) and not _joins_emoji(text, found.start()):
            return found.start()
    return -1


def without_hidden(text: str) -> str:
    """The text without its invisible characters, in Unicode's composed form (NFC)."""
    if text.isascii() and text.isprintable():
        return text
    kept = (c for i, c in enumerate(text) if not is_hidden(c) or _joins_emoji(text, i))
    return unicodedata.normalize("NFC", "".join(kept))


def clean_line(text: str) -> str:
    """Prose on one line: invisible characters gone, every run of blanks and line ends one blank."""
    return " ".join(without_hidden(" ".join(text.split())).split())


def clean_block(text: str) -> str:
    """Prose on several lines: invisible characters gone, no blanks at line ends, no empty lines at both ends."""
    lines = without_hidden(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def show(text: str) -> str:
    """Any text with what cannot be seen, or taken for a blank, written as an escape; line ends become `\\n`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if is_hidden(c) or not c.isprintable() else c for c in text)


def _escape(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t"}.get(char) or (
        f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
    )


def quote(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Foreign text as a Markdown code span that nothing can break out of; cut after `limit` characters."""
    if not text:
        return "an empty text"
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return "`" + show(short).replace("`", "'").replace("|", "¦") + "`"


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that was probably meant: equal but for case, else the most similar one, else None."""
    folded = {option.casefold(): option for option in options}
    wanted = word[:100].casefold()
    if wanted in folded:
        return folded[wanted]
    import difflib

    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


class Lines:
    """Where each line of a text starts: turns an index into a 0-based (line, column)."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._starts, index) - 1
        return line, index - self._starts[line]
