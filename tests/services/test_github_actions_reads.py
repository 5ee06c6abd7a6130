"""Reads of GitHub Actions: has a repository any, which run is the one that was started, and what a job has printed."""

from datetime import timedelta, timezone
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest

from services.errors import NotFound, Refused, Unreachable
from services.github import GitHub
from tests.kit.fakehub import START, FakeHub, Reply
from tests.services.test_github_reads import API, github, hub

__all__ = ["github", "hub"]

LOG = f"{API}/actions/jobs/9/logs"


@pytest.mark.parametrize(
    ("reply", "has"),
    [
        (Reply(json={"total_count": 2}), True),
        (Reply(json={"total_count": 0}), False),
        (Reply(404, {"message": "Not Found"}), False),
    ],
)
async def test_workflows(hub: FakeHub, github: GitHub, reply: Reply, has: bool) -> None:
    hub.script("GET", f"{API}/actions/workflows", reply)
    assert await github.reads.has_workflows("acme/api") is has


def begun(*titles: str) -> Reply:
    """A page of runs: a hundred, these first."""
    rows = [{"id": n, "display_title": title} for n, title in enumerate((*titles, *["other"] * (100 - len(titles))))]
    return Reply(json={"total_count": 1000, "workflow_runs": rows})


async def test_a_run_is_found_behind_hundreds_of_newer_ones_and_a_search_ends(hub: FakeHub, github: GitHub) -> None:
    path = f"{API}/actions/runs"
    find = partial(github.reads.run_named, "acme/api", "", "ours", "repository_dispatch")
    hub.script("GET", path, begun(), begun("other", "ours"), begun("ours"))
    assert await find(since=START.astimezone(timezone(timedelta(hours=2)))) == "1"
    asked = [parse_qs(urlsplit(call.path).query) for call in hub.calls("GET", path)]
    assert [each["page"] for each in asked] == [["1"], ["2"]]
    assert all(each["created"] == [f">={START:%Y-%m-%dT%H:%M:%SZ}"] for each in asked)
    hub.script("GET", path, Reply(json={"total_count": 0, "workflow_runs": []}))
    assert await find() == ""
    assert "created" not in hub.calls("GET", path)[-1].path
    hub.script("GET", path, *[begun()] * 11)
    assert await find() == ""
    assert len(hub.calls("GET", path)) == 2 + 1 + 10


async def test_the_log_of_a_job_is_fetched_from_where_it_lies_without_a_credential(
    hub: FakeHub, github: GitHub
) -> None:
    async with FakeHub() as store:
        hub.script("GET", LOG, Reply(302, headers={"Location": f"{store.url}/logs/9?sig=x"}))
        limits = {"ETag": '"of-the-store"', "X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "60"}
        store.script("GET", "/logs/9?sig=x", Reply(body=b"one\ntwo", headers=limits))
        assert await github.reads.job_log("acme/api", "9") == b"one\ntwo"
        assert await github.reads.job_log("acme/api", "9") == b"one\ntwo"
        assert len(store.asked) == 2  # never kept
        assert all("authorization" not in asked.headers for asked in store.asked)
    assert github.etags.is_trusted("7")  # the store's ETag is not GitHub's


async def test_nor_to_a_store_on_the_same_host(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", LOG, Reply(302, headers={"Location": f"{hub.url}/logs/9?sig=x"}))
    hub.script("GET", "/logs/9?sig=x", Reply(body=b"one"))
    assert await github.reads.job_log("acme/api", "9") == b"one"
    assert "authorization" not in hub.asked.pop().headers


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (410, NotFound), (403, Refused), (502, Unreachable)])
async def test_a_log_that_cannot_be_had(hub: FakeHub, github: GitHub, status: int, error: type[Exception]) -> None:
    hub.script("GET", LOG, Reply(status, {"message": "no"}))
    with pytest.raises(error):
        await github.reads.job_log("acme/api", "9")
