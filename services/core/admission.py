"""Which call to GitHub goes next, and when: the queue of one installation as a value without a clock.

`merge > event > plan > poll`, first come first served within a class. Each class leaves a tenth of every budget to the
ones above it, so the last tenth is for merges and checks alone. Who would have to wait longer than a scheduler should
sit idle is told a time to come back instead, and those times are spread, so that a thousand who ask at once do not
return at once.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from services.core.paces import Bucket, Window
from services.core.quota import Quota, Told
from services.core.valve import Valve

Rank = Literal["merge", "event", "plan", "poll"]
RANKS: tuple[Rank, ...] = ("merge", "event", "plan", "poll")
"""merge: what a merge is decided on, the merge, the checks · event: looking because something happened · plan: making
what a plan needs · poll: looking in case an event was lost."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may go per installation; the defaults are GitHub's limits, or a little less.

    concurrent: calls at a time (`concurrent_app`: of all installations).  points, graphql_points: a minute.
    write_gap: seconds between the beginnings of two writes.  content_minute, content_hour: issues, comments, pull
    requests made.  reserve: the share of every budget that a class leaves to the classes above it.  patience: seconds a
    call waits in the queue.  is_paced: False keeps only concurrency, budgets and the valve.
    """

    concurrent: int = 20
    concurrent_app: int = 80
    points: int = 900
    graphql_points: int = 2_000
    write_gap: float = 1.0
    content_minute: int = 80
    content_hour: int = 500
    reserve: float = 0.1
    patience: float = 30.0
    is_paced: bool = True

    @property
    def at_once(self) -> int:
        """Things that people see which one call may make, so that a call of any class keeps to what may be made."""
        share = max(0.0, 1.0 - (len(RANKS) - 1) * self.reserve)
        return max(1, int(min(self.content_minute, self.content_hour) * share))


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A call as its limits see it. points: of the minute's; content: how many things it makes that people see."""

    rank: Rank = "event"
    resource: str = "core"
    writes: bool = False
    content: int = 0

    @property
    def points(self) -> int:
        return 5 if self.writes else 1

    @property
    def lane(self) -> tuple[int, str, bool, bool]:
        """Calls of one lane meet the same limits, so only the first of them has to be judged."""
        return RANKS.index(self.rank), self.resource, not self.writes, self.content > 0


class Ticket:
    """One call's place, from `join` to `ended`."""

    __slots__ = ("arrived", "ask", "turns")

    def __init__(self, ask: Ask, arrived: float) -> None:
        self.ask = ask
        self.arrived = arrived
        self.turns: dict[str, int] = {}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """go: begin these now.  back: these come back after so many seconds.  at: look again then, or when a call ends."""

    go: tuple[Ticket, ...] = ()
    back: tuple[tuple[Ticket, float], ...] = ()
    at: float = math.inf


IDLE = Turn()
SLACK = 1.0
"""Seconds by which calls come closer together on their way: GitHub counts what arrives, and this what begins."""


class Admission:
    """One installation's queue. Whoever uses it calls `turn` after each change, and at the time it names."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[tuple[int, str, bool, bool], deque[Ticket]] = {}
        self._under_way: set[Ticket] = set()
        self._shared = Valve(limits.concurrent)
        self._valves: dict[str, Valve] = {}
        self._quotas: dict[str, Quota] = {}
        self._rest = Bucket(limits.points, 60.0)
        self._graphql = Bucket(limits.graphql_points, 60.0)
        self._minute = Window(limits.content_minute, 60.0 + SLACK)
        self._hour = Window(limits.content_hour, 3_600.0 + SLACK)
        self._next_write = -math.inf
        self._promised: dict[tuple[int, bool], float] = {}
        self._shares = {rank: max(0.0, 1.0 - place * limits.reserve) for place, rank in enumerate(RANKS)}

    @property
    def waiting(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    @property
    def is_idle(self) -> bool:
        return not self._lanes and not self._under_way

    @property
    def is_shut(self) -> bool:
        """Does a limit hold any calls back?"""
        return self._shared.is_closed or any(valve.is_closed for valve in self._valves.values())

    @property
    def remaining(self) -> Mapping[str, int]:
        """What is left of the budgets that are known, by resource."""
        return {name: quota.remaining for name, quota in self._quotas.items() if quota.remaining is not None}

    @property
    def made(self) -> tuple[tuple[float, int], ...]:
        """When within the hour things that people see were made, and how many."""
        return self._hour.taken

    def remember(self, made: Iterable[tuple[float, int]]) -> None:
        """An earlier process has made these, and GitHub counts on."""
        taken = tuple(made)
        self._minute.remember(taken)
        self._hour.remember(taken)

    def begin(self, ask: Ask, now: float) -> Ticket | None:
        """Its ticket when nobody waits and it may go at once, as nearly every call may: it never joins the queue."""
        if self._lanes or self._when(ask, now) > now:
            return None
        ticket = Ticket(ask, now)
        self._begin(ticket, now)
        return ticket

    def join(self, ask: Ask, now: float) -> Ticket | float:
        """A place in the queue, or the seconds after which to ask again, when it would take longer than that."""
        limits = self._limits
        ahead = self._ahead(ask)
        at = self._when(ask, now)
        wait = max(at - now if math.isfinite(at) else 0.0, ahead * self._gap(ask, now))
        if wait > limits.patience:
            return self._promise(ask, now, wait)
        ticket = Ticket(ask, now)
        self._lanes.setdefault(ask.lane, deque()).append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """It does not wait any more."""
        lane = self._lanes.get(ticket.ask.lane)
        if lane is not None and ticket in lane:
            lane.remove(ticket)
            if not lane:
                del self._lanes[ticket.ask.lane]

    def turn(self, now: float, free: int) -> Turn:
        """Who goes now, with so many places free in the whole App, and who has waited too long."""
        go: list[Ticket] = []
        back: list[tuple[Ticket, float]] = []
        soonest = math.inf
        stuck: set[tuple[str, bool, bool]] = set()  # kinds of call of which a more urgent one waits
        if not self._lanes:
            return IDLE
        for key in sorted(self._lanes):
            lane = self._lanes[key]
            while lane:
                ticket = lane[0]
                may = len(go) < free and key[1:] not in stuck
                at = self._when(ticket.ask, now) if may else math.inf
                if at <= now:
                    go.append(lane.popleft())
                    self._begin(ticket, now)
                    continue
                late = ticket.arrived + self._limits.patience
                if late <= now or (at > late and math.isfinite(at)):
                    lane.popleft()
                    back.append((ticket, self._promise(ticket.ask, now, at - now if math.isfinite(at) else 0.0)))
                    continue
                soonest = min(soonest, at, late)
                stuck.add(key[1:])
                break
            if not lane:
                del self._lanes[key]
        return Turn(go=tuple(go), back=tuple(back), at=soonest)

    def ended(self, ticket: Ticket, now: float, *, charged: bool, told: Told | None = None, heard: bool = True) -> None:
        """A call that went is over. charged: it counts.  heard: GitHub answered, and not with a limit."""
        self._settle(ticket, now, charged=charged, told=told)
        if heard:
            for name, valve in self._valves_of(ticket.ask):
                valve.answered(ticket.turns[name])

    def limited(self, ticket: Ticket, now: float, seconds: float, *, of_resource: bool) -> bool:
        """A call met a limit; of_resource: its hourly budget is used up, and nothing is said of others.

        True: that has shut a valve.
        """
        self._settle(ticket, now, charged=False, told=None)
        name = ticket.ask.resource if of_resource else ""
        return self._valve(name).refused(ticket.turns[name], seconds, now)

    def _settle(self, ticket: Ticket, now: float, *, charged: bool, told: Told | None) -> None:
        self._under_way.discard(ticket)
        self._quota(ticket.ask.resource).settle(1, charged=charged, told=None, now=now)
        if told is not None:
            self._quota(told.resource).settle(0, charged=False, told=told, now=now)

    def _begin(self, ticket: Ticket, now: float) -> None:
        ask = ticket.ask
        ticket.turns = {name: valve.turn for name, valve in self._valves_of(ask)}
        self._under_way.add(ticket)
        self._quota(ask.resource).reserve(1)
        (self._graphql if ask.resource == "graphql" else self._rest).take(ask.points, now)
        if ask.writes:
            self._next_write = now + self._limits.write_gap
        if ask.content:
            self._minute.take(ask.content, now)
            self._hour.take(ask.content, now)

    def _when(self, ask: Ask, now: float) -> float:
        """The earliest time at which such a call may begin; inf: not before another one has ended."""
        if len(self._under_way) >= self._limits.concurrent:
            return math.inf
        share = self._share(ask)
        at = self._quota(ask.resource).when(1, share, now)
        for name, valve in self._valves_of(ask):
            at = max(at, valve.when(self._of_turn(name, valve.turn), now))
        if self._limits.is_paced:
            at = max(at, (self._graphql if ask.resource == "graphql" else self._rest).when(ask.points, now))
            if ask.writes:
                at = max(at, self._next_write)
            if ask.content:
                at = max(at, self._minute.when(ask.content, now, share), self._hour.when(ask.content, now, share))
        return at

    def _of_turn(self, name: str, turn: int) -> int:
        return sum([ticket.turns.get(name) == turn for ticket in self._under_way]) if self._under_way else 0

    def _share(self, ask: Ask) -> float:
        return self._shares[ask.rank]

    def _gap(self, ask: Ask, now: float) -> float:
        """Seconds that each call of this kind takes of the queue's time."""
        if not self._limits.is_paced or not ask.writes:
            return 0.0
        share = self._share(ask)
        gap = self._limits.write_gap
        if ask.content:
            gap = max(gap, ask.content * 60.0 / max(1, int(self._limits.content_minute * share)))
            if self._hour.is_filled(share, now):
                gap = max(gap, ask.content * 3_600.0 / max(1, int(self._limits.content_hour * share)))
        return gap

    def _ahead(self, ask: Ask) -> int:
        """Writes that wait and go before this one."""
        rank = RANKS.index(ask.rank)
        return sum(len(lane) for key, lane in self._lanes.items() if key[0] <= rank and not key[2])

    def _promise(self, ask: Ask, now: float, wait: float) -> float:
        """Seconds after which to come back; of those who are sent away each write gets a time of its own."""
        wait = max(wait, 1.0)
        if not ask.writes:
            return wait
        kind = RANKS.index(ask.rank), ask.content > 0
        at = max(now + wait, self._promised.get(kind, -math.inf))
        self._promised[kind] = at + self._gap(ask, now)
        return at - now

    def _valves_of(self, ask: Ask) -> Iterable[tuple[str, Valve]]:
        return ("", self._shared), (ask.resource, self._valve(ask.resource))

    def _valve(self, name: str) -> Valve:
        if not name:
            return self._shared
        found = self._valves.get(name)
        if found is None:
            found = self._valves[name] = Valve(self._limits.concurrent)
        return found

    def _quota(self, resource: str) -> Quota:
        found = self._quotas.get(resource)
        if found is None:
            found = self._quotas[resource] = Quota()
        return found
