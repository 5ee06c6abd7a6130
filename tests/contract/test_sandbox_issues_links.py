"""Sub-issues and dependencies in the sandbox: database ids, both sides told, GitHub's refusals."""

from itertools import pairwise
from typing import Any

import pytest

from tests.contract.hub import Hub, hub

__all__ = ["hub"]


def _three(hub: Hub) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Two issues of `api` and one of `web`."""
    first, second = hub.issue("first"), hub.issue("second")
    third = hub.ok("POST", "/repos/acme/web/issues", {"title": "third"})
    hub.hear()
    return first, second, third


def test_a_sub_issue_is_told_on_both_sides(hub: Hub) -> None:
    parent, _, child = _three(hub)
    shown = hub.ok("POST", f"issues/{parent['number']}/sub_issues", {"sub_issue_id": child["id"]})
    assert shown["sub_issues_summary"] == {"total": 1, "completed": 0, "percent_completed": 0}
    assert hub.hear() == ["sub_issues.sub_issue_added", "sub_issues.parent_issue_added"]
    above, below = hub.payload("sub_issues.sub_issue_added"), hub.payload("sub_issues.parent_issue_added")
    assert (above["repository"]["name"], above["sub_issue_repo"]["name"]) == ("api", "web")
    assert (below["repository"]["name"], below["parent_issue_repo"]["name"]) == ("web", "api")
    listed = hub.ok("GET", f"issues/{parent['number']}/sub_issues")
    assert [row["id"] for row in listed] == [child["id"]]
    assert listed[0]["parent_issue_url"].endswith(f"/repos/acme/api/issues/{parent['number']}")
    assert hub.ok("GET", f"/repos/acme/web/issues/{child['number']}/parent")["id"] == parent["id"]
    hub.ok("PATCH", f"/repos/acme/web/issues/{child['number']}", {"state": "closed"})
    shown = hub.ok("GET", f"issues/{parent['number']}")
    assert (shown["state"], shown["sub_issues_summary"]["percent_completed"]) == ("open", 100)
    hub.hear()
    hub.ok("DELETE", f"issues/{parent['number']}/sub_issue", {"sub_issue_id": child["id"]})
    assert hub.hear() == ["sub_issues.sub_issue_removed", "sub_issues.parent_issue_removed"]
    assert hub.refused("GET", f"/repos/acme/web/issues/{child['number']}/parent")[0] == 404


def test_a_second_parent_needs_to_be_asked_for(hub: Hub) -> None:
    first, second, child = _three(hub)
    hub.ok("POST", f"issues/{first['number']}/sub_issues", {"sub_issue_id": child["id"]})
    status, words = hub.refused("POST", f"issues/{first['number']}/sub_issues", {"sub_issue_id": child["id"]})
    assert (status, "Issue may not contain duplicate sub-issues" in words) == (422, True)
    status, words = hub.refused("POST", f"issues/{second['number']}/sub_issues", {"sub_issue_id": child["id"]})
    assert (status, "Sub issue may only have one parent" in words) == (422, True)
    hub.hear()
    body = {"sub_issue_id": child["id"], "replace_parent": True}
    hub.ok("POST", f"issues/{second['number']}/sub_issues", body)
    assert [name.partition(".")[2] for name in hub.hear()] == [
        "sub_issue_removed",
        "parent_issue_removed",
        "sub_issue_added",
        "parent_issue_added",
    ]
    assert hub.ok("GET", f"issues/{first['number']}/sub_issues") == []


def test_numbers_rings_and_strings_are_refused(hub: Hub) -> None:
    first, second, _ = _three(hub)
    hub.recorder.expect("sub_issue_id")
    path = f"issues/{first['number']}/sub_issues"
    assert hub.refused("POST", path, {"sub_issue_id": second["number"]})[0] == 404
    assert hub.refused("POST", path, {"sub_issue_id": str(second["id"])})[0] == 422
    assert hub.refused("POST", path, {"sub_issue_id": first["id"]})[0] == 422
    hub.ok("POST", path, {"sub_issue_id": second["id"]})
    ring = hub.refused("POST", f"issues/{second['number']}/sub_issues", {"sub_issue_id": first["id"]})
    assert ring[0] == 422


def test_a_parent_holds_a_hundred(hub: Hub) -> None:
    parent = hub.issue("parent")["number"]
    for n in range(100):
        hub.ok("POST", f"issues/{parent}/sub_issues", {"sub_issue_id": hub.issue(f"child {n}")["id"]})
    last = hub.issue("one too many")["id"]
    assert hub.refused("POST", f"issues/{parent}/sub_issues", {"sub_issue_id": last})[0] == 422


def test_sub_issues_nest_eight_levels(hub: Hub) -> None:
    rows = [hub.issue(f"level {n}") for n in range(10)]
    for above, below in pairwise(rows[:8]):
        hub.ok("POST", f"issues/{above['number']}/sub_issues", {"sub_issue_id": below["id"]})
    assert hub.refused("POST", f"issues/{rows[7]['number']}/sub_issues", {"sub_issue_id": rows[8]["id"]})[0] == 422


def test_sub_issues_are_put_in_order(hub: Hub) -> None:
    parent = hub.issue("parent")["number"]
    ids = [hub.issue(f"child {n}")["id"] for n in range(3)]
    for child in ids:
        hub.ok("POST", f"issues/{parent}/sub_issues", {"sub_issue_id": child})
    hub.ok("PATCH", f"issues/{parent}/sub_issues/priority", {"sub_issue_id": ids[2], "before_id": ids[0]})
    hub.ok("PATCH", f"issues/{parent}/sub_issues/priority", {"sub_issue_id": ids[0], "after_id": ids[1]})
    assert [row["id"] for row in hub.ok("GET", f"issues/{parent}/sub_issues")] == [ids[2], ids[1], ids[0]]
    assert hub.refused("PATCH", f"issues/{parent}/sub_issues/priority", {"sub_issue_id": ids[0]})[0] == 422


def test_a_dependency_is_told_on_both_sides(hub: Hub) -> None:
    issue, _, blocker = _three(hub)
    shown = hub.ok("POST", f"issues/{issue['number']}/dependencies/blocked_by", {"issue_id": blocker["id"]})
    assert shown["issue_dependencies_summary"]["blocked_by"] == 1
    assert hub.hear() == ["issue_dependencies.blocked_by_added", "issue_dependencies.blocking_added"]
    mine, theirs = (payload for _, payload in hub.told)
    assert (mine["repository"]["name"], mine["blocking_issue_repo"]["name"]) == ("api", "web")
    assert (theirs["repository"]["name"], theirs["blocked_issue_repo"]["name"]) == ("web", "api")
    assert [r["id"] for r in hub.ok("GET", f"issues/{issue['number']}/dependencies/blocked_by")] == [blocker["id"]]
    other_side = f"/repos/acme/web/issues/{blocker['number']}"
    assert [r["id"] for r in hub.ok("GET", f"{other_side}/dependencies/blocking")] == [issue["id"]]
    hub.ok("PATCH", other_side, {"state": "closed"})
    assert hub.hear() == ["issues.closed"]
    summary = hub.ok("GET", f"issues/{issue['number']}")["issue_dependencies_summary"]
    assert (summary["blocked_by"], summary["total_blocked_by"]) == (0, 1)
    hub.ok("DELETE", f"issues/{issue['number']}/dependencies/blocked_by/{blocker['id']}")
    assert hub.hear() == ["issue_dependencies.blocked_by_removed", "issue_dependencies.blocking_removed"]


@pytest.mark.parametrize("case", ["self", "twice", "ring", "pull", "number"])
def test_dependencies_that_make_no_sense_are_refused(hub: Hub, case: str) -> None:
    first, second, third = _three(hub)
    path = f"issues/{first['number']}/dependencies/blocked_by"
    hub.ok("POST", path, {"issue_id": second["id"]})
    hub.ok("POST", f"issues/{second['number']}/dependencies/blocked_by", {"issue_id": third["id"]})
    if case == "ring":
        path, wrong = f"/repos/acme/web/issues/{third['number']}/dependencies/blocked_by", first["id"]
    else:
        wrong = {"self": first["id"], "twice": second["id"], "number": second["number"]}.get(case, 0)
    if case == "pull":
        wrong = hub.record(hub.pull()["number"]).id
    status, words = hub.refused("POST", path, {"issue_id": wrong})
    assert status == (404 if case == "number" else 422)
    assert case != "pull" or "Target issue may only be an issue" in words
