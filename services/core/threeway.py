"""Three-way merge of sequences, as git does it: changes of one side are taken, changes of both that overlap or touch
are a hunk for somebody to resolve.

Works on any tokens that can be compared: lines, words, or numbers that stand for lines.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.core.difference import Change, changes

Token = TypeVar("Token", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Settled(Generic[Token]):
    """A stretch on which the two sides agree, or that only one of them changed."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Hunk(Generic[Token]):
    """A stretch that both sides changed, each in its own way."""

    base: tuple[Token, ...]
    ours: tuple[Token, ...]
    theirs: tuple[Token, ...]


def merge(base: Sequence[Token], ours: Sequence[Token], theirs: Sequence[Token]) -> list[Settled[Token] | Hunk[Token]]:
    """The parts of the merged sequence, in order; two settled ones never follow one another."""
    left, right = changes(base, ours), changes(base, theirs)
    parts: list[Settled[Token] | Hunk[Token]] = []
    settled: list[Token] = []
    at = i = j = 0
    while i < len(left) or j < len(right):
        first_i, first_j = i, j
        start = min(side[at_].start for side, at_ in ((left, i), (right, j)) if at_ < len(side))
        i, j, end = _group(left, right, i, j, start)
        mine = _side(ours, left, first_i, i, start, end)
        other = _side(theirs, right, first_j, j, start, end)
        settled.extend(base[at:start])
        if first_j == j or mine == other:
            settled.extend(mine)
        elif first_i == i:
            settled.extend(other)
        else:
            if settled:
                parts.append(Settled(tuple(settled)))
                settled = []
            parts.append(Hunk(tuple(base[start:end]), mine, other))
        at = end
    settled.extend(base[at:])
    return [*parts, Settled(tuple(settled))] if settled else parts


def _group(left: Sequence[Change], right: Sequence[Change], i: int, j: int, end: int) -> tuple[int, int, int]:
    """The ends of the changes that overlap or touch, from the next one on."""
    while True:
        if i < len(left) and left[i].start <= end:
            end, i = max(end, left[i].end), i + 1
        elif j < len(right) and right[j].start <= end:
            end, j = max(end, right[j].end), j + 1
        else:
            return i, j, end


def _side(
    new: Sequence[Token], side: Sequence[Change], first: int, last: int, start: int, end: int
) -> tuple[Token, ...]:
    """What stands for `base[start:end]` on one side."""
    if first < last:
        low = side[first].new_start - (side[first].start - start)
        return tuple(new[low : side[last - 1].new_end + (end - side[last - 1].end)])
    shift = side[first - 1].new_end - side[first - 1].end if first else 0
    return tuple(new[start + shift : end + shift])
