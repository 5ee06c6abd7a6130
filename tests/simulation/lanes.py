"""Lanes of attempts: in some worlds one that is narrower than all places together, and what each may hold at most."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from bot.settings import Settings
from services.engine.orders import Order
from tests.simulation.chance import Stream

NARROW = 0.15
NAMES = ("workers_per_installation", "workers_per_agent", "workers_per_group")


def drawn(chance: Stream, settings: Settings) -> Settings:
    """Places enough for all, and one in a lane that all tasks, or those of a group, have in common."""
    if not chance.hits(NARROW):
        return settings
    return msgspec.structs.replace(settings, workers=4, workers_per_repo=0, **{chance.choice(NAMES): 1})


def too_many(settings: Settings, orders: Iterable[Order]) -> Iterator[str]:
    """Each lane that holds more of these attempts, which are under way, than it may."""
    holds: Counter[tuple[str, int, str]] = Counter()
    for order in orders:
        task = order.task
        holds["in all", settings.workers, ""] += 1
        holds["of an installation", settings.workers_per_installation, task.repo.partition("/")[0]] += 1
        holds["in a repository", settings.workers_per_repo, task.repo] += 1
        holds["of an agent", settings.workers_per_agent, task.agent] += 1
        if task.group:
            holds["of a group", settings.workers_per_group, f"{order.run_id} {task.group}"] += 1
    for (what, most, which), count in holds.items():
        if most and count > most:
            yield f"{count} attempts at once {what} {which}, of {most}"
