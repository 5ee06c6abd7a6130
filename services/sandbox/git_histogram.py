"""Which lines differ, found from the rarest lines both texts have: git's choice when it merges.

The longest run of common lines around the rarest one stays; what is before and after it is compared the same way. Where
all common lines are too frequent to tell anything, Myers' search takes over (git_lines.py).
"""

from collections.abc import Callable

MOST = 64
"""Occurrences of a line from which on it is no landmark."""

Box = tuple[int, int, int, int]
"""a[i:j] against b[k:l]."""
Myers = Callable[[list[int], list[int]], tuple[bytearray, bytearray]]
"""The changed lines of two texts."""


def mark(a: list[int], b: list[int], gone: bytearray, come: bytearray, myers: Myers) -> None:
    """Mark the changed lines of either; `myers` does it for parts without landmarks."""
    waiting: list[Box] = [(0, len(a), 0, len(b))]
    while waiting:
        i, j, k, end = waiting.pop()
        run = _Landmark(a, b, (i, j, k, end)).find() if i < j and k < end else (0, 0, 0)
        if run is None:
            left, right = myers(a[i:j], b[k:end])
            gone[i:j], come[k:end] = left[: j - i], right[: end - k]
        elif run[1]:
            at, length, other = run
            waiting += [(i, at, k, other), (at + length, j, other + length, end)]
        else:
            gone[i:j], come[k:end] = b"\1" * (j - i), b"\1" * (end - k)


class _Landmark:
    """The run of common lines to keep in one box."""

    def __init__(self, a: list[int], b: list[int], box: Box) -> None:
        self.a, self.b, self.box = a, b, box
        self.places: dict[int, list[int]] = {}
        for at in range(box[0], box[1]):
            self.places.setdefault(a[at], []).append(at)
        self.rarest = MOST + 1
        self.best = (0, 0, 0)
        self.has_common = False

    def find(self) -> tuple[int, int, int] | None:
        """(place in a, length, place in b), with length 0 when nothing is common; None when only frequent lines are."""
        at = self.box[2]
        while at < self.box[3]:
            at = self._try(at)
        return None if self.has_common and self.rarest > MOST else self.best

    def _try(self, at: int) -> int:
        """Look for the longest run around one line of b; where to look next."""
        places = self.places.get(self.b[at])
        if places is None:
            return at + 1
        self.has_common = True
        after = at + 1
        if len(places) > self.rarest:
            return after
        end = -1
        for place in places:
            if place <= end:
                continue
            start, end, begin, count = self._run(place, at)
            after = max(after, begin + end - start + 1)
            if self.best[1] < end - start + 1 or count < self.rarest:
                self.best, self.rarest = (start, end - start + 1, begin), count
        return after

    def _run(self, place: int, at: int) -> tuple[int, int, int, int]:
        """First and last line in a, first in b, and how often its rarest line is there."""
        a, b, (i, j, k, stop) = self.a, self.b, self.box
        start, begin, count = place, at, len(self.places[a[place]])
        while i < start and k < begin and a[start - 1] == b[begin - 1]:
            start, begin = start - 1, begin - 1
            count = min(count, len(self.places[a[start]]))
        end, last = place, at
        while end + 1 < j and last + 1 < stop and a[end + 1] == b[last + 1]:
            end, last = end + 1, last + 1
            count = min(count, len(self.places[a[end]]))
        return start, end, begin, count
