"""The clocks of a simulation: the bot's, and GitHub's beside it, which may be wrong by some seconds.

Time stands still between two events, so most questions have the answer of the last one.
"""

from datetime import UTC, datetime, timedelta

from tests.simulation.loop import VirtualLoop

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class VirtualClock:
    """skew: seconds by which it is ahead."""

    def __init__(self, loop: VirtualLoop, skew: float = 0.0) -> None:
        self._loop = loop
        self._skew = skew
        self._at = -1.0
        self._now = START

    def now(self) -> datetime:
        at = self._loop.seconds
        if at != self._at:
            self._at, self._now = at, START + timedelta(seconds=at + self._skew)
        return self._now
