"""Which lines differ between two texts: Myers' shortest edit script, with git's choices where several are as short.

A store in memory has to find the same changes as git, since what conflicts in a merge depends on them. So lines are
left out of the search when git leaves them out, the search goes in git's order, and groups of changed lines end where
git lets them end (but for its guess by indentation, which moves only how a patch looks).
"""

from collections import Counter
from collections.abc import Sequence

from services.sandbox import git_histogram

Edit = tuple[int, int, int, int]
"""(first old line, how many, first new line, how many), counted from 0."""

DEAREST = 256
"""Changed lines after which the search takes the furthest way so far for the best one."""
WINDOW = 100
"""Lines that are looked at around one that is found all over the other text."""


def split(text: bytes) -> list[bytes]:
    """Lines with their ends; the last may have none."""
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def edits(old: Sequence[bytes], new: Sequence[bytes], *, landmarks: bool = False) -> list[Edit]:
    """What to do to `old` to get `new`, in order; `landmarks`: begin with the rarest lines, as git does in a merge."""
    if old == new:
        return []
    numbers: dict[bytes, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    gone, come = bytearray(len(a) + 1), bytearray(len(b) + 1)
    if landmarks:
        git_histogram.mark(a, b, gone, come, _marks)
    else:
        gone, come = _marks(a, b)
    _settle(a, gone, come)
    _settle(b, come, gone)
    return _script(gone, come, len(a), len(b))


def _marks(a: list[int], b: list[int]) -> tuple[bytearray, bytearray]:
    """Which lines of either are changed; one mark more than lines, so that a look past the end finds none."""
    gone, come = bytearray(len(a) + 1), bytearray(len(b) + 1)
    start, stop_a, stop_b = 0, len(a), len(b)
    while start < min(stop_a, stop_b) and a[start] == b[start]:
        start += 1
    while start < min(stop_a, stop_b) and a[stop_a - 1] == b[stop_b - 1]:
        stop_a, stop_b = stop_a - 1, stop_b - 1
    left = _worth_comparing(a, start, stop_a, Counter(b), gone)
    right = _worth_comparing(b, start, stop_b, Counter(a), come)
    _Search(a, b, left, right, gone, come).run()
    return gone, come


def _worth_comparing(lines: list[int], start: int, stop: int, other: Counter[int], marks: bytearray) -> list[int]:
    """Positions of the lines that may be found in the other text; the rest is marked as changed at once.

    A line that is there very often says little, so it goes too when what surrounds it is not there at all.
    """
    many = _root(len(lines))
    found = [other[line] for line in lines[start:stop]]
    rank = [0 if count == 0 else 2 if count >= many else 1 for count in found]
    kept = []
    for at, sort in enumerate(rank):
        if sort == 1 or (sort == 2 and not _says_little(rank, at)):
            kept.append(start + at)
        else:
            marks[start + at] = 1
    return kept


def _root(count: int) -> int:
    """Roughly the square root, a power of two."""
    root = 1
    while count > 0:
        root, count = root << 1, count >> 2
    return min(root, 1024)


def _says_little(rank: list[int], at: int) -> bool:
    absent, frequent = 0, 2
    for side in (range(at - 1, max(-1, at - 1 - WINDOW), -1), range(at + 1, min(len(rank), at + 1 + WINDOW))):
        here = 0
        for place in side:
            if rank[place] == 1:
                break
            here += rank[place] == 0
            frequent += rank[place] == 2
        if here == 0:
            return False
        absent += here
    return frequent * 4 < frequent + absent


class _Search:
    """Myers' search from both ends over the lines worth comparing, given by their positions."""

    def __init__(
        self, a: list[int], b: list[int], left: list[int], right: list[int], gone: bytearray, come: bytearray
    ) -> None:
        self.a, self.b = [a[at] for at in left], [b[at] for at in right]
        self.left, self.right, self.gone, self.come = left, right, gone, come

    def run(self) -> None:
        waiting = [(0, len(self.a), 0, len(self.b))]
        while waiting:
            a0, a1, b0, b1 = self._trimmed(*waiting.pop())
            if a0 == a1:
                for at in range(b0, b1):
                    self.come[self.right[at]] = 1
            elif b0 == b1:
                for at in range(a0, a1):
                    self.gone[self.left[at]] = 1
            else:
                x, y = self._middle(a0, a1, b0, b1)
                waiting += [(a0, x, b0, y), (x, a1, y, b1)]

    def _trimmed(self, a0: int, a1: int, b0: int, b1: int) -> tuple[int, int, int, int]:
        a, b = self.a, self.b
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        return a0, a1, b0, b1

    def _middle(self, a0: int, a1: int, b0: int, b1: int) -> tuple[int, int]:
        """A point on a shortest way through this part; both corners differ."""
        lowest, highest = a0 - b1, a1 - b0
        ahead, back = _Front(a0 - b0, a0, -1), _Front(a1 - b1, a1, a1 + b1 + 1)
        is_odd = (ahead.middle - back.middle) % 2 == 1
        cost = 0
        while True:
            cost += 1
            ahead.widen(lowest, highest)
            for k in range(ahead.high, ahead.low - 1, -2):
                x = self._forward(ahead.reached, k, a1, b1)
                if is_odd and back.low <= k <= back.high and back.reached[k] <= x:
                    return x, x - k
            back.widen(lowest, highest)
            for k in range(back.high, back.low - 1, -2):
                x = self._backward(back.reached, k, a0, b0)
                if not is_odd and ahead.low <= k <= ahead.high and x <= ahead.reached[k]:
                    return x, x - k
            if cost >= DEAREST:
                return self._furthest(ahead, back, (a0, a1, b0, b1))

    def _forward(self, reached: dict[int, int], k: int, a1: int, b1: int) -> int:
        x = reached[k - 1] + 1 if reached[k - 1] >= reached[k + 1] else reached[k + 1]
        a, b = self.a, self.b
        while x < a1 and x - k < b1 and a[x] == b[x - k]:
            x += 1
        reached[k] = x
        return x

    def _backward(self, reached: dict[int, int], k: int, a0: int, b0: int) -> int:
        x = reached[k - 1] if reached[k - 1] < reached[k + 1] else reached[k + 1] - 1
        a, b = self.a, self.b
        while x > a0 and x - k > b0 and a[x - 1] == b[x - k - 1]:
            x -= 1
        reached[k] = x
        return x

    @staticmethod
    def _furthest(ahead: "_Front", back: "_Front", box: tuple[int, int, int, int]) -> tuple[int, int]:
        """Enough searched: the point furthest from the corner it was reached from."""
        a0, a1, b0, b1 = box
        ways = [(min(max(ahead.reached[k], a0), a1, b1 + k), k) for k in range(ahead.high, ahead.low - 1, -2)]
        x, k = max(ways, key=lambda way: 2 * way[0] - way[1])
        rear = [(max(min(back.reached[k], a1), a0, b0 + k), k) for k in range(back.high, back.low - 1, -2)]
        y, j = min(rear, key=lambda way: 2 * way[0] - way[1])
        return (x, x - k) if (a1 + b1) - (2 * y - j) < (2 * x - k) - (a0 + b0) else (y, y - j)


class _Front:
    """How far one of the two searches has come on each diagonal."""

    def __init__(self, middle: int, start: int, nowhere: int) -> None:
        self.middle = self.low = self.high = middle
        self.nowhere = nowhere
        self.reached = {middle: start}

    def widen(self, lowest: int, highest: int) -> None:
        """One diagonal more on either side; at an edge one less."""
        if self.low > lowest:
            self.low -= 1
            self.reached[self.low - 1] = self.nowhere
        else:
            self.low += 1
        if self.high < highest:
            self.high += 1
            self.reached[self.high + 1] = self.nowhere
        else:
            self.high -= 1


class _Group:
    """A run of changed lines, maybe of none, between two lines that stay."""

    def __init__(self, marks: bytearray) -> None:
        self.marks, self.size = marks, len(marks) - 1
        self.start = self.end = 0
        self._grow()

    def _grow(self) -> None:
        while self.marks[self.end]:
            self.end += 1

    def next(self) -> bool:
        if self.end == self.size:
            return False
        self.start = self.end = self.end + 1
        self._grow()
        return True

    def previous(self) -> None:
        self.start = self.end = self.start - 1
        self._shrink_back()

    def _shrink_back(self) -> None:
        while self.start > 0 and self.marks[self.start - 1]:
            self.start -= 1

    def up(self, lines: list[int]) -> bool:
        """One line up, if the text is then the same; it grows when it meets another."""
        if self.start == 0 or lines[self.start - 1] != lines[self.end - 1]:
            return False
        self.start, self.end = self.start - 1, self.end - 1
        self.marks[self.start], self.marks[self.end] = 1, 0
        self._shrink_back()
        return True

    def down(self, lines: list[int]) -> bool:
        if self.end == self.size or lines[self.start] != lines[self.end]:
            return False
        self.marks[self.start], self.marks[self.end] = 0, 1
        self.start, self.end = self.start + 1, self.end + 1
        self._grow()
        return True


def _settle(lines: list[int], marks: bytearray, others: bytearray) -> None:
    """Let every group end as far down as it can, or where the other text has a group too."""
    group, other = _Group(marks), _Group(others)
    while True:
        if group.end > group.start:
            _place(lines, group, other)
        if not group.next():
            return
        other.next()


def _place(lines: list[int], group: _Group, other: _Group) -> None:
    while True:
        size = group.end - group.start
        while group.up(lines):
            other.previous()
        first = group.end
        beside = first if other.end > other.start else -1
        while group.down(lines):
            other.next()
            beside = group.end if other.end > other.start else beside
        if group.end - group.start == size:
            break
    if group.end != first and beside >= 0:
        while other.end == other.start:
            group.up(lines)
            other.previous()


def _script(gone: bytearray, come: bytearray, old: int, new: int) -> list[Edit]:
    found, i, j = [], 0, 0
    while i < old or j < new:
        if not gone[i] and not come[j]:
            i, j = i + 1, j + 1
            continue
        i0, j0 = i, j
        while gone[i]:
            i += 1
        while come[j]:
            j += 1
        found.append((i0, i - i0, j0, j - j0))
    return found
