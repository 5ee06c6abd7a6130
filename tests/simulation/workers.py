"""Attempts without files and processes: what an attempt leaves behind is a commit on a branch, made in the sandbox's git.

The yard is GitHub's git as a worker sees it, and outlives processes; a worker belongs to one. The steps and their
answers are those of services/engine/attempts.py: fetch, work, look at the branch, push only over what may be replaced.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from services.engine.orders import Kind, Order, Result
from services.errors import GitError
from services.github import GitHub
from services.sandbox import pushing
from services.sandbox.clock import stamp
from services.sandbox.git_values import Person
from services.sandbox.kernel import Problem
from services.sandbox.state import Repo
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.hub import Hub
from tests.simulation.life import Life
from tests.simulation.trace import Trace

OURS = "Lockstep"


class Ended(Protocol):
    def __call__(self, life: Life, order: Order, *, came: bool) -> None: ...


class Yard:
    """`made`: shas of all commits that attempts have pushed; `began` and `ended` are told of attempts under way."""

    def __init__(self, hub: Hub, chance: Stream, faults: Faults, trace: Trace) -> None:
        self.hub = hub
        self.chance = chance
        self.faults = faults
        self.trace = trace
        self.made: dict[str, Order] = {}
        self.falters: Callable[[Order], Kind | None] = lambda order: None
        self.kill: Callable[[str, Life], None] = lambda why, life: None
        self.began: Callable[[Life, Order], None] = lambda life, order: None
        self.ended: Ended = lambda life, order, *, came: None

    def commit(self, repo: Repo, base: str, order: Order, text: str) -> str:
        """The commit that this order and this work make on that base, the same whenever it is made again; "" when it
        would change nothing."""
        files = {f"tasks/{order.task.id}.txt": text}
        if "shared" in order.task.run:
            files["shared.txt"] = text
        who = Person(OURS, "lockstep@example.org", stamp(order.when))
        sha = pushing.commit(self.hub.sandbox, repo, base, files, order.message, who)
        git = self.hub.sandbox.git
        return sha if git.tree_of(repo.id, sha) != git.tree_of(repo.id, base) else ""


class SimWorkers:
    """The engine's `Workers` of one process."""

    def __init__(self, yard: Yard, life: Life, github: GitHub) -> None:
        self._yard = yard
        self._life = life
        self._github = github

    async def attempt(self, order: Order, /) -> Result:
        if self._life.is_over:
            await self._life.never()
        self._yard.began(self._life, order)
        result = None
        try:
            result = await _Attempt(self._yard, self._life, order, self._github).go()
        finally:
            self._yard.ended(self._life, order, came=result is not None)
        self._yard.trace(self._life.name, f"attempt {order.attempt} of {order.task.id}: {result.kind} {result.reason}")
        return result

    def urge(self, key: str, priority: float, /) -> None:
        """Nothing waits in a yard."""


class _Attempt:
    def __init__(self, yard: Yard, life: Life, order: Order, github: GitHub) -> None:
        self.yard, self.life, self.order = yard, life, order
        self.hub, self.chance, self.faults = yard.hub, yard.chance, yard.faults
        self.git = yard.hub.sandbox.git
        self.github = github
        repo = yard.hub.sandbox.repo_named(order.task.repo)
        assert repo is not None
        self.repo = repo

    async def go(self) -> Result:
        await self._step(0.2)
        self._trouble("the fetch")
        base = self.git.refs(self.repo.id)[f"refs/heads/{self.order.base}"]
        told = await self._work()
        if told is not None:
            return told
        again = self.chance.hits(0.5)  # some agents do the same again, others something else
        text = f"{self.order.task.run}\n" if again else f"{self.order.task.run}\nattempt {self.order.attempt}\n"
        sha = self.yard.commit(self.repo, base, self.order, text)
        if not sha:
            return self._result("unchanged", reason="The agent changed nothing.")
        return await self._push(sha, base)

    async def _work(self) -> Result | None:
        """The agent's time, and its end when it is not a good one."""
        await self._step(self.chance.spread(*self.faults.work_seconds))
        if falters := self.yard.falters(self.order):
            return self._result(falters, reason="The agent came to nothing.")
        if not self.chance.hits(self.faults.work_trouble):
            return None
        kind: Kind = self.chance.choice(["failed", "failed", "unchanged", "refused", "timed_out"])
        if kind == "timed_out":
            await self._step(self.order.task.timeout)
        told = f"in attempt {self.order.attempt} of fence {self.order.fence}"
        return self._result(kind, reason=f"The agent {kind} {told}.")

    async def _push(self, sha: str, base: str) -> Result:
        branch, ref = self.order.branch, f"refs/heads/{self.order.branch}"
        token = await self.github.writes.token(self.repo.full_name, (("contents", "write"),))
        tip = self.git.refs(self.repo.id).get(ref)
        if tip != sha:
            if tip is not None and tip not in self.order.replaces and not self._is_own(tip):
                return self._result("refused", reason=f"Somebody else has pushed to {branch}.")
            await self._step(0.5)
            self._trouble("the push")
            try:
                pushing.push(self.hub.sandbox, self.repo.full_name, token, branch, sha, expected=tip)
            except pushing.PushRefused:
                return self._result("refused", reason=f"Somebody else pushed to {branch} at the same moment.")
            except Problem as problem:
                raise GitError(f"the push failed: {problem}") from None
            self.yard.made[sha] = self.order
            self.yard.trace(self.life.name, f"pushed {sha[:8]} to {self.repo.full_name} {branch}")
            self._trouble("the answer to the push")
            if self.chance.hits(self.faults.work_trouble / 10):
                self.yard.kill("after a push", self.life)
            await self._step(0.2)
        return self._result("pushed", head_sha=sha, base_sha=base)

    def _is_own(self, tip: str) -> bool:
        commit = self.git.commit(self.repo.id, tip)
        return commit is not None and commit.author.name == OURS and commit.message == self.order.message.rstrip("\n")

    async def _step(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.life.is_over:
            await self.life.never()

    def _trouble(self, what: str) -> None:
        if self.chance.hits(self.faults.work_trouble / 5):
            raise GitError(f"{what} failed: the connection broke")

    def _result(self, kind: Kind, *, reason: str = "", head_sha: str = "", base_sha: str = "") -> Result:
        return Result(kind=kind, fence=self.order.fence, head_sha=head_sha, base_sha=base_sha, reason=reason)
