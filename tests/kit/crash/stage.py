"""GitHub with three repositories, and a person who writes plans, approves them and waits for their end.

Each task says through a named pipe when its agent and its verification begin and end, so both a crash and the count of
repeated steps know where an attempt stands without asking the bot.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from services.core.names import LABEL_PLAN
from services.sandbox.scenario import AppCredentials
from tests.kit.contract import Recorder
from tests.kit.sandbox import GitHub, running_github
from tests.kit.sight import Sight

PERSON = "ana"
SECRET = "a secret between GitHub and the bot"
HOME = "acme/schema"
CI = """\
name: ci
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: test -e README.md
"""
GRAPH: dict[str, tuple[str, tuple[str, ...]]] = {
    "a": ("acme/schema", ()),
    "b": ("acme/api", ("a",)),
    "c": ("acme/api", ()),
    "d": ("acme/web", ("b", "c")),
    "e": ("acme/web", ("a",)),
    "f": ("acme/schema", ("d",)),
}
"""The tasks of every plan: repository and needs. No two write the same file."""

Said = Callable[[str, str], None]


class Stage(Sight):
    """contract: every exchange and webhook so far; plans: their issues; pipe: where scripts say what they do."""

    def __init__(self, hub: GitHub, contract: Recorder, pipe: Path) -> None:
        super().__init__(hub)
        self.contract = contract
        self.plans: list[int] = []
        self.pipe = pipe
        self._moved = asyncio.Event()

    async def build(self) -> AppCredentials:
        """Repositories, person, App; everything that happens from now on wakes whoever waits."""
        stage, loop = self.hub.scenario, asyncio.get_running_loop()
        self.home = HOME

        def make() -> AppCredentials:
            for name in sorted({repo for repo, _ in GRAPH.values()}):
                repo = stage.repo(name, {"README.md": "# An example\n", ".github/workflows/ci.yml": CI})
                stage.collaborator(repo, PERSON, "maintain")
            app = stage.app("lockstep", webhook_secret=SECRET)
            stage.install(app, "acme")
            stage.sandbox.limits.budgets["core"] = 1_000_000  # every start has an empty cache
            return app

        app = await self.hub.do(make)

        def wake() -> None:
            loop.call_soon_threadsafe(self._moved.set)

        self.hub.sandbox.on_event.append(wake)
        return app

    @property
    def tasks(self) -> list[str]:
        """Ids of all tasks of all plans so far."""
        return [task for plan in range(1, len(self.plans) + 1) for task in ids(plan)]

    async def write(self) -> int:
        """A new plan; its number among all plans."""
        plan = len(self.plans) + 1
        self.plans.append(0)
        asked = {"title": f"Plan {plan}", "body": self.text(plan), "labels": [LABEL_PLAN]}
        self.plans[plan - 1] = (await self.hub.ok("POST", f"/repos/{HOME}/issues", asked, who=PERSON))["number"]
        return plan

    async def say(self, plan: int, words: str) -> None:
        path = f"/repos/{HOME}/issues/{self.plans[plan - 1]}/comments"
        await self.hub.ok("POST", path, {"body": words}, who=PERSON)

    def shows(self, plan: int, words: str) -> bool:
        """Does a comment of the bot's on the plan hold these words?"""
        return any(words in row.body for row in self.comments(HOME, self.plans[plan - 1]) if row.user != PERSON)

    def is_over(self, plan: int) -> bool:
        """Is all done, and everything that follows a merge as well?"""
        return not left_behind(self, plan)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds; looked at whenever something happens at GitHub."""
        while not await self.hub.do(holds):
            self._moved.clear()
            if not await self.hub.do(holds):
                await self._moved.wait()

    def text(self, plan: int) -> str:
        """The plan as a person writes it."""
        lines = ["```yaml", f"title: Plan {plan}", "tasks:"]
        for name, (repo, needs) in GRAPH.items():
            task = f"p{plan}-{name}"
            file = f"{task}.txt"
            lines += [
                f"  - id: {task}",
                f"    title: Write {file}",
                f"    repo: {repo}",
                f"    needs: [{', '.join(f'p{plan}-{need}' for need in needs)}]",
                f"    run: {self._around('agent', task, f'sleep 0.05; echo {task} > {file}')}",
                f"    verify: {self._around('verify', task, f'sleep 0.03; test -e {file}')}",
            ]
        return "\n".join([*lines, "```", ""])

    def _around(self, step: str, task: str, work: str) -> str:
        return f"echo {step} began {task} > {self.pipe}; {work}; echo {step} ended {task} > {self.pipe}"


def ids(plan: int) -> list[str]:
    return [f"p{plan}-{name}" for name in GRAPH]


def left_behind(stage: Stage, plan: int) -> list[str]:
    """What a plan still lacks at GitHub, in words."""
    number, found = stage.plans[plan - 1], []
    if next(issue for issue in stage.issues(HOME) if issue.number == number).state != "closed":
        found.append(f"plan {plan} is open")
    if not stage.shows(plan, "**Done.**"):
        found.append(f"plan {plan} is not shown as done")
    repos = sorted({repo for repo, _ in GRAPH.values()})
    tracking = {issue.title: issue.state for repo in repos for issue in stage.issues(repo)}
    pulls = [pull for repo in repos for pull in stage.pulls(repo) if pull.pull is not None]
    merged = {str(issue.pull.head_ref).rpartition("/")[2] for issue in pulls if issue.pull and issue.pull.merged}
    for task in ids(plan):
        if task not in merged:
            found.append(f"{task} is not merged")
        elif not any(task in title and state == "closed" for title, state in tracking.items()):
            found.append(f"the tracking issue of {task} is open")
    return found


@asynccontextmanager
async def listening(pipe: Path, said: Said) -> AsyncIterator[None]:
    """Hand every line that scripts write into the named pipe to `said`, as (what, task)."""
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # a writer of our own, so that the pipe never ends
    rest = b""

    def ready() -> None:
        nonlocal rest
        *lines, rest = (rest + os.read(fd, 65_536)).split(b"\n")
        for line in lines:
            what, _, task = line.decode().rpartition(" ")
            said(what, task)

    loop = asyncio.get_running_loop()
    loop.add_reader(fd, ready)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        os.close(fd)


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[tuple[Stage, AppCredentials]]:
    """GitHub on this machine with everything set up, and what makes the bot its App; its exchanges held against GitHub's descriptions."""
    recorder = Recorder()
    async with running_github(folder / "github", recorder, run_actions=True) as hub:
        stage = Stage(hub, recorder, folder / "said")
        yield stage, await stage.build()
