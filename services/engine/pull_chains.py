"""`explain` of a pull request that is no task's: what is known of it and of what it needs, read now."""

import re
from collections.abc import Awaitable, Callable, Sequence

from services.core.board import Run
from services.core.depends import MET, Need, State, depends_on
from services.core.explain import Link
from services.core.explained import told as told_of_task
from services.core.messages.usage import ASK_THERE
from services.core.names import pull_key
from services.core.pull_chain import Step, of_plan, own_of, told
from services.core.task_state import TaskState
from services.engine.gates import Gatekeeper
from services.engine.hidden import may_tell
from services.engine.observe import Observer
from services.engine.parts import Parts
from services.engine.placed import place_of
from services.engine.standing import Standing
from services.errors import NotFound, Refused, UserError
from services.github.infos import IssueInfo

MOST = 20
"""Pull requests whose needs are followed for one answer."""
READS = 60
"""Reads of GitHub after which one answer looks at nothing else: everybody who may read can ask for it."""
OF_ONE = 3
"""Reads that one pull request takes whose needs are followed: its text, what it is like, what its base asks."""
PLACE = re.compile(r"(?P<repo>[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100})#(?P<number>[1-9]\d{0,8})\Z")
OfTask = Callable[[Run, Sequence[str]], Awaitable[dict[str, tuple[Link, ...]]]]


class PullChains:
    """of_task: what holds a task back, with what has to be read for that."""

    def __init__(self, parts: Parts, gates: Gatekeeper | None, observer: Observer, of_task: OfTask) -> None:
        self._parts, self._gates, self._observer, self._of_task = parts, gates, observer, of_task

    async def told(self, here: str, repo: str, number: int) -> str:
        """For readers of the repository `here`; "" where there is no pull request with that number."""
        reads = self._parts.github.reads
        try:
            name = (await reads.repository(repo)).full_name
        except (NotFound, Refused):
            name = repo
        if not await may_tell(reads, here, name):  # first, or the answer would say what is there
            raise UserError(ASK_THERE)
        try:
            issue = await reads.issue(name, number, fresh=True)
        except (NotFound, Refused):
            return ""
        if self._gates is None or not issue.is_pull:
            return ""
        return await _Walk(self._parts, self._gates, self._observer, self._of_task, here).told(name, issue)


class _Walk:
    """One answer."""

    def __init__(self, parts: Parts, gates: Gatekeeper, observer: Observer, of_task: OfTask, here: str) -> None:
        self._parts, self._gates, self._observer, self._of_task, self._here = parts, gates, observer, of_task, here
        self._standing = Standing(parts, READS)
        self._steps: list[Step] = []
        self._seen: set[str] = set()

    async def told(self, repo: str, issue: IssueInfo) -> str:
        """Depth first, as it is read: what each needs stands below it."""
        first = Need(repo=repo, number=issue.number)
        pull = await self._parts.github.reads.pull(repo, issue.number, fresh=True)
        if pull.state != "open":
            return told([Step(need=first, state="merged" if pull.merged else "closed")])
        needs = await self._look(first, 0, issue)
        rest = [(need, state, 1) for need, state in reversed(needs)]
        while rest:
            need, state, depth = rest.pop()
            key = pull_key(need.repo, need.number)
            if state in MET:
                continue
            if state != "open" or key in self._seen or not await self._may_look(need):
                again = key in self._seen
                self._steps.append(Step(need=need, state=state, depth=depth, again=again, elsewhere=not again))
                continue
            issue = await self._parts.github.reads.issue(need.repo, need.number, fresh=True)
            rest += [(*each, depth + 1) for each in reversed(await self._look(need, depth, issue))]
        open_ = [need for need, state in needs if state == "open"]
        circle = await self._gates.circle(self._here, repo, first.number, open_)
        return told(self._steps, circle, unread=self._standing.unread)

    async def _look(self, need: Need, depth: int, issue: IssueInfo) -> list[tuple[Need, State]]:
        """Take down how one stands; what it needs in turn."""
        self._seen.add(pull_key(need.repo, need.number))
        self._standing.spend(OF_ONE)
        place = await place_of(self._parts, need.repo, need.number, issue.body)
        run = await self._parts.runs.of_plan(f"{place.repo}#{place.number}") if place.task else None
        if run is not None:
            self._steps.append(await self._of_a_plan(need, depth, run, place.task))
            return []
        named = depends_on(issue.body, need.repo, self._parts.settings.github_url)
        fact = await self._observer.pull(need.repo, TaskState(id="", pull=need.number), fresh=True, grouped=True)
        lifted = await self._gates.lifted(need.repo, need.number, fact.head_sha)
        needs = await self._standing.of(need.repo, issue, named, lifted)
        is_free = len(needs) == len(named) and all(state in MET for _, state in needs)
        self._steps.append(Step(need=need, depth=depth, own=own_of(need.repo, fact, needs=not is_free)))
        return needs

    async def _of_a_plan(self, need: Need, depth: int, run: Run, task: str) -> Step:
        """One that is a task's: what holds that back, but for what lies where readers may not look."""
        veiled = {repo for repo in {run.repo, *run.plan.repos} if not await self._may_tell(repo)}
        chain = ""
        if task in run.tasks:
            links = (await self._of_task(run, [task]))[task]
            self._standing.spend(OF_ONE * len({link.task for link in links} - {task}))
            chain = told_of_task(run, task, links, veiled)
        return Step(need=need, depth=depth, task=of_plan(run, task, veiled), chain=chain.partition("\n\n")[2])

    async def _may_look(self, need: Need) -> bool:
        is_over = len(self._seen) >= MOST or self._standing.is_spent
        return not is_over and await self._may_tell(need.repo)

    async def _may_tell(self, repo: str) -> bool:
        return await may_tell(self._parts.github.reads, self._here, repo)
