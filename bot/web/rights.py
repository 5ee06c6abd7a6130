"""May this person read that repository on GitHub? Asked of GitHub as the App, remembered for some minutes.

Whoever can't be asked about sees nothing: an outage of GitHub hides, it never shows.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.core.clock import Clock
from services.errors import ApiError

LASTS = timedelta(minutes=5)
MOST = 20_000
"""Answers that are remembered."""


class Rights:
    """permission: (repository, login) -> role, as GitHub says it."""

    def __init__(self, permission: Callable[[str, str], Awaitable[str]], clock: Clock) -> None:
        self._permission, self._clock = permission, clock
        self._known: OrderedDict[tuple[str, str], tuple[bool, datetime]] = OrderedDict()

    async def sees(self, login: str, repo: str) -> bool:
        key, now = (login.lower(), repo.lower()), self._clock.now()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        try:
            found = await self._permission(repo, login) != "none"
        except ApiError:
            return False
        self._known[key] = found, now + LASTS
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return found
