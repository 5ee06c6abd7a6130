"""How long tasks take: learned from those that have finished, and until something is known, taken from what is said.

A task's timeout is all a plan says about its length, so what is learned is a proportion of it: the median share of
their timeouts that the attempts of finished tasks took, and the median time that passed beside them (checks, reviews).
It is learned from tasks of the same repository and agent; where too few of them have finished, of the same repository,
then of the same agent at the same owner, as nothing is told to another one. Medians, because one task that waited a
week for its review says nothing about the next.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from services.core.plan import DEFAULT_TIMEOUT, RepoName, Task
from services.core.task_state import TaskState

FEW = 3
"""Finished tasks that are needed before their median is believed."""
NEWEST = 50
"""Finished tasks that count, of one repository and agent."""
MOVED = 1.5
"""How far a median has to move before it is worth working out anew what follows from it."""

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
    """What is known by now. `edition` grows whenever that has changed enough to matter."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self.edition = 0
        self._count = 0
        self._finished = 0
        self._kept: dict[tuple[str, str], deque[Sample]] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._alike: dict[tuple[str, str], _Known | None] = {}
        for sample in samples:
            self.learn(sample)

    def is_curious(self) -> bool:
        """Is the task that finishes now to be learned from? Of a flood every eighth is enough."""
        self._finished += 1
        return self._finished <= FLOOD or self._finished % 8 == 0

    def learn(self, sample: Sample) -> None:
        """One more task has finished."""
        key = (sample.repo.lower(), sample.agent)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = deque(maxlen=NEWEST)
        kept.append(sample)
        self._count += 1
        if len(kept) <= FIRST or self._count % LATER == 0:
            self._compare(key, kept)

    def _compare(self, key: tuple[str, str], kept: Collection[Sample]) -> None:
        if len(kept) >= FEW:
            now, told = _median(kept).guess(DEFAULT_TIMEOUT).whole, self._told.get(key)
            if told is None or _has_moved(told, now):
                self._told[key] = now
                self._changed()

    def replace(self, samples: Iterable[Sample]) -> None:
        """Know exactly these, oldest first, instead of all learned so far."""
        read, self._finished = Lengths(samples), 0
        self._kept = read._kept
        known = self._told.keys() == read._told.keys()
        if not known or any(_has_moved(self._told[key], now) for key, now in read._told.items()):
            self._told = read._told
            self._changed()

    def guess(self, task: Task) -> Guess:
        """How long this task will take."""
        key = (task.repo.lower(), task.agent)
        found = self._alike.get(key, _UNASKED)
        if found is _UNASKED:
            found = self._alike[key] = self._learned(*key)
        return declared(task) if found is None else found.guess(float(task.timeout))

    def whole(self, task: Task) -> float:
        """Seconds from a task's first start until it is merged."""
        return self.guess(task).whole

    def _changed(self) -> None:
        self.edition += 1
        self._alike.clear()

    def alike(self, task: Task) -> list[Sample]:
        """The finished tasks that say how long this one will take; none where too few are like it."""
        return self._nearest(task.repo.lower(), task.agent)

    def _learned(self, repo: str, agent: str) -> _Known | None:
        kept = self._nearest(repo, agent)
        return _median(kept) if kept else None

    def _nearest(self, repo: str, agent: str) -> list[Sample]:
        """The nearest samples of which there are enough."""
        owner = repo.partition("/")[0]
        ways: tuple[Callable[[tuple[str, str]], bool], ...] = (
            lambda key: key == (repo, agent),
            lambda key: key[0] == repo,
            lambda key: key[1] == agent and key[0].partition("/")[0] == owner,
        )
        for is_alike in ways:
            # Copied at one stroke, because pages ask from threads of their own.
            kept = [sample for key, samples in list(self._kept.items()) if is_alike(key) for sample in list(samples)]
            if len(kept) >= FEW:
                return kept
        return []


def _has_moved(told: float, now: float) -> bool:
    return not told / MOVED <= now <= told * MOVED


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
