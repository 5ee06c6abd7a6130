"""Lanes of attempts: in some worlds one that is narrower than all places together, and what each may hold at most."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from bot.settings import Settings
from services.engine.orders import Order
from tests.simulation.chance import Stream

NARROW = 0.4


def drawn(chance: Stream, settings: Settings, *, grouped: bool) -> Settings:
    """Places enough for all, and one in a lane that all tasks, or those of a group, have in common."""
    if not chance.hits(NARROW):
        return settings
    narrow = "group" if grouped else chance.choice(["installation", "agent"])
    return msgspec.structs.replace(settings, workers=4, workers_per_repo=0, **{f"workers_per_{narrow}": 1})


def too_many(settings: Settings, orders: Iterable[Order]) -> Iterator[str]:
    """Each lane that holds more of these attempts, which are under way, than it may."""
    holds: Counter[tuple[str, int]] = Counter()
    for order in orders:
        task = order.task
        holds["at once", settings.workers] += 1
        holds[f"of {task.repo.partition('/')[0]}", settings.workers_per_installation] += 1
        holds[f"in {task.repo}", settings.workers_per_repo] += 1
        holds[f"of the agent {task.agent!r}", settings.workers_per_agent] += 1
        if task.group:
            holds[f"of the group {order.run_id} {task.group}", settings.workers_per_group] += 1
    for (where, most), count in holds.items():
        if most and count > most:
            yield f"{count} attempts {where}, of {most}"
