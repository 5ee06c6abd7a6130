"""What this process may decide: all runs, or those of the shards it holds, for as long as it really holds them.

Holding is checked where it counts, in the transaction of each decision: the shard's epoch must be the one it had when
it was taken. Whoever takes a shard raises its epoch, so a process that lost its session and does not know it yet can
still ask GitHub, but it can't store what it decides.
"""

from collections.abc import Iterable, Mapping

from services.core.shards import shard_of
from services.errors import Fenced
from services.store.db import Connection

CHECK = "SELECT 1 FROM shard WHERE id = ? AND epoch = ? FOR SHARE"


class Fence:
    """`Fence()` holds everything: a database of one process. `Fence({})` holds nothing yet. Read by two threads."""

    def __init__(self, epochs: Mapping[int, int] | None = None) -> None:
        self._epochs = dict(epochs) if epochs is not None else None

    @property
    def shards(self) -> frozenset[int] | None:
        """The shards that are held; None: all, and nobody else can take one."""
        return frozenset(self._epochs) if self._epochs is not None else None

    def holds(self, place: str) -> bool:
        """Is the shard of this owner, repository or plan held?"""
        return self._epochs is None or shard_of(place) in self._epochs

    def add(self, epochs: Mapping[int, int]) -> None:
        """These shards were taken."""
        self._epochs = {**(self._epochs or {}), **epochs}  # a new one: the writer's thread may be reading the old

    def drop(self, shards: Iterable[int]) -> None:
        """These are no longer ours."""
        gone = set(shards)
        self._epochs = {shard: epoch for shard, epoch in (self._epochs or {}).items() if shard not in gone}

    def check(self, c: Connection, place: str) -> None:
        """Part of a transaction that decides something about a plan; Fenced when another process does by now.

        The row stays locked until the commit, so the shard can't be taken in between.
        """
        epochs = self._epochs
        if epochs is None:
            return
        shard = shard_of(place)
        epoch = epochs.get(shard)
        if epoch is None or c.execute(CHECK, (shard, epoch)).fetchone() is None:
            raise Fenced(f"another process conducts {place} now")
