"""Several processes on one disk: which shards whose session holds, and the news from one to the others.

In the place of PostgreSQL's advisory locks and NOTIFY, and so of the real `Tenure` and `Bell`, which have tests of their
own; the conductor, the fence and the news that go by them are the real ones. A session may be lost at any moment, and
whoever held it hears of that a little later than the others may take what it held.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from typing import NoReturn, TypeVar

from bot.conducting import ROUND
from services.errors import StoreError
from services.store.connect import PATIENCE
from services.store.tenure import LEASE, Standing, Taken, Tenure
from tests.simulation.chance import Stream
from tests.simulation.life import Life
from tests.simulation.loop import VirtualLoop
from tests.simulation.store import Disk
from tests.simulation.trace import Trace

T = TypeVar("T")
MEMBERS = 2
"""Processes of a fleet."""
HEARS = 0.05
"""Seconds at most until a process hears that its connection was reset."""
DEAF = 20.0
"""The same of one that stands still for a while. Its clock goes on, so what it writes it does not send any more."""
SILENT = 0.3
"""The share of dead processes of which nobody hears anything: somebody has pulled a plug."""


class Session:
    """What one process has with the database. is_over: the server ended it; is_cut: nothing comes through any more; deaf:
    seconds until its process notices that, where it should have sooner.
    """

    def __init__(self, life: Life) -> None:
        self.life = life
        self.shards: set[int] = set()
        self.conducts = True
        self.is_over = self.is_cut = False
        self.deaf = 0.0
        self.is_stale = True  # something has changed since its holder looked
        self.rests: asyncio.Future[None] | None = None


class Locks:
    """The server. ring_lost: odds that somebody does not hear of something.  losses, leaves: how often a session is lost,
    and a process leaves in good order; strikes: odds of losing it while something is on its way to GitHub.  takes: how
    often shards were taken; moved_at: when any last were, or were let go or lost.
    """

    def __init__(self, loop: VirtualLoop, disk: Disk, chance: Stream, trace: Trace, slots: int) -> None:
        self.loop, self.disk, self.chance, self.trace, self.slots = loop, disk, chance, trace, slots
        self.ring_lost = chance.spread(0.01, 0.3) if chance.hits(0.3) else 0.0
        self.losses = chance.randint(0, 3)
        self.strikes = chance.spread(0.01, 0.2) if chance.hits(0.5) else 0.0
        self.leaves = chance.randint(0, 2)
        self.moved_at, self.takes = -1.0, 0
        self._sessions: list[Session] = []

    def delay(self) -> float:
        return self.chance.uniform(0.001, 0.02)

    def open(self, life: Life) -> Session:
        session = Session(life)
        self._sessions.append(session)
        self.changed()
        return session

    def end(self, session: Session) -> None:
        """What it held is free."""
        if not session.is_over:
            session.is_over = True
            self._sessions.remove(session)
            self.moved_at = self.loop.time()
            self.changed()

    def died(self, life: Life) -> None:
        """A process is gone, or its whole machine, of which nothing tells."""
        for session in [each for each in self._sessions if each.life is life]:
            if self.chance.hits(SILENT):
                self.loop.call_later(LEASE, self.end, session)
            else:
                self.end(session)

    def sent(self, life: Life, method: str) -> None:
        """A process has sent this to GitHub."""
        if method != "GET" and self.chance.hits(self.strikes):
            self.lose(life)

    def lose(self, life: Life | None = None) -> None:
        """One session, or this process's, is lost, while the process lives on."""
        there = [each for each in self._sessions if not each.life.is_over and not each.is_cut]
        mine = [each for each in there if life is None or each.life is life]
        if not mine:
            return
        session = self.chance.choice(mine)
        how = self.chance.choice(["reset", "reset", "cut", "deaf"])
        self.trace(session.life.name, f"loses its session: {how}")
        if how == "reset":
            self.end(session)
            self.loop.call_later(self.chance.uniform(0.0, HEARS), _wake, session)
            return
        session.is_cut = True
        self.loop.call_later(LEASE, self.end, session)
        notices = self.chance.uniform(0.0, ROUND) + PATIENCE
        if how == "deaf":
            notices = session.deaf = LEASE + self.chance.uniform(0.0, DEAF)
        self.loop.call_later(notices, _wake, session)

    def changed(self) -> None:
        """Whoever rests looks within a round."""
        for session in self._sessions:
            session.is_stale = True
            if session.rests is not None and not session.is_cut:
                self.loop.call_later(self.chance.uniform(0.0, ROUND), _wake, session)

    def standing(self, session: Session) -> Standing:
        session.is_stale = False
        return Standing(
            conductors=sum(each.conducts for each in self._sessions),
            slots=self.slots,
            taken=frozenset[int]().union(*(each.shards for each in self._sessions)),
            mine=frozenset(session.shards),
        )

    def take(self, session: Session, wanted: Sequence[int], room: int) -> Taken:
        busy = set[int]().union(*(each.shards for each in self._sessions))
        got = [shard for shard in wanted if shard not in busy][:room]
        clean = {shard for shard in got if self.disk.ask("SELECT clean FROM shard WHERE id = ?", shard) == [(1,)]}
        raised = "UPDATE shard SET epoch = epoch + 1, clean = 0 WHERE id = ? RETURNING epoch"
        epochs = {shard: int(self.disk.ask(raised, shard)[0][0]) for shard in got}
        session.shards.update(got)
        self.takes += bool(got)
        self.moved_at = self.loop.time()
        self.changed()
        return Taken(epochs=epochs, clean=frozenset(clean))

    def release(self, session: Session, shards: Sequence[int], *, clean: bool) -> None:
        for shard in shards if clean else ():
            self.disk.ask("UPDATE shard SET clean = 1 WHERE id = ?", shard)
        session.shards.difference_update(shards)
        self.moved_at = self.loop.time()
        self.changed()

    def calm(self) -> None:
        """The troubles are over."""
        self.strikes = self.ring_lost = 0.0


def _wake(session: Session) -> None:
    if session.rests is not None and not session.rests.done() and not session.life.is_over:
        session.rests.set_result(None)


class SimTenure(Tenure):
    """The session of one process."""

    def __init__(self, locks: Locks, life: Life) -> None:
        super().__init__("", conducts=True)
        self._locks, self._life = locks, life
        self._session: Session | None = None

    @property
    def is_open(self) -> bool:
        return self._session is not None

    @property
    def is_sure(self) -> bool:
        return self._session is not None and not (self._session.deaf and self._session.is_over)

    async def open(self) -> None:
        await self.close()
        await self._pass(self._locks.delay())
        self._session = self._locks.open(self._life)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._locks.end(session)

    async def leave(self) -> None:
        await self.close()

    async def look(self) -> Standing:
        return await self._said(self._locks.standing)

    async def take(self, wanted: Sequence[int], room: int) -> Taken:
        return await self._said(lambda session: self._locks.take(session, wanted, room))

    async def resign(self) -> None:
        def resign(session: Session) -> None:
            session.conducts = False
            self._locks.changed()

        await self._said(resign)

    async def release(self, shards: Sequence[int], *, clean: bool) -> None:
        await self._said(lambda session: self._locks.release(session, shards, clean=clean))

    async def rest(self, seconds: float) -> None:
        """Until something has changed: whoever looks twice a second sees nothing before."""
        session = self._mine()
        if session.is_stale:
            await self._pass(self._locks.chance.uniform(0.0, seconds))
            return
        session.rests = self._locks.loop.create_future()
        try:
            await session.rests
        finally:
            session.rests = None
        if session.is_over or session.is_cut:
            self._lost()

    async def _said(self, act: Callable[[Session], T]) -> T:
        session = self._mine()
        await self._pass((session.deaf or PATIENCE) if session.is_cut else self._locks.delay())
        if session.is_over or session.is_cut:
            self._lost()
        return act(session)

    def _mine(self) -> Session:
        if self._session is None:
            self._lost()
        return self._session

    def _lost(self) -> NoReturn:
        self._session = None
        raise StoreError("the session with the database is over")

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._life.is_over:
            await self._life.never()


class SimBell:
    """What a process hears of the others' news. While its connection is lost it hears none, and then everybody looks once."""

    def __init__(self, locks: Locks, life: Life) -> None:
        self._locks, self._life = locks, life
        self._deaf_until = -1.0
        self._context = copy_context()  # what follows is this process's, and not of whoever said it
        self._hear: dict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._anew: list[Callable[[], None]] = []

    def on(self, channel: str, call: Callable[[str], None], /) -> None:
        self._hear[channel].append(call)

    def on_anew(self, call: Callable[[], None], /) -> None:
        self._anew.append(call)

    def rung(self, channel: str, message: str) -> None:
        """Somebody has said this, and it is committed."""
        if channel not in self._hear:
            return
        now = self._locks.loop.time()
        if now < self._deaf_until:
            return
        if self._locks.chance.hits(self._locks.ring_lost):
            self._locks.trace(self._life.name, f"hears nothing from {channel} {message} on")
            self._deaf_until = now + self._locks.chance.uniform(0.2, 5.0)
            self._later(self._deaf_until - now, self._anew)
        else:
            heard = [partial(call, message) for call in self._hear[channel]]
            self._later(self._locks.delay(), heard)

    def _later(self, seconds: float, calls: Sequence[Callable[[], None]]) -> None:
        def come() -> None:
            if not self._life.is_over:
                for call in calls:
                    call()

        self._locks.loop.call_later(seconds, come, context=self._context)
