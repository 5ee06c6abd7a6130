"""The Actions runner: takes jobs that are due and carries them out with real processes on this machine.

It waits for events and never polls: the sandbox tells it when something became due or must stop. State is touched only
through `call`, which runs a function where the state lives (another thread in the server). There is no isolation: a
workflow may do here whatever the user who started the sandbox may do, so it is for repositories one would run by hand
too.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from services.sandbox import actions, actions_access, actions_shell, actions_steps
from services.sandbox.actions_context import JobOrder
from services.sandbox.actions_steps import Progress
from services.sandbox.git import Git

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

T = TypeVar("T")


class CallIn(Protocol):
    """Runs a function where the state may be touched, and gives its result."""

    def __call__(self, run: Callable[[], T]) -> Awaitable[T]: ...


class Runner:
    """`parallel` jobs at a time; `scratch` is where their directories are made.

    `longest`: seconds that no job may exceed.
    """

    def __init__(
        self,
        sandbox: "Sandbox",
        call: CallIn,
        *,
        scratch: Path | None = None,
        parallel: int = 2,
        output_limit: int = 1_000_000,
        longest: float = 3_600.0,
    ) -> None:
        self.sandbox = sandbox
        self.call = call
        self.scratch = scratch
        self.parallel = parallel
        self.output_limit = output_limit
        self.longest = longest
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Something changed; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def run(self) -> None:
        """Work until cancelled; then every process is dead and every directory gone."""
        self._loop = asyncio.get_running_loop()
        await self.call(lambda: self.sandbox.on_jobs.append(self.wake))
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._event.clear()
                    await self._look(tasks)
                    await self._event.wait()
        finally:
            self.sandbox.on_jobs.remove(self.wake)
            self._loop = None

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        running = list(self._tasks)
        unwanted = await self.call(lambda: [i for i in running if not actions.is_wanted(self.sandbox, i)])
        for number in unwanted:
            if (task := self._tasks.get(number)) is not None:  # it may have ended while we asked
                task.cancel()
        room = self.parallel - len(self._tasks)
        if room <= 0:
            return
        orders = await self.call(lambda: actions.due(self.sandbox, limit=self.parallel))
        for order in [order for order in orders if order.job_id not in self._tasks][:room]:
            task = tasks.create_task(self._carry_out(order))
            self._tasks[order.job_id] = task
            task.add_done_callback(partial(self._done, order.job_id))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        self._event.set()

    async def _carry_out(self, order: JobOrder) -> None:
        titles = actions_steps.titles(order)
        if not await self.call(lambda: actions.started(self.sandbox, order.job_id, titles)):
            return
        top = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="actions-", dir=self.scratch))
        seconds = min(order.seconds, self.longest)
        outputs: dict[str, str] = {}
        note = ""
        token = await self.call(lambda: actions_access.grant(self.sandbox, order))
        try:
            async with asyncio.timeout(seconds):
                conclusion, outputs = await _Job(self, order, top, token).run()
        except TimeoutError:
            conclusion, note = "cancelled", f"The job has exceeded the maximum execution time of {seconds:g}s"
        except (OSError, ValueError) as problem:
            conclusion, note = "failure", f"The runner could not carry the job out: {problem}"
        finally:
            await self.call(lambda: actions_access.take_back(self.sandbox, token))
            await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)
        await self.call(lambda: actions.finished(self.sandbox, order.job_id, conclusion, outputs, note))


class _Job:
    """One order in one directory. token: with which it may push, "" for none."""

    def __init__(self, runner: Runner, order: JobOrder, top: Path, token: str = "") -> None:
        self.token = token
        self.runner = runner
        self.order = order
        self.progress = Progress(order, top)

    async def run(self) -> tuple[str, dict[str, str]]:
        """Conclusion and outputs."""
        await asyncio.to_thread(self.progress.prepare)
        problem = await self._check_out(self.order.sha)
        if problem:
            raise ValueError(problem)
        for position in range(len(self.order.steps)):
            await self._step(position)
        return self.progress.conclusion, self.progress.job_outputs()

    async def _step(self, position: int) -> None:
        progress, call, sandbox = self.progress, self.runner.call, self.runner.sandbox
        number = self.order.job_id
        await call(lambda: actions.step_started(sandbox, number, position))
        plan = await asyncio.to_thread(progress.plan, position)
        ended = plan.ended
        if plan.argv:
            ended = await self._run(plan.argv, plan.directory, plan.env, plan.seconds)
        elif plan.checkout:
            ended = await self._again(plan.checkout)
        if plan.is_checkout and self.token and not (ended and ended.code):
            ended = await self._clone() or ended
        conclusion = await asyncio.to_thread(progress.settle, position, ended.code if ended is not None else None)
        output = plan.heading + (ended.output if ended is not None else "")
        code = ended.code if ended is not None else 0
        await call(lambda: actions.step(sandbox, number, position, conclusion, output, code))

    async def _run(
        self, argv: list[str], directory: Path, env: Mapping[str, str], seconds: float
    ) -> actions_shell.Ended:
        try:
            async with asyncio.timeout(seconds or None):
                return await actions_shell.run(argv, cwd=directory, env=env, limit=self.runner.output_limit)
        except TimeoutError:
            text = f"##[error]The action has timed out after {seconds / 60:g} minutes.\n"
            return actions_shell.Ended(code=124, output=text)
        except OSError as problem:
            return actions_shell.Ended(code=127, output=f"##[error]{problem}\n")

    async def _clone(self) -> actions_shell.Ended | None:
        """Make of the workspace what a checkout leaves that keeps its credential; what went wrong, if anything."""
        git, work = self.runner.sandbox.git, self.progress.work
        env = {name: text for name, text in self.progress.git_env().items() if name != "GIT_INDEX_FILE"}
        if not isinstance(git, Git):
            return None
        for argv in actions_access.clone(self.order, str(git.path(self.order.repo_id)), self.token):
            ended = await actions_shell.run(["git", *argv], cwd=work, env=env, limit=4_000)
            if ended.code:
                return actions_shell.Ended(code=1, output=f"##[error]{ended.output.strip()[:500]}\n")
        return None

    async def _again(self, rev: str) -> actions_shell.Ended:
        """`actions/checkout` of another ref of the same repository."""
        sandbox, repo_id = self.runner.sandbox, self.order.repo_id
        sha: str | None = await self.runner.call(lambda: sandbox.git.resolve(repo_id, rev))
        problem = (
            await self._check_out(sha) if sha else f"A branch or tag with the name '{rev[:200]}' could not be found"
        )
        text = f"##[error]{problem}\n" if problem else f"HEAD is now at {sha}\n"
        return actions_shell.Ended(code=1 if problem else 0, output=text)

    async def _check_out(self, sha: str) -> str:
        """Lay the files of a commit out, without a `.git`; what went wrong, or nothing."""
        git = self.runner.sandbox.git
        if not isinstance(git, Git):
            return "Its files are in memory only; such a sandbox needs a SimulatedRunner"
        bare = str(git.path(self.order.repo_id))
        work, env = self.progress.work, self.progress.git_env()
        await asyncio.to_thread(self.progress.clear_work)
        for argv in (["read-tree", sha], [f"--work-tree={work}", "checkout-index", "--all", "--force", "--quiet"]):
            ended = await actions_shell.run(["git", f"--git-dir={bare}", *argv], cwd=work, env=env, limit=4_000)
            if ended.code:
                return f"The repository could not be checked out: {ended.output.strip()[:500]}"
        return ""


def local(run: Callable[[], Any]) -> Awaitable[Any]:
    """A `call` for where the state lives in the same thread."""

    async def answer() -> Any:
        return run()

    return answer()
