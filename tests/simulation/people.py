"""The people of a simulation, and the course of its story: a plan is written, approved, run, meddled with, and brought
to its end.

ana means well and sees things through: she repeats a command that nobody reacted to, and when the troubles are over she
does what the plan comment asks a person to do. What the others do to the plan meanwhile is in `meddling`.
"""

import asyncio
from typing import TYPE_CHECKING

from services.core.names import LABEL_PLAN
from services.sandbox.state import Issue
from tests.simulation import plans
from tests.simulation.chance import Stream
from tests.simulation.judge import Judge
from tests.simulation.meddling import Meddling

if TYPE_CHECKING:
    from tests.simulation.world import World

TRIES = 4
"""Times that ana repeats a command in peace before she says that nobody listens."""
STARTS = 2 * TRIES
"""Times that she starts the plan: what was said of it in an outage, in its order, may take a quarter of an hour."""
ATTEMPTS = 6
"""Attempts at a task after which she leaves it out: some agents change nothing, again and again."""
CROWD, CROWDED = 3, 0.7
"""Tasks of a plan that may have but one worker, and how often they do."""
DECLARED = 0.4
"""How often the tasks of a plan with several declare what they change."""
BOUND = 4 * 3_600.0
"""Seconds in which everything must have come to rest once the troubles are over."""


class People:
    """`live` is the story of one seed."""

    def __init__(self, world: "World", chance: Stream) -> None:
        self.world = world
        self.chance = chance
        self.hub = world.hub
        self.drafts = self.draw([place.repo.full_name for place in world.hub.places])
        self.number = 0
        self.meddling = Meddling(self)

    def draw(self, repos: list[str]) -> list[plans.Draft]:
        """What the plan says at first."""
        world, drafts = self.world, plans.draw(self.chance, repos)
        if len(drafts) >= CROWD and world.crowds.hits(CROWDED):
            world.is_crowded = True
            drafts = plans.in_a_crowd(world.crowds, drafts)
        if len(drafts) > 1 and world.paths.hits(DECLARED):
            drafts = plans.with_paths(world.paths, drafts)
        return drafts if world.groups is None else plans.in_group(world.groups, drafts, repos)

    @property
    def issue(self) -> Issue:
        return self.hub.issue(self.hub.home, self.number)

    @property
    def plan_id(self) -> str:
        return f"{self.hub.home.full_name}#{self.number}"

    @property
    def now(self) -> float:
        return self.world.loop.time()

    async def live(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 20.0))
        self.write()
        begins = [asyncio.create_task(each.begin()) for each in self.world.plans]
        begins += [asyncio.create_task(self.world.words.live())] if self.world.words is not None else []
        await self.meddling.live(self.world.faults.calm_at)
        for each in begins:
            each.cancel()
        await asyncio.gather(*begins, return_exceptions=True)
        self.world.calm()
        for plan in self.world.plans:
            if plan.run_state() is None:
                await plan.insist_on_it()
        judge = Judge(self.world)
        await judge.rest(BOUND)
        await judge.look()
        tasks = sum(len(self.world.watch.book.newest_tasks(plan.plan_id)) for plan in self.world.plans)
        rounds = (ATTEMPTS + 1) * tasks + 2  # each takes one task on, if no more
        while (going := [plan for plan in self.world.plans if not plan.is_over()]) and rounds:
            rounds -= 1
            for plan in going:
                await plan.help()
            await judge.rest(BOUND)
            await judge.look()
        for plan in going:
            self.world.watch.violation(f"the run never ends: {self.world.watch.book.summary(plan.plan_id)}")
        await judge.end()

    def is_over(self) -> bool:
        return self.run_state() in {"done", "cancelled"}

    # The plan.

    def write(self) -> None:
        """Make the plan's issue."""
        path = f"/repos/{self.hub.home.full_name}/issues"
        labels = [LABEL_PLAN] if self.chance.hits(0.8) else []
        text = plans.write(self.drafts)
        _, made = self.hub.act("ana", "POST", path, {"title": "A plan", "body": text, "labels": labels})
        self.number = made["number"]
        self.world.watch.written(self.plan_id, "A plan", text)

    def edit(self, who: str, drafts: "list[plans.Draft]") -> None:
        """Change the plan's text."""
        self.drafts = drafts = plans.closed(drafts) if self.world.groups is not None else drafts
        text = plans.write(drafts)
        self.hub.act(who, "PATCH", f"/repos/{self.hub.home.full_name}/issues/{self.number}", {"body": text})
        self.world.watch.written(self.plan_id, "A plan", text)

    async def begin(self) -> None:
        """Approve and start it, whatever it takes, as long as there is nothing that runs."""
        while self.run_state() is None:
            await asyncio.sleep(self.chance.uniform(5.0, 30.0))
            if self.chance.hits(0.7):
                await self.ask("ana", "/lockstep approve\n/lockstep run")
            else:
                await self.ask("ana", "/lockstep approve")
                await self.ask("ben", "/lockstep run")

    async def insist_on_it(self) -> None:
        """The troubles are over: asked properly, the bot must start the plan, as soon as it is there again."""
        self.world.restore_rights()
        while self.world.process is None:  # noqa: ASYNC110 - who died in the last of the troubles may be away for long
            await asyncio.sleep(5.0)
        if not self.number:  # GitHub did not let her when she wanted to
            self.write()
        for _ in range(STARTS):
            await self.ask("ana", "/lockstep approve\n/lockstep run")
            if self.run_state() is not None:
                return
        self.world.watch.violation("ana approved and started the plan again and again, and there is no run")

    # Commands.

    def patience(self) -> float:
        """Seconds that a person waits for a reaction: whatever the webhook and the calls may take, and some more."""
        faults = self.world.faults
        return 120.0 + faults.hook_delay[1] + 40 * faults.wire_delay[1] + 20 * faults.disk_delay[1]

    async def ask(self, who: str, text: str) -> str:
        """Write a command and wait for a reaction: "+1", "confused", or "" when there is none."""
        comment = self.say(who, text)
        until = self.now + self.patience()
        while comment and self.now < until:
            await asyncio.sleep(5.0)
            found = self.hub.reactions(comment) & {"+1", "confused"}
            if found:
                return min(found)
        return ""

    def say(self, who: str, text: str) -> int:
        """Write a comment under the plan; its id, 0 when GitHub does not let this person."""
        comment = self.hub.comment(who, self.number, text)
        if comment:
            self.world.watch.asked(self.plan_id, who, text)
        return comment

    async def insist(self, text: str) -> None:
        """A command of ana's in peace: somebody must react to it."""
        for _ in range(TRIES):
            if await self.ask("ana", text):
                return
        self.world.watch.violation(f"nobody reacts to {text!r}")

    def run_state(self) -> str | None:
        """The state of the newest run; None when there has been none."""
        query = "SELECT state FROM run WHERE plan_id = ? ORDER BY started_at DESC, id DESC LIMIT 1"
        rows = self.world.disk.ask(query, self.plan_id)
        return rows[0][0] if rows else None

    def is_moved(self) -> bool:
        """Does the text want a task in another repository than the run has it in? Then no run takes it over."""
        book, wanted = self.world.watch.book, {draft.id: draft.repo for draft in self.drafts}
        plan = book.runs[book.newest(self.plan_id)].plan
        return any(wanted.get(task.id, task.repo) != task.repo for task in plan.tasks)

    # Bringing it to its end.

    async def help(self) -> None:
        """What a person does who wants it done: take away what holds it back, and try again what failed."""
        self.meddling.make_good()
        self.world.restore_rights()
        book = self.world.watch.book
        tasks = book.newest_tasks(self.plan_id)
        if self.run_state() == "paused":
            approved = "/lockstep approve\n" if self.world.words is not None else ""  # it may have been taken back
            await self.insist(f"{approved}/lockstep resume")
            if self.run_state() == "paused" and self.is_moved():  # as the answer says
                await self.insist("/lockstep cancel")
        if held := sorted(task.id for task in tasks if task.held):
            await self.insist(f"/lockstep resume {' '.join(held)}")
        wanted = {"failed", "needs_human"} if self.run_state() != "failed" else {"failed", "needs_human", "cancelled"}
        wanted |= {"cancelled"} if self.world.groups is not None else set()  # its group waits for it
        stuck = sorted(task.id for task in tasks if task.state in wanted)
        tired = [task.id for task in tasks if task.id in stuck and task.attempt >= ATTEMPTS]
        lost = any(each.phase == "reverting" for each in book.barriers(book.newest(self.plan_id)).values())
        tired = tired or (stuck if lost else [])  # what a group that is taken back left is not tried again
        if tired:
            await self.insist(f"/lockstep skip {' '.join(tired)}")
        elif stuck:
            await self.insist(f"/lockstep retry {' '.join(stuck)}")
        elif self.world.is_sweepless:  # no event tells that she may write again
            await self.insist("/lockstep refresh")
