"""Plans whose text does not stand in their issue are read again now and then: the event that told of a change may have
been lost, and no edit of the issue brings it up later.

A few at each sweep, in turn. What has not changed costs GitHub's budget nothing, and a change is found by the next
approval or start at the latest, which read everything themselves.
"""

from services.engine.intake import Intake
from services.engine.parts import Parts
from services.errors import NotFound, Refused

AT_ONCE = 20


class Rereads:
    """One per process."""

    def __init__(self, parts: Parts, intake: Intake) -> None:
        self._parts = parts
        self._intake = intake
        self._last = ("", 0)
        self._is_at_it = False

    def begin(self) -> None:
        """Read the next ones, unless that is still going on."""
        if not self._is_at_it:
            self._is_at_it = True
            self._parts.spawn("reread", self._read())

    async def _read(self) -> None:
        try:
            places = await self._parts.plans.kept_elsewhere()
            for repo, number in self._next([each for each in places if self._parts.runs.holds(each[0])]):
                try:
                    await self._intake.read(repo, number)
                except (NotFound, Refused):  # the App sees it no more, or it is gone
                    continue
                finally:
                    self._last = (repo, number)
        finally:
            self._is_at_it = False

    def _next(self, places: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Those behind the last one, and from the beginning again."""
        after = [place for place in places if place > self._last]
        return [*after, *(place for place in places if place <= self._last)][:AT_ONCE]
