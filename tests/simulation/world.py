"""One seed: a world is built, lives through its troubles, is left in peace, and is judged.

Everything is in one thread on virtual time: GitHub (the sandbox), the way to it, the disk, the bot's process after
process, workers, CI and people.
"""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
import structlog
from structlog.types import EventDict, WrappedLogger

from bot.settings import Settings
from services.sandbox.git_memory import MemoryGit
from services.sandbox.state import Delivery
from tests.simulation import faults as weather
from tests.simulation import lanes
from tests.simulation.beside import Beside
from tests.simulation.brevity import brief
from tests.simulation.chance import Chance
from tests.simulation.ci import Ci
from tests.simulation.faults import Faults
from tests.simulation.fleet import MEMBERS, Locks
from tests.simulation.hooks import Hooks
from tests.simulation.hub import ROLES, SECRET, Hub
from tests.simulation.life import Life
from tests.simulation.loop import Stuck, VirtualLoop
from tests.simulation.marks import Marks
from tests.simulation.network import BASE, Wire
from tests.simulation.outcomes import Outcomes
from tests.simulation.people import CROWD, People
from tests.simulation.process import Process
from tests.simulation.store import Disk
from tests.simulation.trace import Trace
from tests.simulation.watch import Watch
from tests.simulation.words import WORDY, Words
from tests.simulation.workers import Yard

NEVER = 1e9
"""Seconds between sweeps where no event is ever lost: then events alone must do."""

EDITED, GROUPED = 0.15, 0.1
"""The shares of worlds in which plans are edited while they run, and in which tasks merge together."""


FLEETS = 0.1
"""The share of worlds in which two processes share the work."""

BESIDE = 0.15
"""The share of worlds with few tasks in which there is another plan beside the first, and one worker for both."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a seed: `violations` in words (none: all is well), its trace and the hash of it; `adopted`: how often
    a run took an edited plan over; `ends`: the phases that groups ended in; `tasks`: how many came to which state; `takes`:
    how often shards were taken.
    """

    seed: int
    violations: list[str]
    trace: Trace
    digest: str
    seconds: float
    adopted: int = 0
    ends: tuple[str, ...] = ()
    tasks: Counter[str] = msgspec.field(default_factory=Counter)
    takes: int = 0


class World:
    """Everything of one seed, wired together. edits: people edit the plan while it runs, again and again.  grouped: most of
    its tasks merge together.  words: they say all that can be said.  fleet: several processes share the work. Some worlds
    are of these kinds anyway.
    """

    def __init__(
        self, seed: int, *, edits: bool = False, grouped: bool = False, words: bool = False, fleet: bool = False
    ) -> None:
        chance = Chance(seed)
        self.seed = seed
        kind = chance.stream("kind").random()
        self.edits = edits or kind < EDITED
        self.groups = chance.stream("groups") if grouped or kind > 1 - GROUPED else None
        self.faults: Faults = weather.draw(chance)
        self.is_wordy = words or chance.stream("wordy").hits(WORDY)
        self.is_quiet = self.faults.are_nobodys and not self.edits and self.groups is None and not self.is_wordy
        self.loop = VirtualLoop(chance.stream("order") if self.faults.shuffle else None)
        self.trace = Trace(self.loop.time)
        is_shared = fleet or chance.stream("fleets").hits(FLEETS)
        self.hub = Hub(
            self.loop, MemoryGit(), seed, chance.stream("hub"), self.faults.skew, self.trace, chance.stream("queues")
        )
        self.disk = Disk(chance.stream("disk"), self.faults, is_shared=is_shared)
        self.wire = Wire(self.hub.sandbox, chance.stream("wire"), self.faults, self.trace)
        self.yard = Yard(self.hub, chance.stream("work"), self.faults, self.trace)
        self.ci = Ci(self.hub, self.loop, chance.stream("ci"), self.faults)
        self.hooks = Hooks(self.hub, self.loop, chance.stream("hooks"), self.faults)
        self.settings = self._settings(chance)
        self.marks = Marks(self.loop.time)
        self.watch = Watch(self)
        self.crowds = chance.stream("crowds")
        self.paths = chance.stream("paths")
        self.is_crowded = False
        self.people = People(self, chance.stream("people"))
        self.words = Words(self.people, chance.stream("words")) if self.is_wordy else None
        self.plans: list[People] = [self.people]
        if not is_shared and len(self.people.drafts) < CROWD and chance.stream("beside").hits(BESIDE):
            self.plans.append(Beside(self, chance.stream("another")))
            self.is_crowded = True
        if self.is_crowded:
            self.settings = msgspec.structs.replace(self.settings, workers=1)
        elif len(self.people.drafts) > 1:
            self.settings = lanes.drawn(chance.stream("lanes"), self.settings, grouped=self.groups is not None)
        self._fate = chance.stream("fate")
        self.lives = 0
        self.restored_at = -1.0  # when ana had a right again that she had lost
        self.begun_at = 0.0  # when the newest of them began
        self.locks: Locks | None = None
        if is_shared:
            self.wire.is_shared = True
            self.locks = Locks(self.loop, self.disk, chance.stream("locks"), self.trace, self.settings.workers)
            self.wire.sent = self.locks.sent
        self.crew: dict[int, Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._connect()

    def _settings(self, chance: Chance) -> Settings:
        at = chance.stream("settings")
        self.is_sweepless = self.faults.loses_nothing and at.hits(0.7)
        return Settings(
            app_id=str(self.hub.app.app_id),
            private_key=self.hub.app.private_key,
            webhook_secret=SECRET,
            github_api_url=BASE,
            workers=at.choice([1, 2, 4]),
            workers_per_repo=at.choice([0, 0, 1]),
            comment_interval=at.choice([0.0, 10.0]),
            sweep_seconds=NEVER if self.is_sweepless else at.choice([60.0, 300.0]),
            checks_grace=at.choice([5.0, 60.0]),
            checks=at.choice(["required", "required", "none"]),
        )

    def _connect(self) -> None:
        self.loop.on_error = self.watch.unawaited
        self.disk.on_commit = self.watch.committed
        self.disk.on_ring = self._rung
        self.disk.kill = self.yard.kill = self.kill
        self.wire.before, self.wire.after = self.watch.before, self.watch.after
        self.yard.began, self.yard.ended = self.watch.began, self.watch.ended
        self.hooks.door, self.hooks.seen = self._door, self.ci.seen

    def _door(self, delivery: Delivery) -> bool:
        process = self._any()
        return process is not None and process.hear(delivery)

    def _rung(self, channel: str, message: str) -> None:
        for process in self.crew.values():
            if process.bell is not None:
                process.bell.rung(channel, message)

    # Processes.

    @property
    def process(self) -> Process | None:
        """The one that is there, or of a fleet the first; None unless all are there that should be."""
        return self.crew.get(0) if len(self.crew) == (MEMBERS if self.locks is not None else 1) else None

    def _any(self) -> Process | None:
        """Whichever is there."""
        there = list(self.crew.values())
        return self.locks.chance.choice(there) if self.locks is not None and there else next(iter(there), None)

    def begin(self, place: int = 0) -> None:
        """Start a process of the bot in this place, unless one is there."""
        if place in self.crew:
            return
        self.lives += 1
        self.begun_at = self.loop.time()
        life = Life(f"bot {self.lives}")
        self.trace(life.name, "starts")
        process = Process(life, self.settings, self.loop, self.disk, self.wire, self.yard, self.locks)
        self.crew[place] = process
        self._tasks.append(self.loop.create_task(process.run(partial(self._ended, life))))

    def kill(self, why: str, life: Life | None = None) -> None:
        """kill -9 of this process, or of any; another one starts after a while."""
        process = self._any() if life is None else self._of(life)
        if process is None:
            return
        self.trace(process.life.name, f"is killed {why}")
        self._gone(process)

    def _gone(self, process: Process) -> None:
        life = process.life
        place = next(each for each, there in self.crew.items() if there is process)
        del self.crew[place]
        life.end()
        self.watch.died(life)
        self.wire.died(life)
        if self.locks is not None:
            self.locks.died(life)
        self.loop.call_later(self._fate.spread(*self.faults.down), self.begin, place)

    def _of(self, life: Life) -> Process | None:
        return next((each for each in self.crew.values() if each.life is life), None)

    def _leave(self) -> None:
        """A process of a fleet is asked to stop, and hands over what it holds."""
        process = self._any()
        if process is not None:
            self.trace(process.life.name, "is asked to leave")
            process.leaves.set()

    def _ended(self, life: Life, error: BaseException | None) -> None:
        """A process ended by itself; without an error it was asked to."""
        if life.is_over:
            return
        if error is not None:
            self.watch.ended_with(life, error)
            self.kill("by an error at its start", life)
        elif (process := self._of(life)) is not None:
            self.trace(life.name, "has left")
            self._gone(process)

    # The course of a seed.

    async def live(self) -> None:
        """The whole of it, or as much as there is before the first violation."""
        self.begin()
        for at in sorted(self._fate.uniform(1.0, self.faults.calm_at) for _ in range(self.faults.crashes)):
            self.loop.call_at(at, self.kill, "by chance")
        if self.locks is not None:
            self._as_a_fleet(self.locks)
        if lasts := self.faults.wire_outage:
            at = self._fate.uniform(1.0, self.faults.calm_at - lasts)
            self.loop.call_at(at, self._outage, True)
            self.loop.call_at(at + lasts, self._outage, False)
        story = self.loop.create_task(self.people.live())
        halted = self.loop.create_task(self.watch.halted.wait())
        await asyncio.wait({story, halted}, return_when=asyncio.FIRST_COMPLETED)
        self.watch.is_over = True
        digest = self.trace.digest()
        for task in (story, halted, *self._tasks):
            task.cancel()
        await asyncio.gather(story, halted, *self._tasks, return_exceptions=True)
        self.digest = digest
        if story.done() and not story.cancelled() and story.exception() is not None:
            raise story.exception()  # type: ignore[misc]  # a bug of the simulation itself

    def _as_a_fleet(self, locks: Locks) -> None:
        for place in range(1, MEMBERS):
            self.loop.call_later(locks.chance.uniform(0.0, 2.0), self.begin, place)
        for trouble, times in ((locks.lose, locks.losses), (self._leave, locks.leaves)):
            for _ in range(times):
                self.loop.call_at(locks.chance.uniform(1.0, self.faults.calm_at), trouble)

    async def end(self) -> None:
        """Stop all processes."""
        self.watch.is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def calm(self) -> None:
        """The troubles are over; what is on its way still comes."""
        self.trace("world", "calm")
        self.faults.calm()
        self.wire.is_out = False
        if self.locks is not None:
            self.locks.calm()

    def restore_rights(self) -> None:
        """ana may maintain everything again."""
        self.restored_at = self.loop.time()
        for place in self.hub.places:
            place.repo.collaborators["ana"] = ROLES["ana"]
            self.marks.clear("no right of ana", place.repo.id)

    def _outage(self, begins: bool) -> None:
        self.wire.is_out = begins
        self.trace("wire", "GitHub can't be reached" if begins else "GitHub is back")


def simulate(
    seed: int, *, edits: bool = False, grouped: bool = False, words: bool = False, fleet: bool = False
) -> Verdict:
    """Live one seed from its beginning to its judgement."""
    with _undisturbed(), brief():
        return lived(World(seed, edits=edits, grouped=grouped, words=words, fleet=fleet))


def lived(world: World) -> Verdict:
    """Live a world from its beginning to its judgement."""
    with _listened(world), _undisturbed():
        try:
            world.loop.run(world.live())
        except Stuck as stuck:
            world.watch.violation(str(stuck))
            world.digest = world.trace.digest()
        finally:
            world.loop.close()
    return Verdict(
        seed=world.seed,
        violations=world.watch.violations,
        trace=world.trace,
        digest=world.digest,
        seconds=world.loop.time(),
        adopted=world.watch.adopted,
        ends=world.watch.group_ends(),
        tasks=Outcomes(world).counts(),
        takes=world.locks.takes if world.locks is not None else 0,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage is collected meanwhile: it would close what a dead process had begun, at a moment that nobody drew. Nor
    before the world is gone: what is looked at once and still there is not looked at again for long.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _listened(world: World) -> Iterator[None]:
    """What the bot logs goes to the watch, whose business it is to tell a bug from bad luck."""

    def hear(logger: WrappedLogger, method: str, entry: EventDict) -> EventDict:
        world.watch.logged(method, dict(entry))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, hear],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
