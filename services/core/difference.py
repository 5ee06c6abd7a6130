"""What changed between two sequences: lines that occur once on both sides are anchors, what lies between them is
compared as Myers does ("An O(ND) Difference Algorithm and Its Variations", 1986).

Anchors first, because they are what a reader takes for "the same line", and because they make long texts many short
ones. The search between two anchors is bounded: past the bound the stretch counts as replaced, which is true, only
coarse. A change that could stand in several places stands at the last of them, as git has it.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

MOST_EDITS = 400
"""How many insertions and deletions are looked for between two anchors."""


@dataclass(frozen=True, slots=True)
class Change:
    """`old[start:end]` became `new[new_start:new_end]`; one of the two may be empty, not both."""

    start: int
    end: int
    new_start: int
    new_end: int


def changes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Change]:
    """The changes from `old` to `new`, in order; between two of them at least one token is the same."""
    partner = [-1] * len(old)
    spans = [(0, len(old), 0, len(new))]
    while spans:
        span = _trimmed(old, new, spans.pop(), partner)
        if span[0] == span[1] or span[2] == span[3]:
            continue
        pairs = _anchors(old, new, span)
        if pairs:
            spans.extend(_between(span, pairs, partner))
        else:
            for at, there in _myers(old, new, span):
                partner[at] = there
    return _slid(old, new, _runs(partner, len(new)))


Span = tuple[int, int, int, int]


def _trimmed(old: Sequence[Hashable], new: Sequence[Hashable], span: Span, partner: list[int]) -> Span:
    """What is left when the same beginning and the same end are taken off; those are noted as partners."""
    low, high, new_low, new_high = span
    while low < high and new_low < new_high and old[low] == new[new_low]:
        partner[low] = new_low
        low, new_low = low + 1, new_low + 1
    while low < high and new_low < new_high and old[high - 1] == new[new_high - 1]:
        high, new_high = high - 1, new_high - 1
        partner[high] = new_high
    return low, high, new_low, new_high


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable], span: Span) -> list[tuple[int, int]]:
    """Tokens that occur once on both sides, the longest chain of them that is in the same order."""
    low, high, new_low, new_high = span
    mine, theirs = _once(old, low, high), _once(new, new_low, new_high)
    both = [(at, theirs[token]) for token, at in mine.items() if token in theirs]
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, there) in enumerate(both):
        length = bisect_left(ends, there)
        if length == len(ends):
            ends.append(there)
            last.append(number)
        else:
            ends[length], last[length] = there, number
        before.append(last[length - 1] if length else -1)
    chain: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(both[number])
        number = before[number]
    return chain[::-1]


def _once(tokens: Sequence[Hashable], low: int, high: int) -> dict[Hashable, int]:
    """Token -> place, of those that occur once; in order of place."""
    found: dict[Hashable, int] = {}
    for at in range(low, high):
        found[tokens[at]] = -1 if tokens[at] in found else at
    return {token: at for token, at in found.items() if at >= 0}


def _between(span: Span, pairs: list[tuple[int, int]], partner: list[int]) -> list[Span]:
    low, high, new_low, new_high = span
    spans = []
    for at, there in pairs:
        partner[at] = there
        spans.append((low, at, new_low, there))
        low, new_low = at + 1, there + 1
    return [*spans, (low, high, new_low, new_high)]


def _myers(old: Sequence[Hashable], new: Sequence[Hashable], span: Span) -> list[tuple[int, int]]:
    """Pairs of a shortest edit script, or none where it is longer than the bound."""
    low, high, new_low, new_high = span
    width, height = high - low, new_high - new_low
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, width + height) + 1):
        trail.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            while 0 <= x < width and 0 <= x - diagonal < height and old[low + x] == new[new_low + x - diagonal]:
                x += 1
            furthest[diagonal] = x
            if x >= width and x - diagonal >= height:
                return [(low + a, new_low + b) for a, b in _walked(trail, width, height)]
    return []


def _walked(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The diagonals of the path that was found, from its end."""
    pairs = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[edits], x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
        )
        came = diagonal + 1 if down else diagonal - 1
        before_x = furthest.get(came, 0) if edits else 0
        before_y = before_x - came if edits else 0
        while x > before_x and y > before_y:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = before_x, before_y
    return pairs


def _runs(partner: list[int], length: int) -> list[Change]:
    """Where partners do not follow one another."""
    found, low, new_low = [], 0, 0
    for at, there in enumerate([*partner, length]):
        if there < 0:
            continue
        if at > low or there > new_low:
            found.append(Change(low, at, new_low, there))
        low, new_low = at + 1, there + 1
    return found


def _slid(old: Sequence[Hashable], new: Sequence[Hashable], found: list[Change]) -> list[Change]:
    """Each insertion and deletion as far down as it can stand without touching the next change."""
    slid: list[Change] = []
    for number, change in enumerate(found):
        room = (found[number + 1].start if number + 1 < len(found) else len(old)) - change.end
        if number + 1 < len(found):
            room -= 1
        steps = 0
        if change.start == change.end:
            while steps < room and new[change.new_start + steps] == new[change.new_end + steps]:
                steps += 1
        elif change.new_start == change.new_end:
            while steps < room and old[change.start + steps] == old[change.end + steps]:
                steps += 1
        slid.append(Change(change.start + steps, change.end + steps, change.new_start + steps, change.new_end + steps))
    return slid
