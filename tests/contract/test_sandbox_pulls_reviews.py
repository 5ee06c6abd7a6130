"""Reviews in the sandbox: verdicts, their webhooks, stale approvals, and comments on lines."""

import pytest

from services.sandbox.state import Protection
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")


def test_a_review_is_upper_case_in_answers_and_lower_case_in_webhooks(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.ok("POST", f"pulls/{number}/requested_reviewers", {"reviewers": ["bob"]})
    hub.hear()
    made = hub.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE", "body": "fine"}, who="bob")
    assert made["state"] == "APPROVED"
    assert hub.hear() == ["pull_request_review.submitted"]
    assert hub.payload("pull_request_review.submitted")["review"]["state"] == "approved"
    assert hub.ok("GET", f"pulls/{number}")["requested_reviewers"] == []
    assert [r["id"] for r in hub.ok("GET", f"pulls/{number}/reviews")] == [made["id"]]
    assert hub.ok("GET", f"pulls/{number}/reviews/{made['id']}")["body"] == "fine"
    hub.ok("PUT", f"pulls/{number}/reviews/{made['id']}", {"body": "very fine"}, who="bob")
    assert hub.hear() == ["pull_request_review.edited"]


@pytest.mark.parametrize(
    ("event", "body", "word"),
    [
        ("APPROVE", "", "Can not approve your own pull request"),
        ("REQUEST_CHANGES", "x", "Can not request changes on your own pull request"),
        ("COMMENT", "", "can't be blank"),
    ],
)
def test_an_app_cannot_judge_its_own(hub: Hub, event: str, body: str, word: str) -> None:
    number = hub.pull()["number"]
    status, words = hub.refused("POST", f"pulls/{number}/reviews", {"event": event, "body": body})
    assert (status, word in words) == (422, True)
    assert hub.ok("GET", f"pulls/{number}/reviews") == []


def test_a_pending_review_is_seen_by_its_author_alone(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.hear()
    comments = [{"path": "topic.txt", "line": 1, "body": "why?"}]
    made = hub.ok("POST", f"pulls/{number}/reviews", {"body": "draft", "comments": comments}, who="bob")
    assert (made["state"], "submitted_at" in made) == ("PENDING", False)
    assert hub.ok("GET", f"pulls/{number}/reviews") == []
    assert hub.ok("GET", f"pulls/{number}/comments") == []
    assert hub.refused("POST", f"pulls/{number}/reviews", {"body": "two"}, who="bob")[0] == 422
    assert hub.hear() == []
    done = hub.ok("POST", f"pulls/{number}/reviews/{made['id']}/events", {"event": "COMMENT"}, who="bob")
    assert done["state"] == "COMMENTED"
    assert hub.hear() == ["pull_request_review.submitted"]
    assert len(hub.ok("GET", f"pulls/{number}/reviews/{made['id']}/comments")) == 1
    assert hub.refused("DELETE", f"pulls/{number}/reviews/{made['id']}", who="bob")[0] == 422


def test_a_pending_review_can_be_thrown_away(hub: Hub) -> None:
    number = hub.pull()["number"]
    made = hub.ok("POST", f"pulls/{number}/reviews", {"body": "draft"}, who="bob")
    hub.ok("DELETE", f"pulls/{number}/reviews/{made['id']}", who="bob")
    assert hub.ok("GET", f"pulls/{number}/reviews", who="bob") == []


@pytest.mark.parametrize("dismiss", [True, False])
def test_an_approval_falls_when_the_diff_changes_and_the_branch_says_so(hub: Hub, dismiss: bool) -> None:
    number = hub.pull()["number"]
    hub.repo.protection["main"] = Protection(approvals=1, dismiss_stale=dismiss)
    hub.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE"}, who="bob")
    hub.sandbox.state.tokens[hub.tokens["app"]].permissions["administration"] = "write"
    hub.scenario.commit(hub.repo, {"other.txt": "x"}, "Other", announce=True)
    hub.ok("PUT", f"pulls/{number}/update-branch", {})
    assert hub.ok("GET", f"pulls/{number}/reviews")[0]["state"] == "APPROVED"
    hub.hear()
    hub.branch("topic", {"topic.txt": "changed\n"})
    expected = "DISMISSED" if dismiss else "APPROVED"
    assert hub.ok("GET", f"pulls/{number}/reviews")[0]["state"] == expected
    assert ("pull_request_review.dismissed" in hub.hear()) is dismiss


def test_a_dismissal_needs_a_verdict(hub: Hub) -> None:
    number = hub.pull()["number"]
    said = hub.ok("POST", f"pulls/{number}/reviews", {"event": "COMMENT", "body": "hm"}, who="bob")
    path = f"pulls/{number}/reviews/{said['id']}/dismissals"
    assert hub.refused("PUT", path, {"message": "x"}, who="ada")[0] == 422
    approved = hub.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE"}, who="bob")
    path = f"pulls/{number}/reviews/{approved['id']}/dismissals"
    assert hub.refused("PUT", path, {"message": "x"}, who="eve")[0] == 403
    hub.hear()
    assert hub.ok("PUT", path, {"message": "old"}, who="ada")["state"] == "DISMISSED"
    assert hub.hear() == ["pull_request_review.dismissed"]
    rows = hub.ok("GET", f"issues/{number}/timeline")
    assert [row["event"] for row in rows] == ["reviewed", "reviewed", "review_dismissed"]


def test_comments_on_lines_and_replies(hub: Hub) -> None:
    made = hub.pull()
    number, sha = made["number"], made["head"]["sha"]
    body = {"body": "why?", "commit_id": sha, "path": "topic.txt", "line": 1, "side": "RIGHT"}
    first = hub.ok("POST", f"pulls/{number}/comments", body, who="bob")
    reply = hub.ok("POST", f"pulls/{number}/comments/{first['id']}/replies", {"body": "because"})
    assert (reply["in_reply_to_id"], reply["path"]) == (first["id"], "topic.txt")
    assert [c["id"] for c in hub.ok("GET", f"pulls/{number}/comments")] == [first["id"], reply["id"]]
    assert [c["id"] for c in hub.ok("GET", "pulls/comments?direction=desc")] == [reply["id"], first["id"]]
    assert [r["state"] for r in hub.ok("GET", f"pulls/{number}/reviews")] == ["COMMENTED", "COMMENTED"]
    assert hub.api("POST", f"pulls/comments/{first['id']}/reactions", {"content": "heart"}).status == 201
    assert hub.ok("GET", f"pulls/comments/{first['id']}")["reactions"]["heart"] == 1
    hub.ok("PATCH", f"pulls/comments/{reply['id']}", {"body": "since"})
    assert hub.refused("PATCH", f"pulls/comments/{reply['id']}", {"body": "x"}, who="eve")[0] == 404
    hub.ok("DELETE", f"pulls/comments/{reply['id']}")
    assert hub.refused("POST", f"pulls/{number}/comments", {**body, "path": "absent.txt"})[0] == 422
    assert len(hub.ok("GET", f"pulls/{number}/reviews")) == 2
    assert set(hub.hear()) >= {"pull_request_review.submitted"}
