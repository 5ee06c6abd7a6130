"""How the lines of a file end, merged apart from what they say.

Texts are compared with plain line ends. Whether lines end in CRLF and whether the last one ends at all are two facts of
a file: the side that changed one of them is followed, and ours where both did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Newlines:
    """crlf: every line ends in CRLF, None for a mixture, which is kept as it is; ended: the last line ends too."""

    crlf: bool | None = False
    ended: bool = True

    def joined(self, lines: Sequence[str]) -> str:
        text = "".join(lines)
        if not self.ended:
            text = text.removesuffix("\n")
        return text.replace("\n", "\r\n") if self.crlf else text


def split(base: str, ours: str, theirs: str) -> tuple[Newlines, tuple[Lines, Lines, Lines]]:
    """How the outcome's lines end, and the lines of the three, each with a plain end."""
    texts = [base, ours, theirs]
    ended = _chosen([text.endswith("\n") if text else None for text in texts])
    crlf: bool | None = None
    if not any(map(_is_mixed, texts)):
        crlf = _chosen(["\r\n" in text if "\n" in text else None for text in texts])
        texts = [text.replace("\r\n", "\n") for text in texts]
    first, second, third = (tuple(_LINE.findall(_ended(text))) for text in texts)
    return Newlines(crlf, ended), (first, second, third)


def _is_mixed(text: str) -> bool:
    return text.count("\r\n") not in {0, text.count("\n")}


def _chosen(facts: Sequence[bool | None]) -> bool:
    """A fact of the outcome; None where a text is too short to tell."""
    base, ours, theirs = facts
    if ours is None or theirs is None:
        return bool(next((fact for fact in (ours, theirs, base) if fact is not None), False))
    return theirs if ours == base else ours


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
