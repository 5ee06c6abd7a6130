"""Writes: what is sent, with which rights, what is tolerated, and how a thing is found again after a failure."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from services.core.report import CheckReport
from services.errors import NotFound, RateLimited, Refused, Unreachable
from services.github import GitHub
from services.github.shapes import IssueShape
from tests.contract.openapi import description
from tests.kit.fakehub import START, FakeHub, HandClock, Reply, issue, pull
from tests.services.test_github_auth import pem

API = "/repos/acme/api"
SHA = "a" * 40
BOT = {"login": "lockstep[bot]", "type": "Bot"}
MINT = "/app/installations/7/access_tokens"


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


async def test_an_issue_is_created_and_edited(hub: FakeHub, github: GitHub) -> None:
    hub.script("POST", f"{API}/issues", Reply(201, issue(5)))
    hub.script("PATCH", f"{API}/issues/5", Reply(json=issue(5, state="closed")))
    made = await github.writes.create_issue("acme/api", "T", "B")
    assert (made.id, made.number) == ("1005", 5)
    await github.writes.edit_issue("acme/api", 5, state="closed", state_reason="completed")
    await github.writes.edit_issue("acme/api", 5, body="")
    sent = [asked.data for asked in hub.asked if asked.path.startswith(f"{API}/issues")]
    assert sent == [
        {"title": "T", "body": "B"},
        {"state": "closed", "state_reason": "completed"},
        {"body": ""},
    ]
    assert github.stats.writes == 3


async def test_comments_and_reactions(hub: FakeHub, github: GitHub) -> None:
    hub.script("POST", f"{API}/issues/5/comments", Reply(201, {"id": 11, "body": "B", "user": BOT}))
    hub.script("PATCH", f"{API}/issues/comments/11", Reply(json={"id": 11, "body": "C", "user": BOT}))
    hub.script("POST", f"{API}/issues/comments/11/reactions", Reply(200, {"id": 1}))
    assert (await github.writes.comment("acme/api", 5, "B")).id == "11"
    assert (await github.writes.edit_comment("acme/api", "11", "C")).body == "C"
    await github.writes.react("acme/api", "11", "eyes")
    assert hub.asked[-1].data == {"content": "eyes"}


EXISTS = {"message": "V", "errors": [{"resource": "Label", "code": "already_exists", "field": "name"}]}
CHILD = IssueShape(id=1006, number=6).info()
numbers = count()
Tolerant = Callable[[GitHub], Awaitable[object]]


@pytest.mark.parametrize(
    ("method", "path", "status", "said", "act"),
    [
        ("DELETE", f"{API}/issues/5/labels/lockstep%3Aready", 404, {"message": "Label does not exist"},
         lambda g: g.writes.remove_label("acme/api", 5, "lockstep:ready")),
        ("POST", f"{API}/labels", 422, EXISTS,
         lambda g: g.writes.ensure_label("acme/api", f"lockstep:{next(numbers)}", "#00ff00", "d")),
        ("POST", f"{API}/issues/5/sub_issues", 422, {"message": "Issue may not contain duplicate sub-issues"},
         lambda g: g.writes.link_sub_issue("acme/api", 5, CHILD)),
        ("POST", f"{API}/issues/5/dependencies/blocked_by", 422, {"message": "Target issue has already been taken"},
         lambda g: g.writes.block_issue("acme/api", 5, CHILD)),
        ("DELETE", f"{API}/git/refs/heads/lockstep/p/t", 422, {"message": "Reference does not exist"},
         lambda g: g.writes.delete_branch("acme/api", "lockstep/p/t")),
    ],
)  # fmt: skip
async def test_a_wish_already_fulfilled_is_no_error(
    hub: FakeHub, github: GitHub, method: str, path: str, status: int, said: object, act: Tolerant
) -> None:
    hub.script(method, path, Reply(status, said))
    await act(github)
    hub.script(method, path, Reply(422, {"message": "Validation Failed", "errors": ["something else"]}))
    with pytest.raises(Refused, match="something else"):
        await act(github)
    hub.script(
        method,
        path,
        Reply(403, {"message": "already_exists duplicate sub-issues already been taken Reference does not exist"}),
    )
    with pytest.raises(Refused):
        await act(github)


async def test_labels_and_links_say_what_github_wants(hub: FakeHub, github: GitHub) -> None:
    hub.script("POST", f"{API}/issues/5/labels", Reply(json=[]))
    hub.script("POST", f"{API}/labels", Reply(201, {"id": 1}))
    hub.script("POST", f"{API}/issues/5/sub_issues", Reply(201, issue(5)))
    hub.script("DELETE", f"{API}/issues/5/labels/a%2Fb", Reply(json=[]))
    await github.writes.add_labels("acme/api", 5, ("x",))
    await github.writes.add_labels("acme/api", 5, ())
    await github.writes.remove_label("acme/api", 5, "a/b")
    await github.writes.ensure_label("acme/api", "x", "#00ff00", "d")
    await github.writes.link_sub_issue("acme/api", 5, CHILD)
    assert [asked.data for asked in hub.calls("POST", f"{API}/issues/5/labels")] == [{"labels": ["x"]}]
    assert hub.calls("POST", f"{API}/labels")[0].data == {"name": "x", "color": "00ff00", "description": "d"}
    assert hub.calls("POST", f"{API}/issues/5/sub_issues")[0].data == {"sub_issue_id": 1006}  # an integer
    assert not hub.surprises


async def test_a_label_is_made_once_however_it_came_to_be_there(hub: FakeHub, github: GitHub) -> None:
    other = {"message": "Validation Failed", "errors": ["something else"]}
    hub.script("POST", f"{API}/labels", Reply(503, {}), Reply(422, other), Reply(422, EXISTS))
    for error in (Unreachable, Refused):
        with pytest.raises(error):
            await github.writes.ensure_label("acme/api", "x", "#00ff00", "d")
    for _ in range(3):
        await github.writes.ensure_label("acme/api", "x", "#00ff00", "d")
    assert len(hub.calls("POST", f"{API}/labels")) == 3


async def test_a_pull_request_is_opened(hub: FakeHub, github: GitHub) -> None:
    hub.script("POST", f"{API}/pulls", Reply(201, pull(7, mergeable=None)))
    opened = await github.writes.open_pull("acme/api", "lockstep/p/t", "main", "T", "B")
    assert (opened.number, opened.mergeable) == (7, None)
    sent = {"head": "lockstep/p/t", "base": "main", "title": "T", "body": "B", "draft": False}
    assert hub.calls("POST", f"{API}/pulls")[0].data == sent


async def put(github: GitHub, details_url: str | None = None, **more: Any) -> str:
    said = {"status": "completed", "conclusion": "success", "title": "T", "summary": "s" * 70_000, **more}
    report = CheckReport(**said)
    return await github.writes.put_check("acme/api", SHA, "lockstep/gate", "r/t", report, details_url=details_url)


async def test_a_check_is_changed_and_not_doubled(hub: FakeHub, github: GitHub) -> None:
    listed = f"{API}/commits/{SHA}/check-runs"
    ours = {"name": "lockstep/gate", "app": {"id": 1, "slug": "lockstep"}}
    theirs = {"id": 99, "name": "lockstep/gate", "app": {"id": 2, "slug": "eve"}}
    hub.script(
        "GET",
        listed,
        Reply(json={"check_runs": [theirs]}),
        Reply(json={"check_runs": [{"id": 12, **ours}, theirs, {"id": 3, **ours}]}),
    )
    hub.script("POST", f"{API}/check-runs", Reply(201, {"id": 12}))
    hub.script("PATCH", f"{API}/check-runs/12", Reply(json={"id": 12}))
    assert await put(github) == "12"
    assert await put(github, status="in_progress", conclusion="", details_url="http://x") == "12"
    made, changed = hub.calls("POST", f"{API}/check-runs")[0].data, hub.calls("PATCH", f"{API}/check-runs/12")[0].data
    assert (made["head_sha"], made["conclusion"], made["external_id"]) == (SHA, "success", "r/t")
    assert len(made["output"]["summary"]) == 65_535
    assert "head_sha" not in changed
    assert "conclusion" not in changed
    assert changed["details_url"] == "http://x"
    assert "check_name=lockstep%2Fgate" in hub.calls("GET", listed)[0].path
    assert {"permissions": {"checks": "write"}} in [asked.data for asked in hub.calls("POST", MINT)]


async def test_a_merge_is_of_exactly_that_commit(hub: FakeHub, github: GitHub) -> None:
    hub.script("PUT", f"{API}/pulls/7/merge", Reply(json={"sha": "c" * 40, "merged": True, "message": "ok"}))
    assert await github.writes.merge("acme/api", 7, SHA, "squash", "T (#7)") == "c" * 40
    assert hub.asked[-1].data == {"sha": SHA, "merge_method": "squash", "commit_title": "T (#7)"}
    assert hub.calls("POST", MINT)[-1].data == {
        "repositories": ["api"],
        "permissions": {"contents": "write", "pull_requests": "write"},
    }


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (Reply(405, {"message": "Base branch was modified. Review and try the merge again."}), Refused, "Base branch"),
        (Reply(409, {"message": "Head branch was modified. Review and try the merge again."}), Refused, "Head branch"),
        (Reply(json={"merged": False, "sha": SHA, "message": "not now"}), Refused, "not now"),
        (Reply(json={"merged": False, "sha": SHA, "message": ""}), Refused, "it was not merged"),
        (Reply(502, body=b"<html>"), Unreachable, "not JSON"),
        (Reply(cut=True), Unreachable, "broke"),
        (Reply(429, {"message": "rate limit"}), RateLimited, "limit"),
        (Reply(404, {"message": "Not Found"}), NotFound, "Not Found"),
    ],
)
async def test_a_merge_is_tried_once_whatever_happens(
    hub: FakeHub, github: GitHub, reply: Reply, error: type[Exception], text: str
) -> None:
    hub.script("PUT", f"{API}/pulls/7/merge", reply)
    with pytest.raises(error, match=text):
        await github.writes.merge("acme/api", 7, SHA, "squash", "T")
    assert len(hub.calls("PUT", f"{API}/pulls/7/merge")) == 1


async def test_a_branch_is_deleted_without_leaving_its_place(hub: FakeHub, github: GitHub) -> None:
    hub.script("DELETE", f"{API}/git/refs/heads/lockstep/p/t%3Fx", Reply(204))
    await github.writes.delete_branch("acme/api", "lockstep/p/t?x")
    with pytest.raises(NotFound):
        await github.writes.delete_branch("acme/api", "lockstep/../../main")
    assert not hub.surprises


async def test_what_takes_graphql_says_so_where_that_can_not_be_used(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues/7", Reply(json=issue(7, node_id="PR_7")))
    for act in (
        github.writes.revert_pull("acme/api", 7, "T", "B"),
        github.writes.enqueue("acme/api", 7, SHA),
        github.writes.dequeue("acme/api", 7),
    ):
        with pytest.raises(Refused, match="it takes GitHub's GraphQL API, which can't be used now"):
            await act


async def test_a_token_for_git_is_for_one_repository(hub: FakeHub, github: GitHub) -> None:
    token = await github.writes.token("acme/api", (("contents", "write"),))
    assert token.startswith("ghs_canary_1_")
    assert await github.writes.token("acme/api", (("contents", "write"),)) == token
    assert await github.writes.token("acme/web", (("contents", "write"),)) != token
    assert hub.calls("POST", MINT)[0].data == {"repositories": ["api"], "permissions": {"contents": "write"}}


async def test_a_token_for_a_repository_that_was_renamed_before_this_process_began(
    hub: FakeHub, github: GitHub
) -> None:
    """GitHub answers to the old name, and gives no token for it."""
    hub.script("GET", API, Reply(301, {"message": "Moved"}, headers={"Location": f"{hub.url}/repositories/9"}))
    hub.script("GET", "/repositories/9", Reply(json={"id": 9, "full_name": "acme/new"}))
    hub.script("POST", MINT, Reply(422, {"message": "At least one repository does not exist"}), Reply(201, hub.mint()))
    await github.writes.token("acme/api", (("contents", "write"),))
    assert [asked.data.get("repositories") for asked in hub.calls("POST", MINT)] == [["api"], None, ["new"]]
    hub.script("GET", "/repos/acme/web", Reply(json={"id": 8, "full_name": "acme/web"}))
    hub.script("POST", MINT, Reply(422, {"message": "The permissions requested are not granted"}))
    with pytest.raises(Refused, match="not granted"):
        await github.writes.token("acme/web", (("checks", "write"),))


async def test_what_a_write_may_have_changed_is_read_again(hub: FakeHub, github: GitHub) -> None:
    hub.script("GET", f"{API}/issues/5", Reply(json=issue(5)), Reply(json=issue(5, state="closed")))
    hub.script("GET", f"{API}/issues/6", Reply(json=issue(6)))
    hub.script("PATCH", f"{API}/issues/5", Reply(502, {"message": "Server Error"}))
    for number in (5, 6):
        await github.reads.issue("acme/api", number)
    with pytest.raises(Unreachable):
        await github.writes.edit_issue("acme/api", 5, state="closed")
    assert (await github.reads.issue("acme/api", 5)).state == "closed"  # it had happened
    await github.reads.issue("acme/api", 6)
    assert len(hub.calls("GET", f"{API}/issues/6")) == 1


async def test_looking_before_repeating(hub: FakeHub, github: GitHub) -> None:
    marker = "<!-- lockstep:key=r/t/1 -->"
    forged = issue(4, body=marker, user={"login": "eve", "type": "User"})
    hub.script(
        "GET", f"{API}/issues", Reply(json=[issue(6), forged, issue(5, body=f"x {marker}")]), Reply(json=[forged])
    )
    found = await github.writes.find_issue("acme/api", marker, START)
    assert found is not None
    assert found.number == 5
    assert await github.writes.find_issue("acme/api", marker, START) is None
    comments = [{"id": 1, "body": marker, "user": {"login": "eve"}}, {"id": 2, "body": marker, "user": BOT}]
    hub.script("GET", f"{API}/issues/5/comments", Reply(json=comments), Reply(json=comments[:1]))
    assert [c.id for c in [await github.writes.find_comment("acme/api", 5, marker)] if c] == ["2"]
    assert await github.writes.find_comment("acme/api", 5, marker) is None
    closed = pull(9, state="closed")
    hub.script(
        "GET",
        f"{API}/pulls",
        Reply(json=[closed, pull(8)]),
        Reply(json=[pull(3, state="closed"), closed]),
        Reply(json=[]),
    )
    numbers = [p and p.number for p in [await github.writes.find_pull("acme/api", "lockstep/p/t") for _ in range(3)]]
    assert numbers == [8, 9, None]


async def test_a_write_somewhere_else_is_not_even_tried(hub: FakeHub, github: GitHub) -> None:
    for repo in ("acme/../x", "acme", "acme/api/../../user"):
        with pytest.raises(NotFound):
            await github.writes.comment(repo, 5, "B")
    assert not hub.asked
