"""A repository's activity: who moved which branch, as GitHub tells it."""

from typing import Any

import pytest

from services.sandbox import pushes, snapshot
from services.sandbox.git_values import ZERO
from tests.contract.hub import Hub, hub

__all__ = ["hub"]


def told(hub: Hub, query: str = "", who: str = "app") -> list[Any]:
    found: list[Any] = hub.ok("GET", f"activity?{query}", who=who)
    return found


def brief(rows: list[Any]) -> list[tuple[str, str | None]]:
    return [(row["activity_type"], row["actor"] and row["actor"]["login"]) for row in rows]


def test_who_moved_a_branch_and_how_newest_first(hub: Hub) -> None:
    first = hub.branch("topic", {"a.txt": "1"}, login="bob")
    second = hub.branch("topic", {"a.txt": "2"}, login="ada")
    hub.branch("other", {"b.txt": "1"}, login="eve")
    hub.ok("PATCH", "git/refs/heads/topic", {"sha": first, "force": True})
    rows = told(hub, "ref=refs/heads/topic")
    assert brief(rows) == [("force_push", "lockstep[bot]"), ("push", "ada"), ("branch_creation", "bob")]
    assert [(row["before"], row["after"]) for row in rows] == [(second, first), (first, second), (ZERO, first)]
    assert (rows[0]["actor"]["type"], rows[1]["actor"]["type"]) == ("Bot", "User")
    assert told(hub, "ref=topic") == rows
    assert told(hub, "ref=topic&direction=asc") == rows[::-1]
    assert told(hub, "ref=topic&actor=BOB") == rows[2:]
    assert told(hub, "ref=topic&activity_type=push") == rows[1:2]
    assert told(hub, "ref=topic&time_period=day") == rows
    assert told(hub, "ref=nowhere") == []
    number = hub.pull("topic")["number"]
    hub.ok("PUT", f"pulls/{number}/merge", {}, who="ada")
    assert brief(told(hub, "ref=main"))[:1] == [("pr_merge", "ada")]
    hub.ok("DELETE", "git/refs/heads/topic", who="bob")
    del hub.sandbox.state.accounts["bob"]
    assert brief(told(hub, "ref=topic"))[:1] == [("branch_deletion", None)]


def test_it_is_paged_by_cursor_kept_and_bounded(hub: Hub, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "MOST_ACTIVITIES", 5)
    for n in range(7):
        hub.branch("topic", {"a.txt": str(n)})
    rows = told(hub, "ref=topic")
    assert len(rows) == 5
    answer = hub.api("GET", "activity?ref=topic&per_page=2")
    assert answer.json == rows[:2]
    following = answer.headers["link"].partition(">")[0].removeprefix("<http://127.0.0.1:4000")
    assert hub.ok("GET", following) == rows[2:4]
    assert told(hub, f"ref=topic&per_page=2&before={rows[4]['id']}") == rows[2:4]
    snapshot.save(hub.sandbox.state, tmp_path)
    kept = snapshot.load(tmp_path)
    assert kept is not None
    assert kept.repos[hub.repo.id].activities == hub.repo.activities


def test_what_is_asked_for_wrongly_is_said(hub: Hub) -> None:
    hub.branch("topic", {"a.txt": "1"})
    assert hub.api("GET", "activity?activity_type=merge").status == 422
    hub.recorder.findings.clear()
    assert hub.api("GET", "/repos/acme/none/activity").status == 404
