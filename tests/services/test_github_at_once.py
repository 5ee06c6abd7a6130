"""What one call tells of a pull request: it counts as fresh as long as nothing is heard of it meanwhile."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bot.loops import LoopTimers
from services.github.batch import Batcher
from services.github.cache import Cache
from services.github.exchange import Answer, Request, Stats
from services.github.reads import Reads
from tests.kit.fakehub import HandClock, installation, pull

SHA = "a" * 40
REPO = "acme/api"


def told(**more: object) -> dict[str, Any]:
    """A pull request as GraphQL tells it: open, green, with one approval."""
    run = {"__typename": "CheckRun", "databaseId": 5, "name": "ci", "status": "COMPLETED", "conclusion": "SUCCESS"}
    status = {"__typename": "StatusContext", "context": "lint", "state": "SUCCESS"}
    suite = {"status": "COMPLETED", "app": {"databaseId": 1, "slug": "x"}, "checkRuns": {"totalCount": 1}}
    review = {"databaseId": 9, "state": "APPROVED", "author": {"login": "ben", "__typename": "User"}}
    return {
        "fullDatabaseId": "7", "number": 7, "title": "t", "body": "", "state": "OPEN", "url": "u", "merged": False,
        "isDraft": False, "mergeable": "MERGEABLE", "mergeStateStatus": "CLEAN", "headRefOid": SHA, "headRefName": "h",
        "baseRefOid": "b" * 40, "baseRefName": "main", "headRepository": {"nameWithOwner": REPO}, "mergeCommit": None,
        "labels": {"nodes": []},
        "statusCheckRollup": {"contexts": {"pageInfo": {"hasNextPage": False}, "nodes": [run, status]}},
        "reviews": {"pageInfo": {"hasNextPage": False}, "nodes": [review]},
        "commits": {"nodes": [{"commit": {"oid": SHA, "checkSuites": {
            "pageInfo": {"hasNextPage": False}, "nodes": [suite]}}}]},
        **more,
    }  # fmt: skip


class Hub:
    """Answers GraphQL with `fields`, and REST with another state, so that it shows which one was asked; `meanwhile` is
    called while GraphQL is asked."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.paths: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def send(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        self.paths.append(path)
        if path == "graphql":
            self.meanwhile()
            body: object = {"data": {"r0": {"a0": self.fields}}}
        elif path.endswith("/installation"):
            body = installation()
        elif path.endswith("/pulls/7"):
            body = pull(7, title="REST")
        elif path.endswith("/reviews"):
            body = []
        elif path == "app":
            body = {"id": 1, "slug": "lockstep"}
        else:
            body = {"check_runs": [], "statuses": [], "check_suites": []}
        return Answer(200, {}, msgspec.json.encode(body))


def reads_of(hub: Hub) -> tuple[Reads, Cache]:
    clock, stats = HandClock(), Stats()
    cache = Cache(hub, clock, stats)
    return Reads(cache, Batcher(hub, clock, LoopTimers(), stats)), cache


async def seen(reads: Reads) -> tuple[str, int, int]:
    found = await reads.pull(REPO, 7, fresh=True)
    checks, reviews = await reads.checks(REPO, SHA, fresh=True), await reads.reviews(REPO, 7, fresh=True)
    return found.title, len(checks), len(reviews)


async def test_one_call_tells_all_that_a_merge_is_decided_on() -> None:
    hub = Hub(told())
    reads, _ = reads_of(hub)
    assert await seen(await reads.at_once(REPO, 7)) == ("t", 2, 1)
    assert hub.paths == ["repos/acme/api/installation", "graphql"]
    assert (await seen(reads))[0] == "REST", "nobody else takes it for fresh"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("pull:7", ("REST", 2, 1)), (f"checks:{SHA}", ("t", 1, 1)), (f"statuses:{SHA}", ("t", 1, 1)),
     ("reviews:7", ("t", 2, 0)), ("", ("REST", 0, 0))],
)  # fmt: skip
@pytest.mark.parametrize("late", [False, True])
async def test_what_is_heard_meanwhile_is_asked_for_again(
    subject: str, expected: tuple[str, int, int], *, late: bool
) -> None:
    """Whatever a webhook brought, old or new, while the call was under way or before what it told is used."""
    hub = Hub(told())
    reads, cache = reads_of(hub)
    if not late:
        hub.meanwhile = lambda: cache.invalidate(REPO, subject)
    found = await reads.at_once(REPO, 7)
    if late:
        cache.invalidate(REPO, subject)
    assert await seen(found) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [({"mergeable": "UNKNOWN"}, ("REST", 2, 1)), ({"mergeStateStatus": "BLOCKED"}, ("REST", 2, 1)),
     ({"reviews": {"pageInfo": {"hasNextPage": True}, "nodes": []}}, ("t", 2, 0)),
     ({"statusCheckRollup": {"contexts": {"pageInfo": {"hasNextPage": True}, "nodes": []}}}, ("t", 0, 1))],
)  # fmt: skip
async def test_what_it_can_not_tell_is_asked_of_rest(more: dict[str, Any], expected: tuple[str, int, int]) -> None:
    reads, _ = reads_of(Hub(told(**more)))
    assert await seen(await reads.at_once(REPO, 7)) == expected


async def test_suites_of_another_head_say_nothing() -> None:
    other = {"nodes": [{"commit": {"oid": "c" * 40, "checkSuites": {"pageInfo": {}, "nodes": []}}}]}
    hub = Hub(told(commits=other))
    reads, _ = reads_of(hub)
    found = await reads.at_once(REPO, 7)
    hub.paths.clear()
    await found.suites_open(REPO, SHA)
    assert "repos/acme/api/commits/" + SHA + "/check-suites" in hub.paths
