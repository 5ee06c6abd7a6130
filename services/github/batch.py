"""Many look-ups, or many changes, in one call of GitHub's GraphQL API.

Each has its own result: what is not there fails alone. Look-ups that could not be answered together (a timeout, a 502,
a partial answer) are asked for again in halves, until it is clear which one was too much; changes never are, because
they may have happened. Where GraphQL can't be used at all, `None` says so, and the caller takes REST's way.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec

from services.core.admission import Rank
from services.core.clock import Clock
from services.errors import LockstepError, NotFound, Refused, Unreachable
from services.github.exchange import GRAPHQL, Identity, Request, Sender, Stats, Timers, Watches, decode
from services.github.gather import Gather
from services.github.queries import Change, Reply, Wanted, change, look_up, results

MOST = 50
WITHOUT = timedelta(minutes=15)
"""For so long GraphQL is not used again for an installation that refused it."""
OUTAGE = timedelta(minutes=1)
"""And for so long where it did not answer."""

Fields = Mapping[str, Any]
Result = Fields | LockstepError
Key = tuple[Identity, Rank]
_NONE: Fields = {}
"""Nothing could be said; REST has to."""


class Batcher:
    """lookups, changes: how many of them one call may carry."""

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        timers: Timers,
        stats: Stats,
        *,
        lookups: int = MOST,
        changes: int = MOST,
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._stats = stats
        self._lookups = Gather[Wanted, Fields](timers, min(lookups, MOST), self._look_up)
        self._changes = Gather[Change, Fields](timers, min(changes, MOST), self._change, serial=True)
        self._without: dict[str, datetime] = {}
        self._refused: set[str] = set()  # those of them that are not only out of reach
        self.watch: Watches | None = None

    async def look_up(self, identity: Identity, rank: Rank, wanted: Wanted) -> Fields | None:
        """Its fields; None when GraphQL can't say, or may not. NotFound, RateLimited."""
        if self._is_without(identity):
            return None
        try:
            return await self._lookups.load((identity, rank), wanted) or None
        except (Unreachable, Refused):
            return None
        except NotFound:
            if wanted.kind == "issue":  # a pull request is no issue for GraphQL, and is one for REST
                return None
            raise

    async def change(
        self, identity: Identity, rank: Rank, wanted: Change, still: Callable[[], bool] | None = None
    ) -> Fields | None:
        """Its payload; None when nothing was done because GraphQL can't be used.  still: is it wanted? That is asked at
        the last moment before it is sent, in a call of its own.

        NotFound, Refused, RateLimited, Withdrawn: nothing was done.  Unreachable: look first.
        """
        if self._is_without(identity):
            return None
        if still is not None:
            (found,) = await self._change((identity, rank), [wanted], still)
            if isinstance(found, LockstepError):
                raise found
            return found or None
        return await self._changes.load((identity, rank), wanted) or None

    def is_refused(self, identity: Identity) -> bool:
        """May this installation not use GraphQL, or does what answers not know it?"""
        return self._is_without(identity) and identity.installation in self._refused

    def _is_without(self, identity: Identity) -> bool:
        until = self._without.get(identity.installation)
        return until is not None and self._clock.now() < until

    def _do_without(self, identity: Identity, time: timedelta) -> None:
        self._without[identity.installation] = self._clock.now() + time
        (self._refused.add if time == WITHOUT else self._refused.discard)(identity.installation)

    async def _look_up(self, key: Hashable, wanted: Sequence[Wanted]) -> Sequence[Result]:
        """One call, and more of them for what it left open."""
        once = list(dict.fromkeys(wanted))
        if len(once) < len(wanted):
            found_once = dict(zip(once, await self._look_up(key, once), strict=True))
            return [found_once[each] for each in wanted]
        if len(wanted) == 1 and wanted[0].kind == "issue":
            return [_NONE]  # REST answers it as well, and can say that nothing has changed
        self._count("lookup", len(wanted))
        asked = cast("Key", key)
        found = await self._asked(asked, wanted)
        if isinstance(found, Unreachable):
            return await self._halved(asked, wanted, found)
        open_ = [n for n, each in enumerate(found) if each is None]
        if open_ and any(found):  # GitHub ran out of time or of resources in the middle
            rest = await self._look_up(key, [wanted[n] for n in open_])
            for n, result in zip(open_, rest, strict=True):
                found[n] = result
        return [_NONE if each is None else each for each in found]

    async def _halved(self, key: Key, wanted: Sequence[Wanted], error: Unreachable) -> Sequence[Result]:
        """Each half alone. When both fail that is an outage, and not one look-up that is too much."""
        if len(wanted) == 1:
            return [error]
        middle = len(wanted) // 2
        halves = wanted[:middle], wanted[middle:]
        found = [await self._asked(key, half) for half in halves]
        if all(isinstance(each, Unreachable) for each in found):
            self._do_without(key[0], OUTAGE)
            return [error] * len(wanted)
        out: list[Result] = []
        for half, each in zip(halves, found, strict=True):
            if isinstance(each, Unreachable):
                out += await self._halved(key, half, each)
            else:
                out += [_NONE if result is None else result for result in each]
        return out

    async def _asked(self, key: Key, wanted: Sequence[Wanted]) -> list[Result | None] | Unreachable:
        """One call; None for what it says nothing of, an error when it says nothing at all."""
        try:
            found = await self._send(key, look_up(wanted), None, len(wanted))
        except Unreachable as error:
            return error
        if found is None:
            return [_NONE] * len(wanted)
        return found if any(each is not None for each in found) else Unreachable(200, "the answer was empty")

    async def _change(
        self, key: Hashable, wanted: Sequence[Change], still: Callable[[], bool] | None = None
    ) -> Sequence[Result]:
        self._count("change", len(wanted))
        self._stats.writes += 1
        text, variables = change(wanted)
        content = sum(each.content for each in wanted)
        found = await self._send(cast("Key", key), text, variables, len(wanted), content=content, still=still)
        if found is None:
            return [_NONE] * len(wanted)
        lost = Unreachable(200, "the answer does not say what became of it")
        return [lost if each is None else each for each in found]

    async def _send(
        self,
        key: Key,
        text: str,
        variables: Mapping[str, Any] | None,
        count: int,
        *,
        content: int = 0,
        still: Callable[[], bool] | None = None,
    ) -> list[Result | None] | None:
        """What each alias came to; None when the document was refused as a whole. variables: of a change."""
        identity, rank = key
        body = msgspec.json.encode({"query": text} if variables is None else {"query": text, "variables": variables})
        request = Request(
            "POST", GRAPHQL, identity, body, rank=rank, content=content, is_query=variables is None, wanted=still
        )
        try:
            answer = await self._sender.send(request)
        except (Refused, NotFound):
            self._do_without(identity, WITHOUT)
            return None
        reply = decode(answer.body, Reply)
        found = results(reply, count, acts=variables is not None)
        if found is not None:
            return list(found)
        if not reply.errors or not all(error.is_about_the_text for error in reply.errors):
            raise Unreachable(answer.status, "the answer does not say what became of it")
        self._do_without(identity, WITHOUT)
        return None

    def _count(self, kind: str, size: int) -> None:
        self._stats.batched += size
        if self.watch is not None:
            self.watch.batched(kind, size)
