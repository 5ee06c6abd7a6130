"""How often somebody may ask: a bucket each that fills by itself, and is emptied by asking."""

from collections import OrderedDict

from services.core.clock import Clock

MOST = 10_000
"""Buckets at a time; who has not asked for long has a full one anyway."""


class Buckets:
    """`size` requests at once, and `size` a minute for good."""

    def __init__(self, size: int, clock: Clock) -> None:
        self._size, self._clock = size, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """0 when it may be, else seconds until it may be."""
        now = self._clock.now().timestamp()
        left, at = self._left.get(who, (float(self._size), now))
        left = min(float(self._size), left + max(0.0, now - at) * self._size / 60)
        if left < 1:
            return (1 - left) * 60 / self._size
        self._left[who] = left - 1, now
        self._left.move_to_end(who)
        while len(self._left) > MOST:
            self._left.popitem(last=False)
        return 0.0
