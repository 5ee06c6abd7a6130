"""One attempt of a task: fetch, lay out the files, let the agent work, verify, commit, push.

Everything that decides is the bot's: the agent gets files and time, and what it leaves is judged before anything
leaves this machine. The commit is a pure function of the order and the files, so doing a step again after a crash
finds its own work on the branch instead of making a second one. Only this module's results say what became of an
attempt; errors raised mean that there was no attempt (the network, the disk, no box) and that it may be tried again.
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from services.agents import Agent, Outcome, Work, find_agent
from services.agents.box import Box
from services.agents.log import MAX_LOG, clean_log, last_line
from services.agents.script import shell
from services.core.clock import Clock
from services.core.paths import Change, outside, protected
from services.core.plan import Task
from services.errors import UserError
from services.git.command import UnusableName
from services.git.mirror import Mirrors, MissingBranch
from services.git.result import HostileResult, shown
from services.git.workspace import Author, StalePush, Workspace, is_own_commit, open_workspace
from services.registry import Registry

READ: Mapping[str, str] = {"contents": "read"}
WRITE: Mapping[str, str] = {"contents": "write"}

Kind = Literal["pushed", "unchanged", "failed", "timed_out", "refused"]


class Token(Protocol):
    """Gives a token for one repository that may do no more than `permissions`."""

    def __call__(self, repo: str, permissions: Mapping[str, str], /) -> Awaitable[str]: ...


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to try. base: branch to start from; branch: where it goes; when: the commit's date, the same if repeated.

    replaces: commits of earlier attempts that may stand on the branch and be overwritten. protected: hold changes of
    protected paths back for a person (False once somebody has allowed them). note: what an earlier attempt ran into.
    """

    run_id: str
    task: Task
    attempt: int
    fence: int
    base: str
    branch: str
    message: str
    when: datetime
    replaces: tuple[str, ...] = ()
    protected: bool = True
    note: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. reason: one sentence that may quote foreign text; log: plain and bounded; seconds: in all.

    pushed: head_sha stands on the branch, on top of base_sha. unchanged: the agent was content and changed nothing.
    failed: by the agent or by `verify`, with its exit code. refused: a person has to look, nothing was pushed.
    """

    kind: Kind
    fence: int
    head_sha: str = ""
    base_sha: str = ""
    files: tuple[Change, ...] = ()
    exit_code: int = 0
    reason: str = ""
    log: str = ""
    seconds: float = 0.0


class _Over(Exception):
    """Ends the steps early with a result; never leaves this module."""

    def __init__(self, kind: Kind, reason: str, exit_code: int = 0) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason
        self.exit_code = exit_code


async def attempt(
    order: Order, *, mirrors: Mirrors, box: Box, agents: Registry[Agent], token: Token, clock: Clock
) -> Result:
    """Carry an order out; its directory is gone afterwards. GitError, AgentError, ApiError: it could not be tried."""
    steps = _Steps(order, mirrors, box, token, clock)
    try:
        agent = find_agent(order.task.agent, agents)
        return await steps.go(agent)
    except _Over as over:
        return steps.result(over.kind, reason=over.reason, exit_code=over.exit_code)
    except HostileResult as hostile:
        return steps.result("refused", reason=f"The result is not taken: {hostile}.")
    except (UserError, UnusableName, MissingBranch) as wrong:
        return steps.result("failed", reason=str(wrong))


class _Steps:
    """The steps of one attempt and what they have found out so far."""

    def __init__(self, order: Order, mirrors: Mirrors, box: Box, token: Token, clock: Clock) -> None:
        self._order, self._mirrors, self._box, self._token, self._clock = order, mirrors, box, token, clock
        self._began = clock.now()
        self._base = ""
        self._log = b""

    async def go(self, agent: Agent) -> Result:
        order, repo = self._order, self._order.task.repo
        self._base = await self._mirrors.fetch(repo, order.base, await self._token(repo, READ))
        async with open_workspace(self._mirrors, repo, self._base) as workspace:
            await self._work(agent, workspace)
            changes = await workspace.changes()
            if not changes:
                return self.result("unchanged", reason="The agent changed nothing.")
            self._judge(changes)
            await self._verify(workspace)
            sha = await workspace.commit(order.message, Author(), order.when)
            await self._push(workspace, sha)
            return self.result("pushed", head_sha=sha, files=changes)

    async def _work(self, agent: Agent, workspace: Workspace) -> None:
        work = Work(task=self._order.task, files=workspace.files, seconds=self._left(), note=self._order.note)
        outcome: Outcome = await agent.run(work, self._box)
        self._log = outcome.log
        if not outcome.ok:
            raise _Over("timed_out" if outcome.timed_out else "failed", outcome.summary, outcome.exit_code)

    def _judge(self, changes: tuple[Change, ...]) -> None:
        if strays := outside(changes, self._order.task.paths):
            raise _Over("refused", f"The task's paths do not cover {_some(strays)}.")
        held = protected(changes) if self._order.protected else ()
        if held:
            raise _Over("refused", f"A person has to look at {_some([path for path, _ in held])}: {held[0][1]}.")

    async def _verify(self, workspace: Workspace) -> None:
        """Run `verify` over the files. The result was read before, so what this leaves behind is no part of it."""
        command = self._order.task.verify
        if not command.strip():
            return
        done = await self._box.run(shell(command), files=workspace.files, seconds=self._left())
        said = clean_log(done.output)
        self._log = (self._log + b"\n--- verify ---\n" + said)[-MAX_LOG:]
        if done.timed_out:
            raise _Over("timed_out", "The verification did not end in time.", done.exit_code)
        if done.exit_code != 0:
            told = last_line(said)
            reason = f"The verification ended with exit code {done.exit_code}{': ' + told if told else ''}"
            raise _Over("failed", reason, done.exit_code)

    async def _push(self, workspace: Workspace, sha: str) -> None:
        """Look first: our own commit may stand there already. A commit of somebody else stays where it is."""
        repo, branch = self._order.task.repo, self._order.branch
        token = await self._token(repo, WRITE)
        tip = await self._mirrors.tip(repo, branch, token)
        if tip == sha:
            return
        if tip is not None and tip not in self._order.replaces and not await self._is_own(repo, branch, tip, token):
            raise _Over("refused", f"Somebody else has pushed to {branch}; their commit {tip[:12]} was left as it is.")
        try:
            await workspace.push(sha, branch, tip, token)
        except StalePush:
            raise _Over("refused", f"Somebody else pushed to {branch} at the same moment.") from None

    async def _is_own(self, repo: str, branch: str, tip: str, token: str) -> bool:
        """Is this an earlier try of the same task, by this run or one before? Then it may be replaced.

        The marks could be forged by whoever may push there; all they would gain is that we overwrite their commit.
        """
        if await self._mirrors.fetch(repo, branch, token) != tip:
            return False
        return await is_own_commit(self._mirrors, repo, tip, self._order.message)

    def _left(self) -> float:
        """Seconds of the task's time that are left."""
        left = self._order.task.timeout - (self._clock.now() - self._began).total_seconds()
        if left <= 0:
            raise _Over("timed_out", f"The task's {self._order.task.timeout} s were over.")
        return left

    def result(
        self, kind: Kind, *, reason: str = "", exit_code: int = 0, head_sha: str = "", files: tuple[Change, ...] = ()
    ) -> Result:
        return Result(
            kind=kind,
            fence=self._order.fence,
            head_sha=head_sha,
            base_sha=self._base,
            files=files,
            exit_code=exit_code,
            reason=reason,
            log=self._log.decode("utf-8", "ignore"),
            seconds=(self._clock.now() - self._began).total_seconds(),
        )


def _some(paths: tuple[str, ...] | list[str]) -> str:
    """The first three of the paths, printable, and how many more there are."""
    first = ", ".join(shown(path) for path in paths[:3])
    return f"{first} and {len(paths) - 3} more" if len(paths) > 3 else first
