"""Where time goes, from a webhook to a merge: spans of one trace, whoever they are sent to.

A run keeps where it was begun, in W3C's own form (`traceparent`), in its row. So what is done for it hours later, after
a restart or in another process, is in the trace of the delivery that began it.
"""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

Fact = str | int


class Tracing(Protocol):
    """Somebody who is told of spans."""

    def span(
        self, name: str, *, parent: str = "", begun: datetime | None = None, **facts: Fact
    ) -> AbstractContextManager[object]:
        """What lasts as long as the block; an error that leaves it is noted. parent: a traceparent, "" for whatever is
        under way here.  begun: when it really began.
        """
        ...

    def here(self) -> str:
        """The traceparent of what is under way here, "" for nothing."""
        ...

    def close(self) -> None:
        """Send what waits to be sent."""
        ...


_NOBODY: AbstractContextManager[object] = nullcontext()


class Untraced:
    """Nobody is told."""

    def span(
        self, name: str, *, parent: str = "", begun: datetime | None = None, **facts: Fact
    ) -> AbstractContextManager[object]:
        return _NOBODY

    def here(self) -> str:
        return ""

    def close(self) -> None:
        return
