"""Whether something that may have been made is really not there: GitHub's lists lag behind what was done, so what is
not in one of them is looked for twice, apart, before it is made again.

Known to this process alone; after a crash both looks are made anew.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from services.core import keyless
from services.core.messages import notes
from services.core.shards import are_about
from services.errors import RateLimited

FORGOTTEN = timedelta(minutes=10)
"""After which an earlier look counts no more: others may have been at it since."""


class Absent:
    """What was looked for in vain, by key, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def check(self, key: str, now: datetime) -> None:
        """It was looked for just now and is not there. RateLimited, with the time to look again, unless it was not
        there some time ago, either: to have looked is no try that failed.
        """
        since = self._since.get(key)
        if since is None or now - since > FORGOTTEN:
            since = self._since[key] = now
        if (now - since).total_seconds() < keyless.AGAIN:
            raise RateLimited(0, notes.LOOKED_FOR, retry_after=keyless.AGAIN)

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now, and may have made since what was not there."""
        self._since = {key: at for key, at in self._since.items() if not are_about(key, shards)}

    def forget(self, key: str) -> None:
        """It is there, or is made now: should that be in doubt, two looks follow again."""
        self._since.pop(key, None)
