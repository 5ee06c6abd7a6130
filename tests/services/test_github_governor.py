"""services/github/governor.py against GitHub's stand-in on virtual time: limits cost little, and nothing is lost."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from services.core.admission import Limits
from services.errors import ApiError, RateLimited
from services.github.exchange import GRAPHQL, Answer, Identity, Request, Stats
from services.github.failures import checked_graphql
from services.github.governor import Governor, ask_of, told_by
from services.github.infos import IssueInfo
from tests.kit.fakehub import HandClock
from tests.kit.limited import Limited, Make, limited, settled
from tests.services.test_github_shelf import Memory

__all__ = ["limited"]

FAST = Limits(concurrent=50, is_paced=False)
ISSUES = r"/issues/\d+$"


def read_all(world: Limited, numbers: list[int]) -> list[IssueInfo | BaseException]:
    """Each of these, fresh, all at once."""
    return world.run(lambda: settled(*(world.github.reads.issue(world.home, n, fresh=True) for n in numbers)))


@pytest.mark.parametrize(("lasts", "probes"), [(4.0, 0), (12.0, 2)])
def test_a_limit_with_fifty_under_way_refuses_no_more_than_those(limited: Make, lasts: float, probes: int) -> None:
    """It strikes in the middle of 300 reads and lasts for a while; whoever waits, waits at the same gate."""
    world = limited(FAST)
    numbers = world.issues(300)

    def strike() -> None:
        world.sandbox.faults.add("secondary", path=ISSUES, retry_after=5)
        world.loop.call_later(lasts, world.sandbox.faults.clear)

    world.loop.call_at(0.7, strike)
    found = read_all(world, numbers)
    assert [info.number for info in found if isinstance(info, IssueInfo)] == numbers  # nothing is lost
    assert 0 < world.github.stats.rejected <= 50 + probes
    assert world.counts.refused == world.github.stats.rejected
    assert world.counts.closings == {"secondary": 1 + probes}  # no second wave: each later refusal is one probe


def test_a_long_limit_goes_to_the_scheduler(limited: Make) -> None:
    world = limited(FAST)
    numbers = world.issues(80)
    world.sandbox.faults.add("secondary", path=ISSUES, retry_after=300)
    found = read_all(world, numbers)
    errors = [each for each in found if isinstance(each, RateLimited)]
    assert len(errors) == 80
    assert world.github.stats.rejected <= 50
    assert all(error.retry_after is not None and 290 < error.retry_after <= 300 for error in errors)
    assert world.loop.time() < 10  # and nobody has waited


def test_a_used_up_budget_stops_until_the_reset_and_the_rest_is_kept_for_merges(limited: Make) -> None:
    world = limited(FAST)
    *numbers, number = world.issues(41)
    world.sandbox.limits.budgets["core"] = 40

    async def work() -> tuple[list[IssueInfo | BaseException], IssueInfo]:
        reads = world.github.reads
        polls = []
        for each in numbers:
            polls += await settled(reads.ranked("poll").issue(world.home, each, fresh=True))
        return polls, await reads.ranked("merge").issue(world.home, number, fresh=True)

    polls, merge = world.run(work)
    refused = [each for each in polls if isinstance(each, RateLimited)]
    assert merge.number == number
    assert 12 <= len(refused) <= 14  # three tenths of forty are left to the classes above
    assert all(each.retry_after and each.retry_after > 3_000 for each in refused)
    assert world.github.stats.rejected == 0
    assert world.counts.left["core"] == 11


def test_writes_are_a_second_apart_and_reads_are_not(limited: Make) -> None:
    world = limited()
    (number,) = world.issues(1)

    async def work() -> None:
        writes, reads = world.github.writes, world.github.reads
        await writes.comment(world.home, number, "the first fetches a token")
        world.asked.clear()
        await settled(
            *(writes.comment(world.home, number, str(n)) for n in range(5)),
            *(reads.comments(world.home, number, fresh=True) for n in range(5)),
        )

    world.run(work)
    posts = [at for at, method, path in world.asked if method == "POST" and path.endswith("/comments")]
    gets = [at for at, method, path in world.asked if method == "GET" and "/comments" in path]
    assert len(posts) == 5
    assert all(b - a > 0.8 for a, b in pairwise(posts))  # on their way they may catch up a little
    assert max(gets) < posts[2]


def test_writes_do_not_catch_up_with_each_other_while_a_token_is_fetched(limited: Make) -> None:
    world = limited()
    (number,) = world.issues(1)
    world.sandbox.faults.add("latency", path="access_tokens", seconds=6)
    world.run(lambda: settled(*(world.github.writes.comment(world.home, number, str(n)) for n in range(5))))
    posts = [at for at, method, path in world.asked if method == "POST" and path.endswith("/comments")]
    assert len(posts) == 5
    assert all(b - a > 0.8 for a, b in pairwise(posts))


def test_a_token_that_a_limit_refuses_shuts_the_gate(limited: Make) -> None:
    world = limited()
    (number,) = world.issues(1)
    world.run(lambda: world.github.reads.issue(world.home, number))
    world.asked.clear()
    world.sandbox.faults.add("secondary", path="access_tokens", retry_after=300)
    for _ in range(3):
        found = world.run(lambda: settled(*(world.github.writes.comment(world.home, number, "x") for n in range(5))))
        assert all(isinstance(each, RateLimited) for each in found)
    assert len(world.asked) == 2  # before the queue, and at its turn


async def test_a_token_that_is_slow_to_come_holds_no_other_installation_up() -> None:
    limits, comes = Limits(concurrent=2), asyncio.Event()
    fetching, is_full = list[str](), asyncio.Event()

    async def fetch(identity: Identity) -> None:
        fetching.append(identity.installation)
        if identity.installation == "acme":
            if fetching.count("acme") == limits.concurrent:
                is_full.set()
            await comes.wait()

    class Sender:
        async def send(self, _: Request) -> Answer:
            return Answer(200, {}, b"{}")

    class Timers:
        def after(self, seconds: float, call: Callable[[], None]) -> None:
            asyncio.get_running_loop().call_later(seconds, call)

    governor = Governor(Sender(), HandClock(), Timers(), limits, Stats(), fetch=fetch)

    async def write(installation: str) -> int:
        return (await governor.send(Request("POST", "/repos/a/b/labels", Identity(installation), b"{}"))).status

    many = [asyncio.create_task(write("acme")) for _ in range(5)]
    await is_full.wait()
    assert await write("beta") == 200
    assert fetching.count("acme") == limits.concurrent
    for each in many:
        each.cancel()
    await settled(*many)


def test_who_is_cancelled_leaves_the_queue(limited: Make) -> None:
    world = limited(Limits(concurrent=1, is_paced=False))
    numbers = world.issues(6)

    async def work() -> tuple[list[IssueInfo | BaseException], IssueInfo]:
        await world.github.reads.app()
        reads = world.github.reads
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(reads.issue(world.home, n, fresh=True)) for n in numbers]
        loop.call_later(0.3, lambda: [task.cancel() for task in tasks[1:]])
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return ends, await reads.issue(world.home, numbers[0], fresh=True)

    ends, last = world.run(work)
    assert last.number == numbers[0]
    assert any(isinstance(end, asyncio.CancelledError) for end in ends)


def test_an_outage_is_no_limit(limited: Make) -> None:
    world = limited(FAST)
    numbers = world.issues(3)
    world.sandbox.faults.add("error", path=ISSUES, count=3)
    assert all(isinstance(each, ApiError) for each in read_all(world, numbers))
    assert world.github.stats.rejected == 0
    assert all(isinstance(each, IssueInfo) for each in read_all(world, numbers))


ME = Identity("7")


@pytest.mark.parametrize(
    ("request_", "seen"),
    [
        (Request("GET", "repos/a/b/issues/1", ME), ("core", False, 0)),
        (Request("GET", "search/issues?q=x", ME), ("search", False, 0)),
        (Request("POST", "repos/a/b/issues", ME), ("core", True, 1)),
        (Request("POST", "repos/a/b/issues/3/comments", ME), ("core", True, 1)),
        (Request("POST", "repos/a/b/pulls", ME), ("core", True, 1)),
        (Request("POST", "repos/a/b/issues/3/labels", ME), ("core", True, 0)),
        (Request("PATCH", "repos/a/b/issues/comments/3", ME), ("core", True, 0)),
        (Request("PUT", "repos/a/b/pulls/3/merge", ME), ("core", True, 0)),
        (Request("POST", GRAPHQL, ME, is_query=True), ("graphql", False, 0)),
        (Request("POST", GRAPHQL, ME, content=20), ("graphql", True, 20)),
    ],
)
def test_what_a_call_costs(request_: Request, seen: tuple[str, bool, int]) -> None:
    ask = ask_of(request_)
    assert (ask.resource, ask.writes, ask.content) == seen
    assert ask.points == (5 if seen[1] else 1)


def test_what_answers_tell() -> None:
    headers = {
        "date": "Mon, 02 Mar 2026 09:00:00 GMT",
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-reset": "1772445600",
        "x-ratelimit-resource": "core",
    }
    told = told_by(Answer(200, headers, b""))
    assert told is not None
    assert (told.resource, told.remaining, told.reset_in) == ("core", 4_999, 3_600.0)
    assert told_by(Answer(200, {**headers, "x-ratelimit-limit": "many"}, b"")) is None
    assert told_by(Answer(200, {**headers, "date": ""}, b"")) is None


@pytest.mark.parametrize(
    ("body", "is_limit"),
    [
        (b'{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}', True),
        (b'{"data":null,"errors":[{"type":"RATE_LIMIT","message":"wait"}]}', True),
        (b'{"message":"You have exceeded a secondary rate limit."}', True),
        (b'{"data":{"a0":{"title":"A secondary rate limit, and RATE_LIMIT"}}}', False),
        (b'{"data":null,"errors":[{"type":"NOT_FOUND","message":"no"}]}', False),
    ],
)
def test_graphql_tells_limits_in_answers_that_look_well(body: bytes, *, is_limit: bool) -> None:
    found = None
    try:
        checked_graphql(Answer(200, {"retry-after": "7"}, body), HandClock().now())
    except RateLimited as error:
        found = error
    assert (found is not None) == is_limit
    assert found is None or found.retry_after == 7


class Refuses:
    """Refuses the first calls, and says after how long to come back; the clock goes on by itself then."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, request: Request) -> Answer:
        self.sent += 1
        if self.sent == 1:
            raise RateLimited(403, "secondary rate limit", retry_after=1.0)
        return Answer(200, {}, b"{}")


@pytest.mark.parametrize(("is_prompt", "sent"), [(False, 2), (True, 1)])
async def test_what_was_decided_on_what_is_true_now_is_not_sent_later(sent: int, *, is_prompt: bool) -> None:
    """Whoever wants to merge judges anew after a limit."""
    clock, refuses = HandClock(), Refuses()

    class Now:
        def after(self, seconds: float, call: Callable[[], None]) -> None:
            clock.pass_(seconds=seconds)
            asyncio.get_running_loop().call_soon(call)

    governor = Governor(refuses, clock, Now(), Limits(is_paced=False), Stats())
    request = Request(
        "PUT", "repos/a/b/pulls/1/merge", Identity("7"), rank="merge", wanted=(lambda: True) if is_prompt else None
    )
    ends = await settled(governor.send(request))
    assert refuses.sent == sent
    assert isinstance(ends[0], RateLimited) is is_prompt


async def test_what_was_made_within_the_hour_counts_after_a_restart_too() -> None:
    clock, shelf = HandClock(), Memory()
    request = Request("POST", "repos/a/b/issues", Identity("7"), rank="merge")

    class Answers:
        async def send(self, request: Request) -> Answer:
            return Answer(201, {}, b"{}")

    class Never:
        def after(self, seconds: float, call: Callable[[], None]) -> None:
            """Nobody waits."""

    def process() -> Governor:
        return Governor(Answers(), clock, Never(), Limits(content_hour=3, write_gap=0.0), Stats(), shelf)

    first = process()
    await first.send(request)
    clock.pass_(minutes=30)
    await first.send(request)
    second = process()
    await asyncio.gather(second.send(request), second.send(Request("GET", "repos/a/b/issues", Identity("7"))))
    with pytest.raises(RateLimited) as told:
        await second.send(request)
    assert told.value.retry_after == pytest.approx(1_801)
    assert shelf.loads == 2
    shelf.kept["made:7"] = (b"spoilt", "", "", "")
    assert (await process().send(request)).status == 201
