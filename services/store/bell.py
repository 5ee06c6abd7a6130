"""Hearing the news of other processes (services/store/news.py), on one connection that does nothing else.

After each new connection everybody looks once, because nobody knows what was said meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import structlog

from services.core.backoff import delay
from services.errors import UserError
from services.store.connect import connected

log = structlog.get_logger(__name__)


class Bell:
    """One connection that listens, for as long as the process lives. pause: waits so many seconds."""

    def __init__(self, url: str, channels: Iterable[str], pause: Callable[[float], Awaitable[None]]) -> None:
        self._url, self._pause = url, pause
        self._hear: dict[str, list[Callable[[str], None]]] = {channel: [] for channel in channels}
        self._anew: list[Callable[[], None]] = []
        self._connection: psycopg.AsyncConnection[Any] | None = None

    def on(self, channel: str, call: Callable[[str], None]) -> None:
        """Call with each message on one of the channels."""
        self._hear[channel].append(call)

    def on_anew(self, call: Callable[[], None]) -> None:
        """Call whenever something may have been missed."""
        self._anew.append(call)

    async def open(self) -> None:
        """Listen from now on; UserError when the database can't be reached."""
        try:
            await self._connect()
        except psycopg.Error as error:
            raise UserError(f"The database can't be reached ({error}); check LOCKSTEP_DATABASE_URL.") from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def run(self) -> None:
        """Pass on what is heard, for ever."""
        tries = 0
        while True:
            try:
                connection = self._connection
                if connection is None:
                    connection = await self._connect()
                    for look in self._anew:
                        look()
                tries = 0
                async for note in connection.notifies():
                    for call in self._hear.get(note.channel, ()):
                        call(note.payload)
            except psycopg.Error as error:
                await self.close()
                tries += 1
                log.warning("the connection for news is lost; trying again", error=str(error).strip(), tries=tries)
                await self._pause(delay("bell", tries, base=0.2, cap=5.0))

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        async with AsyncExitStack() as unless_listening:
            connection = await connected(self._url, "bell")
            unless_listening.push_async_callback(connection.close)
            for channel in self._hear:
                await connection.execute(f"LISTEN {channel}".encode())
            unless_listening.pop_all()
        self._connection = connection
        return connection
