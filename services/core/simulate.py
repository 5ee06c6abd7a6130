"""A plan lived many times before it is approved: the real queue, the real lanes, and each time other lengths.

Where enough tasks alike have finished, a task takes what one of them took. Where none have, nobody knows how quick such
tasks are, and all of them are drawn alike: were each drawn by itself, their sum would look certain where nothing is.
What is drawn follows from the plan's hash, so the same plan is given the same answer.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.core import graph
from services.core.acting import acting, only, spread
from services.core.elsewhere import ELSEWHERE
from services.core.lengths import Lengths, Sample
from services.core.overlap import Rivals
from services.core.places import Limits, Places, Use
from services.core.plan import Plan, Task
from services.core.ready import ReadyQueue
from services.core.schedule import Candidate
from services.core.task_state import SATISFIED, TaskState
from services.core.turns import Turns

MOST, LEAST = 200, 20
"""Lives of a small plan, and of the largest."""
TASKS_IN_ALL = 25_000
"""Tasks that are lived, in all lives together: about a second's worth."""
TURNS = 8
"""So often one task is kept apart from another in about the time in which a task is lived."""
SHARE = (0.05, 1.0)
"""What of its timeout an attempt takes, where nothing is known."""
BESIDE = (120.0, 2_400.0)
"""Seconds that pass until a pull request is merged, where nothing is known: its checks, and perhaps a review."""
CALLS_A_TASK, CALLS_OF_A_PLAN = (9, 15), 60
"""Calls to GitHub: a little around what the benchmark `calls` measures for plans of 100 and of 10 tasks."""
FREE = frozenset({"script", "human"})
"""Agents that pay nobody for a model."""
START = datetime(2000, 1, 1, tzinfo=UTC)
_WORD = (1 << 64) - 1


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Nine in ten are above `low`, half below `middle`, nine in ten below `high`."""

    low: float
    middle: float
    high: float


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What lengths go by. samples: earlier tasks, learned from for `learned` of these; declared: tasks of which
    nothing is known but their timeout.
    """

    samples: int = 0
    learned: int = 0
    declared: int = 0


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many US dollars by the budgets of `priced` tasks. unpriced: use a model and have no budget, or are
    done elsewhere, where none holds.
    """

    most: Decimal = Decimal(0)
    priced: int = 0
    unpriced: int = 0


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be expected of the tasks that are not done. seconds: until the last merge.  path: the likeliest
    longest chain, in `path_share` of all lives.  at_once: attempts at a time on average, `peak` the most there
    were.  beside: seconds that pull requests waited, all together.
    """

    tasks: int
    lives: int
    workers: int
    seconds: Range
    path: tuple[str, ...]
    path_share: float
    critical: Mapping[str, float]
    at_once: float
    peak: int
    calls: tuple[int, int]
    beside: Range
    money: Money
    basis: Basis


def simulate(plan: Plan, states: Mapping[str, TaskState], lengths: Lengths, limits: Limits) -> Simulated:
    """Of what is still open of a plan (no `states` while it is not started), with so many places."""
    open_ = tuple(task for task in plan.tasks if not _is_over(task, states))
    alike = _alike(open_, lengths)
    stage = _Stage(plan, open_, states, lengths, limits)
    count = max(LEAST, min(MOST, TASKS_IN_ALL // max(len(open_) + stage.turns // TURNS, 1)))
    lives = [stage.live(_draws(plan.hash, number, open_, alike)) for number in range(count)]
    paths = Counter(life.path for life in lives)
    path, times = max(paths.items(), key=lambda each: (each[1], each[0]))
    on_path = Counter(task_id for life in lives for task_id in life.path)
    known = {id(samples): len(samples) for samples in alike.values() if samples}
    learned = sum(bool(alike[_kind(task)]) for task in open_)
    return Simulated(
        tasks=len(open_),
        lives=count,
        workers=limits.total,
        seconds=_range([life.seconds for life in lives]),
        path=path,
        path_share=times / count,
        critical={task.id: on_path[task.id] / count for task in open_ if on_path[task.id]},
        at_once=_range([life.work / life.seconds if life.seconds else 0.0 for life in lives]).middle,
        peak=max(life.peak for life in lives),
        calls=(CALLS_A_TASK[0] * len(open_), CALLS_A_TASK[1] * len(open_) + CALLS_OF_A_PLAN * bool(open_)),
        beside=_range([life.beside for life in lives]),
        money=_money(open_),
        basis=Basis(samples=sum(known.values()), learned=learned, declared=len(open_) - learned),
    )


def _is_over(task: Task, states: Mapping[str, TaskState]) -> bool:
    state = states.get(task.id)
    return task.done if state is None else state.state in SATISFIED


def _money(tasks: tuple[Task, ...]) -> Money:
    paid = [task for task in tasks if task.agent not in FREE]
    priced = [Decimal(task.budget) for task in paid if task.budget and task.agent not in ELSEWHERE]
    return Money(most=sum(priced, Decimal(0)), priced=len(priced), unpriced=len(paid) - len(priced))


def _range(values: list[float]) -> Range:
    """Of at least one value."""
    last = len(values) - 1
    low, middle, high = (sorted(values)[round(last * share)] for share in (0.1, 0.5, 0.9))
    return Range(low=low, middle=middle, high=high)


# What is drawn.


def _kind(task: Task) -> tuple[str, str]:
    return task.repo.lower(), task.agent


def _alike(tasks: tuple[Task, ...], lengths: Lengths) -> dict[tuple[str, str], list[Sample]]:
    """The earlier tasks that each kind of task is drawn from; one list for what is drawn from the same ones."""
    found: dict[tuple[str, str], list[Sample]] = {}
    same: dict[tuple[int, ...], list[Sample]] = {}
    for task in tasks:
        if _kind(task) not in found:
            samples = lengths.alike(task)
            found[_kind(task)] = same.setdefault(tuple(map(id, samples)), samples)
    return found


def _draws(
    seed: str, number: int, tasks: tuple[Task, ...], alike: Mapping[tuple[str, str], list[Sample]]
) -> dict[str, tuple[float, float]]:
    """id -> seconds of its attempt, and seconds that pass beside it, in one life."""
    dice = _dice(int(seed[:16], 16) ^ (number * 0x9E3779B97F4A7C15 & _WORD))
    share, beside = _between(SHARE, dice()), _between(BESIDE, dice())
    drawn = {}
    for task in tasks:
        samples = alike[_kind(task)]
        if samples:
            one = samples[int(dice() * len(samples))]
            drawn[task.id] = (max(task.timeout * one.work / one.timeout, 1.0), one.whole - one.work)
        else:
            drawn[task.id] = (task.timeout * share, beside)
    return drawn


def _between(bounds: tuple[float, float], drawn: float) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * drawn


def _dice(seed: int) -> Callable[[], float]:
    """Numbers from 0 to below 1 (splitmix64): the same ones on every machine and in every version of Python."""
    state = seed

    def roll() -> float:
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & _WORD
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)

    return roll


# One life.


class _Life(msgspec.Struct, frozen=True, kw_only=True):
    seconds: float
    path: tuple[str, ...]
    work: float
    beside: float
    peak: int


class _Stage:
    """What is the same in all lives: what waits for what, how urgent each task is, which lanes it takes, and who is not
    under way at the same time.
    """

    def __init__(
        self, plan: Plan, tasks: tuple[Task, ...], states: Mapping[str, TaskState], lengths: Lengths, limits: Limits
    ) -> None:
        guesses = {task.id: lengths.guess(task) for task in tasks}
        left = {task_id: (guess.work, guess.whole) for task_id, guess in guesses.items()}
        needs = acting(plan, left, split=True)
        self.plan, self.limits = plan, limits
        self.needs = {node: tuple(need for need in wanted if need in needs) for node, wanted in needs.items()}
        self.behind = graph.dependants(self.needs)
        self.holds = Rivals(plan).holds({})
        self.turns = sum(map(len, self.holds.values()))
        remaining = graph.longest_behind(graph.order(self.needs), self.behind, spread(plan, left, split=True))
        self.candidates = _candidates(tasks, states, remaining)

    def live(self, drawn: Mapping[str, tuple[float, float]]) -> _Life:
        """From the start to the last merge."""
        going = _Going(self, drawn)
        while going.goes_on():
            pass
        return _Life(
            seconds=going.at,
            path=only(drawn, self._path(going.ends, going.turns)),
            work=sum(work for work, _ in drawn.values()),
            beside=sum(beside for _, beside in drawn.values()),
            peak=going.peak,
        )

    def _path(self, ends: Mapping[str, float], turns: Turns) -> tuple[str, ...]:
        """Back from the last end, each time to what was waited for last."""
        path: list[str] = []
        before: tuple[str, ...] = tuple(ends)
        while before:
            path.append(max(before, key=ends.__getitem__))
            before = (*self.needs[path[-1]], *turns.after.get(path[-1], ()))
        return tuple(reversed(path))


class _Going:
    """One life on its way. ends: node -> when it was over; peak: the most attempts at a time."""

    def __init__(self, stage: _Stage, drawn: Mapping[str, tuple[float, float]]) -> None:
        self.at, self.peak, self._busy = 0.0, 0, 0
        self.ends: dict[str, float] = {}
        self.turns = Turns(stage.holds)
        self._stage, self._queue, self._places = stage, ReadyQueue(), Places(stage.limits)
        left = {task_id: (work, work + beside) for task_id, (work, beside) in drawn.items()}
        self._lengths = spread(stage.plan, left, split=True)
        self._waiting = {node: len(needs) for node, needs in stage.needs.items()}
        self._ready: dict[str, Candidate] = {}  # tasks that wait only for a place, or for their turn
        self._coming: list[tuple[float, str]] = []  # when, and what is over then
        self._free([node for node, count in self._waiting.items() if not count])

    def goes_on(self) -> bool:
        """Start what there is room for, and come to what is over next; False when nothing is any more."""
        while len(self._queue) and self._start():
            pass
        self.peak = max(self.peak, self._busy)
        if not self._coming:
            return False
        self.at, node = heapq.heappop(self._coming)
        self._busy -= self._places.give_back(node)
        self.ends[node] = self.at
        for task_id in self.turns.end(node):
            if task_id in self._ready:
                self._queue.add(self._ready[task_id])
        behind = self._stage.behind[node]
        for other in behind:
            self._waiting[other] -= 1
        self._free([other for other in behind if not self._waiting[other]])
        return True

    def _free(self, nodes: list[str]) -> None:
        """These wait for nothing more."""
        for node in nodes:
            candidate = self._stage.candidates.get(node)
            if candidate is None:
                heapq.heappush(self._coming, (self.at + self._lengths[node], node))
                continue
            self._ready[node] = msgspec.structs.replace(candidate, since=START + timedelta(seconds=self.at))
            if not self.turns.keeps(node):
                self._queue.add(self._ready[node])

    def _start(self) -> bool:
        """True when a place was left to whoever is next, because one that was chosen had to let another go first."""
        is_left = False
        for candidate in self._queue.pick(self._places, START + timedelta(seconds=self.at)):
            if self.turns.keeps(candidate.id):
                is_left = True
                continue
            for task_id in (candidate.id, *self.turns.begin(candidate.id)):
                self._queue.remove("", task_id)
            del self._ready[candidate.id]
            self._busy += 1
            self._places.take(candidate.id, candidate.use)
            heapq.heappush(self._coming, (self.at + self._lengths[candidate.id], candidate.id))
        return is_left


def _candidates(
    tasks: tuple[Task, ...], states: Mapping[str, TaskState], remaining: Mapping[str, float]
) -> dict[str, Candidate]:
    found = {}
    for task in tasks:
        state = states.get(task.id)
        found[task.id] = Candidate(
            id=task.id,
            use=Use(installation=task.repo.partition("/")[0], repo=task.repo, agent=task.agent, group=task.group),
            since=START,
            priority=task.priority if state is None or state.priority is None else state.priority,
            remaining=remaining[task.id],
        )
    return found
