"""Never a lost webhook: GitHub's log of deliveries is compared with the inbox, and what did not come is brought in.

GitHub tries a delivery once. What it could not hand over while the process or the way to it was down stands in its log
for three days; the payload is taken from there, under the same GUID, so one that comes all the same is stored once.
That needs no way from GitHub to us. Where the log holds no payload any more, GitHub is asked to send it again.

The look begins a little before the end of the last one and ends at the newest entry. How far it came is written down
only after everything in between is stored: a process that dies in the middle looks again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from services.core.clock import Clock
from services.core.gaps import OVERLAP, Blind, Listed, missing, unseen, windows
from services.errors import ApiError, NotFound, RateLimited, Refused
from services.github.delivery_log import DeliveryLog
from services.metrics import Metrics
from services.store.gaps import Gaps
from services.store.inbox import Delivery, Inbox

REACHES = timedelta(days=3)
"""How far back GitHub's log goes."""
MOST_ERRORS = 3
"""Deliveries that can't be had in one look before it ends."""

log = structlog.get_logger(__name__)


class _Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The log beside the inbox. lost: what did not come; ends: the times of the oldest and newest entry; is_whole: the
    log reaches so far back; is_cut: it goes on where nobody looked any further.
    """

    lost: list[Listed]
    ends: list[datetime]
    is_whole: bool
    is_cut: bool


class Repairer:
    """wake: tells dispatch; look: looks at everything anew, for a time of which nobody knows what was sent in it."""

    def __init__(
        self,
        *,
        deliveries: DeliveryLog,
        inbox: Inbox,
        gaps: Gaps,
        wake: Callable[[], None],
        look: Callable[[], Awaitable[None]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._log, self._inbox, self._gaps, self._wake, self._look = deliveries, inbox, gaps, wake, look
        self._clock, self._metrics = clock, metrics

    async def repair(self) -> list[Blind]:
        """One look; what it found. ApiError or StoreError when it could not be made, and then nothing is noted."""
        now = self._clock.now()
        checked = await self._gaps.checked()
        if checked is None:  # what was sent before the first start was meant for nobody
            await self._gaps.note(now, ())
            self._metrics.repaired(now)
            return []
        seen = await self._compared(max(checked - OVERLAP, now - REACHES))
        recovered = await self._recovered(seen.lost)
        found = [self._counted(each, seen.lost, recovered) for each in windows(seen.lost)]
        gap = unseen(checked, min(seen.ends, default=None), is_whole=seen.is_whole)
        if gap is not None and (seen.is_cut or now - checked > REACHES - OVERLAP):
            found.insert(0, gap)
        await self._gaps.note(max([checked, *seen.ends]), found)
        self._metrics.repaired(now)
        for window in found:
            log.warning(
                "deliveries did not come", began=window.began.isoformat(), ended=window.ended.isoformat(),
                missed=window.missed, recovered=window.recovered, unseen=window.unseen,
            )  # fmt: skip
        if any(window.unseen for window in found):
            await self._look()
        return found

    async def _compared(self, since: datetime) -> _Compared:
        """What is known of a page is let go before the next one is read, and what is not may come meanwhile."""
        unknown: list[Listed] = []
        ends: list[datetime] = []
        is_whole = is_cut = False
        async for page in self._log.since(since):
            is_whole, is_cut = page.is_last, page.goes_on
            times = [*ends, *(each.at for each in page.listed)]
            ends = [min(times), max(times)] if times else []
            known = await self._gaps.known({each.guid for each in page.listed})
            unknown += [each for each in page.listed if each.guid not in known]
        lost = missing(unknown, await self._gaps.known({each.guid for each in unknown}))
        return _Compared(lost=lost, ends=ends, is_whole=is_whole, is_cut=is_cut)

    def _counted(self, window: Blind, lost: list[Listed], recovered: set[str]) -> Blind:
        inside = {each.guid for each in lost if window.began <= each.at <= window.ended}
        count = len(inside & recovered)
        self._metrics.blind(count, len(inside) - count)
        return Blind(began=window.began, ended=window.ended, missed=window.missed, recovered=count)

    async def _recovered(self, lost: list[Listed]) -> set[str]:
        """Bring in what was lost. What can't be had now is asked for at the next look, and holds up nothing behind it;
        its error ends this one, so that nothing is noted.
        """
        recovered: set[str] = set()
        errors: list[ApiError] = []
        for each in lost:
            try:
                if await self._bring_in(each):
                    recovered.add(each.guid)
            except RateLimited:
                raise
            except ApiError as error:
                errors.append(error)
                if len(errors) == MOST_ERRORS:
                    break
        if errors:
            raise errors[0]
        return recovered

    async def _bring_in(self, each: Listed) -> bool:
        """Store one; False when GitHub has it no more."""
        try:
            sent = await self._log.full(each.id)
        except RateLimited:
            raise
        except (NotFound, Refused):
            return False
        if sent is None:
            await self._ask_again(each)
            return False
        await self._inbox.put(
            Delivery(
                hook_id=sent.hook_id, guid=sent.guid, event=sent.event, received_at=self._clock.now(), body=sent.body
            )
        )
        self._wake()
        return True

    async def _ask_again(self, each: Listed) -> None:
        try:
            await self._log.again(each.id)
        except RateLimited:
            raise
        except (NotFound, Refused) as error:
            log.warning("a delivery can't be had again", guid=each.guid, error=str(error))
