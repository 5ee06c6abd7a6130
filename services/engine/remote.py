"""The repository of an attempt as GitHub has it: the commit to start from, what earlier tries left, and the push.

All an attempt asks of GitHub goes through here, each time with a token that may do no more than that. Before a push it
looks at the branch, so that a commit of somebody else is never overwritten, and our own is not made twice.
"""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from services.core.messages import reasons
from services.engine.carrying import Gone, fetched
from services.engine.orders import Order, Over
from services.engine.progress import Laid, Progress
from services.errors import GitError
from services.git.mirror import Mirrors, MissingBranch
from services.git.taken import began_at
from services.git.workspace import RefusedPush, StalePush, Workspace, is_own_commit

READ: Mapping[str, str] = {"contents": "read"}
WRITE: Mapping[str, str] = {"contents": "write"}


class Token(Protocol):
    """Gives a token for one repository that may do no more than `permissions`."""

    def __call__(self, repo: str, permissions: Mapping[str, str], /) -> Awaitable[str]: ...


class Remote:
    """For one attempt. head: of what was done elsewhere, once `find_base` has found it."""

    def __init__(self, order: Order, mirrors: Mirrors, token: Token, progress: Progress) -> None:
        self._order, self._mirrors, self._token, self._progress = order, mirrors, token, progress
        self.head = ""

    async def find_base(self) -> str:
        """The commit to start from: the one this attempt began with, as long as there is such a commit."""
        repo, laid = self._order.task.repo, self._progress.done("worktree", Laid)
        if self._order.source:
            return await self._find_source()
        if laid is not None and await self._mirrors.has(repo, laid.base):
            return laid.base
        if self._order.at and await self._mirrors.has(repo, self._order.at):
            return self._order.at
        tip = await self._mirrors.fetch(repo, self._order.base, await self._token(repo, READ))
        if self._order.at:
            if await self._mirrors.has(repo, self._order.at):
                return self._order.at
            raise Over("failed", reasons.head_is_gone(self._order.base, self._order.at))
        if laid is None:
            return tip
        if await self._mirrors.has(repo, laid.base):
            return laid.base
        await self._progress.undo("worktree")
        return tip

    async def _find_source(self) -> str:
        """The commit from which the work that was done elsewhere began; its branch is in the mirror then."""
        order, repo = self._order, self._order.task.repo
        token = await self._token(repo, READ)
        tip = await self._mirrors.fetch(repo, order.base, token)
        try:
            self.head = await self._mirrors.fetch(repo, order.source, token)
        except MissingBranch:
            raise Over("unchanged", reasons.no_result(order.source)) from None
        if order.tip not in {"", self.head}:
            raise GitError(reasons.moved_on(order.source, order.tip))
        if not order.since:
            return await began_at(self._mirrors, repo, tip, self.head)
        if not await self._mirrors.has(repo, order.since):
            raise Over("refused", reasons.head_is_gone(order.base, order.since))
        return order.since

    async def fetch_carried(self) -> None:
        """Have what the attempt before has made in the mirror."""
        order = self._order
        try:
            await fetched(
                self._mirrors, order.task.repo, order.branch, order.carry, await self._token(order.task.repo, READ)
            )
        except Gone:
            raise Over("refused", reasons.head_is_gone(order.branch, order.carry)) from None

    async def is_at_hand(self, sha: str) -> bool:
        """Is the commit in the mirror, or does it stand on our branch already?"""
        repo, branch = self._order.task.repo, self._order.branch
        if await self._mirrors.has(repo, sha):
            return True
        token = await self._token(repo, READ)
        if await self._mirrors.tip(repo, branch, token) != sha:
            return False
        return await self._mirrors.fetch(repo, branch, token) == sha

    async def push(self, workspace: Workspace, sha: str) -> None:
        """Look first: our own commit may stand there already. A commit of somebody else stays where it is."""
        repo, branch = self._order.task.repo, self._order.branch
        self._progress.next_begins()
        if self._order.adopts:
            return None  # it stands on its own branch; should that move now, its pull request is judged anew
        token = await self._token(repo, WRITE)
        for _ in range(2):  # who pushed at the same moment may have been this attempt, on a machine taken for dead
            tip = await self._mirrors.tip(repo, branch, token)
            if tip == sha:
                return None
            if tip is not None and tip not in self._order.replaces and not await self._is_own(repo, branch, tip, token):
                raise Over("refused", reasons.anothers_commit(branch, tip))
            # After the look: whoever takes this attempt over from now on pushes onto another tip, and this push fails.
            await self._progress.confirm()
            try:
                return await workspace.push(sha, branch, tip, token)
            except RefusedPush as refused:
                raise Over("refused", reasons.no_push(branch, str(refused))) from None
            except StalePush:
                continue
        raise Over("refused", reasons.pushed_at_once(branch))

    async def _is_own(self, repo: str, branch: str, tip: str, token: str) -> bool:
        """Is this an earlier try of the same task, by this run or one before? Then it may be replaced.

        The marks could be forged by whoever may push there; all they would gain is that we overwrite their commit.
        """
        if await self._mirrors.fetch(repo, branch, token) != tip:
            return False
        return await is_own_commit(self._mirrors, repo, tip, self._order.message)
