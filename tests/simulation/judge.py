"""When the troubles are over: does everything come to rest, and is what rests what it should be?

Rest means that nothing is under way and a whole sweep has passed. Then every task is over, or says whom or what it waits
for, and a judgement from scratch (a client that remembers nothing, one look at everything, one decision) changes
nothing. At the very end, what is shown on GitHub is what is stored.
"""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from services.checks.gate import gate
from services.core import groups, names
from services.core.board import Action, Board, Decision, Run
from services.core.conduct import decide
from services.core.overlap import Rivals
from services.core.report import LABEL_OF_RUN, LABEL_OF_TASK
from services.core.task_state import ENDED, STUCK, TaskState
from services.engine.observe import Observer
from services.engine.parts import Parts
from services.github import GitHub
from services.sandbox.state import Issue
from services.store.runs import Runs
from tests.simulation.chance import Stream
from tests.simulation.faults import Faults
from tests.simulation.hub import BOT
from tests.simulation.life import Life
from tests.simulation.network import BASE, SimTransport, Wire
from tests.simulation.outcomes import Outcomes
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.world import World

PACE = 20.0
STORED = frozenset({"merging", "reverting", "forward", "merged"})
"""What is said of a group that stands half merged. merged: all of it had, and a part was taken up again after that."""


class Judge:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._outcomes = Outcomes(world)

    async def rest(self, bound: float) -> None:
        """Wait until nothing is under way, and a sweep and a half longer; a violation when it takes too long."""
        world = self._world
        until = world.loop.time() + bound
        sweep = 60.0 if world.is_sweepless else world.settings.sweep_seconds
        enough = sweep * 1.5 + 60.0
        since = world.loop.time()
        while world.loop.time() < since + enough:
            await asyncio.sleep(PACE)
            if busy := self._busy():
                since = world.loop.time()
            if world.loop.time() > until:
                world.watch.violation(f"no rest after {bound:.0f} s: {busy}")
                return

    def _busy(self) -> str:
        """What is under way, in words; "" for nothing."""
        world, ask = self._world, self._world.disk.ask
        if world.process is None:
            return "no process"
        if world.watch.at_work():
            return "an attempt"
        built = [each.assembly for each in world.crew.values() if each.assembly is not None]
        if any(each.engine.driver._ready.next_due is not None for each in built):
            return "a task whose time has not come"
        if any(each.engine.driver._looks._rounds._waiting for each in built):
            return "a round that waits for GitHub"
        if world.hub.sandbox.state.queue:
            return "a merge queue"
        if world.hooks.on_the_way:
            return f"{world.hooks.on_the_way} webhooks"
        if waiting := ask("SELECT count(*) FROM inbox WHERE outcome IS NULL")[0][0]:
            return f"{waiting} deliveries"
        if rows := ask("SELECT key, state, note FROM outbox WHERE state <> 'done'"):
            return "effects: " + "; ".join(" ".join(row) for row in rows[:3])
        if ask("SELECT 1 FROM sticky WHERE shown < wanted"):
            return "a comment"
        return world.ci.busy()

    async def look(self) -> None:
        """Every run is over or waits for somebody, GitHub shows it, and looking at everything anew changes nothing."""
        for run_id in self._world.watch.book.runs:
            run = await self._load(run_id)
            for text in (*self._waits(run), *self._gates(run), *self._halves(run)):
                self._world.watch.violation(text)
            if run.finished_at is None:
                await self._afresh(run)
        plans = [text for plan in self._world.plans for text in self._plan_shown(plan.issue, plan.plan_id)]
        shown = (*self._shown(), *plans, *self._outcomes.found())
        for text in (*self._world.watch.book.differences(), *shown):
            self._world.watch.violation(text)

    async def _load(self, run_id: str) -> Run:
        process = self._world.process
        assert process is not None
        run = await Runs(process.database).load(run_id)
        assert run is not None
        return run

    def _waits(self, run: Run) -> list[str]:
        """Tasks that neither are over nor say what they wait for."""
        found, rivals = [], Rivals(run.plan)
        for task in run.tasks.values():
            if task.state in ENDED or run.state == "paused":
                continue
            unmet = groups.unmet(run, run.plan.by_id[task.id])
            excused = (
                (task.state == "blocked" and unmet)
                or (task.state == "ready" and (task.held or rivals.keeps(task.id, run.tasks.__getitem__)))
                or (task.state in {"in_review", "failed", "needs_human"} and task.reason)
            )
            if not excused:
                found.append(f"{task.id} is {task.state} and does not say what it waits for ({task.reason!r})")
        if len(run.tasks) != len(run.plan.tasks):
            found.append(f"{run.id} has {len(run.tasks)} tasks, and its plan {len(run.plan.tasks)}")
        return found

    def _gates(self, run: Run) -> list[str]:
        """The gate on each pull request under review says what is true of its needs."""
        found, hub = [], self._world.hub
        for task in run.tasks.values():
            if task.state != "in_review":
                continue
            rows = hub.sandbox.state.check_runs.values()
            shown = [row for row in rows if (row.head_sha, row.name) == (task.head_sha, names.CHECK_GATE)]
            wanted = gate(run, task, frozenset())
            if not shown or (shown[-1].status, shown[-1].conclusion or "") != (wanted.status, wanted.conclusion):
                said = [f"{row.status} {row.conclusion}" for row in shown]
                found.append(f"the gate of {task.id} says {said}, and is {wanted.status} {wanted.conclusion}")
        return found

    def _halves(self, run: Run) -> list[str]:
        """No group stands half merged without what comes next being stored."""
        found = []
        for name, members in run.plan.groups.items():
            barrier = groups.barrier_of(run, name)
            begun = [
                each
                for each in members
                if barrier.heads.get(each) == run.tasks[each].head_sha and groups.has_merged(run.tasks[each])
            ]
            if begun and groups.half(run, name) and barrier.phase not in STORED:
                found.append(f"the group {name} is half merged, and {barrier.phase}")
        return found

    async def _afresh(self, run: Run) -> None:
        """Judge the run by a client that remembers nothing."""
        world = self._world
        process = world.process
        assert process is not None
        assert process.assembly is not None
        observer = Observer(self._afresh_parts(process.assembly.engine._parts))
        pulls = [task for task in run.tasks.values() if task.pull]
        facts = {
            **await observer.facts(run, [task.id for task in pulls if task.state == "in_review"], fresh=True),
            **await observer.facts(run, [task.id for task in pulls if task.state != "in_review"]),
        }
        decision = decide(Board(run), facts=facts, now=process.clock.now())
        left = [action.key for action in decision.actions if not _was_refused(action, run)]
        left = [key for key in left if "/muster/" not in key or "complete" not in _phases(run)]
        if world.is_sweepless:  # no event tells of a conflict, or of a right that is gone; but all that can go on does
            left = [key for key in left if "/merge/" in key or key.endswith("/attempt")]
        elif changed := _changed(run, decision):
            world.watch.violation(f"looked at afresh, {run.id} is otherwise: {'; '.join(changed)}")
        if left:
            world.watch.violation(f"looked at afresh, {run.id} has something left to do: {', '.join(left)}")

    def _afresh_parts(self, parts: Parts) -> Parts:
        """The process's own, but for a client that remembers nothing and has no troubles."""
        world = self._world
        wire = Wire(world.hub.sandbox, Stream("judge"), Faults(wire_delay=(0.001, 0.002)), Trace(world.loop.time))
        settings, transport = world.settings, SimTransport(wire, Life("judge"))
        github = GitHub(BASE, settings.app_id, settings.private_key, parts.clock, transport=transport)
        return msgspec.structs.replace(parts, github=github)

    async def end(self) -> None:
        """What the comment shows at the end of it all."""
        for plan in self._world.plans:
            for text in await self._comment_shown(plan.issue):
                self._world.watch.violation(text)
        ((stored,),) = self._world.disk.ask("SELECT count(*) FROM inbox")
        if stored > len(self._world.hooks.guids):
            self._world.watch.violation(
                f"{stored} deliveries are stored, of {len(self._world.hooks.guids)} that were sent"
            )

    def _plan_shown(self, issue: Issue, plan_id: str) -> list[str]:
        """The plan issue shows its newest run, unless people have set it otherwise."""
        world = self._world
        run_id = world.watch.book.newest(plan_id)
        if not run_id or issue.id in world.watch.touched:
            return []
        state = world.watch.book.runs[run_id].state
        ours = [label for label in issue.labels if label in names.LABELS and label != names.LABEL_PLAN]
        wanted = [LABEL_OF_RUN[state]] if state in LABEL_OF_RUN else []
        found = [] if ours == wanted else [f"the plan is labelled {ours}, and {run_id} is {state}"]
        if state == "done" and issue.state != "closed":
            found.append(f"the plan is open, and {run_id} is done")
        return found

    async def _comment_shown(self, issue: Issue) -> list[str]:
        """The kept-up-to-date comment is what would be written now; people may have deleted it after that."""
        world = self._world
        process = world.process
        assert process is not None
        assert process.assembly is not None
        stickies, place = process.assembly.engine.stickies, (world.hub.home.full_name, issue.number)
        body = await stickies._body(*await stickies._parts.runs.shown(*place))
        shown = [row.body for row in world.hub.comments_of(issue) if row.user == BOT and names.STICKY in row.body]
        if shown and _rows(shown[0]) != _rows(body):
            return ["the kept-up-to-date comment does not show what is stored"]
        return []

    def _shown(self) -> list[str]:
        found: list[str] = []
        for run_id, told in self._world.watch.book.runs.items():
            for task in self._world.watch.book.tasks_of(run_id):
                repo = self._world.hub.sandbox.repo_named(told.task(task.id).repo)
                assert repo is not None
                if not task.issue:
                    continue
                issue = self._world.hub.issue(repo, task.issue)
                if issue.id not in self._world.watch.touched:
                    found += self._tracking(run_id, task, issue)
                branch = f"refs/heads/{names.branch(run_id, task.id)}"
                if task.merge_sha and branch in self._world.hub.sandbox.git.refs(repo.id):
                    found.append(f"the branch of {task.id} is still there though it has merged")
        return found

    def _tracking(self, run_id: str, task: TaskState, issue: Issue) -> list[str]:
        """A tracking issue shows its task's state, and is closed when the task is over for good."""
        found = []
        ours = [label for label in issue.labels if label in names.LABELS and label != names.LABEL_PLAN]
        wanted = [LABEL_OF_TASK[task.state]] if task.state in LABEL_OF_TASK else []
        if ours != wanted:
            found.append(f"the issue of {task.id} in {run_id} is labelled {ours}, and the task is {task.state}")
        is_over = task.state in {"done", "skipped"} or task.id not in self._world.watch.book.runs[run_id].plan.by_id
        if is_over and issue.state != "closed":
            found.append(f"the issue of {task.id} in {run_id} is open, and the task is {task.state}")
        return found


def _phases(run: Run) -> set[str]:
    return {groups.barrier_of(run, name).phase for name in run.plan.groups}


def _was_refused(action: Action, run: Run) -> bool:
    """A merge that somebody stands in the way of is tried again at each look: the reason says who."""
    task = run.tasks[action.task] if action.task else None
    return action.kind == "merge" and task is not None and task.state in STUCK


def _changed(run: Run, decision: Decision) -> list[str]:
    """Tasks that a decision changes; while a run is paused, reasons are not kept up to date."""
    return [
        f"{task.id}: {run.tasks[task.id].state} -> {task.state} ({task.reason})"
        for task in decision.changed
        if task.state != run.tasks[task.id].state or run.state != "paused"
    ]


def _rows(body: str) -> list[str]:
    """What a kept-up-to-date comment says of the tasks, without what is only guessed of their lengths."""
    return ["|".join(line.split("|")[:5]) for line in body.splitlines() if line.startswith("|")]
