"""The engine as handlers and pages see it: what events lead to, and what people ask for (`asked`).

Handlers know only this class. It holds no logic of its own; it puts intake, driver and stickies together.
"""

import asyncio
from collections.abc import Collection, Iterable

from services.core.names import issue_key, pull_key
from services.core.plan_file import is_plan_file
from services.core.shards import SHARDS
from services.core.task_state import Override
from services.engine import merge_queue, pulls
from services.engine.asked import Asked
from services.engine.files import check_plans, check_settings
from services.errors import ApiError, NotFound, Refused

SETTLES = 5.0
"""Seconds after a push to a base branch until the pull requests into it are looked at."""


class Engine(Asked):
    """One per process. `start` takes up what an earlier process left."""

    async def start(self) -> int:
        """Returns how many runs are live."""
        if await self._parts.plans.are_any():
            self.inherit(range(SHARDS))
        return await self.take_up(None)

    def inherit(self, shards: Collection[int]) -> None:
        """These are ours from now on: what others have done there on GitHub until now nobody has told us."""
        self._parts.github.inherit(shards)
        self._effects.inherit(shards)
        self.stickies.inherit(shards)
        if self.boards is not None:
            self.boards.inherit(shards)

    def doubt_all(self) -> None:
        """What other processes said may have been missed."""
        self._parts.github.doubt_all()

    async def take_up(self, shards: Collection[int] | None) -> int:
        """Go on with the plans of these shards (None: all) where another process left them."""
        await self.stickies.take_up(shards)
        await self.drafter.take_up(shards)
        await self.trying.take_up(shards)
        self._rereads.begin()
        if self.boards is not None:
            await self.boards.take_up(shards)
        if self._gates is not None:
            await self._gates.take_up(shards)
        live = await self.driver.take_up(shards)
        if shards is None:
            self.stickies.look_again(self.driver.places_of_live())
        return live

    async def let_go(self, patience: float) -> bool:
        """Stop with all plans that others conduct from now on; False when something was cut off in the middle."""
        parts = (self.driver, self.stickies, self.drafter, self.trying, self.boards, self._gates)
        return all(await asyncio.gather(*(part.let_go(patience) for part in parts if part is not None)))

    def forget(self, repo: str, *subjects: str, told: bytes = b"") -> None:
        """An event said that these things changed: what the cache holds of them is doubtful now, but for what the
        event itself told of them. Others only hear that it is.
        """
        known = self._parts.github.hear(repo, told) if told else ()
        self.doubt(repo, [subject for subject in subjects if subject not in known])
        for name in self._former.all_of(repo)[1:]:
            self.doubt(name, subjects)
        if self._parts.others is not None:
            self._parts.spawn("tell", self._parts.others.doubt(repo, subjects))

    def doubt(self, repo: str, subjects: Iterable[str]) -> None:
        """The same, as another process heard it."""
        for subject in subjects:
            self._parts.github.invalidate(repo, subject)

    def renamed(self, old: str, new: str) -> None:
        """A repository is called otherwise now, while plans that run go on calling it by its old name."""
        self._former.add(old, new)

    async def look(self, *keys: str) -> None:
        """Wake every task that waits on one of the keys (names.pull_key, check_key, issue_key), whoever conducts it."""
        elsewhere: dict[tuple[str, str], list[str]] = {}
        for plan_id, run_id, task in await self._parts.runs.waiting_on(self._former.keys(keys)):
            if self._parts.runs.holds(plan_id):
                self.driver.wake(run_id, [task])
            else:
                elsewhere.setdefault((plan_id, run_id), []).append(task)
        if self._parts.others is not None:
            for (plan_id, run_id), tasks in elsewhere.items():
                await self._parts.others.wake(plan_id, run_id, tasks)

    def wake(self, plan_id: str, run_id: str, tasks: Iterable[str]) -> None:
        """The same, as another process heard it; it is told to all, and only one conducts the plan."""
        if self._parts.runs.holds(plan_id):
            self.driver.wake(run_id, tasks)

    def base_moved(self, repo: str) -> None:
        """Something was pushed to the branch that pull requests go into: some may conflict with it now, and no event
        tells of that. They are looked at once for all that is pushed within a few seconds.
        """
        if repo not in self._moved:
            self._moved.add(repo)
            self._parts.timers.after(SETTLES, lambda: self._parts.spawn("base", self._look_into(repo)))

    async def _look_into(self, repo: str) -> None:
        self._moved.discard(repo)
        for plan_id, run_id, task in await self._parts.runs.waiting_in(pull_key(repo, 0)[:-1]):
            if self._parts.runs.holds(plan_id):
                self.driver.wake(run_id, [task])

    async def read_plan(self, repo: str, number: int) -> None:
        """An issue changed that is, or may have become, a plan."""
        await self.intake.read(repo, number)

    async def read_plans_of(self, repo: str, number: int) -> None:
        """The same of an issue that plans may be made of."""
        for home, plan in await self._parts.plans.related(issue_key(repo, number)):
            await self.intake.read(home, plan)

    async def labelled_as_plan(self, repo: str, number: int, actor: str) -> None:
        """Somebody has put the plan's label on an issue; where that holds no plan, a draft may be wanted."""
        await self.drafter.on_label(repo, number, actor, self._parts.clock.now())

    async def read_settings(self, repo: str, sha: str, verbs: Collection[str]) -> None:
        """A push to the default branch may have changed the repository's own settings."""
        await check_settings(self._parts, repo, sha, verbs)
        if self.boards is not None:
            self.boards.touch(repo)

    async def read_plan_files(self, repo: str, sha: str, paths: Collection[str] | None) -> None:
        """A push to the default branch changed these files, None: perhaps any; plans that stand in them are read anew,
        and each file is judged on that commit.
        """
        for number, file in await self._parts.plans.kept_in_files(repo):
            if paths is None or file in paths:
                await self.intake.read(repo, number)
        await check_plans(self._parts, repo, sha, sorted(path for path in paths or () if is_plan_file(path)))

    async def sees(self, repo: str) -> bool:
        """Is the App installed on this repository? Events about others are not ours to act on."""
        try:
            return not (await self._parts.github.reads.installation_of(repo)).suspended
        except (NotFound, Refused):
            return False

    async def is_own(self, *, login: str = "", app_id: str = "") -> bool:
        """Did we do that ourselves? The App hears of its own acts too, and knows their results already."""
        app = await self._parts.github.reads.app()
        return login == app.login or app_id == app.id

    async def is_nobody(self, repo: str, login: str) -> bool:
        """Does GitHub say that there is nobody of that name? Where it says nothing, there may be somebody."""
        reads = self._parts.github.reads
        try:
            return await reads.permission(repo, login, fresh=True) == "none" and not await reads.is_account(repo, login)
        except ApiError:
            return False

    async def gate(self, repo: str, number: int, *, names_others: bool, into: str = "") -> None:
        """Something happened to a pull request that may name others with `Depends-On`, or be named so. into: the branch
        it goes into, which may require a gate of all.
        """
        if self._gates is not None:
            former = self._former.all_of(repo)[1:]
            await self._gates.changed(repo, number, names_others=names_others, into=into, former=former)

    async def let_in(self, repos: Collection[str]) -> None:
        """The App was let into these repositories, or was taken out of them: gates that wait there say so."""
        if self._gates is not None and repos:
            await self._gates.let_in(repos)

    def look_at_gate(self, repo: str, number: int) -> None:
        """Another process heard something of what it shows; it is told to all, and only one conducts it."""
        if self._gates is not None:
            self._gates.soon(repo, number)

    async def lift(self, repo: str, number: int, name: str, actor: str, why: str) -> Override | None:
        """A need of a person's pull request counts no longer for its head; None where there is no such thing."""
        return await self._gates.lift(repo, number, name, actor, why) if self._gates is not None else None

    async def gate_group(self, repo: str, sha: str, ref: str) -> None:
        """A merge queue tries something on this branch."""
        if await self.sees(repo):
            await merge_queue.gate_group(self._parts, repo, sha, ref)

    async def left_queue(self, repo: str, number: int, sha: str, reason: str) -> None:
        """A pull request is in the merge queue no more; whoever conducts its task is told."""
        if not await self._left_queue(repo, number, sha, reason) and self._parts.others is not None:
            await self._parts.others.pull(repo, number, sha=sha, reason=reason)

    async def _left_queue(self, repo: str, number: int, sha: str, reason: str) -> bool:
        """False when another process conducts such a task."""
        left = await merge_queue.left_queue(self._parts, repo, number, sha, reason)
        for plan, run, task, happening in left:
            if self._parts.runs.holds(plan):
                await self.driver.happen(run, [(task, happening)])
        return all(self._parts.runs.holds(plan) for plan, *_ in left)

    async def attach(self, repo: str, number: int, *, is_new: bool = False) -> None:
        """A person's pull request names a tracking issue: it may be the work of that task, whoever conducts it."""
        is_done = await pulls.attach(self._parts, self.driver, repo, number, is_new=is_new)
        if not is_done and self._parts.others is not None:
            await self._parts.others.pull(repo, number, is_new=is_new)

    def hear_of_pull(self, repo: str, number: int, is_new: bool, sha: str, reason: str) -> None:
        """Either, as another process heard it; it is told to all."""
        self._parts.spawn("pull", self._heard_of_pull(repo, number, is_new, sha, reason))

    async def _heard_of_pull(self, repo: str, number: int, is_new: bool, sha: str, reason: str) -> None:
        if sha:
            await self._left_queue(repo, number, sha, reason)
        else:
            await pulls.attach(self._parts, self.driver, repo, number, is_new=is_new)

    async def attach_open(self, repo: str, number: int, task_ids: Iterable[str]) -> None:
        """These tasks of the plan here went to a person, who may have opened pull requests for them before."""
        _, run = await self.plan_of(repo, number)
        if run is not None:
            await pulls.attach_open(self._parts, self.driver, run, task_ids)
