"""Copilot in the sandbox: who may assign it, what it does then, and to whom it listens."""

from collections.abc import Mapping
from typing import Any

from services.sandbox import copilot
from services.sandbox.state import Issue
from tests.contract.hub import Hub, hub

__all__ = ["hub"]
ASKED = {"assignees": [copilot.ASSIGNED_AS], "agent_assignment": {"base_branch": "main"}}


def names(shown: Any) -> list[str]:
    return [each["login"] for each in shown["assignees"]]


def test_only_a_person_who_can_write_assigns_it_and_only_where_it_is(hub: Hub) -> None:
    hub.ok("POST", "issues", {"title": "Count"}, who="bob")
    assert names(hub.ok("POST", "issues/1/assignees", ASKED, who="bob")) == []
    copilot.enable(hub.sandbox, hub.repo)
    assert names(hub.ok("POST", "issues/1/assignees", ASKED, who="app")) == []
    assert hub.ok("GET", "pulls?state=all") == []
    assert names(hub.ok("POST", "issues/1/assignees", ASKED, who="bob")) == ["Copilot"]
    assert names(hub.ok("POST", "issues/1/assignees", ASKED, who="bob")) == ["Copilot"]
    (pull,) = hub.ok("GET", "pulls?state=all")
    assert (pull["user"]["login"], pull["user"]["type"], pull["draft"]) == ("Copilot", "Bot", True)
    assert pull["head"]["ref"] == "copilot/fix-1"
    assert "Fixes acme/api#1" in pull["body"]
    assert names(hub.ok("DELETE", "issues/1/assignees", {"assignees": [copilot.ASSIGNED_AS]}, who="bob")) == []


def test_it_commits_finishes_and_listens_to_those_who_can_write(hub: Hub) -> None:
    heard: list[str] = []

    def works(issue: Issue, said: str) -> Mapping[str, str | None]:
        heard.append(said)
        return {f"{len(heard)}.txt": issue.title}

    copilot.enable(hub.sandbox, hub.repo, works)
    hub.ok("POST", "issues", {"title": "Count"}, who="bob")
    hub.hear()
    hub.ok("POST", "issues/1/assignees", ASKED, who="bob")
    told = hub.hear()
    assert [name for name in told if name.startswith("pull_request.")] == [
        "pull_request.opened", "pull_request.synchronize", "pull_request.review_requested",
    ]  # fmt: skip
    commits = hub.ok("GET", "pulls/2/commits")
    assert [(each["author"]["login"], each["commit"]["message"]) for each in commits] == [
        ("Copilot", "Initial plan"), ("Copilot", "A change"),
    ]  # fmt: skip
    assert all(each["commit"]["verification"]["verified"] for each in commits)
    for who in ("eve", "app"):
        hub.ok("POST", "issues/2/comments", {"body": "@copilot more"}, who=who)
    hub.ok("POST", "issues/2/comments", {"body": "nothing"}, who="bob")
    assert heard == [""]
    hub.ok("POST", "issues/2/comments", {"body": "@copilot more"}, who="bob")
    assert heard == ["", "@copilot more"]
    events = [each["event"] for each in hub.ok("GET", "issues/2/timeline")]
    assert events.count("copilot_work_started") == events.count("copilot_work_finished") == 2
