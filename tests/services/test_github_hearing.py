"""What webhooks tell the cache: what is newer is taken over, what is old changes nothing, the rest is asked for again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.reading import parse
from services.github import GitHub, hearing, shapes
from services.github.client import Transport
from tests.kit.fakehub import START, HandClock, installation, issue, pull
from tests.services.test_github_auth import pem

REPO = "acme/api"
SHA, NEXT = "a" * 40, "c" * 40
ANN = {"login": "ann", "type": "User", "id": 3}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Hub(Transport):
    """GitHub in a dictionary: what is at a path is answered, with its ETag; `asked` counts GETs by path."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__("https://api.github.test")
        self.clock = clock
        self.has: dict[str, Any] = {f"repos/{REPO}/installation": installation()}
        self.asked: list[str] = []

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, is_text: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        path = url.removeprefix("https://api.github.test/")
        date = {"date": self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if method == "POST":
            token = {"token": "t", "expires_at": (self.clock.now() + timedelta(hours=1)).isoformat()}
            return 201, date, json.dumps(token).encode()
        if not path.endswith("/installation"):
            self.asked.append(path.partition("?")[0].removeprefix(f"repos/{REPO}/"))
        found = self.has[path.partition("?")[0]]
        return 200, date, json.dumps(found).encode()

    def show(self, path: str, value: Any) -> None:
        self.has[f"repos/{REPO}/{path}"] = value


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hub(clock: HandClock) -> Hub:
    return Hub(clock)


@pytest.fixture
def github(hub: Hub, clock: HandClock) -> GitHub:
    return GitHub("https://api.github.test", "1", pem(), clock, transport=hub)


def hear(github: GitHub, event: str, repo: str = REPO, *, who: int = 7, **payload: object) -> set[str]:
    """A webhook as it comes, read as it is read; the subjects that were answered for."""
    body = {"repository": {"full_name": repo, "id": 1}, "installation": {"id": who}, "sender": ANN} | payload
    return set(github.hear(repo, parse(event, "guid", json.dumps(body).encode()).told))


def the_pull(seconds: float, **fields: object) -> dict[str, Any]:
    return pull(7, updated_at=at(seconds), mergeable=None, **fields)


async def test_a_pull_request_is_told_and_not_asked_for(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0, title="Old"))
    assert (await github.reads.pull(REPO, 7)).title == "Old"
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(5, title="New")) == {"pull:7"}
    assert (await github.reads.pull(REPO, 7)).title == "New"
    assert hub.asked == ["pulls/7"]
    hub.show("pulls/7", the_pull(5, title="New"))
    assert (await github.reads.pull(REPO, 7, fresh=True)).title == "New"
    assert len(hub.asked) == 2, "who decides asks"
    assert github.figures["primed"] == 1


async def test_old_and_doubled_news_change_nothing(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(10, title="Now"))
    await github.reads.pull(REPO, 7)
    for _ in range(2):
        assert hear(github, "pull_request", action="edited", pull_request=the_pull(5, title="Before")) == {"pull:7"}
        assert hear(github, "pull_request", action="edited", pull_request=the_pull(10, title="Now")) == {"pull:7"}
    assert (await github.reads.pull(REPO, 7)).title == "Now"
    assert len(hub.asked) == 1
    assert github.figures["skip"] == 4


async def test_two_changes_in_one_second_have_no_order(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(10, title="One"))
    await github.reads.pull(REPO, 7)
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(10, title="Other")) == set()
    hub.show("pulls/7", the_pull(10, title="Other"))
    assert (await github.reads.pull(REPO, 7)).title == "Other"
    assert len(hub.asked) == 2


async def test_an_older_state_does_not_come_back_when_nothing_is_held(github: GitHub, hub: Hub) -> None:
    await github.reads.installation_of(REPO)
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(10, title="New")) == {"pull:7"}
    github.invalidate(REPO, "pull")
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(5, title="Old")) == set()
    hub.show("pulls/7", the_pull(10, title="New"))
    assert (await github.reads.pull(REPO, 7)).title == "New"


@pytest.mark.parametrize(
    "odd",
    [
        {"updated_at": None},
        {"updated_at": "2026-03-01T09:30:00"},
        {"updated_at": "9999-01-01T00:00:00Z"},
        {"head": {"ref": "x"}},
        {"number": "7"},
        {"state": 1},
        {"labels": [1]},
    ],
)
async def test_what_does_not_fit_tells_nothing(github: GitHub, hub: Hub, odd: dict[str, object]) -> None:
    hub.show("pulls/7", the_pull(0))
    await github.reads.pull(REPO, 7)
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(5) | odd) == set()
    assert github.figures["primed"] == 0


async def test_nobody_else_s_webhook_counts(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0))
    await github.reads.pull(REPO, 7)
    assert hear(github, "pull_request", who=8, action="edited", pull_request=the_pull(5)) == set()
    assert hear(github, "pull_request", "acme/web", action="edited", pull_request=the_pull(5)) == set()
    assert github.hear(REPO, b"") == set()
    assert github.hear(REPO, b"[]") == set()
    assert github.hear("not a repository", b'{"event":"push"}') == set()


async def test_a_new_head_makes_the_files_doubtful(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0))
    hub.show("pulls/7/files", [{"filename": "a", "previous_filename": "b"}])
    await github.reads.pull(REPO, 7)
    assert await github.reads.files(REPO, 7) == ("a", "b")
    hear(github, "pull_request", action="labeled", pull_request=the_pull(5))
    await github.reads.files(REPO, 7)
    assert hub.asked.count("pulls/7/files") == 1
    head = {"ref": "x", "sha": NEXT, "repo": {"full_name": REPO}}
    hear(github, "pull_request", action="labeled", pull_request=the_pull(9, head=head))  # its own event was lost
    await github.reads.files(REPO, 7)
    assert hub.asked.count("pulls/7/files") == 2


async def test_a_new_pull_request_has_no_reviews(github: GitHub, hub: Hub, clock: HandClock) -> None:
    await github.reads.installation_of(REPO)
    hear(github, "pull_request", action="opened", pull_request=the_pull(0))
    assert await github.reads.reviews(REPO, 7) == ()
    assert hub.asked == []
    clock.pass_(minutes=5)
    hub.show("pulls/8/reviews", [])
    hear(github, "pull_request", action="opened", pull_request=pull(8, updated_at=at(0)))
    await github.reads.reviews(REPO, 8)
    assert hub.asked == ["pulls/8/reviews"], "that was too long ago to be sure"


def review(number: int, state: str, who: str = "ann") -> dict[str, Any]:
    author = {"login": who, "type": "User"}
    return {"id": number, "state": state, "user": author, "commit_id": SHA, "submitted_at": at(number)}


async def test_reviews_come_in_and_are_dismissed_for_good(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0))
    hub.show("pulls/7/reviews", [review(1, "APPROVED")])
    assert [each.state for each in await github.reads.reviews(REPO, 7)] == ["APPROVED"]
    told: dict[str, Any] = {"pull_request": the_pull(0)}
    assert "reviews:7" in hear(
        github, "pull_request_review", action="submitted", review=review(2, "changes_requested", "ben"), **told
    )
    assert "reviews:7" in hear(github, "pull_request_review", action="dismissed", review=review(1, "dismissed"), **told)
    assert "reviews:7" in hear(github, "pull_request_review", action="submitted", review=review(1, "approved"), **told)
    found = await github.reads.reviews(REPO, 7)
    assert [(each.author, each.state, each.sha) for each in found] == [
        ("ann", "DISMISSED", SHA),
        ("ben", "CHANGES_REQUESTED", SHA),
    ]
    assert hub.asked.count("pulls/7/reviews") == 1
    assert hear(github, "pull_request_review", action="submitted", review=review(2, "approved"), **told) == {"pull:7"}


def run(number: int, name: str = "ci", status: str = "completed", **fields: object) -> dict[str, Any]:
    app = {"id": 15368, "slug": "github-actions"}
    how = "success" if status == "completed" else None
    whole = {"id": number, "name": name, "app": app, "status": status, "conclusion": how, "head_sha": SHA}
    return whole | {"completed_at": at(number) if status == "completed" else None, "pull_requests": []} | fields


async def states(github: GitHub) -> dict[str, str]:
    return {each.id: each.status for each in await github.reads.check_runs(REPO, SHA)}


async def test_check_runs_go_forward(github: GitHub, hub: Hub) -> None:
    hub.show(f"commits/{SHA}/check-runs", {"check_runs": [run(1, "lint")]})
    assert await states(github) == {"1": "completed"}
    known = {f"checks:{SHA}"}
    assert hear(github, "check_run", action="created", check_run=run(2, status="in_progress")) == known
    assert await states(github) == {"1": "completed", "2": "in_progress"}
    assert hear(github, "check_run", action="completed", check_run=run(2)) == known
    assert hear(github, "check_run", action="created", check_run=run(2, status="queued")) == known, "late, and old"
    assert await states(github) == {"1": "completed", "2": "completed"}
    assert hear(github, "check_run", action="completed", check_run=run(3)) == known
    assert hear(github, "check_run", action="completed", check_run=run(2, conclusion="failure")) == known
    assert await states(github) == {"1": "completed", "3": "completed"}, "only the newest of each name"
    assert len(hub.asked) == 1
    assert hear(github, "check_run", action="rerequested", check_run=run(3, status="queued")) == set()
    assert await states(github) == {"1": "completed"}
    assert len(hub.asked) == 2


async def test_a_check_on_another_head_is_a_push_that_was_missed(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0))
    await github.reads.pull(REPO, 7)
    named = run(1, pull_requests=[{"number": 7, "head": {"sha": SHA}}])
    hear(github, "check_run", action="created", check_run=named)
    await github.reads.pull(REPO, 7)
    assert len(hub.asked) == 1
    hear(
        github,
        "check_run",
        action="created",
        check_run=named | {"pull_requests": [{"number": 7, "head": {"sha": NEXT}}]},
    )
    await github.reads.pull(REPO, 7)
    assert len(hub.asked) == 2


async def test_when_a_suite_is_over_so_are_its_runs(github: GitHub, hub: Hub) -> None:
    hub.show(f"commits/{SHA}/check-runs", {"check_runs": [run(1, status="in_progress")]})
    suite = {"id": 9, "head_sha": SHA, "app": {"id": 15368}, "status": "completed"}
    await states(github)
    hear(github, "check_suite", action="requested", check_suite=suite | {"status": "queued"})
    await states(github)
    assert len(hub.asked) == 1
    hear(github, "check_suite", action="completed", check_suite=suite)
    await states(github)
    assert len(hub.asked) == 2, "the end of the run was missed"
    hear(github, "check_run", action="completed", check_run=run(1))
    hear(github, "check_suite", action="completed", check_suite=suite)
    assert await states(github) == {"1": "completed"}
    assert len(hub.asked) == 2, "nothing was missed"
    hear(github, "check_suite", action="rerequested", check_suite=suite)
    await states(github)
    assert len(hub.asked) == 3


async def test_statuses(github: GitHub, hub: Hub) -> None:
    hub.show(f"commits/{SHA}/check-runs", {"check_runs": []})
    hub.show(f"commits/{SHA}/status", {"statuses": [{"id": 5, "context": "ci", "state": "pending"}]})
    assert [each.status for each in await github.reads.checks(REPO, SHA)] == ["in_progress"]
    told: dict[str, Any] = {"sha": SHA, "context": "ci"}
    assert hear(github, "status", id=6, state="success", **told) == {f"statuses:{SHA}"}
    assert hear(github, "status", id=4, state="failure", **told) == {f"statuses:{SHA}"}, "older than what is held"
    hear(github, "status", id=7, state="failure", sha=SHA, context="other")
    found = {each.name: each.conclusion for each in await github.reads.checks(REPO, SHA)}
    assert found == {"ci": "success", "other": "failure"}
    assert len(hub.asked) == 2


def comment(number: int, body: str, seconds: float = 0.0) -> dict[str, Any]:
    return {"id": number, "body": body, "user": ANN, "created_at": at(number), "updated_at": at(seconds or number)}


async def test_issues_and_their_comments(github: GitHub, hub: Hub, clock: HandClock) -> None:
    hub.show("issues/5", issue(5, updated_at=at(0)))
    hub.show("issues/5/comments", [comment(-10, "first")])
    await github.reads.issue(REPO, 5)
    await github.reads.comments(REPO, 5)

    def say(action: str, what: dict[str, Any], seconds: float) -> set[str]:
        clock.moment = max(clock.moment, START + timedelta(seconds=seconds))
        told = issue(5, updated_at=at(seconds), title=f"At {seconds}")
        return hear(github, "issue_comment", action=action, issue=told, comment=what)

    assert say("created", comment(20, "second"), 20) == {"issue:5", "comments:5"}
    assert say("edited", comment(20, "better", 30), 30) == {"issue:5", "comments:5"}
    assert say("created", comment(20, "second"), 20) == {"issue:5", "comments:5"}, "old news"
    assert [each.body for each in await github.reads.comments(REPO, 5)] == ["first", "better"]
    assert (await github.reads.issue(REPO, 5)).title == "At 30"
    assert len(hub.asked) == 2
    assert say("deleted", comment(20, "better", 30), 40) == {"issue:5"}
    github.invalidate(REPO, "comments:5")
    await github.reads.comments(REPO, 5)
    assert "comments:5" not in say("created", comment(20, "second"), 20), (
        "made before the list was read: it may be gone"
    )
    assert hear(github, "issues", action="deleted", issue=issue(5, updated_at=at(50))) == set()


async def test_a_comment_that_shows_another_pull_request(github: GitHub, hub: Hub) -> None:
    hub.show("pulls/7", the_pull(0, title="Issue 7", body="", labels=[{"name": "bug"}]))
    await github.reads.pull(REPO, 7)
    told = issue(7, updated_at=at(5), body="", pull_request={"html_url": "x"})
    hear(github, "issue_comment", action="created", issue=told, comment=comment(5, "hi"))
    await github.reads.pull(REPO, 7)
    assert len(hub.asked) == 1
    hear(github, "issue_comment", action="created", issue=told | {"title": "Other"}, comment=comment(6, "hi"))
    await github.reads.pull(REPO, 7)
    assert len(hub.asked) == 2


def push(before: str, after: str, seconds: float, **fields: object) -> dict[str, Any]:
    moment = int((START + timedelta(seconds=seconds)).timestamp())
    repository = {"full_name": REPO, "id": 1, "pushed_at": moment, "default_branch": "main"}
    return {"ref": "refs/heads/x", "before": before, "after": after, "repository": repository, **fields}


async def test_a_push_moves_a_branch_on(github: GitHub, hub: Hub) -> None:
    hub.show("git/ref/heads/x", {"ref": "refs/heads/x", "object": {"sha": SHA}})
    assert await github.reads.branch(REPO, "x") == SHA
    assert hear(github, "push", **push(SHA, NEXT, 5)) == {"branch:x"}
    assert await github.reads.branch(REPO, "x") == NEXT
    assert hear(github, "push", **push(SHA, NEXT, 5)) == {"branch:x"}, "doubled"
    assert hear(github, "push", **push(NEXT, SHA, 3)) == set(), "older than what was told"
    assert len(hub.asked) == 1
    assert await github.reads.branch(REPO, "x") == SHA
    assert hear(github, "push", **push(SHA, "0" * 40, 9, deleted=True)) == set()


async def test_a_push_onto_the_head_of_a_pull_request_doubts_it_until_that_is_told(github: GitHub, hub: Hub) -> None:
    branch = {"ref": "x", "repo": {"full_name": REPO}}
    hub.show("pulls/7", the_pull(0, head=branch | {"sha": SHA}))
    await github.reads.pull(REPO, 7)
    hear(github, "pull_request", action="edited", pull_request=the_pull(1, title="T", head=branch | {"sha": SHA}))
    hear(github, "push", **push("b" * 40, SHA, 2))
    await github.reads.pull(REPO, 7)
    assert hub.asked == ["pulls/7"], "that push we knew"
    theirs = {"ref": "x", "repo": {"full_name": "eve/api"}, "sha": "e" * 40}
    hear(github, "pull_request", action="opened", pull_request=the_pull(2, head=theirs) | {"number": 9, "id": 9})
    hear(github, "push", **push(SHA, NEXT, 5))
    told = the_pull(5, head=branch | {"sha": NEXT})
    assert hear(github, "pull_request", action="synchronize", pull_request=told) == {"pull:7"}
    assert (await github.reads.pull(REPO, 7)).head_sha == NEXT
    assert hub.asked == ["pulls/7"], "it was told"
    hear(github, "pull_request", action="edited", pull_request=the_pull(6, head=theirs) | {"number": 9, "id": 9})
    hub.show("pulls/7", the_pull(9, head=branch | {"sha": SHA}))
    hear(github, "push", **push(NEXT, SHA, 9))
    assert (await github.reads.pull(REPO, 7)).head_sha == SHA
    assert hub.asked == ["pulls/7"] * 2, "nobody has told of it yet"


async def test_a_commit_made_just_now_has_no_checks(github: GitHub, hub: Hub, clock: HandClock) -> None:
    await github.reads.installation_of(REPO)
    clock.pass_(seconds=10)
    head = {"id": NEXT, "distinct": True, "timestamp": at(4)}
    hear(github, "push", **push(SHA, NEXT, 5, head_commit=head))
    assert await github.reads.checks(REPO, NEXT) == ()
    assert hub.asked == []
    hub.show(f"commits/{SHA}/check-runs", {"check_runs": []})
    old = {"id": SHA, "distinct": True, "timestamp": at(-4000)}
    for odd in (old, old | {"timestamp": at(4), "distinct": False}, old | {"timestamp": None}, None):
        hear(github, "push", **push(NEXT, SHA, 6, head_commit=odd))
    await github.reads.check_runs(REPO, SHA)
    assert hub.asked == [f"commits/{SHA}/check-runs"]


async def test_a_patched_list_lasts_no_longer(github: GitHub, hub: Hub, clock: HandClock) -> None:
    hub.show(f"commits/{SHA}/check-runs", {"check_runs": []})
    await states(github)
    clock.pass_(minutes=29)
    assert hear(github, "check_run", action="completed", check_run=run(2))
    assert await states(github) == {"2": "completed"}
    clock.pass_(minutes=2)
    await states(github)
    assert len(hub.asked) == 2


async def test_what_is_told_late_lasts_as_if_it_had_come_in_time(github: GitHub, hub: Hub, clock: HandClock) -> None:
    await github.reads.installation_of(REPO)
    clock.moment = datetime(2026, 3, 1, 9, 50, tzinfo=UTC)
    hub.show("pulls/7", the_pull(0))
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(0)) == {"pull:7"}
    clock.pass_(minutes=9)
    await github.reads.pull(REPO, 7)
    assert hub.asked == []
    clock.pass_(minutes=2)
    await github.reads.pull(REPO, 7)
    assert hub.asked == ["pulls/7"]
    clock.pass_(hours=2)
    await github.reads.installation_of(REPO)
    assert hear(github, "pull_request", action="edited", pull_request=the_pull(5)) == set(), "hours too late"


@pytest.mark.parametrize(("held", "patched"), [(-1, None), (6, b""), (4, True)])
def test_a_status_without_a_number_can_not_be_put_in_order(held: int, patched: bool | bytes | None) -> None:
    """GraphQL numbers no statuses: a late webhook about an older one must not pass for the newest."""
    known = shapes.StatusList([shapes.StatusShape(held, "ci", "failure")])
    told = hearing._Status(id=5, sha=SHA, context="ci", state="success")
    found = hearing._with_status(known, told)
    assert (found if patched is not True else bool(found)) == patched
