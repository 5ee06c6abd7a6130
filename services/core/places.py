"""Places for attempts: how many there are in each lane, and who holds them now.

Counted as attempts come and go, so that asking costs the same however many run. A place belongs to the key of an
attempt, and taking or giving it back twice counts once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from services.core.elsewhere import ELSEWHERE
from services.core.plan import RepoName

Lane = tuple[str, str]
TOTAL: Lane = ("total", "")
BRAKED = "braked"
"""Of a lane that names an owner or a repository in which nothing new begins now."""
PATIENT = 4
"""So many for each place of an owner or a repository wait for their next try before nothing else begins there."""
MOST_KNOWN = 4_096
"""Sets of lanes that are remembered; uses name runs, and runs come and go."""


class Use(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The lanes that one attempt takes a place in; a group is one of its run, and "" is none. is_away: it is only
    waited for, and takes a place of its agent alone.  again: it was tried before.
    """

    installation: str
    repo: RepoName
    agent: str
    run: str = ""
    group: str = ""
    is_away: bool = False
    again: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Places per lane, at least 0. `agents` overrides `agent` by name, for one that allows few calls at once."""

    total: int = 16
    installation: int = 16
    repo: int = 4
    agent: int = 16
    group: int = 16
    agents: Mapping[str, int] = msgspec.field(default_factory=dict)


def lanes_of(use: Use, limits: Limits) -> Iterator[tuple[Lane, int]]:
    """Each lane of a use with its places, but for those in which there are as many as in all. A run is a lane too, so
    that it is known how many places it holds; it may hold all. Of an agent that works elsewhere more may be under way
    than there are places in all, so its lane always counts.
    """
    if use.is_away:
        yield _of_agent(use, limits)
        return
    yield TOTAL, limits.total
    yield ("run", use.run), limits.total
    if use.agent in ELSEWHERE:
        yield _of_agent(use, limits)
    yield from (lane for lane in _narrower(use, limits) if lane[1] < limits.total)


def _narrower(use: Use, limits: Limits) -> Iterator[tuple[Lane, int]]:
    yield ("installation", use.installation.lower()), limits.installation
    yield ("repo", use.repo.lower()), limits.repo
    if use.agent not in ELSEWHERE:
        yield _of_agent(use, limits)
    if use.group:
        yield ("group", f"{use.run} {use.group}"), limits.group


def brakes_of(use: Use, limits: Limits) -> Iterator[tuple[Lane, int]]:
    """Where those who wait for their next try are counted: with what it is that let them down, an owner or a
    repository, so that nobody else's tasks are kept.
    """
    yield ("installation", use.installation.lower()), min(limits.installation, limits.total)
    yield ("repo", use.repo.lower()), min(limits.repo, limits.total)


def _of_agent(use: Use, limits: Limits) -> tuple[Lane, int]:
    return ("agent", use.agent), limits.agents.get(use.agent, limits.agent)


class Places:
    """The places of one process; only lanes in which somebody is are counted in `taken`, and in `between` those who
    wait for their next try. These hold no place; but where far more wait than there are places, nothing else begins:
    else an outage would let everything begin that there is, and come to nothing.

    turns: when each run last took a place, as a number that grows; `turn` was the last.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.taken: dict[Lane, int] = {}
        self.between: dict[Lane, int] = {}
        self.turns: dict[str, int] = {}
        self.turn = 0
        self._uses: dict[str, Use] = {}
        self._waiting: dict[str, Use] = {}
        self._known: dict[Use, tuple[tuple[Lane, int], ...]] = {}

    def resize(self, limits: Limits) -> None:
        """Other limits from now on; who has a place keeps it, also where there are fewer now."""
        self.limits = limits
        self._known.clear()
        self.taken = dict(Counter(lane for use in self._uses.values() for lane, _ in self.lanes(use)))

    @property
    def is_full(self) -> bool:
        """Can nothing start at all?"""
        return self.taken.get(TOTAL, 0) >= self.limits.total

    def lanes(self, use: Use) -> tuple[tuple[Lane, int], ...]:
        """Each lane of a use with its places."""
        known = self._known.get(use)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[use] = tuple(lanes_of(use, self.limits))
        return known

    def brake(self, use: Use) -> Lane | None:
        """Where so many wait for their next try that it may not begin: `BRAKED`, and the name of that lane."""
        if use.again or not self.between:
            return None
        brakes = brakes_of(use, self.limits)
        return next(((BRAKED, lane[1]) for lane, room in brakes if self.between.get(lane, 0) >= PATIENT * room), None)

    def full(self, use: Use) -> Lane | None:
        """The first lane of a use in which no place is free, or nothing else begins."""
        return self.lacking(use, self.taken)

    def lacking(self, use: Use, taken: Mapping[Lane, int]) -> Lane | None:
        """The same where these are taken."""
        for lane, room in self.lanes(use):
            if taken.get(lane, 0) >= room:
                return lane
        return self.brake(use)

    def take(self, key: str, use: Use) -> None:
        """The attempt `key` holds these places from now on, also where there are none left: it runs already."""
        if self._uses.get(key, use) != use or key in self._waiting:
            self.give_back(key)
        if key not in self._uses:
            self._uses[key] = use
            taken = self.taken
            for lane, _ in self.lanes(use):
                taken[lane] = taken.get(lane, 0) + 1
            self.turn += 1
            self.turns.pop(use.run, None)
            self.turns[use.run] = self.turn
            if len(self.turns) > MOST_KNOWN:
                del self.turns[next(iter(self.turns))]

    def holds(self, key: str) -> bool:
        """Does the attempt hold any place?"""
        return key in self._uses

    def is_away(self, key: str) -> bool:
        """Does it hold that of its agent alone, because it is only waited for?"""
        return key in self._uses and self._uses[key].is_away

    def leave(self, run: str) -> None:
        """Somebody else drives this run: its attempts give back what they hold."""
        for held in (self._uses, self._waiting):
            for key in [key for key, use in held.items() if use.run == run]:
                self.give_back(key)

    def rest(self, key: str, use: Use) -> None:
        """The attempt waits for its next try, and holds nothing until then."""
        self.give_back(key)
        self._waiting[key] = use
        for lane, _ in brakes_of(use, self.limits):
            self.between[lane] = self.between.get(lane, 0) + 1

    def give_back(self, key: str) -> bool:
        """The attempt is over; False when it held nothing."""
        if (waits := self._waiting.pop(key, None)) is not None:
            self._leave(self.between, [lane for lane, _ in brakes_of(waits, self.limits)])
        use = self._uses.pop(key, None)
        if use is None:
            return False
        self._leave(self.taken, [lane for lane, _ in self.lanes(use)])
        return True

    def _leave(self, count: dict[Lane, int], lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            left = count[lane] - 1
            if left:
                count[lane] = left
            else:
                del count[lane]
