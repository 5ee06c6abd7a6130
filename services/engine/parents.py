"""Parents of tracking issues: the plan's own issue, and for large plans issues between it and the tasks.

GitHub takes a hundred sub-issues under one issue. So a plan with more tasks has parts of a hundred each, in the plan's
order, which are made when the first of their tasks is tracked. A part has a mark, and is looked for before it is made:
two effects never make one twice, nor does a process that comes after a crash.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from services.core import messages, names
from services.core.board import Run
from services.core.plan import Task
from services.core.shards import shard_of
from services.engine.absent import Absent
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github.infos import IssueInfo

ROOM = 100
"""Sub-issues under one issue."""
CLOCKS_APART = timedelta(hours=1)
"""How far our clock may be ahead of GitHub's, by which issues are dated."""


class Parents:
    """Which issue a tracking issue belongs under."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._made: dict[str, int] = {}
        self._making: dict[str, asyncio.Lock] = {}
        self._tried: set[str] = set()
        self._ours_since: dict[int, datetime] = {}  # shards that others have had
        self._absent = Absent()

    def inherit(self, shards: Collection[int]) -> None:
        """Others have had these until now, and may have made parts."""
        self._ours_since.update(dict.fromkeys(shards, self._parts.clock.now()))
        self._absent.inherit(shards)

    async def of(self, run: Run, task: Task, *, again: bool) -> int:
        """The number of the parent, in the plan's repository. again: somebody may have been here for this task."""
        if len(run.plan.tasks) <= ROOM:
            return run.number
        place = next(n for n, each in enumerate(run.plan.tasks) if each.id == task.id) // ROOM
        key = part_key(run, place)
        async with self._making.setdefault(key, asyncio.Lock()):
            if key not in self._made:
                part = await self._found(run, place)
                if part is None and (again or key in self._tried or self._is_inherited(run)):
                    self._absent.check(key, self._parts.clock.now())
                if part is None:
                    self._tried.add(key)
                    self._absent.forget(key)
                    part = await self._make(run, place)
                await self._parts.github.writes.ranked("plan").link_sub_issue(run.repo, run.number, part)
                self._made[key] = part.number
        return self._made[key]

    def _is_inherited(self, run: Run) -> bool:
        """Has another process conducted it before?"""
        since = self._ours_since.get(shard_of(run.repo))
        return since is not None and (run.started_at is None or run.started_at <= since)

    async def _found(self, run: Run, place: int) -> IssueInfo | None:
        if run.started_at is None:
            return None
        mark, since = names.marker(part_key(run, place)), run.started_at - CLOCKS_APART
        return await self._parts.github.writes.ranked("plan").find_issue(run.repo, mark, since)

    async def _make(self, run: Run, place: int) -> IssueInfo:
        title, body = messages.part_issue(run, place + 1, parts_of(run), part_key(run, place))
        return await self._parts.github.writes.ranked("plan").create_issue(run.repo, title, body)

    async def close(self, run: Run) -> None:
        """The plan is done, and so are its parts; one that somebody deleted is no trouble."""
        if all(task.issue for task in run.plan.tasks):
            return
        for place in range(parts_of(run) if len(run.plan.tasks) > ROOM else 0):
            part = await self._found(run, place)
            if part is not None and part.state == "open":
                try:
                    writes = self._parts.github.writes.ranked("plan")
                    await writes.edit_issue(run.repo, part.number, state="closed", state_reason="completed")
                except (NotFound, Refused):
                    continue
        for key in [key for key in self._made if key.startswith(f"{run.id}/")]:
            del self._made[key]
            self._making.pop(key, None)
            self._tried.discard(key)


def parts_of(run: Run) -> int:
    return -(-len(run.plan.tasks) // ROOM)


def part_key(run: Run, place: int) -> str:
    """No task's: theirs have four parts."""
    return f"{run.id}/part/{place + 1}"
