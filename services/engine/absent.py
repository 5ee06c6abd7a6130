"""Whether something that may have been made is really not there: GitHub's lists lag behind what was done, so what is
not in one of them is looked for twice, apart, before it is made again.

Known to this process alone; after a crash both looks are made anew.
"""

from datetime import datetime

from services.core import keyless
from services.core.messages import notes
from services.errors import Unreachable


class Absent:
    """What was looked for in vain, by key, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def check(self, key: str, now: datetime) -> None:
        """It was looked for just now and is not there. Unreachable, with the time to look again, unless it was not
        there some time ago, either.
        """
        if (now - self._since.setdefault(key, now)).total_seconds() < keyless.AGAIN:
            raise Unreachable(0, notes.LOOKED_FOR, retry_after=keyless.AGAIN)

    def forget(self, key: str) -> None:
        """It is there, or is made now: should that be in doubt, two looks follow again."""
        self._since.pop(key, None)
