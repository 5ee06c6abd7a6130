"""What a run does next: `decide(board, happened, facts, now) -> what changes, what to do, what to remember`.

Everything that moves a run goes through here: results of effects, facts just read from GitHub, commands of people.
Actions are made only together with the state change that calls for them, so committing both at once makes each action
exist once. Action keys are `run/task/attempt/kind[/sha]`; the same key is never carried out twice.

A decision costs what it changes, not what the run holds: the board keeps the indexes, and `decide` only reads it.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from services.core import barriers, deploys, groups, overrides, stacks
from services.core.actions import action, mark, moment, recall, wait_keys, waits_for_base
from services.core.board import (
    GOING,
    Action,
    Board,
    Decision,
    Moment,
    Run,
    RunState,
    Wish,
    may_start,
)
from services.core.calls import NEED_ISSUE, RECALLS, calls_for
from services.core.gate import PullFact
from services.core.graph import layers, needs_of
from services.core.groups import Barrier
from services.core.judging import judge
from services.core.machine import late, step
from services.core.places import Places
from services.core.plan import Plan, Task
from services.core.records import TELLING, Try, tried
from services.core.repair import repaired
from services.core.repairs import Failed, Repair
from services.core.task_state import ENDED, QUIET, SATISFIED, STUCK, Happening, TaskState, is_queued
from services.core.text import code


def begin(run: Run, now: datetime) -> tuple[Run, Decision]:
    """A run at its beginning, and its first decision: tracking issues for every open task; ticked tasks are done."""
    tasks = {
        task.id: TaskState(
            id=task.id, state="done" if task.done else "blocked", since=now, finished_at=now if task.done else None
        )
        for task in run.plan.tasks
    }
    fresh = msgspec.structs.replace(run, tasks=tasks, started_at=now)
    work = Work(Board(fresh), now)
    work.unblock(tasks)
    # In the order in which they are needed: where limits make a thousand take hours, what can start is not last.
    needed = [task_id for layer in layers(needs_of(run.plan.tasks)) for task_id in layer]
    work.actions += [action(fresh, tasks[task_id], "track") for task_id in needed if tasks[task_id].state != "done"]
    work.actions.append(mark(fresh, "running", now))
    return fresh, work.finish()


def decide(
    board: Board,
    happened: Iterable[tuple[str, Happening]] = (),
    *,
    facts: Mapping[str, PullFact] | None = None,
    wish: Wish | None = None,
    places: Places | None = None,
    mustered: str = "",
    now: datetime,
) -> Decision:
    """Apply what happened, judge the facts just read, unblock, start what there is room for, see whether it is over.

    places: of all runs; a task starts when it is among those of all runs whose turn it is. None starts nothing.
    mustered: the group that all the facts are about; they count only if nothing was heard of it meanwhile.
    """
    work = Work(board, now, wish)
    for task_id, happening in happened:
        work.apply(task_id, happening)
    is_old = bool(mustered) and bool(groups.missing(work.standing, mustered))
    for task_id, fact in {} if is_old else (facts or {}).items():
        judge(work, task_id, fact)
    stacks.settle(work)
    barriers.begin_taking_back(work)
    barriers.settle(work, "" if is_old else mustered)
    deploys.settle(work)
    work.unblock(list(work.moved))
    work.gate_anew()
    work.take_back()
    work.leave_queues()
    if places is not None and work.is_going:
        work.start(places)
    return work.finish()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A run as a decision in the making leaves it."""

    id: str
    plan: Plan
    tasks: Mapping[str, TaskState]
    barriers: Mapping[str, Barrier]


class Work:
    """One decision in the making: what changed so far, over a board that is only read."""

    def __init__(self, board: Board, now: datetime, wish: Wish | None = None) -> None:
        self.board = board
        self.run = board.run
        self.now = now
        self.wish = wish
        self.changed: dict[str, TaskState] = {}
        self.former: dict[str, TaskState] = {}  # those that changed of tasks that are in the plan no more
        self.moved: dict[str, None] = {}  # ids whose state changed, in order
        self.judged: dict[str, bool] = {}  # of a group, with nothing of its own missing: does GitHub let it merge?
        self.barriers = dict(board.run.barriers)
        self.settled: dict[str, Barrier] = {}  # those of them that changed
        self.standing = Standing(
            id=board.run.id, plan=board.run.plan, tasks=ChainMap(self.changed, board.run.tasks), barriers=self.barriers
        )
        self.actions: list[Action] = []
        self.history: list[Moment] = []
        self.tries: list[Try] = []
        self._resumed_at = now if self.run.state == "paused" and self.is_going else self.run.resumed_at

    @property
    def is_going(self) -> bool:
        """May something new be started or merged?"""
        return (self.wish.state if self.wish is not None else self.run.state) in GOING

    def of(self, task_id: str) -> TaskState:
        return self.changed.get(task_id) or self.run.tasks[task_id]

    def apply(self, task_id: str, happening: Happening) -> None:
        before = self.changed.get(task_id) or self.run.tasks.get(task_id)
        if before is None:
            return self._apply_late(task_id, happening)
        if happening.failed is not None and task_id in self.board.specs:
            happening = self._repair(before, happening, happening.failed)
        after = step(before, happening, self.now)
        if after is None:
            return None
        self.changed[task_id] = after
        if after.state != before.state:
            self.moved[task_id] = None
        if happening.kind not in QUIET:
            self.history.append(moment(happening, before, after))
        if (
            happening.kind in TELLING
            and (told := tried(before, happening, after, self.board.specs[task_id])) is not None
        ):
            self.tries.append(told)
        if happening.kind in RECALLS:
            self._recall(before, self.board.specs[task_id].agent)
        for kind in calls_for(before, happening.kind, after):
            if after.issue or kind not in NEED_ISSUE:
                self.actions.append(action(self.run, after, kind))
        return None

    def _recall(self, before: TaskState, agent: str) -> None:
        """What is under way elsewhere for this task is not wanted any more."""
        wanted = recall(self.run, before, agent)
        if wanted is not None:
            self.actions.append(wanted)

    def act(self, wanted: Action) -> None:
        """Do this too, unless it is done already."""
        if wanted.key not in {each.key for each in self.actions}:
            self.actions.append(wanted)

    def set(self, task: TaskState, **values: object) -> TaskState:
        """The task with other values, without that anything has happened to it."""
        after = self.changed[task.id] = msgspec.structs.replace(task, **values)
        return after

    def _repair(self, task: TaskState, happening: Happening, known: Failed) -> Happening:
        """What is done about an attempt or a merge that failed."""
        agent, checks = self.board.specs[task.id].agent, [each.check for each in known.failures]
        follows = repaired(task, agent, happening.text, checks, known, self.now)
        return msgspec.structs.replace(follows, fence=happening.fence)

    def _apply_late(self, task_id: str, happening: Happening) -> None:
        """What is heard only now of a task that is in the plan no more: it has left something that has to go too."""
        before = self.former.get(task_id) or self.run.former.get(task_id)
        after = late(before, happening, self.now) if before is not None else None
        if before is None or after is None:
            return
        self.former[task_id] = after
        if happening.kind not in QUIET:
            self.history.append(moment(happening, before, after))
        if happening.kind != "stalled":  # that has left nothing
            self.actions.append(action(self.run, after, "withdraw"))

    def add(self, task_id: str) -> None:
        """A task that the run has not had until now."""
        task = self.changed[task_id] = self.run.tasks[task_id]
        if task.state != "done":
            self.actions.append(action(self.run, task, "track"))

    def leave(self, before: TaskState, after: TaskState | None, happening: Happening) -> None:
        """A task that is in the plan no more; after: None when it was over before."""
        task = self.former[before.id] = after or before
        if after is not None:
            self.history.append(moment(happening, before, after))
            self._recall(before, before.was.agent if before.was is not None else "")
        if task.state == "cancelled":
            self.actions.append(action(self.run, task, "withdraw"))

    def is_met(self, need: str, of: str) -> bool:
        return groups.is_met(self.standing, self.board.specs[of], need)

    def _are_met(self, task: Task) -> bool:
        if self.run.plan.groups:
            return not groups.unmet(self.standing, task)
        now, tasks = self.changed, self.run.tasks
        return all((now.get(need) or tasks[need]).state in SATISFIED for need in task.needs)

    def unblock(self, moved: Iterable[str]) -> None:
        """Look again at the tasks that moved and at those that need them: what waits for nothing more is ready, and
        what was ready while a need is taken back is not.
        """
        after, specs, now = self.board.after, self.board.specs, self.changed
        known, wide = self.run.plan.groups, dict.fromkeys(moved)
        for one in tuple(wide) if known else ():  # others wait until all of a group has merged
            wide |= dict.fromkeys(known.get(specs[one].group, ()))
        affected = dict.fromkeys(each for one in wide for each in (one, *after.get(one, ())))
        for task_id in affected:
            state = (now.get(task_id) or self.run.tasks[task_id]).state
            if state in _UNSTARTED:
                met = self._are_met(specs[task_id])
                if met != (state == "ready"):
                    self.apply(task_id, _UNBLOCKED if met else _REBLOCKED)

    def regate(self, task_id: str) -> None:
        """The gate on its pull request says something else since the plan was edited."""
        task = self.of(task_id)
        if task.pull and task.head_sha:
            self.actions.append(action(self.run, task, "checks", at=self.now))

    def _met_anew(self) -> Iterator[tuple[TaskState, list[str]]]:
        """The needs that count as met only now, or no more, each with what needs it, or its group."""
        tasks, after, known = self.run.tasks, self.board.after, self.run.plan.groups
        for need in map(self.of, self.moved):
            if (need.state in SATISFIED) != (tasks[need.id].state in SATISFIED):
                group = known.get(self.board.specs[need.id].group, (need.id,)) if known else (need.id,)
                yield need, [each for one in group for each in after.get(one, ())]

    def gate_anew(self) -> None:
        """The gate of an open pull request says which needs have merged: anew when one has, or when one that counted as
        merged is taken back.
        """
        rivals = self.board.rivals
        for need, waiting in self._met_anew():
            for task in map(self.of, waiting):
                if task.pull and task.head_sha and task.state not in ENDED:
                    self.act(action(self.run, task, "checks", need=need))
            theirs = rivals.of(need.id) if rivals.are_any else ()
            for task in map(self.of, theirs):  # one may have been merged into its branch
                if task.stack is not None and task.stack.on == need.id and task.pull and task.state in STUCK:
                    self.act(action(self.run, task, "checks", need=need))

    def take_back(self) -> None:
        """What needs a task is taken back before it, and if that can't be, neither is the task."""
        for changed in tuple(self.changed.values()):
            was = self.run.tasks[changed.id].revert
            if was < 0 == changed.revert:
                self._leave_in(changed.id)
            if changed.revert != was:
                for task in map(self.of, (changed.id, *self.board.specs[changed.id].needs)):
                    if task.revert < 0 and all(self.of(each).revert >= 0 for each in self.board.after.get(task.id, ())):
                        self.actions.append(action(self.run, task, "revert"))

    def _leave_in(self, task_id: str) -> None:
        """This one stays merged, so all that it needs does."""
        left = [task_id]
        while left:
            after = left.pop()
            for need in self.board.specs[after].needs:
                if self.of(need).revert < 0:
                    self.apply(need, Happening(kind="stalled", text=f"not taken back, because {code(after)} is not"))
                    left.append(need)

    def leave_queues(self, *, is_edited: bool = False) -> None:
        """What is not to be merged any more does not stay in GitHub's merge queue."""
        queued, near = self.board.queued, dict.fromkeys(self.changed)
        if queued and (is_edited or self.wish is not None or self.settled):
            near |= dict.fromkeys(queued)
        elif queued:
            near |= dict.fromkeys([each for _, waiting in self._met_anew() for each in waiting if each in queued])
        for task in map(self.of, near):
            if is_queued(task) and not self._may_merge(task):
                self.actions.append(action(self.run, self.set(task, queued=""), "dequeue", at=self.now))

    def _may_merge(self, task: TaskState) -> bool:
        """Does nothing that is said or stands here speak against it?"""
        is_held = task.held or not self.is_going or groups.hold(self.standing, task.id)
        return not is_held and task.state == "in_review" and not self.lacks(task)

    def lacks(self, task: TaskState) -> bool:
        """Is a need of it not met, or not met any more, which nobody lifted?"""
        return bool(overrides.missing(task, groups.unmet(self.standing, self.board.specs[task.id])))

    def start(self, places: Places) -> None:
        """Start what there is room for, most urgent first; a task whose tracking issue is not there yet waits for
        it."""
        run_id, ready, rivals = self.run.id, self.board.ready, self.board.rivals
        # A run that goes on only now has nothing in `ready` yet.
        looked_at = dict(self.changed) if self.run.state in GOING else {**self.run.tasks, **self.changed}
        for task_id in tuple(looked_at) if rivals.are_any else ():
            looked_at.update({each: self.of(each) for each in rivals.of(task_id)})
        since = self._resumed_at
        fresh = [self.board.candidate(task, since, self.now) for task in looked_at.values() if self._may_start(task)]
        for candidate in ready.pick(places, self.now, run=run_id, fresh=fresh, gone=looked_at):
            is_own = candidate.use.run == run_id and not candidate.use.again
            if is_own and self._may_start(self.of(candidate.id)):  # another may have started
                stack = rivals.base(candidate.id, self.of) if rivals.are_any else None
                self.apply(candidate.id, Happening(kind="started", stack=stack))

    def _may_start(self, task: TaskState) -> bool:
        if not may_start(task):
            return False
        rivals = self.board.rivals
        return not rivals.are_any or rivals.keeps(task.id, self.of) is None

    def finish(self) -> Decision:
        state = self._run_state()
        over = state in {"done", "cancelled"}
        if state != self.run.state:
            actor, text = (self.wish.actor, self.wish.text) if self.wish is not None else ("", "")
            moment = Moment(task="", kind="run", before=self.run.state, after=state, actor=actor, text=text)
            # What a person said comes before what it led to.
            self.history.insert(0 if self.wish is not None and not over else len(self.history), moment)
            self.actions.append(mark(self.run, state, self.now, kind="finish" if over else "mark"))
        return Decision(
            run_id=self.run.id,
            state=state,
            finished_at=(self.run.finished_at or self.now) if over else None,
            resumed_at=self._resumed_at,
            changed=(*self.changed.values(), *self.former.values()),
            waits=tuple(self._waits()),
            actions=tuple(self.actions),
            history=tuple(self.history),
            told=tuple(self._told()),
            barriers=tuple(self.settled.items()),
            repairs=tuple(self._repairs()),
            tries=tuple(self.tries),
        )

    def _told(self) -> Iterator[tuple[str, int]]:
        """A pull request whose task stood still has a comment, and what becomes of the task changes it."""
        for task_id in self.moved:
            task = self.of(task_id)
            if task.troubled and task.pull:
                yield self.board.specs[task_id].repo, task.pull

    def _repairs(self) -> Iterator[tuple[str, str, Repair]]:
        """What began to be repaired, or what came of it."""
        for task_id, after in self.changed.items():
            if after.repairs is self.run.tasks[task_id].repairs:
                continue
            known = {(repair.n, repair.came) for repair in self.run.tasks[task_id].repairs}
            new = [each for each in after.repairs if (each.n, each.came) not in known]
            yield from ((task_id, self.board.specs[task_id].repo, each) for each in new)

    def _waits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for task_id, after in self.changed.items():
            before = self.run.tasks[task_id]
            if (
                after.issue != before.issue
                or after.pull != before.pull
                or after.head_sha != before.head_sha
                or after.integration != before.integration
                or after.away != before.away
                or (after.state in ENDED) != (before.state in ENDED)
                or (after.repairs is not before.repairs and waits_for_base(after) != waits_for_base(before))
            ):
                yield task_id, wait_keys(self.run, after)

    def _run_state(self) -> RunState:
        counts, tasks, changed = self.board.counts.copy(), self.run.tasks, self.changed
        for task_id in self.moved:
            counts[tasks[task_id].state] -= 1
            counts[(changed.get(task_id) or tasks[task_id]).state] += 1
        states = {state for state, count in counts.items() if count > 0}
        if states <= SATISFIED:
            return "done"
        if states <= ENDED:
            return "cancelled"
        if (self.wish.state if self.wish is not None else self.run.state) == "paused":
            return "paused"
        moving = states & {"ready", "running", "in_review"}
        return "running" if moving or not states & (STUCK | {"cancelled"}) else "failed"


_UNSTARTED = frozenset({"blocked", "ready"})
_UNBLOCKED, _REBLOCKED = Happening(kind="unblocked"), Happening(kind="reblocked")
