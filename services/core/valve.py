"""What a limit shuts: closed until a time, then one call to try, then more and more.

Everybody who asks waits at the same valve, so a limit costs no more refusals than calls were under way when it struck.
What was sent before it shut says nothing about it, neither refused nor answered.
"""

import math

UNSTATED = 60.0
"""Seconds to wait when GitHub doesn't say; doubled with each refusal in a row."""
LONGEST = 3_600.0


class Valve:
    """Times in seconds. A call remembers the `turn` in which it was let through."""

    def __init__(self, most: int) -> None:
        """most: calls at a time when nothing is wrong."""
        self.turn = 0
        self._most = most
        self._allowed = most
        self._closed_until = -math.inf
        self._is_closed = False
        self._refusals = 0

    @property
    def is_closed(self) -> bool:
        """Has a limit shut it, and no call been answered since?"""
        return self._is_closed

    def when(self, under_way: int, now: float) -> float:
        """When one more may go, with so many of this turn under way; inf: when one of those has ended."""
        if self._is_closed:
            if now < self._closed_until:
                return self._closed_until
            return now if under_way == 0 else math.inf
        return now if under_way < self._allowed else math.inf

    def answered(self, turn: int) -> None:
        """A call was not refused: the valve opens, or opens further."""
        if turn != self.turn:
            return
        self._refusals = 0
        if self._is_closed:
            self._is_closed, self._allowed = False, min(2, self._most)
        elif self._allowed < self._most:
            self._allowed += 1

    def refused(self, turn: int, seconds: float, now: float) -> bool:
        """A call met the limit, which says to wait so long. True when this has shut the valve anew."""
        if turn == self.turn:
            self.turn += 1
            self._refusals += 1
            is_new, self._is_closed, self._allowed = True, True, 1
            self._closed_until = -math.inf
        else:
            is_new = False
            if not self._is_closed:
                return False  # it has opened since: an old refusal that came late
        if seconds >= UNSTATED:
            seconds = min(max(seconds, UNSTATED * 2.0 ** min(self._refusals - 1, 10)), max(LONGEST, seconds))
        self._closed_until = max(self._closed_until, now + seconds)
        return is_new
