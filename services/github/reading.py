"""How anything is read: as the installation that a repository belongs to, with reading rights, through the cache.

`Reads` says what there is to read; this says how. Lists are followed page by page, to a bound.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from cachetools import LRUCache
from msgspec.structs import replace

from services.core.admission import Rank
from services.errors import Unreachable
from services.github import places, shapes
from services.github.cache import Cache
from services.github.entries import Key, Read
from services.github.exchange import Identity, Request, decode, repo_path

Shape = TypeVar("Shape")
Item = TypeVar("Item")

WRITE_ONLY = frozenset({"workflows", "profile"})
MAX_PAGES = 100
MAX_IDENTITIES = 4_096


class Reading:
    """Reads of one urgency, as the installations concerned."""

    def __init__(self, cache: Cache, rank: Rank, told: Mapping[Key, bytes] | None, began: int) -> None:
        """rank: how urgent these reads are.  told: what one call told of many places, asked at the moment `began`."""
        self._cache = cache
        self._rank = rank
        self._told = told or {}
        self._began = began
        self._identities: LRUCache[int, tuple[dict[str, str], Identity]] = LRUCache(MAX_IDENTITIES)

    async def read_of(self, repo: str, path: str, shape: type[Shape], subject: str) -> Read[Shape]:
        """A read below `repos/owner/name`, as its installation, with reading rights only."""
        return Read(await self._reader(repo), repo_path(repo) + path, shape, repo, subject)

    def known_reader(self, repo: str) -> Identity | None:
        """Who reads this repository, if that is known without asking."""
        found = self._cache.known(places.installation(repo))
        return self._identity(found) if found is not None else None

    def known_name(self, repo: str) -> str:
        """What the repository is called now, "" where that is not known without asking."""
        who = self.known_reader(repo)
        read = Read(who, repo_path(repo), shapes.RepoShape, repo, "repository") if who is not None else None
        found = self._cache.known(read) if read is not None else None
        return found.full_name if found is not None else ""

    async def _reader(self, repo: str) -> Identity:
        where = places.installation(repo)  # its kind is always kept
        return self._identity(self._cache.now(where) or (await self._get(where))[0])

    def _identity(self, found: shapes.InstallationShape) -> Identity:
        """The installation with every right it has, lowered; made once for each answer about it."""
        made = self._identities.get(found.id)
        if made is None or made[0] != found.permissions:
            rights = sorted((name, "read") for name in found.permissions if name not in WRITE_ONLY)
            made = found.permissions, Identity(str(found.id), (), tuple(rights))
            self._identities[found.id] = made
        return made[1]

    async def _get(
        self, read: Read[Shape], *, fresh: bool = False, wanted: Callable[[Shape], bool] | None = None
    ) -> tuple[Shape, str]:
        body = self._told.get(read.key) if fresh else None
        if body is not None and self._cache.is_certain(read, self._began):
            return decode(body, read.shape), ""
        return await self._cache.get(read, fresh=fresh, wanted=wanted, rank=self._rank)

    async def _one(self, repo: str, path: str, shape: type[Shape], subject: str, *, fresh: bool = False) -> Shape:
        return (await self._get(await self.read_of(repo, path, shape, subject), fresh=fresh))[0]

    async def _list(
        self, repo: str, path: str, shape: type[list[Item]], subject: str, *, fresh: bool = False
    ) -> list[Item]:
        return await self._pages(await self.read_of(repo, path, shape, subject), lambda page: page, fresh=fresh)

    async def _pages(
        self, first: Read[Shape], items: Callable[[Shape], Iterable[Item]], *, fresh: bool = False
    ) -> list[Item]:
        found: list[Item] = []
        path = first.path
        for _ in range(MAX_PAGES):
            read = first if path == first.path else replace(first, path=path)
            page, path = await self._get(read, fresh=fresh)
            found.extend(items(page))
            if not path:
                return found
        raise Unreachable(200, f"the list goes on after {MAX_PAGES} pages")

    async def _past(self, repo: str, path: str) -> bytes:
        request = Request("GET", repo_path(repo) + path, await self._reader(repo), rank=self._rank)
        return (await self._cache.past(request)).body
