"""What lies between a client and a server: a relay that counts connections and can break them, and a CONNECT proxy.

It passes bytes on as they are, TLS or not, so what it does to a connection is the same for HTTP/1.1 and HTTP/2.
"""

import asyncio
import base64
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class Relay:
    """`async with Relay(port) as relay`: passes everything on to that port of 127.0.0.1."""

    def __init__(self, port: int = 0) -> None:
        self.target = port
        self.port = 0
        self.opened = 0
        """Connections so far."""
        self.sent = 0
        """Bytes that went to clients so far."""
        self.is_frozen = False
        self._moved = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        while self._tasks:
            self.cut()
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """Break every connection, without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Connections that stand stay open, and nothing comes through any more."""
        self.is_frozen = True

    async def passed(self, count: int) -> None:
        """Until that many bytes have gone to clients."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.sent >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            port = await self._destination(reader, writer)
            self.opened += 1
            if port:
                there, back = await asyncio.open_connection("127.0.0.1", port)
                self._writers.add(back)
                try:
                    await asyncio.gather(self._pass(reader, back, 0), self._pass(there, writer, 1))
                finally:
                    self._writers.discard(back)
                    back.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _destination(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """The port to go to; 0 for nowhere."""
        return self.target

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counts: int) -> None:
        is_old = not self.is_frozen
        try:
            while data := await reader.read(65_536):
                if self.is_frozen and is_old:
                    continue
                writer.write(data)
                await writer.drain()
                async with self._moved:
                    self.sent += len(data) * counts
                    self._moved.notify_all()
        finally:
            writer.transport.abort() if self.is_frozen else writer.close()


class Proxy(Relay):
    """A CONNECT proxy that knows the hosts it is told of, and nothing else. `asked`: host:port of each CONNECT.

    credential: "name:password" that it wants, or empty.
    """

    def __init__(self, ports: Mapping[str, int], credential: str = "") -> None:
        super().__init__()
        self.asked: list[str] = []
        self._ports = ports
        self._wanted = f"basic {base64.b64encode(credential.encode()).decode()}" if credential else ""

    async def _destination(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.asked.append(target)
        scheme, _, secret = headers.get("proxy-authorization", "").partition(" ")
        if self._wanted and f"{scheme.lower()} {secret}" != self._wanted:
            wants = b'Proxy-Authenticate: Basic realm="proxy"\r\nConnection: close\r\n'
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n" + wants + b"\r\n")
        elif method != "CONNECT" or target.rpartition(":")[0] not in self._ports:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return self._ports[target.rpartition(":")[0]]
        writer.write_eof()
        await reader.read()
        return 0
