"""How many tokens a text will be, before a provider has counted them.

Tokenizers differ and are mostly secret, but each reply tells what its prompt came to. So a few things that can be
counted in a text (words, long words, digits, signs, lines, other scripts) are weighed, and the weights follow what
replies tell (recursive least squares, which needs no past). Before the first reply they are those of a usual one.
"""

import re
from typing import NamedTuple

import msgspec

_WORD = re.compile(r"[A-Za-z]+")
_DIGITS = re.compile(r"[0-9]+")
_SIGNS = re.compile(r"[!-/:-@\[-`{-~]")
_SPACES = re.compile(r"\n[ \t]*|[ \t]{2,}")
_OTHER = re.compile(r"[^\x00-\x7f]")
LONG = 5
"""Letters of a word, after which it is likely to be more than one token."""
SEED = (1.05, 0.10, 0.45, 0.62, 0.80, 1.0)
DOUBT = 0.02
"""How far a weight of the usual tokenizer may be off, as a variance."""
NOISE = 4.0
"""How far a prompt may be off its weights, in tokens for each hundred."""


class Counts(NamedTuple):
    """What is counted in a text."""

    words: float = 0.0
    long: float = 0.0
    digits: float = 0.0
    signs: float = 0.0
    lines: float = 0.0
    other: float = 0.0

    def plus(self, more: "Counts") -> "Counts":
        return Counts(*(one + other for one, other in zip(self, more, strict=True)))


def count(text: str) -> Counts:
    words = _WORD.findall(text)
    return Counts(
        words=len(words),
        long=sum(len(word) - LONG for word in words if len(word) > LONG),
        digits=sum(len(each) for each in _DIGITS.findall(text)),
        signs=len(_SIGNS.findall(text)),
        lines=len(_SPACES.findall(text)),
        other=len(_OTHER.findall(text)),
    )


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one model's tokenizer. spread: how far each pair of weights may be off together."""

    values: tuple[float, ...] = SEED
    spread: tuple[tuple[float, ...], ...] = tuple(
        tuple(DOUBT if row == column else 0.0 for column in range(len(SEED))) for row in range(len(SEED))
    )
    seen: int = 0

    def of(self, counts: Counts) -> float:
        """The tokens of a text."""
        return max(sum(weight * each for weight, each in zip(self.values, counts, strict=True)), 0.0)

    def learn(self, counts: Counts, tokens: int) -> "Weights":
        """A reply has told what its prompt came to."""
        said = self.of(counts)
        if tokens <= 0 or said <= 0:
            return self
        scale = 100.0 / max(said, 1.0)  # each prompt counts alike, however long it is
        x = [each * scale for each in counts]
        moved = [sum(a * b for a, b in zip(row, x, strict=True)) for row in self.spread]
        gain = NOISE + sum(a * b for a, b in zip(x, moved, strict=True))
        missed = (tokens - said) * scale
        values = tuple(max(w + m * missed / gain, 0.0) for w, m in zip(self.values, moved, strict=True))
        spread = tuple(
            tuple(cell - a * b / gain for cell, b in zip(row, moved, strict=True))
            for row, a in zip(self.spread, moved, strict=True)
        )
        return Weights(values=values, spread=spread, seen=self.seen + 1)
