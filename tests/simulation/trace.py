"""What happened, in order: time, who, what. The trace of a seed is what a person reads, and its hash is what two runs of
one seed must have in common."""

import hashlib
from collections.abc import Callable


class Trace:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.lines: list[tuple[float, str, str]] = []

    def __call__(self, who: str, what: str) -> None:
        self.lines.append((self._now(), who, what))

    def text(self, last: int = 0) -> str:
        """All of it, or the last so many lines."""
        return "\n".join(f"{at:10.3f}  {who:<10} {what}" for at, who, what in self.lines[-last:])

    def digest(self) -> str:
        return hashlib.sha256(self.text().encode()).hexdigest()
