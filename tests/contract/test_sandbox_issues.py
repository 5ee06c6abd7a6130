"""Issues in the sandbox: what is answered, what is told, and what is refused, as GitHub does it."""

import pytest

from tests.contract.hub import Hub, hub

__all__ = ["hub"]


def test_an_issue_is_opened_with_its_labels_and_assignees(hub: Hub) -> None:
    made = hub.issue("Plan", body="- [ ] a", labels=["bug", "lockstep:plan"], assignees=["ada", "nobody", "eve"])
    assert [label["name"] for label in made["labels"]] == ["bug", "lockstep:plan"]
    assert [person["login"] for person in made["assignees"]] == ["ada"]
    assert made["user"]["type"] == "Bot"
    assert hub.hear() == ["label.created", "issues.opened", "issues.labeled", "issues.labeled", "issues.assigned"]
    assert hub.payload("issues.opened")["sender"]["login"] == "lockstep[bot]"
    assert hub.ok("GET", f"issues/{made['number']}")["id"] == made["id"] != made["number"]


def test_an_edit_tells_what_was_there_and_nothing_when_nothing_changes(hub: Hub) -> None:
    number = hub.issue("Old", body="old")["number"]
    hub.hear()
    hub.ok("PATCH", f"issues/{number}", {"title": "New", "body": "new"})
    assert hub.hear() == ["issues.edited"]
    assert hub.payload("issues.edited")["changes"] == {"title": {"from": "Old"}, "body": {"from": "old"}}
    hub.ok("PATCH", f"issues/{number}", {"title": "New"})
    assert hub.hear() == []


def test_closing_and_reopening_carry_their_reasons(hub: Hub) -> None:
    number = hub.issue()["number"]
    hub.hear()
    closed = hub.ok("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "not_planned"})
    assert (closed["state"], closed["state_reason"], closed["closed_by"]["login"]) == (
        "closed",
        "not_planned",
        "lockstep[bot]",
    )
    opened = hub.ok("PATCH", f"issues/{number}", {"state": "open"})
    assert (opened["state_reason"], opened["closed_at"]) == ("reopened", None)
    assert hub.hear() == ["issues.closed", "issues.reopened"]
    names = [event["event"] for event in hub.ok("GET", f"issues/{number}/events")]
    assert names == ["closed", "reopened"]


def test_the_list_is_filtered_sorted_and_paged(hub: Hub) -> None:
    first = hub.issue("first", labels=["Bug", "p1"])
    hub.issue("second", labels=["bug"], assignees=["bob"])
    hub.ok("POST", "issues", {"title": "third"}, who="eve")
    hub.ok("PATCH", f"issues/{first['number']}", {"state": "closed"})

    def titles(query: str) -> list[str]:
        return [row["title"] for row in hub.ok("GET", f"issues?{query}")]

    assert titles("") == ["third", "second"]
    assert titles("state=all&direction=asc") == ["first", "second", "third"]
    assert titles("state=all&labels=BUG,p1") == ["first"]
    assert titles("state=closed") == ["first"]
    assert titles("creator=eve") == ["third"]
    assert titles("assignee=bob") == ["second"]
    assert titles("assignee=none") == ["third"]
    assert titles("since=2999-01-01T00:00:00Z") == []
    page = hub.api("GET", "issues?state=all&per_page=2&page=1")
    assert len(page.json) == 2
    assert 'rel="next"' in page.headers["link"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"body": "no title"}, "missing_field"),
        ({"title": ""}, "missing_field"),
        ({"title": "x" * 257}, "maximum is 256"),
        ({"title": "x", "body": "x" * 65_537}, "maximum is 65536"),
        ({"title": "x", "milestone": 9}, "milestone"),
        ({"title": "x", "labels": ["l" * 51]}, "maximum is 50"),
    ],
)
def test_bad_issues_are_refused(hub: Hub, body: dict[str, object], word: str) -> None:
    if "title" not in body:
        hub.recorder.expect("POST /repos/{owner}/{repo}/issues request")
    status, words = hub.refused("POST", "issues", body)
    assert status == 422
    assert word in words


def test_comments_are_written_changed_and_deleted(hub: Hub) -> None:
    number = hub.issue()["number"]
    hub.hear()
    made = hub.ok("POST", f"issues/{number}/comments", {"body": "hello"})
    assert made["performed_via_github_app"]["slug"] == "lockstep"
    hub.ok("PATCH", f"issues/comments/{made['id']}", {"body": "bye"})
    hub.ok("PATCH", f"issues/comments/{made['id']}", {"body": "bye"})
    assert hub.ok("GET", f"issues/{number}")["comments"] == 1
    assert [c["body"] for c in hub.ok("GET", f"issues/{number}/comments")] == ["bye"]
    assert [c["id"] for c in hub.ok("GET", "issues/comments")] == [made["id"]]
    hub.ok("DELETE", f"issues/comments/{made['id']}")
    assert hub.hear() == ["issue_comment.created", "issue_comment.edited", "issue_comment.deleted"]
    assert hub.payload("issue_comment.edited")["changes"] == {"body": {"from": "hello"}}
    assert hub.refused("GET", f"issues/comments/{made['id']}")[0] == 404
    assert hub.refused("POST", f"issues/{number}/comments", {"body": "x" * 65_537})[0] == 422


def test_people_may_not_change_each_others_words(hub: Hub) -> None:
    number = hub.issue()["number"]
    mine = hub.ok("POST", f"issues/{number}/comments", {"body": "by bob"}, who="bob")
    assert hub.refused("PATCH", f"issues/comments/{mine['id']}", {"body": "x"}, who="eve")[0] == 403
    assert hub.refused("PATCH", f"issues/{number}", {"title": "x"}, who="eve")[0] == 403
    assert hub.refused("POST", f"issues/{number}/labels", {"labels": ["bug"]}, who="eve")[0] == 403
    hub.ok("PATCH", f"issues/comments/{mine['id']}", {"body": "by ada"}, who="ada")


def test_a_locked_issue_takes_no_comment_of_an_app(hub: Hub) -> None:
    number = hub.issue()["number"]
    hub.ok("PUT", f"issues/{number}/lock", {"lock_reason": "resolved"})
    status, words = hub.refused("POST", f"issues/{number}/comments", {"body": "late"})
    assert (status, "Unable to create comment because issue is locked." in words) == (403, True)
    hub.ok("POST", f"issues/{number}/comments", {"body": "still"}, who="ada")
    hub.ok("DELETE", f"issues/{number}/lock")
    hub.ok("POST", f"issues/{number}/comments", {"body": "now"})
    assert {"issues.locked", "issues.unlocked"} <= set(hub.hear())


def test_a_reaction_is_new_once(hub: Hub) -> None:
    number = hub.issue()["number"]
    comment = hub.ok("POST", f"issues/{number}/comments", {"body": "/lockstep run"})["id"]
    hub.hear()
    for path in (f"issues/{number}", f"issues/comments/{comment}"):
        assert hub.api("POST", f"{path}/reactions", {"content": "eyes"}).status == 201
        assert hub.api("POST", f"{path}/reactions", {"content": "eyes"}).status == 200
        assert hub.api("POST", f"{path}/reactions", {"content": "+1"}, who="eve").status == 201
        assert len(hub.ok("GET", f"{path}/reactions")) == 2
        assert hub.ok("GET", path)["reactions"]["total_count"] == 2
    assert hub.hear() == []
    mine = hub.ok("GET", f"issues/{number}/reactions?content=eyes")[0]
    hub.ok("DELETE", f"issues/{number}/reactions/{mine['id']}")
    assert hub.refused("DELETE", f"issues/comments/{comment}/reactions/{mine['id']}")[0] == 404
    theirs = hub.ok("GET", f"issues/comments/{comment}/reactions")[0]
    hub.ok("DELETE", f"issues/comments/{comment}/reactions/{theirs['id']}")
    assert hub.ok("GET", f"issues/{number}")["reactions"]["eyes"] == 0


def test_labels_have_no_case(hub: Hub) -> None:
    made = hub.ok("POST", "labels", {"name": "Lockstep:Plan", "color": "FF0000", "description": "a plan"})
    assert made["color"] == "ff0000"
    status, words = hub.refused("POST", "labels", {"name": "lockstep:plan"})
    assert (status, "already_exists" in words) == (422, True)
    assert hub.ok("GET", "labels/lockstep%3Aplan")["name"] == "Lockstep:Plan"
    number = hub.issue()["number"]
    hub.hear()
    assert [x["name"] for x in hub.ok("POST", f"issues/{number}/labels", {"labels": ["LOCKSTEP:plan"]})] == [
        "Lockstep:Plan"
    ]
    hub.ok("POST", f"issues/{number}/labels", {"labels": ["lockstep:plan"]})
    assert hub.hear() == ["issues.labeled"]
    hub.ok("PATCH", "labels/lockstep%3Aplan", {"new_name": "plan"})
    assert hub.hear() == ["label.edited"]
    assert hub.payload("label.edited")["changes"] == {"name": {"from": "Lockstep:Plan"}}
    assert [x["name"] for x in hub.ok("PUT", f"issues/{number}/labels", ["new", "bug"])] == ["new", "bug"]
    assert hub.hear() == ["issues.unlabeled", "label.created", "issues.labeled", "issues.labeled"]
    assert hub.refused("DELETE", f"issues/{number}/labels/plan")[0] == 404
    assert [x["name"] for x in hub.ok("DELETE", f"issues/{number}/labels/NEW")] == ["bug"]
    hub.ok("DELETE", f"issues/{number}/labels")
    hub.ok("DELETE", "labels/plan")
    assert hub.hear() == ["issues.unlabeled", "issues.unlabeled", "label.deleted"]


def test_assignees_come_and_go_one_event_each(hub: Hub) -> None:
    number = hub.issue()["number"]
    hub.hear()
    shown = hub.ok("POST", f"issues/{number}/assignees", {"assignees": ["ada", "BOB", "stranger"]})
    assert [person["login"] for person in shown["assignees"]] == ["ada", "bob"]
    hub.ok("DELETE", f"issues/{number}/assignees", {"assignees": ["ada"]})
    assert hub.hear() == ["issues.assigned", "issues.assigned", "issues.unassigned"]
    assert hub.api("GET", "assignees/bob").status == 204
    assert hub.api("GET", "assignees/eve").status == 404
    assert "bob" in {person["login"] for person in hub.ok("GET", "assignees")}


def test_milestones_count_their_issues(hub: Hub) -> None:
    made = hub.ok("POST", "milestones", {"title": "v1", "due_on": "2030-01-01T00:00:00Z"})
    number = hub.issue(milestone=made["number"])["number"]
    assert hub.hear()[-1] == "issues.milestoned"
    assert hub.ok("GET", "milestones")[0]["open_issues"] == 1
    hub.ok("PATCH", f"issues/{number}", {"milestone": None})
    assert hub.hear() == ["issues.demilestoned"]
    assert hub.ok("PATCH", "milestones/1", {"state": "closed"})["closed_at"]
    hub.ok("DELETE", "milestones/1")
    assert hub.refused("GET", "milestones/1")[0] == 404


def test_the_timeline_mixes_events_and_comments(hub: Hub) -> None:
    number = hub.issue(labels=["bug"], assignees=["ada"])["number"]
    hub.ok("POST", f"issues/{number}/comments", {"body": "hello"})
    hub.ok("PATCH", f"issues/{number}", {"title": "Other", "state": "closed"})
    names = [row["event"] for row in hub.ok("GET", f"issues/{number}/timeline")]
    assert names == ["labeled", "assigned", "commented", "renamed", "closed"]
    assert hub.ok("GET", "issues/events")[0]["event"] == "closed"


def test_deleted_and_transferred_issues(hub: Hub) -> None:
    from services.sandbox import issues

    gone, moved = hub.issue("gone"), hub.issue("moved", labels=["bug"])
    hub.ok("POST", f"issues/{moved['number']}/comments", {"body": "comes along"})
    hub.hear()
    issues.delete(hub.sandbox, hub.record(gone["number"]), "ada")
    new = issues.transfer(hub.sandbox, hub.record(moved["number"]), hub.other, "ada")
    assert hub.hear() == ["issues.deleted", "issues.transferred", "issues.opened"]
    assert hub.payload("issues.transferred")["changes"]["new_issue"]["id"] == new.id
    assert hub.api("GET", f"issues/{gone['number']}").status == 410
    answer = hub.api("GET", f"issues/{moved['number']}")
    assert answer.status == 301
    assert answer.headers["location"].endswith(f"/repositories/{hub.other.id}/issues/{new.number}")
    assert hub.refused("GET", f"issues/{moved['number']}/comments")[0] == 404
    assert hub.refused("POST", f"issues/{gone['number']}/comments", {"body": "x"})[0] == 404
    assert len(hub.ok("GET", f"/repos/acme/web/issues/{new.number}/comments")) == 1
    assert hub.ok("GET", "issues?state=all") == []


def test_a_token_without_the_permission_is_told_which_one(hub: Hub) -> None:
    hub.sandbox.state.tokens[hub.tokens["app"]].permissions = {"metadata": "read", "issues": "read"}
    answer = hub.api("POST", "issues", {"title": "x"})
    assert (answer.status, answer.json["message"]) == (403, "Resource not accessible by integration")
    assert answer.headers["x-accepted-github-permissions"] == "issues=write"


@pytest.mark.parametrize("number", ["0", "999", "abc", "-1", "9" * 40, "%2e%2e"])
def test_numbers_that_are_none_are_not_found(hub: Hub, number: str) -> None:
    if not number.lstrip("-").isdigit():
        hub.recorder.expect("issue_number")
        hub.recorder.expect("pull_number")
    assert hub.refused("GET", f"issues/{number}")[0] == 404
    assert hub.refused("GET", f"pulls/{number}")[0] == 404
