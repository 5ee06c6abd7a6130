"""Bodies that outlive the process: a restart asks whether they still hold, and no more."""

from services.github.cache import Cache, Read
from services.github.entries import shelf_key
from services.github.exchange import Identity, Stats
from tests.kit.fakehub import HandClock
from tests.services.test_github_cache import PULL, Sends, version


class Memory:
    """A shelf in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str, str, str]] = {}
        self.touched: list[tuple[str, str]] = []
        self.loads = 0

    async def load(self, key: str) -> tuple[bytes, str, str, str] | None:
        self.loads += 1
        return self.kept.get(key)

    def put(self, key: str, body: bytes, etag: str, next_: str, modified: str) -> None:
        self.kept[key] = (body, etag, next_, modified)

    def touch(self, key: str, etag: str) -> None:
        self.touched.append((key, etag))


def cache(sends: Sends, shelf: Memory, *, enabled: bool = True) -> Cache:
    return Cache(sends, HandClock(), Stats(), shelf=shelf, enabled=enabled)


async def test_a_restart_revalidates_for_free() -> None:
    sends, shelf = Sends(), Memory()
    await version(cache(sends, shelf))
    after = cache(sends, shelf)
    assert await after.get(PULL) == ({"version": 1}, "next-page")
    assert [request.etag for request in sends.seen] == ["", '"1"']
    assert (after._stats.revalidated, after._stats.misses, after._stats.changed) == (1, 0, 0)
    assert shelf.touched == [(shelf_key(PULL.key), '"1"')]
    await version(after)
    assert (len(sends.seen), shelf.loads) == (2, 2), "from memory now"


async def test_what_has_changed_meanwhile_replaces_it() -> None:
    sends, shelf = Sends(), Memory()
    await version(cache(sends, shelf))
    sends.version = 2
    after = cache(sends, shelf)
    assert await version(after) == 2
    assert after._stats.changed == 1
    assert shelf.kept[shelf_key(PULL.key)][:2] == (b'{"version": 2}', '"2"')


async def test_nobody_finds_what_others_may_see() -> None:
    sends, shelf = Sends(), Memory()
    await version(cache(sends, shelf))
    others = [
        Identity("8"),
        Identity("7", ("api",)),
        Identity("7", (), (("contents", "read"),)),
        Identity(),
    ]
    for who in others:
        await version(cache(sends, shelf), Read(who, PULL.path, PULL.shape, PULL.repo, PULL.subject))
    assert [request.etag for request in sends.seen] == [""] * 5
    assert len(shelf.kept) == 5


async def test_without_saving_nothing_is_kept() -> None:
    sends, shelf = Sends(), Memory()
    await version(cache(sends, shelf, enabled=False))
    assert (shelf.kept, shelf.loads) == ({}, 0)
