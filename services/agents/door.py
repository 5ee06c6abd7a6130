"""How many connections of one box are taken at a time: each takes a descriptor and memory of the process that serves
all of them, and what is in a box may open as many as it likes.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

MOST = 32
"""More than any program has at once; a request is 16 MB at most."""


class _Counted(asyncio.Protocol):
    """Hands everything on, and says when it is over."""

    def __init__(self, inner: asyncio.Protocol, over: Callable[[], None]) -> None:
        self._inner, self._over = inner, over
        self.data_received, self.eof_received = inner.data_received, inner.eof_received  # type: ignore[method-assign]
        self.pause_writing, self.resume_writing = inner.pause_writing, inner.resume_writing  # type: ignore[method-assign]
        self.connection_made = inner.connection_made  # type: ignore[method-assign]

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()
        self._inner.connection_lost(exc)


class _Refused(asyncio.Protocol):
    """Of a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a socket's is one
        transport.abort()


async def listen(serve: Callable[[], asyncio.Protocol], socket: Path, most: int = MOST) -> asyncio.Server:
    """Have each connection to a UNIX socket served, so many at a time."""
    open_ = 0

    def over() -> None:
        nonlocal open_
        open_ -= 1

    def taken() -> asyncio.Protocol:
        nonlocal open_
        if open_ >= most:
            return _Refused()
        open_ += 1
        return _Counted(serve(), over)

    return await asyncio.get_running_loop().create_unix_server(taken, str(socket))
