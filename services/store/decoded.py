"""Plans out of their rows, decoded once: a run's plan is read again with each event, and is the same text each time.

What is decoded is frozen, so everybody may have the same one, and what it works out about itself (its hash, its groups)
it works out once. How much text is kept is bounded, and no single one may take much of that, so memory stays bounded
whatever people write.
"""

from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

import msgspec
from cachetools import LRUCache

from services.core.clock import from_text
from services.core.plan import Parsed, Plan

T = TypeVar("T")
KEPT = 250_000
"""Bytes of text that are kept decoded, of plans and of what was read of issues; decoded up to nine times that."""
SMALL = 65_536
"""Bytes of a row's text beyond which it is decoded each time."""
LEAST = 512
"""Bytes that even the shortest counts as."""


class Decoded(Generic[T]):
    """The texts that were asked for last, as values; rows are decoded in several threads."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._lock = Lock()
        self._kept: LRUCache[bytes | str, tuple[T, int]] = LRUCache(KEPT, getsizeof=lambda each: each[1])

    def of(self, stored: bytes | str) -> T:
        if len(stored) > SMALL:
            return msgspec.json.decode(stored, type=self._kind)
        with self._lock:
            found = self._kept.get(stored)
        if found is None:
            found = (msgspec.json.decode(stored, type=self._kind), max(len(stored), LEAST))
            with self._lock:
                self._kept[stored] = found
        return found[0]

    @property
    def size(self) -> int:
        """Bytes of text that are kept now."""
        return int(self._kept.currsize)


plan_of = Decoded(Plan).of
parsed_of = Decoded(Parsed).of


def time_of(stored: str) -> datetime:
    """A time out of its row; what is none can't be decoded, as anything else that is damaged."""
    try:
        return from_text(stored)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error
