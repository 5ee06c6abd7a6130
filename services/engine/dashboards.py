"""Keeps the dashboard of each owner up to date, where the owner's `repositories.yaml` says in which repository.

As with the comments on plans, a change only marks it, and it is edited at most once in the interval. That it is wanted
is stored before it is made, so after a crash it is found by its mark instead of being made twice.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from functools import partial

import structlog

from services.core import fleet
from services.core.backoff import delay
from services.core.clock import from_text, to_text
from services.core.names import marker
from services.core.shards import shard_of
from services.core.text import digest_of
from services.engine.absent import Absent
from services.engine.hidden import is_private
from services.engine.leave import Busy
from services.engine.parents import CLOCKS_APART
from services.engine.parts import Parts
from services.engine.readable import Readable
from services.engine.reposets import set_of
from services.errors import ApiError, NotFound, Refused
from services.store.dashboards import DashboardRow, Dashboards

MOST = 100
"""Plans that are shown."""

log = structlog.get_logger(__name__)


class Boards:
    """The dashboards of all owners that this process conducts."""

    def __init__(self, parts: Parts, rows: Dashboards) -> None:
        self._parts, self._rows = parts, rows
        self._last: dict[str, datetime] = {}
        self._waiting: set[str] = set()
        self._through: dict[str, str] = {}  # a repository by which the owner's set is read, as its plans are
        self._locks: dict[str, asyncio.Lock] = {}
        self._busy = Busy(parts.runs.holds)
        self.let_go = self._busy.let_go
        self._failed = 0
        self._absent = Absent()

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now."""
        self._absent.inherit(shards)

    async def take_up(self, shards: Collection[int] | None) -> None:
        for repo in await self._rows.homes():
            if shards is None or shard_of(repo) in shards:
                self.touch(repo)

    def touch(self, repo: str) -> None:
        """Something of this owner, or of a repository of it, has changed; returns at once."""
        owner = repo.partition("/")[0].lower()
        self._through[owner] = repo
        if owner in self._waiting:
            return
        self._waiting.add(owner)
        last, interval = self._last.get(owner), self._parts.settings.comment_interval
        rest = interval - (self._parts.clock.now() - last).total_seconds() if last is not None else 0.0
        if rest <= 0:
            self._soon(owner)
        else:
            self._parts.timers.after(rest, lambda: self._soon(owner))

    def _soon(self, owner: str) -> None:
        self._parts.spawn("dashboard", self.post(owner))

    async def post(self, owner: str) -> None:
        """Show what there is now, if that is something else; when GitHub can't take it, again later."""
        self._waiting.discard(owner)
        await self._busy.carry_out(owner, partial(self._post_or_later, owner))

    async def _post_or_later(self, owner: str) -> None:
        async with self._locks.setdefault(owner, asyncio.Lock()):
            try:
                await self._post(owner)
            except (NotFound, Refused) as error:
                log.info("a dashboard can't be shown", owner=owner, error=str(error))
            except ApiError as error:
                self._failed += 1
                rest = delay(f"dashboard {owner}", self._failed, retry_after=error.retry_after)
                self._parts.timers.after(rest, lambda: self.touch(self._through[owner]))
            else:
                self._failed = 0

    async def _post(self, owner: str) -> None:
        reads = self._parts.github.reads
        found = (await set_of(reads, self._through[owner])).found
        home = found.dashboard if found is not None else ""
        if not home:
            return
        home = (await reads.repository(home)).full_name
        now = self._parts.clock.now()
        row = await self._rows.wanted(owner, home, now)
        body = await self._body(owner, home)
        digest = digest_of(body)
        if digest == row.shown:
            return
        self._last[owner] = self._parts.clock.now()
        number = await self._send(row, body, again=row.begun_at != to_text(now))
        await self._rows.shows(owner, number, digest)

    async def _send(self, row: DashboardRow, body: str, *, again: bool) -> int:
        """Edit it, or make it; one that was made before a crash is found by its mark. again: it may have been."""
        writes = self._parts.github.writes.ranked("plan")
        if row.number:
            try:
                await writes.edit_issue(row.repo, row.number, body=body)
            except NotFound:  # it was deleted or moved away
                await self._rows.shows(row.owner, 0, "")
            else:
                return row.number
        mark, since = marker(f"{fleet.KEY}/{row.owner}"), from_text(row.begun_at) - CLOCKS_APART
        made = await writes.find_issue(row.repo, mark, since)
        if made is None and again:
            self._absent.check(row.owner, self._parts.clock.now())
        self._absent.forget(row.owner)
        if made is None:
            return (await writes.create_issue(row.repo, fleet.TITLE, body)).number
        await writes.edit_issue(row.repo, made.number, body=body)
        return made.number

    async def _body(self, owner: str, home: str) -> str:
        """What may be said where it stands: in public nothing of a plan that touches what is private."""
        rows = await self._parts.plans.going(owner, MOST)
        in_public = not await is_private(self._parts.github.reads, home)
        shown, hidden, readable = [], 0, Readable()
        for row in rows:
            run = await readable.of(self._parts.runs.of_plan(row.id))
            repos = {row.repo, *(run.plan.repos if run is not None else ()), *(task.repo for task in row.parsed.tasks)}
            if in_public and any([await is_private(self._parts.github.reads, each) for each in sorted(repos)]):
                hidden += 1
                continue
            shown.append(
                fleet.Shown(
                    repo=row.repo,
                    number=row.number,
                    title=row.title,
                    run=run if run is not None and run.finished_at is None else None,
                    is_approved=row.is_approved,
                    problems=len(row.parsed.errors),
                )
            )
        return fleet.body(owner, shown, hidden=hidden)

    async def ticked(self, repo: str, number: int, body: str, before: str | None) -> tuple[fleet.Box, ...] | None:
        """The boxes that were ticked with an edit of this issue; None when it is no dashboard."""
        owner = repo.partition("/")[0]
        row = await self._rows.get(owner)
        if row is None or not number or (row.repo.lower(), row.number) != (repo.lower(), number):
            return None
        boxes = fleet.ticked(body, before) if before is not None else ()
        mine = [box for box in boxes if box.repo.partition("/")[0].lower() == owner.lower()]
        return tuple([box for box in mine if await self._parts.plans.get(f"{box.repo}#{box.number}") is not None])

    async def write_anew(self, repo: str) -> None:
        """Somebody has changed it."""
        await self._rows.overwritten(repo.partition("/")[0])
        self.touch(repo)
