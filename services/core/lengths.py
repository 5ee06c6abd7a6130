"""How long tasks take: learned from those that have finished, and until something is known, taken from what is said.

A task's timeout is all a plan says about its length, so what is learned is a proportion of it: the median share of
their timeouts that the attempts of finished tasks took, and the median time that passed beside them (checks, reviews).
It is learned from tasks of the same repository and agent; where too few of them have finished, of the same repository,
then of the same agent at the same owner, as nothing is told to another one. Medians, because one task that waited a
week for its review says nothing about the next.
"""

from collections import deque
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from services.core.plan import DEFAULT_TIMEOUT, RepoName, Task
from services.core.task_state import TaskState

FEW = 3
"""Finished tasks that are needed before their median is believed."""
NEWEST = 50
"""Finished tasks that count, of one repository and agent, as of each pool beyond that."""
MOVED = 1.5
"""How far a median has to move before it is worth working out anew what follows from it."""

Pool = tuple[str, str]
"""Those that a task may be judged by: of a repository and an agent, of a repository (no agent), of an owner's agent."""

FIRST, LATER = 8, 32
"""The first samples are each looked at for whether they move the median, later ones only so many at a time."""
FLOOD = 200
"""Tasks that finish between two sweeps and are all learned from."""

Source = Literal["learned", "declared", "default"]


class Sample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one finished task took, in seconds. work: its attempts; whole: from its first start until it was merged;
    timeout: what its plan had said.
    """

    repo: RepoName
    agent: str
    timeout: float
    work: float
    whole: float


class Guess(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How long a task will take, in seconds, and where that comes from."""

    work: float
    whole: float
    source: Source


class _Known(NamedTuple):
    """Of tasks alike: the share of the timeout that attempts take, and the seconds that pass beside them."""

    share: float
    beside: float

    def guess(self, timeout: float) -> Guess:
        work = max(timeout * self.share, 1.0)
        return Guess(work=work, whole=work + self.beside, source="learned")


_UNASKED = _Known(0.0, 0.0)


def _pools(repo: str, agent: str) -> tuple[Pool, Pool, Pool]:
    """The nearest first."""
    repo = repo.lower()
    return (repo, agent), (repo, ""), (repo.partition("/")[0], agent)


def sample_of(task: Task, state: TaskState) -> Sample | None:
    """What a task took, or None when it did not go the whole way: done beforehand, left out, merged without us."""
    if state.state != "done" or state.started_at is None or state.finished_at is None:
        return None
    whole = max((state.finished_at - state.started_at).total_seconds(), 0.0)
    work = state.worked or min(whole, float(task.timeout))
    return Sample(repo=task.repo, agent=task.agent, timeout=float(task.timeout), work=min(work, whole), whole=whole)


def declared(task: Task) -> Guess:
    """What the plan says: the timeout, which is the default where nobody said anything."""
    seconds = float(task.timeout)
    return Guess(work=seconds, whole=seconds, source="default" if task.timeout == DEFAULT_TIMEOUT else "declared")


class Lengths:
    """What is known by now. `edition` grows whenever that has changed enough to matter to somebody who asked."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self.edition = 0
        self._count = 0
        self._finished = 0
        self._kept: dict[Pool, deque[Sample]] = {}
        # What guesses went by since the last edition: each pool that was looked into, None where it had too few.
        self._told: dict[Pool, _Known | None] = {}
        for sample in samples:
            self.learn(sample)

    def is_curious(self) -> bool:
        """Is the task that finishes now to be learned from? Of a flood every eighth is enough."""
        self._finished += 1
        return self._finished <= FLOOD or self._finished % 8 == 0

    def learn(self, sample: Sample) -> None:
        """One more task has finished."""
        self._count += 1
        has_moved = False
        for pool in _pools(sample.repo, sample.agent):
            kept = self._kept.get(pool)
            if kept is None:
                kept = self._kept[pool] = deque(maxlen=NEWEST)
            kept.append(sample)
            if pool in self._told and (len(kept) <= FIRST or self._count % LATER == 0):
                has_moved = has_moved or self._has_moved(pool)
        if has_moved:
            self._changed()

    def replace(self, samples: Iterable[Sample]) -> None:
        """Know exactly these, oldest first, instead of all learned so far."""
        read, self._finished = Lengths(samples), 0
        self._kept = read._kept
        if any(map(self._has_moved, self._told)):
            self._changed()

    def guess(self, task: Task) -> Guess:
        """How long this task will take."""
        for pool in _pools(task.repo, task.agent):
            found = self._told.get(pool, _UNASKED)
            if found is _UNASKED:
                found = self._told[pool] = self._known(pool)
            if found is not None:
                return found.guess(float(task.timeout))
        return declared(task)

    def whole(self, task: Task) -> float:
        """Seconds from a task's first start until it is merged."""
        return self.guess(task).whole

    def alike(self, task: Task) -> list[Sample]:
        """The finished tasks that say how long this one will take; none where too few are like it."""
        return next(filter(None, map(self._enough, _pools(task.repo, task.agent))), [])

    def _has_moved(self, pool: Pool) -> bool:
        """Would a guess that went by this pool be another one now?"""
        told, now = self._told[pool], self._known(pool)
        return told is not now if told is None or now is None else _is_far(told, now)

    def _changed(self) -> None:
        self.edition += 1
        self._told.clear()

    def _known(self, pool: Pool) -> _Known | None:
        kept = self._enough(pool)
        return _median(kept) if kept else None

    def _enough(self, pool: Pool) -> list[Sample]:
        """Its samples; none where there are too few."""
        kept = list(self._kept.get(pool, ()))  # copied at one stroke, because pages ask from threads of their own
        return kept if len(kept) >= FEW else []


def _is_far(told: _Known, now: _Known) -> bool:
    was, whole = told.guess(DEFAULT_TIMEOUT).whole, now.guess(DEFAULT_TIMEOUT).whole
    return not was / MOVED <= whole <= was * MOVED


def _median(samples: Collection[Sample]) -> _Known:
    """Of two in the middle the longer one."""
    middle = len(samples) // 2
    share = sorted(sample.work / sample.timeout for sample in samples)[middle]
    return _Known(share, sorted(sample.whole - sample.work for sample in samples)[middle])


def elapsed(since: datetime | None, now: datetime) -> float:
    """Seconds from a moment on, at least 0."""
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0


def left_of(guess: float, gone: float) -> float:
    """Seconds still to come of what was guessed to take `guess` and has taken `gone`: what takes longer than guessed
    is taken to need a quarter of its time once more, as long as nobody knows better.
    """
    return max(guess - gone, gone / 4)
