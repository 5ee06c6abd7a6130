"""Counts that keep what they were told."""

from collections.abc import Callable


class Told:
    """all: what was counted, in order, each with its labels.  heard: called after each."""

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        self.all: list[tuple[str | float, ...]] = []
        self._heard = heard

    def tried(self, agent: str, outcome: str) -> None:
        self._note("tried", agent, outcome)

    def failed(self, cls: str) -> None:
        self._note("failed", cls)

    def recovered(self, strategy: str, outcome: str) -> None:
        self._note("recovered", strategy, outcome)

    def lasted(self, what: str, seconds: float) -> None:
        self._note("lasted", what, seconds)

    def _note(self, *counted: str | float) -> None:
        self.all.append(counted)
        self._heard()
