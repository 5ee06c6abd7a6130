"""What an attempt knows of conflicts of before, and what it adds to that.

Nothing here stops an attempt: what the store can't say now nobody knows, and what it can't take now is not learned.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import structlog

from services.core.conflict import Lines
from services.errors import StoreError
from services.git.carry import Sides, learn
from services.git.workspace import Workspace
from services.store.resolutions import Resolutions, Source

log = structlog.get_logger(__name__)


class Recalling:
    """For one attempt."""

    def __init__(self, kept: Resolutions | None, source: Source) -> None:
        self._kept, self._source = kept, source

    async def known(self, ids: Collection[str]) -> Mapping[str, Lines]:
        """Of these hunks, those that were resolved before and have merged so."""
        try:
            return await self._kept.known(self._source.repo, ids) if self._kept is not None else {}
        except StoreError as error:
            log.warning("earlier resolutions could not be read", repo=self._source.repo, error=str(error))
            return {}

    async def learn(self, workspace: Workspace, conflicts: Mapping[str, Sides], sha: str, now: datetime) -> None:
        """How these files were resolved in the commit that was just made; it counts once that has merged."""
        if self._kept is None or not conflicts:
            return
        found = await learn(workspace, conflicts)
        try:
            if found:
                await self._kept.keep(self._source, sha, found, now)
        except StoreError as error:
            log.warning("a resolution could not be stored", repo=self._source.repo, error=str(error))
