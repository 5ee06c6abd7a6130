"""Typed reads: what GitHub says in its many ways, and what is tolerated to be missing."""

from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from typing import Any

import pytest

from services.errors import NotFound, Refused, Unreachable
from services.github import GitHub
from tests.contract.openapi import description
from tests.kit.fakehub import START, FakeHub, HandClock, Reply, installation, issue, pull
from tests.services.test_github_auth import pem

API = "/repos/acme/api"
SHA = "a" * 40


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    async with FakeHub() as hub:
        yield hub
    wrong = [
        found for asked in hub.asked for found in description().check_request(asked.method, asked.path, asked.body)
    ]
    assert not wrong  # every request is one that GitHub's own description knows


@pytest.fixture
async def github(hub: FakeHub) -> AsyncIterator[GitHub]:
    github = GitHub(hub.url, "1", pem(), HandClock(), timeout=60)
    yield github
    await github.close()


def linked(hub: FakeHub, path: str) -> dict[str, str]:
    return {"Link": f'<{hub.url}{path}>; rel="next", <{hub.url}{path}>; rel="last"'}


async def test_an_installation_is_found_once(hub: FakeHub, github: GitHub) -> None:
    found = await github.reads.installation_of("acme/api")
    assert (found.id, found.account, found.app_id, found.suspended) == ("7", "acme", "1", False)
    await github.reads.installation_of("acme/api")
    assert len(hub.asked) == 1


async def test_a_suspended_installation_shows_and_says_so(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/installation", Reply(json=installation(suspended_at="2026-01-01T00:00:00Z")))
    hub.script(
        "POST", "/app/installations/7/access_tokens", Reply(403, {"message": "This installation has been suspended"})
    )
    assert (await github.reads.installation_of("acme/api")).suspended
    with pytest.raises(Refused, match="suspended"):
        await github.reads.issue("acme/api", 5)


async def test_not_installed_is_not_found(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", "/repos/other/x/installation", Reply(404, {"message": "Not Found"}))
    for asking in (
        github.reads.issue("other/x", 1),
        github.reads.permission("other/x", "ann"),
        github.reads.branch("other/x", "b"),
    ):
        with pytest.raises(NotFound):
            await asking


async def test_reads_hold_a_token_that_can_only_read(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues/5", Reply(json=issue(5)))
    await github.reads.issue("acme/api", 5)
    assert hub.calls("POST", "/app/installations/7/access_tokens")[0].data == {
        "permissions": {"contents": "read", "issues": "read", "metadata": "read"}
    }


async def test_an_issue(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues/5", Reply(json=issue(5, body="Text")))
    found = await github.reads.issue("acme/api", 5)
    assert (found.id, found.number, found.title, found.body, found.state) == ("1005", 5, "Issue 5", "Text", "open")
    assert (found.labels, found.author, found.is_pull, found.url) == (("bug",), "lockstep[bot]", False, "http://x/5")


async def test_almost_everything_may_be_missing(hub: FakeHub, github: GitHub) -> None:
    odd = {"labels": ["plain", {"name": None}, {}], "pull_request": {"url": "u"}, "user": None}
    hub.script("GET", f"{API}/issues/5", Reply(json={"id": 1, "number": 5, **odd}))
    found = await github.reads.issue("acme/api", 5)
    assert (found.title, found.body, found.author, found.labels, found.is_pull) == ("", "", "", ("plain",), True)
    ends = {"head": {"ref": "x", "sha": "1", "repo": None}, "base": {"ref": "main", "sha": "2"}}
    hub.script("GET", f"{API}/pulls/6", Reply(json={"id": 1, "number": 6, "state": "closed", **ends}))
    gone = await github.reads.pull("acme/api", 6)
    assert (gone.head_repo, gone.merged, gone.merge_sha, gone.mergeable) == ("", False, "", None)
    hub.script("GET", API, Reply(json={"id": 3, "full_name": "acme/api"}))
    repo = await github.reads.repository("acme/api")
    assert (repo.default_branch, repo.private, repo.allow_squash_merge) == ("main", False, True)


@pytest.mark.parametrize("odd", [{"number": 5}, {"id": "x", "number": 5}, [], "text", None])
async def test_what_github_never_says_is_no_answer(hub: FakeHub, github: GitHub, odd: Any) -> None:
    hub.script("GET", f"{API}/issues/5", Reply(json=odd, body=b"null" if odd is None else None))
    with pytest.raises(Unreachable):
        await github.reads.issue("acme/api", 5)


async def test_pages_are_followed(hub: FakeHub, github: GitHub) -> None:
    path = f"{API}/issues/5/comments"
    comments = [{"id": n, "body": f"c{n}", "user": {"login": "ann", "type": "User"}} for n in range(3)]
    hub.script(
        "GET", f"{path}?per_page=100", Reply(json=comments[:2], headers=linked(hub, f"{path}?per_page=100&page=2"))
    )
    hub.script("GET", f"{path}?per_page=100&page=2", Reply(json=comments[2:]))
    found = await github.reads.comments("acme/api", 5)
    assert [comment.id for comment in found] == ["0", "1", "2"]
    assert (found[0].body, found[0].author, found[0].author_type) == ("c0", "ann", "User")
    assert await github.reads.comments("acme/api", 5) == found
    assert len(hub.calls("GET", path)) == 2


async def test_a_list_without_an_end_is_refused(hub: FakeHub, github: GitHub) -> None:
    path = f"{API}/issues/5/comments"
    hub.script("GET", path, Reply(json=[{"id": 1}], headers=linked(hub, path)))
    with pytest.raises(Unreachable, match="the list goes on after 100 pages"):
        await github.reads.comments("acme/api", 5)


async def test_reviews(hub: FakeHub, github: GitHub) -> None:
    """Older servers say their states in small letters; whoever is gone has no name."""
    said = [
        {"id": 1, "state": "CHANGES_REQUESTED", "user": {"login": "ann", "type": "User"}},
        {"id": 2, "state": "approved", "user": None},
    ]
    hub.script("GET", f"{API}/pulls/5/reviews", Reply(json=said))
    found = await github.reads.reviews("acme/api", 5, fresh=True)
    assert [(review.author, review.state) for review in found] == [("ann", "CHANGES_REQUESTED"), ("", "APPROVED")]


async def test_pushes(hub: FakeHub, github: GitHub) -> None:
    """Whoever is gone, or is not said to be a person, is none; nothing of it is remembered."""
    ann = {"login": "ann", "type": "User"}
    said = [
        {"before": "b", "after": "a", "activity_type": "force_push", "actor": ann},
        {"before": "c", "after": "b", "activity_type": "push", "actor": None},
        {"before": "d", "after": "c", "activity_type": "push", "actor": {"login": "x"}},
    ]
    path = f"{API}/activity?ref=refs%2Fheads%2Flockstep%2Fa&per_page=30"
    hub.script("GET", path, Reply(json=said))
    for _ in range(2):
        found = await github.reads.pushes("acme/api", "lockstep/a")
    assert [(each.before, each.sha, each.kind, each.actor, each.actor_type) for each in found] == [
        ("b", "a", "force_push", "ann", "User"),
        ("c", "b", "push", "", ""),
        ("d", "c", "push", "x", ""),
    ]
    assert len(hub.calls("GET", path)) == 2


async def test_installed_repositories(hub: FakeHub, github: GitHub) -> None:
    path = "/installation/repositories"
    names = [{"id": n, "full_name": f"acme/r{n}", "allow_rebase_merge": False} for n in range(2)]
    more = linked(hub, f"{path}?per_page=100&page=2")
    hub.script("GET", f"{path}?per_page=100", Reply(json={"repositories": names[:1]}, headers=more))
    hub.script("GET", f"{path}?per_page=100&page=2", Reply(json={"repositories": names[1:]}))
    found = await github.reads.installed_repositories("7")
    assert [(repo.id, repo.full_name, repo.allow_rebase_merge) for repo in found] == [
        ("0", "acme/r0", False),
        ("1", "acme/r1", False),
    ]


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"permission": "write", "role_name": "maintain"}, "maintain"),
        ({"permission": "read", "role_name": "triage"}, "triage"),
        ({"permission": "write", "role_name": "release-captain"}, "write"),
        ({"permission": "admin"}, "admin"),
        ({"permission": "god", "role_name": None}, "none"),
        ({}, "none"),
    ],
)
async def test_a_role(hub: FakeHub, github: GitHub, said: dict[str, Any], role: str) -> None:
    hub.script("GET", f"{API}/collaborators/ann/permission", Reply(json=said))
    assert await github.reads.permission("acme/api", "ann") == role


async def test_a_stranger_has_no_role_and_no_way_out_of_the_path(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/collaborators/a%2F..%2Fb/permission", Reply(404, {"message": "Not Found"}))
    assert await github.reads.permission("acme/api", "a/../b") == "none"
    assert not hub.surprises


async def test_somebody_is_there_or_nobody(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", "/users/ann", Reply(json={"login": "ann", "id": 1, "type": "User"}))
    hub.script("GET", "/users/a%2Fb", Reply(404, {"message": "Not Found"}))
    assert await github.reads.is_account("acme/api", "ann")
    assert not await github.reads.is_account("acme/api", "a/b")
    assert not hub.surprises


async def test_a_pull_request(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/pulls/7", Reply(json=pull(7)))
    found = await github.reads.pull("acme/api", 7)
    assert (found.number, found.merged, found.merge_sha) == (7, False, "")  # the test merge is nobody's result
    assert (found.head_sha, found.head_ref, found.head_repo) == ("a" * 40, "lockstep/p/t", "acme/api")
    assert (found.base_ref, found.base_sha) == ("main", "b" * 40)
    assert (found.mergeable, found.mergeable_state, found.draft) == (None, "unknown", False)
    whole = await github.reads.pull("acme/api", 7, worked_out=True)
    assert (whole.mergeable, whole.mergeable_state) == (True, "clean")
    assert len(hub.calls("GET", f"{API}/pulls/7")) == 1


async def test_mergeability_is_asked_for_until_it_is_known(hub: FakeHub, github: GitHub) -> None:
    unknown = pull(7, mergeable=None, mergeable_state="unknown")
    hub.script("GET", f"{API}/pulls/7", Reply(json=unknown), Reply(json=unknown), Reply(json=pull(7)))
    found = [(await github.reads.pull("acme/api", 7, worked_out=True)).mergeable for _ in range(4)]
    assert found == [None, None, True, True]
    assert len(hub.calls("GET", f"{API}/pulls/7")) == 3
    github.invalidate("acme/api", "mergeable")  # the base has moved: only who asks for this asks again
    await github.reads.pull("acme/api", 7)
    assert len(hub.calls("GET", f"{API}/pulls/7")) == 3
    await github.reads.pull("acme/api", 7, worked_out=True)
    assert len(hub.calls("GET", f"{API}/pulls/7")) == 4


async def test_pulls_of_a_branch_are_not_those_of_a_fork(hub: FakeHub, github: GitHub) -> None:
    def from_(repo: object) -> dict[str, Any]:
        return {"ref": "lockstep/p/t", "sha": SHA, "repo": repo}

    renamed = {"head": from_({"full_name": "acme/new"}), "base": {"repo": {"full_name": "acme/new"}}}
    merged = pull(4, state="closed", merged=None, merged_at="2026-03-01T00:00:00Z")
    listed = [merged, pull(5, head=from_({"full_name": "eve/api"})), pull(6, head=from_(None)), pull(9, **renamed)]
    hub.script("GET", f"{API}/pulls", Reply(json=listed))
    found = await github.reads.pulls_with_head("acme/api", "lockstep/p/t")
    assert [(info.number, info.merged, info.merge_sha) for info in found] == [(9, False, ""), (4, True, "c" * 40)]
    assert "head=acme%3Alockstep%2Fp%2Ft" in hub.calls("GET", f"{API}/pulls")[0].path


async def test_checks_and_statuses_in_the_same_words(hub: FakeHub, github: GitHub) -> None:
    run = {"id": 2, "name": "test", "app": {"id": 15368, "slug": "github-actions"}, "status": "completed"}
    gate = {"id": 1, "name": "lockstep/gate", "app": {"id": 1, "slug": "lockstep"}, "external_id": "r/t"}
    odd = {"id": 3, "name": "odd", "app": None, "conclusion": None}
    path = f"{API}/commits/{SHA}/check-runs"
    first = Reply(json={"check_runs": [{**run, "conclusion": "success"}, odd]}, headers=linked(hub, f"{path}?page=2"))
    hub.script("GET", path, first)
    hub.script("GET", f"{path}?page=2", Reply(json={"check_runs": [gate]}))
    states = [{"id": 9, "context": "ci/x", "state": "error"}, {"id": 8, "context": "ci/y", "state": "pending"}]
    hub.script("GET", f"{API}/commits/{SHA}/status", Reply(json={"state": "pending", "statuses": states}))
    found = await github.reads.checks("acme/api", SHA)
    assert [(check.name, check.app_slug, check.app_id, check.status, check.conclusion) for check in found] == [
        ("lockstep/gate", "lockstep", "1", "queued", ""),
        ("test", "github-actions", "15368", "completed", "success"),
        ("odd", "", "", "queued", ""),
        ("ci/y", "status", "", "in_progress", ""),
        ("ci/x", "status", "", "completed", "failure"),
    ]
    assert found[0].external_id == "r/t"
    github.invalidate("acme/api", f"checks:{SHA}")
    await github.reads.checks("acme/api", SHA)
    assert len(hub.calls("GET", path)) == 4


async def test_a_branch(hub: FakeHub, github: GitHub) -> None:
    path = f"{API}/git/ref/heads/lockstep/p%23/t"
    tip = {"ref": "refs/heads/lockstep/p#/t", "object": {"sha": SHA, "type": "commit"}}
    longer = {**tip, "ref": "refs/heads/lockstep/p#/t2"}
    replies = [
        Reply(json=tip),
        Reply(json=longer),
        Reply(404, {"message": "Not Found"}),
        Reply(409, {"message": "Git Repository is empty."}),
    ]
    hub.script("GET", path, *replies)
    found = [await github.reads.branch("acme/api", "lockstep/p#/t", fresh=True) for _ in replies]
    assert found == [SHA, None, None, None]
    hub.script("GET", path, Reply(403, {"message": "Resource not accessible by integration"}))
    with pytest.raises(Refused):
        await github.reads.branch("acme/api", "lockstep/p#/t", fresh=True)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"type": "file", "encoding": "base64", "content": "Y2hlY2tz\nOiBub25l\n"}, "checks: none"),
        ({"type": "file", "encoding": "base64", "content": "/w=="}, "\ufffd"),
        ({"type": "file", "encoding": "base64", "content": "YWJj="[:3]}, None),
        ({"type": "file", "encoding": "none", "content": ""}, None),
        ({"type": "symlink", "target": "/etc/passwd"}, None),
        ([{"type": "file", "name": "a"}], None),
    ],
)
async def test_a_file(hub: FakeHub, github: GitHub, said: object, text: str | None) -> None:
    hub.script("GET", f"{API}/contents/.github/lock%20step.yml", Reply(json=said))
    assert await github.reads.file("acme/api", ".github/lock step.yml") == text
    assert not hub.surprises


async def test_a_file_that_is_not_there_or_not_in_the_repository(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/contents/x", Reply(404, {"message": "Not Found"}), Reply(json=[]))
    for _ in range(2):  # remembered too
        assert await github.reads.file("acme/api", "x") is None
    assert len(hub.calls("GET", f"{API}/contents/x")) == 1
    github.invalidate("acme/api", "file")
    assert await github.reads.file("acme/api", "x") is None
    assert len(hub.calls("GET", f"{API}/contents/x")) == 2
    with pytest.raises(NotFound):
        await github.reads.file("acme/api", "../../user")


async def test_issues_since_are_never_from_memory(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues", Reply(json=[issue(5), issue(6, pull_request={"url": "u"})]))
    since = START.astimezone(timezone(timedelta(hours=2)))
    for _ in range(2):
        found = await github.reads.issues_since("acme/api", since, "lockstep[bot]")
        assert [info.number for info in found] == [5]
    asked = hub.calls("GET", f"{API}/issues")
    assert len(asked) == 2
    assert "creator=lockstep%5Bbot%5D&since=2026-03-01T09%3A30%3A00Z" in asked[0].path


async def test_the_app_knows_its_own_name(github: GitHub) -> None:
    app = await github.reads.app()
    assert (app.id, app.slug, app.login) == ("1", "lockstep", "lockstep[bot]")


async def test_the_numbers_add_up(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues/5", Reply(json=issue(5), etag='"1"'))
    for fresh in (False, False, True, True):
        await github.reads.issue("acme/api", 5, fresh=fresh)
    stats = github.stats
    assert len(hub.calls("GET", f"{API}/issues/5")) == 3
    assert (stats.misses, stats.revalidated, stats.hits, stats.saved) == (2, 2, 1, 1)  # the installation: 1 miss
    assert stats.requests == stats.misses + stats.revalidated + hub.minted == len(hub.asked)
    assert stats.charged == 3


class Silent:
    """A batcher that GitHub tells nothing."""

    is_out = False

    async def look_up(self, *_: object) -> None:
        return None

    def is_refused(self, *_: object) -> bool:
        return self.is_out


async def test_when_a_text_was_edited_is_not_guessed(hub: FakeHub, github: GitHub) -> None:
    reads = github.reads
    assert await reads.edited_at("acme/api", 5) == ""  # calls are not shared here
    reads._batcher = silent = Silent()  # type: ignore[assignment]
    with pytest.raises(Unreachable, match="GitHub does not say when the text was edited"):
        await reads.edited_at("acme/api", 5)
    silent.is_out = True
    assert await reads.edited_at("acme/api", 5) == "", "nobody else tells, and approving goes on"
