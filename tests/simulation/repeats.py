"""What one process does twice: an attempt that it knows the end of, a command that it has carried out.

After a crash both may come once more rather than never, and so they may when the disk has failed, or GitHub while the
end of an attempt was told: its agent is not asked again then, as its end is on the disk.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.core.messages.changes import BY_ITS_ISSUE
from services.engine.orders import Order
from tests.simulation.book import Row
from tests.simulation.hub import ROLES
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

SAID = {
    "approved": "approve", "retried": "retry", "skipped": "skip", "cancelled": "cancel", "held": "hold", "released": "resume",
    "prioritised": "priority", "rebasing": "rebase", "recreated": "recreate", "overridden": "override",
    "assigned": "assign", "reverting": "rollback",
}  # fmt: skip
"""Which word of a person makes a row about a plan or a task; where it is said again, it makes another one."""
LIMITED = 600.0
"""Seconds for which the client may go on asking for nothing after GitHub has refused it for its limits."""


class Repeats:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._over: dict[tuple[str, str, str, int], float] = {}  # since when
        self._said: Counter[tuple[str, str]] = Counter()
        self._done: Counter[tuple[str, str, str]] = Counter()

    # Attempts.

    def began(self, life: Life, order: Order) -> Iterator[str]:
        over, world = self._over.get((life.name, order.run_id, order.task.id, order.fence)), self._world
        moved_at = world.locks.moved_at if world.locks is not None else -1.0  # whoever is cut off stores no end
        if over is not None and max(world.disk.failed_at, world.wire.failed_at + LIMITED, moved_at) < over:
            yield f"attempt {order.attempt} of {order.task.id} was over, and is carried out again"

    def ended(self, life: Life, order: Order) -> None:
        self._over[life.name, order.run_id, order.task.id, order.fence] = self._world.loop.time()

    # Commands.

    def asked(self, who: str, text: str) -> None:
        words = self._world.words
        for verb in SAID.values():
            said = text.count(f"/lockstep {verb}")
            self._said[who, verb] += said
            if who != "ana" and words is not None and words.is_lent:
                self._said["ana", verb] += said
        self._said[who, "retry"] += text.count("/lockstep assign")  # which gives it back to its agent

    def of_row(self, row: Row) -> Iterator[str]:
        """One row for each time that somebody said so."""
        verb = SAID.get(row.kind)
        if verb is None or row.actor not in ROLES or not self._may_do_nothing_twice():
            return
        if row.text == BY_ITS_ISSUE.get(row.kind):  # done by hand, and not said
            return
        about = f"{row.run_id or row.plan_id} {row.task}".rstrip()
        self._done[row.actor, verb, about] += 1
        if (times := self._done[row.actor, verb, about]) > self._said[row.actor, verb]:
            yield f"{about} is {row.kind} by {row.actor} for the {times}. time, who said it {times - 1} times"

    def _may_do_nothing_twice(self) -> bool:
        world = self._world
        return world.lives == 1 and world.disk.failed_at < 0
