"""The cache: what it saves, and that nothing it gives is older than an event already heard."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.core.shards import SHARDS, shard_of
from services.errors import NotFound, Unreachable
from services.github.cache import Cache, Read
from services.github.entries import OVERHEAD
from services.github.exchange import Answer, Identity, Request, Stats
from services.github.flights import Flights
from services.github.lifetimes import SECONDS, lifetimes
from services.github.shapes import PullShape
from tests.kit.fakehub import HandClock, pull

SEVEN = Identity("7")
PULL: Read[dict[str, Any]] = Read(SEVEN, "repos/acme/api/pulls/7", dict[str, Any], "acme/api", "pull:7")


class Sends:
    """A plain `Sender`: 200 with `version` and its ETag, 304 to who has it; looks first, answers when `gate` opens."""

    def __init__(self) -> None:
        self.version = 1
        self.gate: asyncio.Event | None = None
        self.body = b""
        self.error: Exception | None = None
        self.seen: list[Request] = []
        self.began = asyncio.Event()

    async def send(self, request: Request) -> Answer:
        self.seen.append(request)
        self.began.set()
        body = self.body or b'{"version": %d}' % self.version
        etag = f'"{self.version}"'
        await (self.gate.wait() if self.gate is not None else asyncio.sleep(0))
        if self.error is not None:
            raise self.error
        if request.etag == etag:
            return Answer(304, {"etag": etag}, b"")
        return Answer(200, {"etag": etag}, body, "next-page")


@pytest.fixture
def sends() -> Sends:
    return Sends()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cache(sends: Sends, clock: HandClock) -> Cache:
    return Cache(sends, clock, Stats())


async def version(cache: Cache, read: Read[dict[str, Any]] = PULL, *, fresh: bool = False) -> int:
    return int((await cache.get(read, fresh=fresh))[0]["version"])


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_answer_is_used_until_it_is_too_old(cache: Cache, sends: Sends, clock: HandClock) -> None:
    assert await cache.get(PULL) == ({"version": 1}, "next-page")
    clock.pass_(seconds=SECONDS["pull"] - 1)
    assert await cache.get(PULL) == ({"version": 1}, "next-page")
    assert len(sends.seen) == 1
    clock.pass_(seconds=2)
    assert await cache.get(PULL) == ({"version": 1}, "next-page")  # a 304: body and next page are the old ones
    assert sends.seen[1].etag == '"1"'
    stats = cache._stats
    assert (stats.misses, stats.hits, stats.revalidated, stats.saved) == (1, 1, 1, 1)


async def test_fresh_asks_now_and_is_free_when_nothing_changed(cache: Cache, sends: Sends) -> None:
    await version(cache)
    assert await version(cache, fresh=True) == 1
    sends.version = 2
    assert await version(cache) == 1
    assert await version(cache, fresh=True) == 2
    assert await version(cache) == 2
    assert [request.etag for request in sends.seen] == ["", '"1"', '"1"']


async def test_twenty_at_once_are_one_call(cache: Cache, sends: Sends) -> None:
    assert await asyncio.gather(*(version(cache) for _ in range(20))) == [1] * 20
    assert len(sends.seen) == 1
    assert (cache._stats.misses, cache._stats.coalesced) == (1, 19)


async def test_an_error_is_everybodys_and_nobody_keeps_it(cache: Cache, sends: Sends) -> None:
    sends.error = NotFound(404, "Not Found")
    found = await asyncio.gather(*(version(cache) for _ in range(5)), return_exceptions=True)
    assert found == [sends.error] * 5
    assert len(sends.seen) == 1
    sends.error = None
    assert await version(cache) == 1


async def test_a_bug_is_not_passed_on_as_an_answer(cache: Cache, sends: Sends) -> None:
    sends.error = ZeroDivisionError("a bug")
    found = await asyncio.gather(*(version(cache) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [ZeroDivisionError] * 3
    assert len(sends.seen) == 3


@pytest.mark.parametrize("leaving", [0, 1, 4])
async def test_who_is_cancelled_takes_nobody_along(cache: Cache, sends: Sends, leaving: int) -> None:
    sends.gate = asyncio.Event()
    tasks = [asyncio.create_task(version(cache)) for _ in range(5)]
    await sends.began.wait()
    tasks[leaving].cancel()
    await settle()
    sends.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [value for index, value in enumerate(found) if index != leaving] == [1] * 4
    assert isinstance(found[leaving], asyncio.CancelledError)
    assert len(sends.seen) == (2 if leaving == 0 else 1)  # when the first leaves, the next makes the call


async def test_a_call_begun_before_an_event_does_not_fill_the_cache(cache: Cache, sends: Sends) -> None:
    sends.gate = asyncio.Event()
    early = asyncio.create_task(version(cache))
    await sends.began.wait()
    sends.version = 2
    cache.invalidate("acme/api", "pull:7")
    late = asyncio.create_task(version(cache))
    await settle()
    assert len(sends.seen) == 2  # who asks after the event does not wait for the old call
    sends.gate.set()
    assert await early == 1
    assert await late == 2
    assert await version(cache) == 2


async def test_a_late_old_answer_does_not_replace_a_newer_one(sends: Sends, clock: HandClock, cache: Cache) -> None:
    gate = sends.gate = asyncio.Event()
    early = asyncio.create_task(version(cache))
    await sends.began.wait()
    sends.version, sends.gate = 2, None
    assert await version(cache, fresh=True) == 2
    gate.set()
    assert await early == 1
    assert await version(cache) == 2


@pytest.mark.parametrize(
    ("repo", "subject", "asks"),
    [
        ("acme/api", "pull:7", True),
        ("ACME/Api", "pull:7", True),
        ("acme/api", "pull", True),
        ("acme/api", "", True),
        ("acme/api", "pull:8", False),
        ("acme/api", "issue:7", False),
        ("acme/web", "pull:7", False),
        ("", "pull:7", False),
    ],
)
async def test_what_an_event_reaches(cache: Cache, sends: Sends, repo: str, subject: str, asks: bool) -> None:
    await version(cache)
    cache.invalidate(repo, subject)
    await version(cache)
    assert (len(sends.seen) == 2) is asks


async def test_one_pull_changes_the_lists_of_pulls_too(cache: Cache, sends: Sends) -> None:
    pulls: Read[dict[str, Any]] = Read(SEVEN, "repos/acme/api/pulls", dict[str, Any], "acme/api", "pull:*")
    await version(cache, pulls)
    await version(cache)
    cache.invalidate("acme/api", "pull:*")
    await version(cache)
    assert len(sends.seen) == 2
    await version(cache, pulls)
    assert len(sends.seen) == 3
    cache.invalidate("acme/api", "pull:8")
    await version(cache)
    assert len(sends.seen) == 3
    await version(cache, pulls)
    assert len(sends.seen) == 4


async def test_forgotten_notes_never_make_an_answer_trusted(sends: Sends, clock: HandClock) -> None:
    cache = Cache(sends, clock, Stats(), max_bytes=3 * OVERHEAD)  # so many notes as there might be answers
    await version(cache)
    cache.invalidate("acme/api", "pull:7")
    for number in range(5):
        cache.invalidate("acme/web", f"pull:{number}")
    sends.version = 2
    assert await version(cache) == 2


async def test_installations_and_media_types_are_kept_apart(cache: Cache, sends: Sends) -> None:
    await version(cache)
    await version(cache, Read(Identity("8"), PULL.path, PULL.shape, PULL.repo, PULL.subject))
    await version(cache, Read(SEVEN, PULL.path, PULL.shape, PULL.repo, PULL.subject, "application/vnd.github.diff"))
    await version(cache, Read(SEVEN, PULL.path + "?page=2", PULL.shape, PULL.repo, PULL.subject))
    assert len(sends.seen) == 4


async def test_readers_cannot_change_each_others_value(cache: Cache) -> None:
    (await cache.get(PULL))[0]["version"] = 99
    assert await version(cache) == 1


class Frozen(msgspec.Struct, frozen=True):
    version: int


async def test_a_value_that_nobody_can_change_is_made_once(cache: Cache, sends: Sends, clock: HandClock) -> None:
    read = Read(SEVEN, "repos/acme/api/pulls/8", Frozen, "acme/api", "pull:8")
    first = (await cache.get(read))[0]
    assert first == Frozen(1)
    assert (await cache.get(read))[0] is first
    clock.pass_(seconds=901)
    assert (await cache.get(read))[0] is first, "a 304 says that it is still the same"
    sends.version = 2
    assert (await cache.get(read, fresh=True))[0] == Frozen(2)


@pytest.mark.parametrize("body", [b"[]", b'{"version": 1', b"\xff"])
async def test_what_does_not_decode_is_never_kept(cache: Cache, sends: Sends, body: bytes) -> None:
    sends.body = body
    with pytest.raises(Unreachable):
        await version(cache)
    sends.body = b""
    assert await version(cache) == 1


async def test_an_unasked_304_is_no_answer(cache: Cache, sends: Sends) -> None:
    sends.error = None

    class Odd:
        async def send(self, request: Request) -> Answer:
            return Answer(304, {}, b"")

    with pytest.raises(Unreachable, match="it says nothing has changed, but nobody asked"):
        await Cache(Odd(), HandClock(), Stats()).get(PULL)


async def test_memory_is_bounded(sends: Sends, clock: HandClock) -> None:
    cache = Cache(sends, clock, Stats(), max_bytes=10_000)
    sends.body = b'{"version": 1, "x": "%s"}' % (b"x" * 3_000)
    for number in range(10):
        await version(cache, Read(SEVEN, f"p/{number}", PULL.shape, "acme/api", f"pull:{number}"))
    assert cache._entries.currsize <= 10_000
    sends.body = b'{"version": 1, "x": "%s"}' % (b"x" * 20_000)
    assert await version(cache) == 1  # too large to keep, and still an answer
    assert await version(cache) == 1
    assert len(sends.seen) == 12


def test_how_long_answers_last_can_be_set() -> None:
    found = lifetimes(100, 10)
    assert found.keys() == SECONDS.keys()
    assert (found["pull"], found["files"], found["permission"], found["app"]) == (100, 200, 10, SECONDS["app"])


class Lagging(Sends):
    """Says what it is told to say, with the time at which it was so."""

    async def send(self, request: Request) -> Answer:
        self.seen.append(request)
        return Answer(200, {"etag": f'"{self.version}"'}, self.body)


async def test_a_replica_that_lags_is_asked_again(clock: HandClock) -> None:
    sends = Lagging()
    cache = Cache(sends, clock, Stats())
    read = Read(SEVEN, PULL.path, PullShape, PULL.repo, PULL.subject)

    def body(title: str, seconds: int) -> bytes:
        at = (clock.now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps(pull(7, title=title, updated_at=at)).encode()

    sends.body = body("old", -60)
    assert (await cache.get(read))[0].title == "old"
    assert cache.prime(read, body("new", -10), clock.now() - timedelta(seconds=10))
    assert (await cache.get(read))[0].title == "new"
    assert (await cache.get(read, fresh=True))[0].title == "old", "who asks for GitHub's own word gets it"
    cache.invalidate(PULL.repo, PULL.subject)
    assert (await cache.get(read))[0].title == "new", "nobody else goes back in time"
    assert len(sends.seen) == 3
    sends.body = body("new", -10)
    assert (await cache.get(read))[0].title == "new"
    assert len(sends.seen) == 4
    await cache.get(read)
    assert len(sends.seen) == 4


async def test_what_was_out_of_date_without_a_word_is_counted(cache: Cache, sends: Sends, clock: HandClock) -> None:
    await version(cache)
    sends.version = 2
    await version(cache, fresh=True)
    assert cache._stats.stale == 1
    cache.invalidate("acme/api", "pull:7")
    sends.version = 3
    await version(cache)
    assert cache._stats.stale == 1, "of that somebody had told"


async def test_what_has_to_go_is_counted(sends: Sends, clock: HandClock) -> None:
    cache = Cache(sends, clock, Stats(), max_bytes=3_000)
    for number in range(4):
        await version(cache, Read(SEVEN, f"p/{number}", PULL.shape, "acme/api", f"pull:{number}"))
    assert cache._stats.evictions == 2
    assert 0 < cache.size <= 3_000


async def test_saving_can_be_turned_off(sends: Sends, clock: HandClock) -> None:
    cache = Cache(sends, clock, Stats(), enabled=False)
    await asyncio.gather(*(version(cache) for _ in range(5)))
    await version(cache, fresh=True)
    assert [request.etag for request in sends.seen] == [""] * 6
    assert (cache._stats.misses, cache._stats.saved) == (6, 0)
    known: Read[dict[str, Any]] = Read(SEVEN, "repos/acme/api/installation", dict[str, Any], "acme/api", "installation")
    await version(cache, known)
    await version(cache, known)
    assert len(sends.seen) == 7


async def test_a_flight_leaves_nothing_behind() -> None:
    flights: Flights[int] = Flights()

    async def land(began: int) -> int:
        return began

    assert await flights.run("key", land) == (1, False)
    assert await flights.run("key", land, after=flights.moment()) == (3, False)
    assert not flights._flying


@pytest.mark.parametrize("subject", [PULL.subject, "pull"])
@pytest.mark.parametrize(
    ("at", "told", "counts"), [(-5, -9, False), (-5, -5, False), (-5, -4, True), (None, 30, False)]
)
async def test_what_was_before_our_own_change_is_old(
    clock: HandClock, subject: str, at: int | None, told: int, *, counts: bool
) -> None:
    """A webhook about the second of our change, or an earlier one, may not have it yet; seconds from now."""
    cache = Cache(Sends(), clock, Stats())
    read = Read(SEVEN, PULL.path, PullShape, PULL.repo, PULL.subject)
    now = clock.now()
    cache.wrote(PULL.repo, subject, now + timedelta(seconds=at) if at is not None else None)
    moment = now + timedelta(seconds=told)
    body = json.dumps(pull(7, updated_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))).encode()
    assert cache.prime(read, body, moment) is counts


@pytest.mark.parametrize(
    ("doubt", "asks"),
    [
        (lambda cache: cache.doubt_all(), True),
        (lambda cache: cache.inherit([shard_of("acme"), 1]), True),
        (lambda cache: cache.inherit(set(range(SHARDS)) - {shard_of("acme")}), False),
    ],
    ids=["anything", "what we took", "what we took elsewhere"],
)
async def test_what_others_may_have_changed_is_asked_for_once_more(
    cache: Cache, sends: Sends, doubt: Callable[[Cache], None], *, asks: bool
) -> None:
    await version(cache)
    doubt(cache)
    sends.version = 2
    for _ in range(2):
        assert (await version(cache), len(sends.seen)) == ((2, 2) if asks else (1, 1))


@pytest.mark.parametrize(("told", "counts"), [(-30, False), (60, False), (61, True)])
async def test_what_was_before_we_took_over_is_old(clock: HandClock, told: int, *, counts: bool) -> None:
    """Who was there before has changed things, too, and the webhook about the time before that may be late."""
    cache = Cache(Sends(), clock, Stats())
    read = Read(SEVEN, PULL.path, PullShape, PULL.repo, PULL.subject)
    cache.inherit([shard_of("acme")])
    moment = clock.now() + timedelta(seconds=told)
    body = json.dumps(pull(7, updated_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))).encode()
    assert cache.prime(read, body, moment) is counts
