"""A connection to PostgreSQL that waits for an answer only as long as its patience lasts.

What lies between may confirm all that is sent to it while nobody answers: a proxy whose server failed over, a load
balancer that keeps half a connection. Nothing in TCP notices that, so what says nothing for so long is lost. Only
silence counts: an answer may take any time to arrive in pieces. In a pipeline the server keeps small answers back until
it is asked for all of them, so the patience is for all that was asked since.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")
LOOKS = 0.1
"""Seconds in which psycopg looks up from waiting, as it does anyway."""


class PatientConnection(psycopg.Connection[Any]):
    """patience: seconds in which something must come, or go where there is something to say."""

    patience = 60.0

    def wait(self, gen: PQGen[T], interval: float = LOOKS, *given: Any, **named: Any) -> T:
        """All of psycopg's waiting, on a connection that stands, goes through here."""
        return super().wait(self._heard(gen, interval), interval, *given, **named)

    def silent(self) -> psycopg.OperationalError:
        """The error of a server that was waited for in vain; the connection is closed, for it is not known where it
        stands.
        """
        self.close()
        return psycopg.OperationalError(f"the server has said nothing for {self.patience:g} seconds")

    def _heard(self, gen: PQGen[T], interval: float) -> PQGen[T]:
        """The looks that found nothing are counted, not the time: while this process stood still it did not look."""
        looks = 0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                looks = 0 if ready else looks + 1
                if looks * interval >= self.patience:
                    raise self.silent()
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
