"""Runs of many plans, of which one that can't be read holds up no other: it is left out, and that is logged."""

from collections.abc import Awaitable

import structlog

from services.core.board import Run
from services.errors import Unreadable

log = structlog.get_logger(__name__)


class Readable:
    """missed: why a run that was asked for could not be read; None when all could."""

    missed: Unreadable | None = None

    async def of(self, wanted: Awaitable[Run | None]) -> Run | None:
        try:
            return await wanted
        except Unreadable as error:
            log.warning("a run of some plan can't be read and is left out here", error=str(error))
            self.missed = error
            return None
