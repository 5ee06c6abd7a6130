"""The sandbox over sockets when something goes wrong: faults, limits, hostile requests, a restart; and its pages."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from services.sandbox import snapshot
from services.sandbox.git import Git
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario
from services.sandbox.server import start
from tests.contract.stage import Stage, contract, github, receiver, stage
from tests.kit.sandbox import GitHub

__all__ = ["contract", "github", "receiver", "stage"]


@pytest.mark.parametrize(
    ("kind", "options", "heard", "guids"),
    [
        ("lose", {"count": 1}, ["second"], 1),
        ("double", {"count": 1}, ["first", "first", "second"], 2),
        ("double_new_guid", {"count": 1}, ["first", "first", "second"], 3),
        ("late", {"count": 1, "seconds": 0.2}, ["second", "first"], 2),
    ],
)
async def test_webhooks_are_lost_doubled_and_late_on_request(
    stage: Stage, kind: str, options: dict[str, Any], heard: list[str], guids: int
) -> None:
    await stage.github.fault(kind, event="issues", **options)
    await stage.issue("first")
    await stage.issue("second")
    await stage.github.running.idle()
    assert [body["issue"]["title"] for _, _, body in stage.receiver.got] == heard
    assert len({guid for _, guid, _ in stage.receiver.got}) == guids
    assert stage.github.sandbox.faults.struck == {kind: 1}


async def test_a_fault_before_does_nothing_and_one_after_has_done_it(stage: Stage) -> None:
    path = "/repos/acme/api/issues"
    await stage.github.fault("error", method="POST", path=r"/issues$", count=1, status=503)
    assert (await stage.github.api("POST", path, {"title": "a"}, who="bob")).status == 503
    await stage.github.fault("late_error", method="POST", path=r"/issues$", count=1)
    lied = await stage.github.api("POST", path, {"title": "b"}, who="bob")
    assert (lied.status, lied.headers["content-type"].partition(";")[0]) == (502, "text/html")
    assert [row["title"] for row in await stage.github.ok("GET", path, who="bob")] == ["b"]


async def test_a_dropped_connection_and_a_late_drop(stage: Stage) -> None:
    path = "/repos/acme/api/issues"
    for kind, done in (("drop", 0), ("late_drop", 1)):
        await stage.github.fault(kind, method="POST", count=1)
        with pytest.raises(aiohttp.ClientError):
            await stage.github.api("POST", path, {"title": kind}, who="bob")
        assert len(await stage.github.ok("GET", path, who="bob")) == done


async def test_a_list_lags_behind_and_what_was_made_is_not_there_yet(stage: Stage) -> None:
    path = "/repos/acme/api/issues"
    await stage.github.fault("stale", path="/issues$", count=1)
    assert await stage.github.ok("GET", path, who="bob") == []
    number = await stage.issue("new")
    assert await stage.github.ok("GET", path, who="bob") == []
    assert len(await stage.github.ok("GET", path, who="bob")) == 1
    await stage.github.fault("error", path=rf"/issues/{number}$", count=1, status=404)
    assert (await stage.github.api("GET", f"{path}/{number}", who="bob")).json["message"] == "Not Found"
    assert (await stage.github.api("GET", f"{path}/{number}", who="bob")).status == 200


async def test_another_sites_page_cannot_reach_the_controls(stage: Stage) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with stage.github.session.put(f"{stage.github.url}/_sandbox/faults", data="[]", headers=headers) as answer:
        assert answer.status == 403


async def test_secondary_limits_come_with_and_without_advice(stage: Stage) -> None:
    await stage.github.fault("secondary", count=1, retry_after=3)
    advised = await stage.github.api("GET", "/repos/acme/api", who="bob")
    assert (advised.status, advised.headers["retry-after"]) == (403, "3")
    await stage.github.fault("secondary", count=1, status=429)
    bare = await stage.github.api("GET", "/repos/acme/api", who="bob")
    assert (bare.status, "retry-after" in bare.headers) == (429, False)
    assert "secondary rate limit" in bare.json["message"]


async def test_faults_are_set_over_http_and_mistakes_are_named(stage: Stage) -> None:
    rules = [{"kind": "error", "path": "/issues", "count": 2, "probability": 0.5}]
    reply = await stage.github.api("PUT", "/_sandbox/faults", {"rules": rules, "seed": 7})
    assert reply.json["rules"][0]["count"] == 2
    for wrong in (
        [{"kind": "mischief"}],
        [{"kind": "error", "pth": "x"}],
        {"nonsense": 1},
        [{"kind": "error", "path": "("}],
    ):
        assert (await stage.github.api("PUT", "/_sandbox/faults", wrong)).status == 400
    assert (await stage.github.api("DELETE", "/_sandbox/faults")).json["rules"] == []


async def test_a_branch_is_rewritten_on_request(stage: Stage) -> None:
    body = {"repo": "acme/api", "branch": "main", "files": {"README.md": "other\n"}, "login": "bob"}
    moved = await stage.github.api("POST", "/_sandbox/force-push", body)
    await stage.github.running.idle()
    push = next(body for name, _, body in stage.receiver.got if name == "push")
    assert (push["forced"], push["before"], push["after"]) == (True, moved.json["before"], moved.json["after"])
    assert await stage.github.file(stage.repo, "README.md") == "other\n"
    assert (await stage.github.api("POST", "/_sandbox/force-push", body | {"branch": "none"})).status == 400


async def test_the_primary_limit_counts_resets_and_forgives_304(stage: Stage) -> None:
    sandbox = stage.github.sandbox
    sandbox.limits.budgets["core"] = 3
    first = await stage.github.api("GET", "/repos/acme/api", token=stage.token)
    assert (first.headers["x-ratelimit-remaining"], first.headers["x-ratelimit-resource"]) == ("2", "core")
    headers = {"Authorization": f"Bearer {stage.token}", "If-None-Match": first.headers["etag"]}
    async with stage.github.session.get(f"{stage.github.url}/repos/acme/api", headers=headers) as same:
        assert (same.status, await same.read(), same.headers["x-ratelimit-remaining"]) == (304, b"", "2")
    for _ in range(2):
        await stage.github.api("GET", "/repos/acme/api", token=stage.token)
    spent = await stage.github.api("GET", "/repos/acme/api", token=stage.token)
    assert (spent.status, spent.headers["x-ratelimit-remaining"]) == (403, "0")
    assert f"rate limit exceeded for installation ID {stage.installation}" in spent.json["message"]
    told = await stage.github.api("GET", "/rate_limit", token=stage.token)
    assert told.json["resources"]["core"]["used"] == 3
    assert (await stage.github.api("GET", "/repos/acme/api", who="bob")).status == 200


async def test_both_prefixes_and_the_callers_host_are_kept(stage: Stage) -> None:
    plain = await stage.github.api("GET", "/repos/acme/api", who="bob")
    enterprise = await stage.github.api("GET", "/api/v3/repos/acme/api", who="bob")
    assert plain.json["url"] == f"{stage.github.url}/repos/acme/api"
    assert enterprise.json["url"] == f"{stage.github.url}/api/v3/repos/acme/api"
    assert enterprise.json["html_url"] == f"{stage.github.url}/acme/api"
    token = await stage.github.as_person("bob")
    named = {"Host": "github.test:4443", "Authorization": f"Bearer {token}"}
    async with stage.github.session.get(f"{stage.github.url}/repos/acme/api", headers=named) as answer:
        assert (await answer.json())["url"] == "http://github.test:4443/repos/acme/api"


async def test_hostile_requests_are_answered_like_any_other(stage: Stage) -> None:
    token = await stage.github.as_person("bob")
    url = f"{stage.github.url}/repos/acme/api"
    headers = {"Authorization": f"Bearer {token}"}
    for body, words in (
        (b"{", "Problems parsing JSON"),
        (b"[1]", "Body should be a JSON object"),
        (b"\xff", "Problems parsing"),
    ):
        async with stage.github.session.post(f"{url}/issues", data=body, headers=headers) as answer:
            assert answer.status == 400
            assert words in (await answer.json())["message"]
    for path in (
        "/%2e%2e/%2e%2e/etc/passwd",
        "/repos/acme/api/contents/%00",
        "/repos/acme/api/commits/--output=x",
        "/a/b.git/HEAD",
    ):
        async with stage.github.session.get(stage.github.url + path, headers=headers) as answer:
            assert answer.status in {404, 422}
    async with stage.github.session.get(f"{url}/issues?per_page=x&page=-4", headers=headers) as answer:
        assert answer.status == 200
    stage.github.recorder.expect("JSON")
    stage.github.recorder.expect("not in the description")
    stage.github.recorder.expect("not of type")
    stage.github.recorder.expect("an integer")


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    sandbox = Sandbox(Git(state_dir / "git"))
    scenario = Scenario(sandbox)
    scenario.repo("acme/api")
    token = scenario.user_token("acme")
    running = await start(sandbox, run_actions=False, deliver=False, state_dir=state_dir)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{running.url}/repos/acme/api/issues", json={"title": "kept"}) as made:
            before = await made.json()
        await running.close()
        again = Sandbox(Git(state_dir / "git"), state=snapshot.load(state_dir))
        second = await start(again, run_actions=False, deliver=False, state_dir=state_dir)
        async with session.get(f"{second.url}/repos/acme/api/issues/1") as found:
            after = await found.json()
        await second.close()
    assert (after["id"], after["title"]) == (before["id"], "kept")
    assert snapshot.load(tmp_path / "nowhere") is None


async def test_an_account_has_a_picture(github: GitHub) -> None:
    reply = await github.api("GET", "/avatars/u/7")
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")


async def test_links_lead_a_person_to_plain_pages_that_run_nothing(stage: Stage) -> None:
    hostile = "<script>alert(1)</script> <!-- lockstep:key=hidden -->"
    body = {"title": "<b>bold</b>", "body": hostile}
    made = await stage.github.ok("POST", "/repos/acme/api/issues", body, who="bob")
    browser = {"Accept": "text/html"}
    async with stage.github.session.get(made["html_url"], headers=browser) as closed:
        assert closed.status == 404
    stage.github.running.pages = True
    async with stage.github.session.get(made["html_url"], headers=browser) as answer:
        text = await answer.text()
    assert "&lt;b&gt;bold" in text
    assert "<script" not in text
    assert "hidden" not in text
    for path, words in (
        ("", "Branches"),
        ("/tree/main", "README.md"),
        ("/blob/main/README.md", "# api"),
        ("/commit/main", "+# api"),
    ):
        async with stage.github.session.get(f"{stage.github.url}/acme/api{path}", headers=browser) as answer:
            assert answer.status == 200
            assert words in await answer.text()
    for path in ("/commit/none", "/issues/99", "/actions/runs/9", "/blob/none/x"):
        async with stage.github.session.get(f"{stage.github.url}/acme/api{path}", headers=browser) as answer:
            assert answer.status == 404
    stage.github.recorder.expect("not in the description")
