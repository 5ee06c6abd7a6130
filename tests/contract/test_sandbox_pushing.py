"""A push by a plain call is a push: told as git's own is told, refused where git's own is refused."""

from typing import Any

import pytest

from services.sandbox import pushing
from services.sandbox.git_values import ZERO, GitError, Person
from services.sandbox.kernel import Problem
from services.sandbox.pushing import PushRefused
from tests.contract.hub import Hub, hub
from tests.contract.stage import Stage, contract, github, receiver, stage

__all__ = ["contract", "github", "hub", "receiver", "stage"]

STORES = ("disk", "memory")
ADA = Person("Ada", "ada@example.org", "2026-01-02T03:04:05Z")


def tip(hub: Hub, branch: str = "main") -> str:
    return hub.sandbox.git.refs(hub.repo.id).get(f"refs/heads/{branch}", ZERO)


def made(hub: Hub, files: dict[str, str | bytes | None], base: str = "", message: str = "Work") -> str:
    return pushing.commit(hub.sandbox, hub.repo, base or tip(hub), files, message, ADA)


def push(hub: Hub, branch: str, sha: str, expected: str | None, who: str = "app") -> pushing.Pushed:
    return pushing.push(hub.sandbox, hub.repo.full_name, hub.tokens[who], branch, sha, expected=expected)


async def test_it_is_told_as_a_push_by_git_is_told(stage: Stage) -> None:
    sandbox, do = stage.github.sandbox, stage.github.do
    await stage.clone()
    base = await stage.git("rev-parse", "HEAD")
    await stage.git("checkout", "-qb", "by/git")
    first = await stage.commit("src/new.py", "1\n", "Add a file")
    await stage.git("push", "-q", stage.remote(stage.token), "by/git")
    second = await stage.commit("README.md", "# changed\n", "Change a file")
    await stage.git("push", "-q", stage.remote(stage.token), "by/git")
    await stage.github.running.idle()
    theirs, stage.receiver.got = stage.receiver.got, []

    def plainly() -> list[str]:
        shas: list[str] = []
        for sha, files in ((first, {"src/new.py": "1\n"}), (second, {"README.md": "# changed\n"})):
            commit = sandbox.git.commit(stage.repo.id, sha)
            assert commit is not None
            people = (commit.author, commit.committer)
            before = shas[-1] if shas else None
            shas.append(pushing.commit(sandbox, stage.repo, before or base, files, commit.message, *people))
            pushing.push(sandbox, "acme/api", stage.token, "by/call", shas[-1], expected=before)
        return shas

    assert await do(plainly) == [first, second]
    await stage.github.running.idle()
    ours = [(name, body) for name, _, body in stage.receiver.got]
    # The commits are known already: what is asked for once for each of them was asked for by git's push.
    assert [name for name, _ in ours] == [name for name, _, _ in theirs if name != "check_suite"]
    for (_, mine), (_, _, yours) in zip(ours, (row for row in theirs if row[0] != "check_suite"), strict=True):
        assert settled(mine) == settled(yours)


def settled(body: dict[str, Any]) -> dict[str, Any]:
    """A payload without what cannot be the same: the branch's name, and that another branch stands there already."""
    out = dict(body)
    if out.get("ref", "").endswith(("by/git", "by/call")):
        out["ref"] = "the branch"
    out["repository"] = {**out["repository"], "pushed_at": ""}
    return {key: value for key, value in out.items() if key != "base_ref"}


def test_files_come_on_top_of_a_base_and_the_branch_moves(hub: Hub) -> None:
    sha = made(hub, {"src/main.py": None, "docs/a.md": "a\n", "b.bin": b"\0\1"})
    assert hub.hear() == []
    pushed = push(hub, "lockstep/1/a", sha, None)
    assert (pushed.before, pushed.sha) == (ZERO, tip(hub, "lockstep/1/a")) == (ZERO, sha)
    assert hub.hear() == ["create", "push", "check_suite.requested"]
    commit = hub.payload("push")["commits"][0]
    assert (commit["added"], commit["removed"]) == (["b.bin", "docs/a.md"], ["src/main.py"])
    assert hub.payload("push")["sender"]["login"] == "lockstep[bot]"
    assert made(hub, {"docs/a.md": "a\n", "b.bin": b"\0\1", "src/main.py": None}) == sha


def test_the_same_push_twice_is_told_once(hub: Hub) -> None:
    sha = made(hub, {"a": "1"})
    push(hub, "topic", sha, None)
    hub.hear()
    push(hub, "topic", sha, sha)
    assert hub.hear() == []


def test_a_lease_that_is_stale_moves_nothing(hub: Hub) -> None:
    theirs = hub.branch("topic", {"a": "theirs"})
    hub.hear()
    sha = made(hub, {"a": "mine"})
    for expected in (None, tip(hub), "1" * 40):
        with pytest.raises(PushRefused, match="stale info") as refused:
            push(hub, "topic", sha, expected)
        assert refused.value.is_stale
    assert (tip(hub, "topic"), hub.hear()) == (theirs, [])
    push(hub, "topic", sha, theirs)
    hub.hear()
    assert hub.payload("push")["forced"] is True


def test_a_branch_is_deleted_by_a_push_of_nothing(hub: Hub) -> None:
    sha = hub.branch("topic", {"a": "1"})
    hub.hear()
    push(hub, "topic", "", sha)
    assert (tip(hub, "topic"), hub.hear()) == (ZERO, ["delete", "push"])


def test_a_pull_request_follows_its_branch(hub: Hub) -> None:
    pull = hub.pull()
    hub.hear()
    sha = made(hub, {"more.txt": "more\n"}, pull["head"]["sha"])
    push(hub, "topic", sha, pull["head"]["sha"])
    assert hub.hear()[:2] == ["push", "pull_request.synchronize"]
    assert hub.ok("GET", f"pulls/{pull['number']}")["head"]["sha"] == sha


def test_rules_of_a_branch_hold(hub: Hub) -> None:
    hub.scenario.protect(hub.repo, "gate")
    sha = made(hub, {"a": "1"})
    with pytest.raises(PushRefused, match='Required status check "gate" is expected'):
        push(hub, "main", sha, tip(hub))
    hub.check("gate", sha)
    old = tip(hub)
    push(hub, "main", sha, old)
    with pytest.raises(PushRefused, match="Cannot delete this branch"):
        push(hub, "main", "", sha)
    hub.scenario.protect(hub.repo)
    with pytest.raises(PushRefused, match="Cannot force-push to this branch"):
        push(hub, "main", made(hub, {"a": "2"}, old), sha)
    assert tip(hub) == sha


def test_workflow_files_need_their_permission(hub: Hub) -> None:
    app = hub.scenario.app("plain", {"contents": "write"})
    hub.tokens["plain"] = hub.scenario.installation_token(hub.scenario.install(app, "acme"))
    flow = made(hub, {".github/workflows/ci.yml": "on: push\njobs: {}\n"})
    above = made(hub, {"a": "1"}, flow)
    for sha in (flow, above):
        with pytest.raises(PushRefused, match="without `workflows` permission"):
            push(hub, "flow", sha, None, "plain")
    push(hub, "flow", flow, None)
    push(hub, "more", above, None, "plain")


def test_who_may_not_cannot_push(hub: Hub) -> None:
    sha = made(hub, {"a": "1"})
    with pytest.raises(Problem, match="denied to eve") as refused:
        push(hub, "topic", sha, None, "eve")
    assert refused.value.status == 403
    with pytest.raises(Problem, match="Bad credentials"):
        pushing.push(hub.sandbox, "acme/api", "ghs_none", "topic", sha, expected=None)
    with pytest.raises(Problem, match="Repository not found"):
        pushing.push(hub.sandbox, "acme/none", hub.tokens["app"], "topic", sha, expected=None)
    hub.repo.archived = True
    with pytest.raises(Problem, match="read-only"):
        push(hub, "topic", sha, None)


def test_what_is_no_path_no_branch_and_no_commit_is_refused(hub: Hub) -> None:
    for path in ("../x", ".git/config", "a//b", ""):
        with pytest.raises(GitError, match="is not a path"):
            made(hub, {path: "x"})
    with pytest.raises(GitError, match="is not a commit here"):
        made(hub, {"a": "1"}, "1" * 40)
    with pytest.raises(GitError, match="is not a commit here"):
        push(hub, "topic", "1" * 40, None)
    with pytest.raises(GitError, match="is not a ref name"):
        push(hub, "a..b", made(hub, {"a": "1"}), None)
