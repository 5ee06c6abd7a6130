"""`try`: the merge of a pull request with its base as it is now, on a branch of the bot's own, so that CI runs on it.

Nothing is ever merged. The merge is GitHub's own test merge, made a commit of ours so that each try is judged anew.
What is to be tried is stored before anything is done; the commit is stored before the branch leads to it, and the
branch is set to that commit however often it is set. What came of it is stored before the branch goes, and said
together with the end of the try, so it is said once. A pull request from a fork is not tried: its code would run on a
branch of this repository, with its secrets.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from weakref import WeakValueDictionary

import structlog

from services.core import names
from services.core.backoff import delay
from services.core.clock import from_text
from services.core.commands import Command
from services.core.messages import tries
from services.core.targets import only
from services.core.trying import Tried, outcome
from services.engine.leave import Busy
from services.engine.parts import Parts
from services.engine.stickies import Stickies
from services.errors import ApiError, NotFound, Refused, UserError
from services.github.infos import PullInfo
from services.store.plans import Answer
from services.store.trials import TrialRow, Trials

MOST = 10
"""Tries of one repository at a time."""
PATIENCE = timedelta(hours=6)
WAITS = 8
"""How often GitHub is asked whether it can be merged."""

_PLACE = re.compile(r"(?P<repo>[^/#]+/[^/#]+)#(?P<number>[0-9]{1,9})\Z")

log = structlog.get_logger(__name__)


class Trying:
    """All tries in this process."""

    def __init__(self, parts: Parts, stickies: Stickies) -> None:
        self._parts = parts
        self._stickies = stickies
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()
        self._busy = Busy(parts.runs.holds)
        self.let_go = self._busy.let_go
        self._failed: dict[tuple[str, int, int], int] = {}  # of one try each

    @property
    def _rows(self) -> Trials:
        if self._parts.trials is None:
            raise UserError(tries.NOT_HERE)
        return self._parts.trials

    async def meant(self, repo: str, number: int, targets: Sequence[str]) -> tuple[str, int]:
        """The pull request that somebody means who asks on this plan's issue, or on a pull request of their own."""
        if not targets:
            return repo, number
        if len(targets) == 1 and (match := _PLACE.match(targets[0])):
            return match["repo"], int(match["number"])
        run = await self._parts.runs.of_plan(f"{repo}#{number}")
        if run is None:
            raise UserError(tries.NOT_STARTED)
        task = only(run, targets)
        if not run.tasks[task].pull:
            raise UserError(tries.no_pull(task))
        return run.plan.by_id[task].repo, run.tasks[task].pull

    async def ask(self, repo: str, number: int, actor: str) -> str:
        """Begin a try, in place of an older one of the same pull request; its place as GitHub spells it."""
        name = (await self._parts.github.reads.repository(repo)).full_name
        place = f"{name}#{number}"
        try:
            pull = await self._parts.github.reads.pull(name, number, fresh=True)
        except NotFound:
            raise UserError(tries.is_none(place)) from None
        if pull.state != "open":
            raise UserError(tries.not_open(place))
        if pull.head_repo.lower() != name.lower():
            raise UserError(tries.from_fork(place))
        others = [row for row in await self._rows.open(name) if row.number != number]
        if len(others) >= MOST:
            raise UserError(tries.too_many(len(others), name))
        await self._rows.ask(name, number, actor, self._parts.clock.now())
        self._soon(name, number)
        return place

    async def checked(self, repo: str, sha: str) -> None:
        """A check on this commit may have come to its end."""
        for row in await self._rows.on(sha) if self._parts.trials is not None else ():
            if row.repo.lower() == repo.lower():
                self._soon(row.repo, row.number)

    async def take_up(self, shards: Collection[int] | None) -> None:
        """Go on with all tries, of these shards."""
        for row in await self._rows.all(shards) if self._parts.trials is not None else ():
            self._soon(row.repo, row.number)

    def _soon(self, repo: str, number: int) -> None:
        if self._parts.runs.holds(repo):
            self._parts.spawn("try", self._busy.carry_out(repo, partial(self.look, repo, number)))

    def _later(self, repo: str, number: int, seconds: float) -> None:
        self._parts.timers.after(max(seconds, 0.0), lambda: self._soon(repo, number))

    async def look(self, repo: str, number: int) -> None:
        """Bring a try as far as it comes now; when GitHub does not answer, again later."""
        place = (repo, number)
        async with self._locks.setdefault(place, asyncio.Lock()):
            row = await self._rows.get(repo, number)
            if row is None:
                return
            try:
                await self._go_on(row)
            except (NotFound, Refused) as error:
                log.info("a try was refused", repo=repo, number=number, error=str(error))
                await self._finish(row, tries.refused(error.message))
            except ApiError as error:
                count = self._fails(row)
                rest = delay(f"try {repo}#{number}", count, retry_after=error.retry_after, base=2.0)
                self._later(repo, number, rest)

    async def _go_on(self, row: TrialRow) -> None:
        if row.verdict:
            return await self._end(row, row.verdict)
        begun = row if row.sha else await self._merge(row)
        if begun is None:
            return None
        if await self._parts.github.reads.branch(row.repo, names.try_branch(row.number), fresh=True) != begun.sha:
            await self._parts.github.writes.put_branch(row.repo, names.try_branch(row.number), begun.sha)
        return await self._judge(begun)

    async def _merge(self, row: TrialRow) -> TrialRow | None:
        """The try with its merge; None when it has none yet, or is over."""
        reads = self._parts.github.reads
        pull = await reads.pull(row.repo, row.number, fresh=True, worked_out=True)
        if pull.state != "open" or pull.head_repo.lower() != row.repo.lower():
            await self._finish(row, tries.NOT_OPEN_ANY_MORE)
            return None
        if pull.mergeable is False:
            await self._finish(row, tries.CONFLICTS)
            return None
        base = await reads.branch(row.repo, pull.base_ref, fresh=True)
        tree = await self._tree(row.repo, pull, base or "")
        if not tree or base is None:
            await self._wait(row)
            return None
        message = tries.commit(row.repo, row.number, pull.head_sha, pull.base_ref)
        sha = await self._parts.github.writes.create_commit(row.repo, message, tree, (base, pull.head_sha))
        if not await self._rows.begun(row, sha, pull.head_sha, base, self._parts.clock.now()):
            return None
        return await self._rows.get(row.repo, row.number)

    async def _tree(self, repo: str, pull: PullInfo, base: str) -> str:
        """Of GitHub's test merge, if that is one of the head and the base as they are now."""
        if not pull.test_merge:
            return ""
        found = await self._parts.github.reads.commit(repo, pull.test_merge)
        return found.tree if found.parents == (base, pull.head_sha) else ""

    async def _wait(self, row: TrialRow) -> None:
        """GitHub works it out once it was asked."""
        count = self._fails(row)
        if count > WAITS:
            return await self._finish(row, tries.NOT_KNOWN)
        self._later(row.repo, row.number, delay(f"try {row.repo}#{row.number}", count, base=1.0))
        return None

    def _fails(self, row: TrialRow) -> int:
        """How often it did by now."""
        this = (row.repo, row.number, row.n)
        self._failed[this] = self._failed.get(this, 0) + 1
        return self._failed[this]

    async def _judge(self, row: TrialRow) -> None:
        reads, now = self._parts.github.reads, self._parts.clock.now()
        ours = (await reads.app()).id
        found = await reads.checks(row.repo, row.sha, fresh=True)
        checks = [
            (each.name, each.conclusion if each.status == "completed" else "") for each in found if each.app_id != ours
        ]
        tried = Tried(head=row.head, base=row.base, checks=checks)
        asked, begun = from_text(row.asked_at), from_text(row.begun_at)
        if now - asked < PATIENCE:
            grace = self._parts.settings.checks_grace - (now - begun).total_seconds()
            if not checks and grace > 0:
                return self._later(row.repo, row.number, grace)
            if tried.is_pending or await reads.suites_open(row.repo, row.sha):
                return None  # an event tells, and the sweep looks whether it takes too long
        return await self._finish(row, outcome(tried, names.try_branch(row.number)))

    async def _finish(self, row: TrialRow, text: str) -> None:
        """What is to be said is stored before the branch goes: else it would be made once more, and tried again."""
        self._failed.pop((row.repo, row.number, row.n), None)
        if await self._rows.judged(row, text):
            await self._end(row, text)

    async def _end(self, row: TrialRow, text: str) -> None:
        branch = names.try_branch(row.number)
        try:
            await self._parts.github.writes.delete_branch(row.repo, branch)
        except (NotFound, Refused) as error:  # what came of it is said all the same
            log.info("the branch of a try stays", repo=row.repo, branch=branch, error=str(error))
            text = tries.branch_stays(text, branch)
        if await self._rows.finish(row, Answer(to=row.actor, command=str(Command(verb="try")), text=text)):
            self._stickies.touch(row.repo, row.number)
