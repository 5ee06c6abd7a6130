"""Since when something holds: a label that says hold, an objection, a right that is gone. For invariants to ask."""

from collections.abc import Callable


class Marks:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: dict[tuple[str, int], float] = {}

    def set(self, what: str, about: int) -> None:
        """It holds from now on, if it did not before."""
        self._since.setdefault((what, about), self._now())

    def clear(self, what: str, about: int) -> None:
        self._since.pop((what, about), None)

    def put(self, what: str, about: int, *, on: bool) -> None:
        (self.set if on else self.clear)(what, about)

    def since(self, what: str, about: int) -> float | None:
        """The moment in virtual seconds, None while it does not hold."""
        return self._since.get((what, about))

    def about(self, about: int) -> dict[str, float]:
        """Everything that holds of one thing, and since when."""
        return {what: since for (what, which), since in self._since.items() if which == about}
