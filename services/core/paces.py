"""How fast: at most so much in any stretch of time, however the asking comes.

Two kinds. A leaky bucket lets a third through at once and the rest evenly, so that a minute's worth is never sent in
its first second. A window counts exactly, and is for limits that are low: it gives all there is to give.
"""

from collections import deque
from collections.abc import Iterable

BURST = 1 / 3
"""The share of a bucket that may go at once; burst and leak together are the limit, so no stretch ever holds more."""


class Bucket:
    """At most `limit` points in any `seconds`, of which the burst may go at once."""

    def __init__(self, limit: float, seconds: float) -> None:
        self._burst = limit * BURST
        self._rate = (limit - self._burst) / seconds
        self._level = 0.0
        self._at = 0.0

    def when(self, points: float, now: float) -> float:
        """The earliest time at which so many points may go; a piece that is too big for the bucket goes alone."""
        level = self._level_at(now)
        over = level + points - self._burst
        return now if over <= 0 else now + min(over, level) / self._rate

    def take(self, points: float, now: float) -> None:
        self._level, self._at = self._level_at(now) + points, max(now, self._at)

    def _level_at(self, now: float) -> float:
        return max(0.0, self._level - max(0.0, now - self._at) * self._rate)


class Window:
    """At most `limit` in any `seconds`, counted one by one."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0

    def when(self, count: int, now: float, share: float = 1.0) -> float:
        """The earliest time at which `count` more may go, if only this share of the limit is to be used."""
        self._forget(now)
        over = self._sum + count - int(self.limit * share)
        if over <= 0 or not self._taken:  # what is bigger than the limit goes alone
            return now
        for at, taken in self._taken:
            over -= taken
            if over <= 0:
                return at + self.seconds
        return self._taken[-1][0] + self.seconds

    def take(self, count: int, now: float) -> None:
        self._forget(now)  # where nothing is paced nobody asks when
        self._taken.append((now, count))
        self._sum += count

    @property
    def taken(self) -> tuple[tuple[float, int], ...]:
        """When, and how many: what still counted when it was last asked."""
        return tuple(self._taken)

    def remember(self, taken: Iterable[tuple[float, int]]) -> None:
        """What went before this window was made counts too."""
        self._taken = deque(sorted([*taken, *self._taken]))
        self._sum = sum(count for _, count in self._taken)

    def is_filled(self, share: float, now: float) -> bool:
        """Is this share of it used up now?"""
        self._forget(now)
        return self._sum >= int(self.limit * share)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] + self.seconds <= now:
            self._sum -= self._taken.popleft()[1]
