"""One attempt of a task: fetch, lay out the files, let the agent work, verify, commit, push.

Everything that decides is the bot's: the agent gets files and time, and what it leaves is judged before anything
leaves this machine. Each step is written down when it has ended, and an attempt that is taken up again goes on after
the last one that is: what the agent did is taken in again as the files it left, and judged again. The commit is a pure
function of the order and the files, so even a step that was not written down finds its own work on the branch instead
of making a second one. Only this module's results say what became of an attempt; errors raised mean that there was no
attempt (the network, the disk, no box) and that it may be tried again.
"""

from collections.abc import Sequence

import msgspec
import structlog

from services.agents import Agent, ForAPerson, Superseded, Work, find_agent
from services.agents.box import Box, Finished
from services.agents.log import MAX_LOG, clean_log, last_line
from services.agents.models import Models
from services.agents.script import SCRIPT, shell
from services.core.clock import Clock
from services.core.messages import reasons
from services.core.paths import Change, outside, protected
from services.core.plan import Task
from services.core.similar import kept
from services.core.steps import DIFF
from services.engine.carrying import CONTENT, Taken, completed, take_over
from services.engine.orders import Kind, Order, Over, Result
from services.engine.progress import Committed, Forgets, Keeps, Laid, Progress, Pushed, Verified, Worked
from services.engine.recalling import Recalling
from services.engine.remote import Remote, Token
from services.errors import BudgetUsedUp, UserError
from services.git.bundle import DamagedBundle, bundle, left_ignored, restore, took_in, unbundle
from services.git.command import UnusableName
from services.git.mirror import Mirrors, MissingBranch
from services.git.result import HostileResult, shown
from services.git.taken import take_in
from services.git.workspace import Author, Workspace, open_workspace
from services.registry import Registry
from services.store.checkpoints import Point
from services.store.ledger import Call
from services.store.resolutions import Resolutions, Source

log = structlog.get_logger(__name__)


class _Lost(Exception):
    """What a finished step left can't be had any more, so it is done again from there; never leaves this module."""


async def attempt(
    order: Order,
    *,
    mirrors: Mirrors,
    box: Box,
    agents: Registry[Agent],
    token: Token,
    clock: Clock,
    keeps: Keeps | None = None,
    models: Models | None = None,
    resolutions: Resolutions | None = None,
) -> Result:
    """Carry an order out, from the first step that `keeps` does not have as finished; its directory is gone afterwards.

    GitError, AgentError, ApiError, StoreError: it could not be tried.
    """
    steps = _Steps(order, mirrors, box, token, clock, keeps or Forgets(), models, resolutions)
    try:
        agent = find_agent(order.task.agent, agents)
        return await steps.go(agent)
    except Over as over:
        result = steps.result(over.kind, reason=over.reason, exit_code=over.exit_code)
        return msgspec.structs.replace(result, conflicts=over.conflicts)
    except HostileResult as hostile:
        return steps.result("refused", reason=reasons.not_taken(str(hostile)))
    except BudgetUsedUp as over:
        return msgspec.structs.replace(steps.result("failed", reason=str(over), over=over.scope), is_ours=True)
    except ForAPerson as person:
        return msgspec.structs.replace(steps.result("refused", reason=str(person)), is_for_a_person=True)
    except (UserError, UnusableName, MissingBranch) as wrong:
        failed, is_ours = steps.result("failed", reason=str(wrong)), isinstance(wrong, UserError)
        return msgspec.structs.replace(failed, is_hopeless=True, is_ours=is_ours)
    except Superseded:
        return steps.result("failed", reason=reasons.SUPERSEDED)


class _Steps:
    """The steps of one attempt and what they have found out so far."""

    def __init__(
        self,
        order: Order,
        mirrors: Mirrors,
        box: Box,
        token: Token,
        clock: Clock,
        keeps: Keeps,
        models: Models | None = None,
        resolutions: Resolutions | None = None,
    ) -> None:
        self._models = models
        source = Source(repo=order.task.repo, run_id=order.run_id, task=order.task.id, attempt=order.attempt)
        self._recalling = Recalling(resolutions, source)
        self._order, self._mirrors, self._box, self._clock = order, mirrors, box, clock
        self._began = clock.now()
        self._progress = Progress(keeps, clock, self._began)
        self._remote = Remote(order, mirrors, token, self._progress)
        self._base = ""
        self._log = b""

    async def go(self, agent: Agent) -> Result:
        await self._progress.begin()
        try:
            return await self._go(agent)
        except _Lost as lost:
            log.info("a finished step is done again", run=self._order.run_id, task=self._order.task.id, why=str(lost))
        await self._progress.undo("agent")
        return await self._go(agent)

    async def _go(self, agent: Agent) -> Result:
        progress, order = self._progress, self._order
        if (pushed := progress.done("push", Pushed)) is not None:
            self._base, self._log = pushed.base, self._said("agent", "verify")
            return self.result("pushed", head_sha=pushed.sha)
        self._base = await self._remote.find_base()
        async with open_workspace(self._mirrors, order.task.repo, self._base) as workspace:
            if progress.done("worktree", Laid) is None:
                await progress.reached(progress.ended("worktree", Laid(base=self._base, branch=order.branch)))
            worked = progress.done("agent", Worked) if not order.source else None
            if order.source:
                sha, changes = await self._take_in(agent, workspace)
            else:
                sha, changes = await (
                    self._work(agent, workspace) if worked is None else self._take_up(worked, workspace)
                )
            if not changes:
                return self.result("unchanged", reason=reasons.UNCHANGED)
            self._judge(changes)
            await self._verify(workspace, can_repeat=worked is not None)
            await self._remote.push(workspace, sha)
            await progress.reached(progress.ended("push", Pushed(sha=sha, base=self._base)))
            return self.result("pushed", head_sha=sha, files=changes)

    async def _take_in(self, agent: Agent, workspace: Workspace) -> tuple[str, tuple[Change, ...]]:
        """What was done elsewhere. It costs nothing to read it again, and only what is read now is judged: what an
        earlier try has verified counts as long as it is the same.
        """
        progress, task = self._progress, self._order.task
        progress.next_begins()
        changes = await take_in(workspace, self._remote.head)
        outcome = await agent.run(self._asked(task, workspace, None), self._box)
        sha = ""
        if changes:
            sha = self._remote.head if self._order.adopts else await self._commit(workspace)
        known = progress.done("commit", Committed)
        if known is not None and known.sha == sha:
            return sha, changes
        if known is not None:
            await progress.undo("agent")
        ended = progress.ended("agent", Worked(ok=True, summary=outcome.summary), outcome.log)
        paths = kept(change.path for change in changes)
        points = [progress.ended("commit", Committed(sha=sha, paths=paths))]
        if changes:
            points.append(progress.beside(DIFF, (await workspace.diff(sha)).encode()))
        await progress.reached(ended, *points)
        return sha, changes

    async def _work(self, agent: Agent, workspace: Workspace) -> tuple[str, tuple[Change, ...]]:
        """Let the agent work; how it ended and what it left are written down together, as one is no use alone."""
        progress, task = self._progress, self._order.task
        progress.next_begins()
        taken = await self._take_over(workspace)
        if taken is not None and self._order.fixer and taken.is_all:
            agent, task = SCRIPT, msgspec.structs.replace(task, run=self._order.fixer)
        elif taken is not None and taken.is_all:
            agent = CONTENT
        outcome = await agent.run(self._asked(task, workspace, taken), self._box)
        outcome = taken.told(outcome) if taken is not None else outcome
        conflicts: tuple[str, ...] = ()
        if taken is not None and outcome.ok:
            lacking = await completed(
                workspace,
                taken,
                self._order.carry,
                self._order.generated,
                self._box,
                self._left(),
                self._order.fork,
            )
            conflicts = taken.left if lacking is not None else ()
            outcome = lacking or outcome
        self._log = outcome.log
        worked = Worked(
            ok=outcome.ok,
            summary=outcome.summary,
            exit_code=outcome.exit_code,
            timed_out=outcome.timed_out,
            conflicts=conflicts,
        )
        ended = progress.ended("agent", worked, outcome.log)
        if not outcome.ok:
            await progress.reached(ended)
            raise _not_content(worked)
        try:
            changes = await workspace.changes()
        except HostileResult as hostile:
            await progress.reached(ended, progress.ended("commit", Committed(refused=str(hostile))))
            raise
        packed, committed, changed = None, Committed(), list[Point]()
        if changes:
            sha = await self._commit(workspace)
            await self._recalling.learn(workspace, taken.sides if taken is not None else {}, sha, self._began)
            leftovers = bool(task.verify.strip() or self._order.proves.strip()) and await left_ignored(workspace)
            paths = kept(change.path for change in changes)
            packed, committed = await bundle(workspace, sha), Committed(sha=sha, leftovers=leftovers, paths=paths)
            changed = [progress.beside(DIFF, (await workspace.diff(sha)).encode())]
        await progress.reached(ended, progress.ended("commit", committed, packed), *changed)
        return committed.sha, changes

    def _asked(self, task: Task, workspace: Workspace, taken: Taken | None) -> Work:
        """What the agent is asked to do, and with what."""
        notes = (self._order.note, taken.note if taken is not None else "")
        return Work(
            task=task,
            files=workspace.files,
            seconds=self._left(),
            note="\n\n".join(each for each in notes if each),
            lessons=self._order.lessons,
            past=self._order.past,
            models=self._models,
            call=Call(
                plan_id=self._order.plan_id,
                purpose="attempt",
                run_id=self._order.run_id,
                task=task.id,
                attempt=self._order.attempt,
                repo=task.repo,
            ),
            journal=self._progress,
        )

    async def _take_over(self, workspace: Workspace) -> Taken | None:
        """Lay out what the attempt before has made, if this one is to go on with that."""
        order = self._order
        if not order.carry:
            return None
        await self._remote.fetch_carried()
        return await take_over(workspace, order.task, order.carry, order.generated, order.fork, self._recalling.known)

    async def _take_up(self, worked: Worked, workspace: Workspace) -> tuple[str, tuple[Change, ...]]:
        """What the agent left in an earlier try, as if it had left it just now."""
        self._log = self._said("agent")
        committed = self._progress.done("commit", Committed)
        if not worked.ok:
            raise _not_content(worked)
        if committed is None:
            raise _Lost("what the agent left was not written down")
        if committed.refused:
            raise HostileResult(committed.refused)
        if not committed.sha:
            return "", ()
        packed = self._progress.blob("commit")
        try:
            if packed is not None:
                await unbundle(workspace, committed.sha, packed)
            elif await self._remote.is_at_hand(committed.sha):
                await restore(workspace, committed.sha)
            else:
                raise _Lost("the commit was too big to be kept, or is damaged")
        except DamagedBundle as damaged:
            raise _Lost(str(damaged)) from None
        changes = await workspace.changes()
        if not await took_in(workspace, committed.sha):
            raise _Lost("the kept commit holds what no agent may leave")
        return await self._commit(workspace), changes

    def _judge(self, changes: tuple[Change, ...]) -> None:
        if strays := outside(changes, self._order.task.paths):
            raise Over("refused", reasons.outside(_some(strays)))
        held = protected(changes) if self._order.protected else ()
        if held:
            raise Over("refused", reasons.held_back(_some([path for path, _ in held]), held[0][1]))

    async def _verify(self, workspace: Workspace, *, can_repeat: bool) -> None:
        """Run `verify` over the files. The result was read before, so what this leaves behind is no part of it.

        can_repeat: the files are those of an earlier try. What git ignores is not among them, and a verification that
        misses it (a build, packages) says nothing.
        """
        command, progress = self._order.task.verify, self._progress
        if not command.strip() and self._order.carry:
            command = self._order.proves
        if not command.strip():
            return
        verified = progress.done("verify", Verified)
        if verified is None:
            progress.next_begins()
            done = await self._box.run(shell(command), files=workspace.files, seconds=self._left())
            said = clean_log(done.output)
            verified = _verified(done, said)
            committed = progress.done("commit", Committed)
            if not verified.ok and can_repeat and (committed is None or committed.leftovers):
                raise _Lost("the verification failed without the files that git ignores")
            await progress.reached(progress.ended("verify", verified, said))
        self._log = self._said("agent", "verify")
        if not verified.ok:
            raise Over("timed_out" if verified.timed_out else "failed", verified.reason, verified.exit_code)

    def _said(self, *steps: str) -> bytes:
        """The end of what these steps printed."""
        said = [(step, self._progress.blob(step) or b"") for step in steps if self._progress.has(step)]
        return b"\n".join(text if step == "agent" else b"--- verify ---\n" + text for step, text in said)[-MAX_LOG:]

    async def _commit(self, workspace: Workspace) -> str:
        return await workspace.commit(self._order.message, Author(), self._order.when)

    def _left(self) -> float:
        """Seconds of the task's time that are left; what earlier tries finished has taken its part of it."""
        passed = (self._clock.now() - self._began).total_seconds()
        left = self._order.task.timeout - self._progress.used - passed
        if left <= 0:
            raise Over("timed_out", reasons.out_of_time(self._order.task.timeout))
        return left

    def result(
        self,
        kind: Kind,
        *,
        reason: str = "",
        exit_code: int = 0,
        head_sha: str = "",
        files: tuple[Change, ...] = (),
        over: str = "",
    ) -> Result:
        return Result(
            kind=kind,
            fence=self._order.fence,
            head_sha=head_sha,
            base_sha=self._base,
            files=files,
            exit_code=exit_code,
            reason=reason,
            over=over,
            log=self._log.decode("utf-8", "ignore"),
            seconds=self._progress.used + (self._clock.now() - self._began).total_seconds(),
        )


def _not_content(worked: Worked) -> Over:
    return Over("timed_out" if worked.timed_out else "failed", worked.summary, worked.exit_code, worked.conflicts)


def _verified(done: Finished, said: bytes) -> Verified:
    reason = ""
    if done.timed_out:
        reason = reasons.VERIFIED_TOO_LONG
    elif done.exit_code != 0:
        reason = reasons.verification_failed(done.exit_code, last_line(said))
    return Verified(ok=not reason, exit_code=done.exit_code, timed_out=done.timed_out, reason=reason)


def _some(paths: Sequence[str]) -> str:
    """Printable."""
    return reasons.some([shown(path) for path in paths[: reasons.PATHS]], len(paths))
