"""What this process may decide: all runs, or those of the shards it holds, for as long as it really holds them.

Holding is checked where it counts, in the transaction of each decision: the shard's epoch must be the one it had when
it was taken. Whoever takes a shard raises its epoch, so a process that lost its session and does not know it yet can
still ask GitHub, but it can't store what it decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from services.core.shards import shard_of
from services.errors import Fenced
from services.store.db import Connection

CHECK = "SELECT 1 FROM shard WHERE id = ? AND epoch = ? FOR SHARE"
OUTWAIT = "SELECT 1 FROM shard WHERE id = ? AND epoch = ? FOR UPDATE"


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

    def has(self, shard: int) -> bool:
        """Is it held?"""
        return self._epochs is None or shard in self._epochs

    def add(self, epochs: Mapping[int, int]) -> None:
        """These shards were taken."""
        self._epochs = {**(self._epochs or {}), **epochs}  # a new one: the writer's thread may be reading the old

    def drop(self, shards: Iterable[int]) -> None:
        """These are no longer ours."""
        gone = set(shards)
        self._epochs = {shard: epoch for shard, epoch in (self._epochs or {}).items() if shard not in gone}

    @contextmanager
    def held(self, c: Connection, place: str) -> Iterator[None]:
        """Around a transaction that decides something about a plan; Fenced when another process does by now.

        The row is locked first and until the commit, so the shard can't be taken in between. Whether it was ours is
        looked at last: then its answer has come together with the others.
        """
        epochs = self._epochs
        if epochs is None:
            yield
            return
        shard = shard_of(place)
        epoch = epochs.get(shard)
        if epoch is None:
            raise Fenced(f"another process conducts {place} now")
        found = c.execute(CHECK, (shard, epoch))
        yield
        if found.fetchone() is None:
            raise Fenced(f"another process conducts {place} now")

    def check(self, c: Connection, place: str) -> None:
        """The same for one that has nothing to do before the answer."""
        with self.held(c, place):
            pass

    def outwait(self, c: Connection, place: str) -> None:
        """Wait for what still decides something about a plan: a commit whose answer was lost may go on for a while.
        Once another process has the shard it can't, and that one is not kept waiting.
        """
        shard = shard_of(place)
        epoch = (self._epochs or {}).get(shard)
        if epoch is not None:
            c.execute(OUTWAIT, (shard, epoch)).fetchone()
