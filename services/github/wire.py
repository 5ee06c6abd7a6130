"""What carries one exchange to a server and back: the narrow protocol behind the transport, and how it is set.

Two libraries stand behind it, `http2` and `http1`, and the same tests are run on both. Neither follows redirects, looks
at the environment, keeps cookies or repeats a write; both give an answer unpacked, and never more than MAX_BODY of it.
Of a text, such as a job's log, the middle is dropped while it is read, so that one of any size costs the same memory.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from services.core.loopback import is_loopback
from services.errors import Unreachable

MAX_BODY = 32 * 1024 * 1024
"""Bytes, unpacked: a page of 100 check runs with full summaries is about 13 MB."""
TEXT_HEAD, TEXT_TAIL = 1_000_000, 7_000_000
"""Bytes of a text that are kept at least, as many as are looked at of a log."""

SAFE = frozenset({"GET", "HEAD"})
"""Asking these again changes nothing, so they are sent once more when the connection broke."""

Version = Literal["auto", "2", "1"]
Reply = tuple[int, Mapping[str, str], bytes]
"""Status, headers (names in lower case) and the body as it was before it was packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How the servers are reached.

    version: of HTTP to speak with the API; auto = 2 where it can be had.  connections: at a time, over HTTP/1.1; HTTP/2
    needs one.  connect_timeout: seconds until a connection must stand.  proxy: URL of an HTTP proxy, perhaps with a
    name and a password.  ca: PEM text of authorities to trust beside those of the machine.
    """

    version: Version = "auto"
    connections: int = 20
    connect_timeout: float = 10.0
    proxy: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)

    def proxy_for(self, host: str) -> str:
        """The proxy to this host, or empty: what is on this machine is reached without one."""
        return "" if is_loopback(host) else self.proxy


DEFAULT = Network()


class Wire(Protocol):
    """Sends one request and gives what came back, whatever its status; Unreachable when nothing usable did.

    is_text: the middle of what comes back may be left out.
    """

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, is_text: bool = False
    ) -> Reply: ...

    async def close(self) -> None: ...


class Body:
    """What comes back, in pieces."""

    def __init__(self, status: int, *, is_text: bool) -> None:
        self._status, self._is_text = status, is_text
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._size = 0  # of the tail
        self._cut = False

    def add(self, piece: bytes) -> None:
        """The next bytes; Unreachable when they are too many, and no text."""
        if not self._is_text:
            self._head += piece
            if len(self._head) > MAX_BODY:
                raise Unreachable(self._status, f"the answer is larger than {MAX_BODY} bytes")
            return
        if len(self._head) < TEXT_HEAD:
            self._head += piece
            return
        self._tail.append(piece)
        self._size += len(piece)
        while self._size - len(self._tail[0]) >= TEXT_TAIL:
            self._size -= len(self._tail.popleft())
            self._cut = True

    def whole(self) -> bytes:
        """All of it, or of a long text its head and its tail."""
        return bytes(self._head) + (b"\n" if self._cut else b"") + b"".join(self._tail)


def gathered(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their name in lower case; one that came several times is one list, as the protocol says."""
    found: dict[str, str] = {}
    for given, value in items:
        name = given.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
