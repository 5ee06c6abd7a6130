"""The sandbox over sockets: real git pushes, what rules say to them, and signed webhooks that keep their order."""

import os

from tests.contract.stage import Stage, contract, github, receiver, stage

__all__ = ["contract", "github", "receiver", "stage"]


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


async def test_webhooks_keep_their_order_and_their_answers(stage: Stage) -> None:
    for number in range(20):
        await stage.issue(str(number))
    await stage.github.running.idle()
    assert [body["issue"]["title"] for _, _, body in stage.receiver.got] == [str(n) for n in range(20)]
    stage.receiver.status = 500
    await stage.issue()
    await stage.github.running.idle()
    codes = {d.status_code for d in stage.github.sandbox.state.deliveries.values()}
    assert codes == {202, 500}


async def test_a_receiver_that_is_gone_is_noted_and_nothing_is_sent_twice(stage: Stage) -> None:
    await stage.github.listens(stage.app, "http://127.0.0.1:9/webhook")
    await stage.issue()
    await stage.github.running.idle()
    (delivery,) = stage.github.sandbox.state.deliveries.values()
    assert (delivery.status_code, delivery.status) == (0, "failed to connect to host")
    assert stage.receiver.got == []
