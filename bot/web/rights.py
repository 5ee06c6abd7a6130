"""May this person read that repository on GitHub? Asked of GitHub as the App, remembered for some minutes.

Whoever can't be asked about sees nothing: an outage of GitHub hides, it never shows.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.core.clock import Clock
from services.errors import ApiError, NotFound

LASTS = timedelta(minutes=5)
BRIEFLY = timedelta(seconds=30)
"""The same where GitHub gave none: who asks for all they may see must come to an end."""
MOST = 20_000
"""Answers that are remembered."""


class Rights:
    """permission: (repository, login) -> role, as GitHub says it."""

    def __init__(self, permission: Callable[[str, str], Awaitable[str]], clock: Clock) -> None:
        self._permission, self._clock = permission, clock
        self._known: OrderedDict[tuple[str, str], tuple[bool, datetime]] = OrderedDict()

    def known(self, login: str, repo: str) -> bool | None:
        """What is remembered; None: it would have to be asked."""
        known = self._known.get((login.lower(), repo.lower()))
        return known[0] if known is not None and self._clock.now() < known[1] else None

    async def sees(self, login: str, repo: str) -> bool:
        known = self.known(login, repo)
        if known is not None:
            return known
        lasts = LASTS
        try:
            found = await self._permission(repo, login) != "none"
        except NotFound:  # the App is not installed there
            found = False
        except ApiError:
            found, lasts = False, BRIEFLY
        key = (login.lower(), repo.lower())
        self._known[key] = found, self._clock.now() + lasts
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return found
