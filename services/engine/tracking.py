"""What a repository wants of the tracking issues in it: labels, people, and GitHub's own word for what waits for what.

All of it comes after the issue is there and can be done twice, so a crash in between costs nothing; and none of it is
worth stopping a task for, so what GitHub refuses is noted and left.
"""

from cachetools import LRUCache
from msgspec.structs import replace

from services.core.board import Board
from services.core.codeowners import PLACES, owners_of
from services.core.config import Issues
from services.core.plan import Task
from services.engine.configs import config_of
from services.engine.hidden import hidden_in
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github.infos import IssueInfo

KNOWN = 10_000
"""Issues of which it is remembered that they were just made, but not what stands in them: what the board says comes a
little later.
"""


class Tracking:
    """Dresses tracking issues. Of two that are made at the same time each one may be the last to know of the other, so
    each looks for both what it needs and what needs it.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._made: LRUCache[tuple[str, str], IssueInfo] = LRUCache(KNOWN)

    async def wants(self, repo: str) -> Issues:
        """What is asked for in this repository."""
        return (await config_of(self._parts.github.reads, repo)).issues

    async def dress(self, board: Board, task: Task, made: IssueInfo) -> str:
        """What there is to note of it."""
        self._made[board.run.id, task.id] = replace(made, body="")
        writes, wanted = self._parts.github.writes.ranked("plan"), await self.wants(task.repo)
        noted: dict[str, str] = {}
        try:
            await writes.add_labels(task.repo, made.number, wanted.labels)
        except (Refused, NotFound) as refused:
            noted["labels"] = refused.message
        try:
            if wanted.assign == "codeowners" and (owners := await self._owners(task)):
                await writes.assign(task.repo, made.number, *owners)
        except (Refused, NotFound) as refused:
            noted["assignees"] = refused.message
        for refusal in await self._link(board, task):
            noted["blocked_by"] = refusal
        return "; ".join(f"{what}: {why}" for what, why in noted.items())[:200]

    async def _owners(self, task: Task) -> tuple[str, ...]:
        for place in PLACES:
            text = await self._parts.github.reads.file(task.repo, place)
            if text is not None:
                return owners_of(text, task.paths)
        return ()

    async def _link(self, board: Board, task: Task) -> list[str]:
        """Say of it and of what needs it what each waits for, where the repository of the one that waits wants that."""
        # An edit of the plan may have taken any of them away meanwhile.
        pairs = [(task, board.specs[need]) for need in task.needs if need in board.specs]
        pairs += [(board.specs[each], task) for each in board.after.get(task.id, ())]
        noted = []
        for waits, first in pairs:
            if not (await self.wants(waits.repo)).blocked_by:
                continue
            if await hidden_in(self._parts.github.reads, waits.repo, [first.repo]):
                continue
            try:
                number, blocker = self._number(board, waits), await self._issue(board, first)
                if number and blocker is not None:
                    writes = self._parts.github.writes.ranked("plan")
                    await writes.block_issue(waits.repo, number, blocker)
            except (Refused, NotFound) as refused:
                noted.append(refused.message)
        return noted

    def _number(self, board: Board, task: Task) -> int:
        made = self._made.get((board.run.id, task.id))
        return made.number if made is not None else self._stored(board, task)

    def _stored(self, board: Board, task: Task) -> int:
        state = board.run.tasks.get(task.id)
        return state.issue if state is not None else 0

    async def _issue(self, board: Board, task: Task) -> IssueInfo | None:
        made, number = self._made.get((board.run.id, task.id)), self._stored(board, task)
        if made is None and number:
            made = replace(await self._parts.github.reads.issue(task.repo, number), body="")
            self._made[board.run.id, task.id] = made
        return made
