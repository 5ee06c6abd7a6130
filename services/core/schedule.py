"""Which ready tasks start now: the most urgent first, as many as the lanes have room for.

Urgent means the priority that people gave, then the longest chain still behind a task (so the critical path never
waits for a side branch), then how long it has been ready. A lane that is full holds back only its own tasks.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from services.core.plan import RepoName


class Use(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The lanes that one running task takes a place in."""

    installation: str
    repo: RepoName
    agent: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task that could start. remaining: longest chain from it on, any unit; since: when it became ready."""

    id: str
    use: Use
    since: datetime
    priority: float = 0.0
    remaining: float = 0.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Places per lane, at least 0. `agents` overrides `agent` by name, for one that allows few calls at once."""

    total: int = 16
    installation: int = 16
    repo: int = 4
    agent: int = 16
    agents: Mapping[str, int] = msgspec.field(default_factory=dict)


Lane = tuple[str, str]


def choose(ready: Sequence[Candidate], running: Sequence[Use], limits: Limits) -> list[str]:
    """The ids to start, most urgent first. Nothing that would still fit is left out."""
    taken: Counter[Lane] = Counter(lane for use in running for lane, _ in lanes_of(use, limits))
    chosen = []
    for candidate in sorted(ready, key=urgency):
        lanes = list(lanes_of(candidate.use, limits))
        if all(taken[lane] < places for lane, places in lanes):
            taken.update(lane for lane, _ in lanes)
            chosen.append(candidate.id)
    return chosen


def urgency(candidate: Candidate) -> tuple[float, float, datetime, str]:
    """Sort key, most urgent first; the id settles what is left."""
    return (-candidate.priority, -candidate.remaining, candidate.since, candidate.id)


def lanes_of(use: Use, limits: Limits) -> Iterator[tuple[Lane, int]]:
    yield ("total", ""), limits.total
    yield ("installation", use.installation), limits.installation
    yield ("repo", use.repo.lower()), limits.repo
    yield ("agent", use.agent), limits.agents.get(use.agent, limits.agent)
