"""What is left of an hourly budget, as far as answers have told it.

Answers overtake each other, so within one epoch (until the reset) only the smallest number told counts, and what is
under way is subtracted. An answer of an epoch that is over says nothing. A 304 costs nothing and is given back.
"""

import math

import msgspec

SAME_EPOCH = 5
"""Seconds by which GitHub's own reset times of one epoch may differ."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer says. mark: the reset, by GitHub's clock in seconds; reset_in: seconds from now until then."""

    resource: str
    limit: int
    remaining: int
    mark: int
    reset_in: float


class Quota:
    """One resource of one installation. Unknown until an answer has come: then everything may go."""

    def __init__(self) -> None:
        self.remaining: int | None = None
        self._limit = 0
        self._mark = 0
        self._reset_at = 0.0
        self._reserved = 0

    def when(self, cost: int, share: float, now: float) -> float:
        """Now when so much may be spent and the rest of the budget, beyond this share, stays; else the reset."""
        self._turn_over(now)
        if self.remaining is None:
            return now
        kept = math.ceil(self._limit * (1.0 - share) - 1e-9)
        return now if self.remaining - self._reserved - cost >= kept else self._reset_at

    def reserve(self, cost: int) -> None:
        """A call begins."""
        self._reserved += cost

    def settle(self, cost: int, *, charged: bool, told: Told | None, now: float) -> None:
        """A call has ended; `charged`: it counts."""
        self._reserved -= cost
        self._turn_over(now)
        if told is None:
            if charged and self.remaining is not None:
                self.remaining = max(0, self.remaining - cost)
        elif self.remaining is None or told.mark > self._mark + SAME_EPOCH:
            if told.reset_in > 0:
                self.remaining, self._limit, self._mark = told.remaining, told.limit, told.mark
                self._reset_at = now + told.reset_in
        elif told.mark >= self._mark - SAME_EPOCH:
            self.remaining = min(self.remaining, told.remaining)

    def _turn_over(self, now: float) -> None:
        if self.remaining is not None and now >= self._reset_at:
            self.remaining = None
