"""The sandbox over sockets.

Real git pushes, signed webhooks in order, faults, limits, ETags, and life after a restart.
"""

import asyncio
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import test_utils, web

from services.sandbox import snapshot
from services.sandbox.git import Git
from services.sandbox.sandbox import Sandbox
from services.sandbox.scenario import Scenario
from services.sandbox.server import start
from services.sandbox.state import Repo
from tests.kit.sandbox import GitHub, contract, github

__all__ = ["contract", "github"]

SECRET = "between them"
APP = "x-access-token"


class Receiver:
    """A webhook receiver that keeps what it got and answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, Any]]] = []
        self.bad: list[str] = []
        self.status = 202
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers["X-Hub-Signature-256"] != signature:
            self.bad.append(request.headers["X-GitHub-Delivery"])
        self.got.append((request.headers["X-GitHub-Event"], request.headers["X-GitHub-Delivery"], json.loads(body)))
        return web.Response(status=self.status)

    def names(self) -> list[str]:
        return [f"{name}.{body['action']}" if "action" in body else name for name, _, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/webhook", found.take)
    async with test_utils.TestServer(app) as sink:
        found.url = str(sink.make_url("/webhook"))
        yield found


class Stage:
    """A private repository, an App that listens, and a working copy to push from."""

    def __init__(self, github: GitHub, receiver: Receiver, work: Path) -> None:
        self.github, self.receiver, self.work = github, receiver, work
        scenario = github.scenario
        self.repo: Repo = scenario.repo("acme/api", {"README.md": "# api\n"}, private=True)
        scenario.collaborator(self.repo, "bob", "write")
        scenario.collaborator(self.repo, "eve", "read")
        self.app = scenario.app("lockstep", webhook_url=receiver.url, webhook_secret=SECRET)
        self.installation = scenario.install(self.app, "acme")
        self.token = scenario.installation_token(self.installation)

    def remote(self, token: str) -> str:
        return f"{self.github.url.replace('//', f'//{APP}:{token}@')}/acme/api.git"

    async def git(self, *args: str, cwd: str = "copy", ok: bool = True) -> str:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = await asyncio.create_subprocess_exec(
            "git", "-c", "user.name=Bob", "-c", "user.email=bob@example.org", *args,
            cwd=self.work / cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await done.communicate()
        assert (done.returncode == 0) == ok, out.decode()
        return out.decode().strip()

    async def clone(self, login: str = "bob") -> None:
        await self.git("clone", "-q", self.remote(await self.github.as_person(login)), "copy", cwd=".")

    async def commit(self, path: str, text: str | bytes, message: str = "Change") -> str:
        place = self.work / "copy" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        await self.git("add", "-A")
        await self.git("commit", "-qm", message)
        return await self.git("rev-parse", "HEAD")

    async def heard(self) -> list[str]:
        await self.github.running.idle()
        names = self.receiver.names()
        self.receiver.got.clear()
        return names


@pytest.fixture
def stage(github: GitHub, receiver: Receiver, tmp_path: Path) -> Stage:
    work = tmp_path / "work"
    work.mkdir()
    return Stage(github, receiver, work)


async def test_a_push_by_git_is_told_as_one_by_api(stage: Stage) -> None:
    await stage.clone()
    await stage.git("checkout", "-qb", "feature/x")
    sha = await stage.commit("src/new.py", "1\n", "Add a file")
    await stage.git("push", "-q", "origin", "feature/x")
    await stage.github.running.idle()
    push = next(body for name, _, body in stage.receiver.got if name == "push")
    assert (push["ref"], push["after"], push["sender"]["login"]) == ("refs/heads/feature/x", sha, "bob")
    assert push["commits"][0]["added"] == ["src/new.py"]
    assert await stage.heard() == ["create", "push", "check_suite.requested"]
    assert stage.receiver.bad == []
    await stage.commit("src/new.py", "2\n")
    await stage.git("push", "-q", "origin", "feature/x", "feature/x:refs/heads/other", "--tags")
    assert await stage.heard() == ["push", "check_suite.requested", "create", "push"]
    await stage.git("push", "-q", "origin", ":other")
    assert await stage.heard() == ["delete", "push"]


async def test_large_and_many_pushes_arrive_whole(stage: Stage) -> None:
    await stage.clone()
    content = os.urandom(2_000_000)
    await stage.commit("big.bin", content)
    refs = [f"HEAD:refs/heads/many/{number}" for number in range(150)]
    await stage.git("push", "-q", "origin", "HEAD", *refs)
    found = await stage.github.do(stage.github.sandbox.git.file, stage.repo.id, "many/149", "big.bin")
    assert found is not None
    assert found[1] == content
    await stage.git("fetch", "-q", "origin")
    assert len((await stage.git("branch", "-r")).splitlines()) == 152


async def test_who_may_not_cannot_clone_or_push(stage: Stage) -> None:
    assert "could not read Username" in await stage.git("clone", f"{stage.github.url}/acme/api.git", cwd=".", ok=False)
    assert "Authentication failed" in await stage.git("clone", stage.remote("ghp_wrong"), cwd=".", ok=False)
    stranger = stage.remote(await stage.github.as_person("stranger"))
    assert "not found" in await stage.git("clone", stranger, cwd=".", ok=False)
    await stage.clone("eve")
    await stage.commit("a", "b")
    assert "403" in await stage.git("push", "origin", "HEAD", ok=False)
    header = f"http.extraHeader=Authorization: Bearer {stage.token}"
    await stage.git("-c", header, "push", "-q", f"{stage.github.url}/acme/api", "HEAD:refs/heads/by-app")


async def test_rules_hold_for_a_push_too(stage: Stage) -> None:
    await stage.clone()
    await stage.github.do(lambda: stage.github.scenario.protect(stage.repo, "gate"))
    sha = await stage.commit("a", "b")
    refused = await stage.git("push", "origin", "HEAD:main", "HEAD:refs/heads/free", ok=False)
    assert "GH006: Protected branch update failed for refs/heads/main." in refused
    assert 'Required status check "gate" is expected.' in refused
    assert "new branch" in refused
    check = {"name": "gate", "head_sha": sha, "conclusion": "success"}
    made = await stage.github.api("POST", "/repos/acme/api/check-runs", check, token=stage.token)
    assert made.status == 201
    await stage.git("push", "-q", "origin", "HEAD:main")
    await stage.git("push", "-q", "origin", "HEAD:refs/heads/release")
    await stage.github.do(lambda: stage.github.scenario.protect(stage.repo, branch="release"))
    await stage.git("commit", "-q", "--amend", "-m", "Other")
    assert "Cannot force-push to this branch" in await stage.git("push", "-f", "origin", "HEAD:release", ok=False)
    assert "Cannot delete this branch" in await stage.git("push", "origin", ":release", ok=False)


async def test_workflow_files_need_their_permission_in_a_push(stage: Stage) -> None:
    scenario = stage.github.scenario
    app = await stage.github.do(scenario.app, "plain", {"contents": "write"})
    installed = await stage.github.do(scenario.install, app, "acme")
    token = await stage.github.do(scenario.installation_token, installed)
    await stage.clone()
    await stage.commit(".github/workflows/ci.yml", "on: push\njobs: {}\n")
    said = await stage.git("push", stage.remote(token), "HEAD:refs/heads/flow", ok=False)
    assert "without `workflows` permission" in said
    await stage.git("push", "-q", stage.remote(stage.token), "HEAD:refs/heads/flow")


async def issue(stage: Stage, title: str = "x") -> int:
    body = await stage.github.ok("POST", "/repos/acme/api/issues", {"title": title}, who="bob")
    return int(body["number"])


async def test_webhooks_keep_their_order_and_their_answers(stage: Stage) -> None:
    for number in range(20):
        await issue(stage, str(number))
    await stage.github.running.idle()
    assert [body["issue"]["title"] for _, _, body in stage.receiver.got] == [str(n) for n in range(20)]
    stage.receiver.status = 500
    await issue(stage)
    await stage.github.running.idle()
    codes = {d.status_code for d in stage.github.sandbox.state.deliveries.values()}
    assert codes == {202, 500}


async def test_a_receiver_that_is_gone_is_noted_and_nothing_is_sent_twice(stage: Stage) -> None:
    await stage.github.listens(stage.app, "http://127.0.0.1:9/webhook")
    await issue(stage)
    await stage.github.running.idle()
    (delivery,) = stage.github.sandbox.state.deliveries.values()
    assert (delivery.status_code, delivery.status) == (0, "failed to connect to host")
    assert stage.receiver.got == []


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
    await issue(stage, "first")
    await issue(stage, "second")
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
