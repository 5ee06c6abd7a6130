"""What goes wrong in one seed, and how badly: each kind of trouble is there in some seeds and absent in others.

A world in which everything goes wrong at once hides what needs a quiet moment to show (swarm testing: Groce and others,
ISSTA 2012). So each kind is drawn on or off first, and only then how often it strikes.
"""

import msgspec

from tests.simulation.chance import Chance, Stream


class Faults(msgspec.Struct, kw_only=True):
    """Probabilities, and delays as (shortest, longest) in seconds. `shuffle`: what is ready at once comes in any order.

    wire: of one request to GitHub (lost before it arrived, answer lost after it was carried out, 5xx before or after it
    was carried out, refused by a limit; `outage`: seconds in which nobody gets through, once).  hooks: of one webhook.  disk: of one group of writes (`doubt`: it is stored,
    and the process is told that it is not).  crashes: times that the
    process is killed at some moment, besides those killed around a commit (`crash_commit`).
    """

    shuffle: bool = False
    calm_at: float = 1_800.0
    skew: float = 0.0
    wire_delay: tuple[float, float] = (0.02, 0.3)
    wire_lost: float = 0.0
    wire_unanswered: float = 0.0
    wire_error: float = 0.0
    wire_late_error: float = 0.0
    wire_limited: float = 0.0
    wire_outage: float = 0.0
    hook_delay: tuple[float, float] = (0.05, 1.0)
    hook_lost: float = 0.0
    hook_doubled: float = 0.0
    disk_delay: tuple[float, float] = (0.001, 0.02)
    disk_error: float = 0.0
    disk_doubt: float = 0.0
    crashes: int = 0
    crash_commit: float = 0.0
    down: tuple[float, float] = (1.0, 60.0)
    work_seconds: tuple[float, float] = (2.0, 120.0)
    work_trouble: float = 0.0
    ci_seconds: tuple[float, float] = (2.0, 90.0)
    ci_trouble: float = 0.0
    meddling: float = 0.0

    @property
    def loses_nothing(self) -> bool:
        """Every event comes, to a process that lives: nobody has to look for himself."""
        return not (self.hook_lost or self.crashes or self.crash_commit or self.disk_error or self.disk_doubt)

    @property
    def are_nobodys(self) -> bool:
        """No attempt fails, no check, whoever checks hears of each head, and people leave alone what they began. Whatever
        else goes wrong then, on the way or in the process, is no person's to put right.
        """
        return not (self.work_trouble or self.ci_trouble or self.meddling or self.hook_lost)

    def calm(self) -> None:
        """From now on nothing goes wrong that was not drawn already; delays stay."""
        quiet = Faults()
        for name in _TROUBLE:
            setattr(self, name, getattr(quiet, name))


_TROUBLE = (
    "wire_lost", "wire_unanswered", "wire_error", "wire_late_error", "wire_limited", "hook_lost", "hook_doubled",
    "disk_error", "disk_doubt", "crash_commit", "work_trouble", "ci_trouble", "meddling",
)  # fmt: skip


def draw(chance: Chance) -> Faults:
    """What this seed is made of."""
    at = chance.stream("faults")
    faults = Faults(shuffle=at.hits(0.6), calm_at=at.spread(120.0, 1_000.0))
    _wire(at, faults)
    _hooks(at, faults)
    _process(at, faults)
    if at.hits(0.6):
        faults.work_trouble = at.uniform(0.05, 0.5)
    if at.hits(0.6):
        faults.ci_trouble = at.uniform(0.05, 0.5)
    if at.hits(0.7):
        faults.meddling = at.spread(1.0, 30.0) / faults.calm_at
    return faults


def _wire(at: Stream, faults: Faults) -> None:
    if at.hits(0.3):
        faults.wire_delay = (0.05, at.spread(1.0, 10.0))
    for name in ("wire_lost", "wire_unanswered", "wire_error", "wire_late_error", "wire_limited"):
        if at.hits(0.3):
            setattr(faults, name, at.spread(0.005, 0.2))
    if at.hits(0.1):
        faults.wire_outage = at.spread(30.0, 3_000.0)
        faults.calm_at += faults.wire_outage
    if at.hits(0.3):
        faults.skew = at.uniform(-20.0, 20.0)


def _hooks(at: Stream, faults: Faults) -> None:
    if at.hits(0.4):
        faults.hook_delay = (0.05, at.spread(5.0, 300.0))
    if at.hits(0.2):
        faults.hook_lost = 1.0
    elif at.hits(0.4):
        faults.hook_lost = at.spread(0.02, 0.5)
    if at.hits(0.3):
        faults.hook_doubled = at.spread(0.02, 0.4)


def _process(at: Stream, faults: Faults) -> None:
    if at.hits(0.3):
        faults.disk_delay = (0.001, at.spread(0.05, 2.0))
    if at.hits(0.15):
        faults.disk_error = at.spread(0.002, 0.05)
    if at.hits(0.15):
        faults.disk_doubt = at.spread(0.002, 0.05)
    if at.hits(0.4):
        faults.crashes = at.randint(1, 3)
    if at.hits(0.25):
        faults.crash_commit = at.spread(0.002, 0.05)
    if at.hits(0.3):
        faults.down = (1.0, at.spread(60.0, 900.0))
