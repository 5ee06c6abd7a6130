"""What the cache holds: one answer with what is known of its age, and the shelf where bodies outlive the process.

`began` is the moment of the flight it came with; `expires` by our clock; `asof` and `version` by GitHub's: when it
answered, and the object's own `updated_at`, by which two tellings of one object can be put in order.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import msgspec
from cachetools import LRUCache

from services.errors import NotFound
from services.github.exchange import JSON, Identity, decode

Shape = TypeVar("Shape")

OVERHEAD = 1_000
"""Bytes of an entry beside its body."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
Key = tuple[Identity, str, str]


class Read(msgspec.Struct, Generic[Shape], frozen=True):
    """What to read: `shape` is the type its JSON must have; `repo` and `subject` say what makes it wrong.

    also: a further subject that makes it wrong for this reader, but not for others of the same answer.
    """

    identity: Identity
    path: str
    shape: type[Shape]
    repo: str
    subject: str
    accept: str = JSON
    also: str = ""

    @property
    def kind(self) -> str:
        return self.subject.partition(":")[0]

    @property
    def key(self) -> Key:
        return self.identity, self.path, self.accept


class Entry(msgspec.Struct, frozen=True, eq=False):
    """One answer. An empty `etag`: the body was put together by us, so GitHub has never seen it.  absent: that there is
    none.

    Values of shapes that are never changed by who reads them are decoded once, others for each reader.
    """

    body: bytes
    etag: str
    next: str
    began: int
    expires: datetime
    asof: datetime | None = None
    version: datetime | None = None
    holder: int = 0
    modified: str = ""
    absent: bool = False
    _values: dict[object, object] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Entry({len(self.body)} bytes, {self.etag})"

    def value(self, shape: type[Shape]) -> Shape:
        """The body as that; NotFound when there is none."""
        if self.absent:
            raise NotFound(404, "Not Found")
        found = self._values.get(shape)
        if found is None:
            found = decode(self.body, shape)
            if is_ours(shape):
                self._values[shape] = found
        return found  # type: ignore[return-value]  # it is kept under its own type

    @property
    def size(self) -> int:
        """Bytes, with the decoded value, which is about as large as what it was decoded from."""
        return 2 * len(self.body) + OVERHEAD


def is_ours(shape: object) -> bool:
    """Is it one of our shapes, or a list of them? Those never leave `reads`, which makes frozen values of them."""
    item = getattr(shape, "__args__", (shape,))[0]
    return shape is msgspec.Raw or (isinstance(item, type) and issubclass(item, msgspec.Struct))


class Entries(LRUCache[Key, Entry]):
    """The newest used entries, bounded by bytes."""

    def __init__(self, max_bytes: int, evicted: Callable[[], None]) -> None:
        super().__init__(max_bytes, getsizeof=lambda entry: entry.size)
        self._evicted = evicted

    def held(self, key: Key) -> Entry | None:
        """As `get`, which would look for the key twice."""
        try:
            return self[key]
        except KeyError:
            return None

    def popitem(self) -> tuple[Key, Entry]:
        self._evicted()
        return super().popitem()


class Shelf(Protocol):
    """Where answers outlive the process. Nothing here waits for a disk for long or fails.

    load: body, ETag, path of the next page and Last-Modified; None when there is none, or when it can't be said soon.
    put, touch (it still holds, with that ETag): carried out later, or not at all.
    """

    async def load(self, key: str, /) -> tuple[bytes, str, str, str] | None: ...

    def put(self, key: str, body: bytes, etag: str, next_: str, modified: str, /) -> None: ...

    def touch(self, key: str, etag: str, /) -> None: ...


def shelf_key(key: Key) -> str:
    """One text for a key: what an identity may see is found under that identity alone."""
    identity, path, accept = key
    whole = msgspec.json.encode((identity.installation, identity.repositories, identity.permissions, path, accept))
    return hashlib.sha256(whole).hexdigest()
