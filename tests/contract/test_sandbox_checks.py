"""Check runs and suites in the sandbox: which run counts, who is asked, what is told, what is refused."""

import pytest

from services.sandbox import checks
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

RUNS = "/repos/{owner}/{repo}/check-runs"


def tip(hub: Hub, branch: str = "main") -> str:
    sha = hub.sandbox.git.resolve(hub.repo.id, branch)
    assert sha is not None
    return sha


def push(hub: Hub, name: str = "a.txt", branch: str = "main") -> str:
    return hub.scenario.commit(hub.repo, {name: name}, f"Add {name}", branch=branch, login="bob", announce=True)


def test_a_run_goes_from_queued_to_completed(hub: Hub) -> None:
    made = hub.ok("POST", "check-runs", {"name": "lockstep/gate", "head_sha": tip(hub), "external_id": "run/1"})
    assert (made["status"], made["conclusion"], made["completed_at"]) == ("queued", None, None)
    assert hub.hear() == ["check_run.created"]
    hub.ok("PATCH", f"check-runs/{made['id']}", {"status": "in_progress"})
    assert hub.hear() == []
    done = hub.ok("PATCH", f"check-runs/{made['id']}", {"conclusion": "success"})
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    assert done["completed_at"] is not None
    assert hub.hear() == ["check_run.completed", "check_suite.completed"]
    payload = hub.payload("check_run.completed")
    assert payload["check_run"]["external_id"] == "run/1"
    assert payload["sender"]["login"] == "lockstep[bot]"
    suite = hub.ok("GET", f"check-suites/{made['check_suite']['id']}")
    assert (suite["status"], suite["conclusion"], suite["latest_check_runs_count"]) == ("completed", "success", 1)


def test_a_run_posted_with_a_conclusion_is_created_and_completed(hub: Hub) -> None:
    hub.ok("POST", "check-runs", {"name": "lint", "head_sha": tip(hub), "conclusion": "neutral"})
    assert hub.hear() == ["check_run.created", "check_run.completed", "check_suite.completed"]


def test_of_equal_runs_the_newest_created_counts(hub: Hub) -> None:
    sha = tip(hub)
    first, second = (
        hub.ok("POST", "check-runs", {"name": "gate", "head_sha": sha, "external_id": "same", "conclusion": word})
        for word in ("success", "failure")
    )
    assert first["id"] != second["id"]
    hub.ok("PATCH", f"check-runs/{first['id']}", {"conclusion": "cancelled"})
    assert [(v.name, v.state, v.detail) for v in checks.rollup(hub.sandbox, hub.repo, sha)] == [
        ("gate", "failure", "failure")
    ]
    latest = hub.ok("GET", f"commits/{sha}/check-runs?check_name=gate")
    assert [run["id"] for run in latest["check_runs"]] == [second["id"]]
    every = hub.ok("GET", f"commits/{sha}/check-runs?check_name=gate&filter=all")
    assert [run["id"] for run in every["check_runs"]] == [second["id"], first["id"]]


def test_the_list_of_a_ref_is_filtered(hub: Hub) -> None:
    app_id = hub.ok("POST", "check-runs", {"name": "a", "head_sha": tip(hub)})["app"]["id"]
    hub.ok("POST", "check-runs", {"name": "b", "head_sha": tip(hub), "conclusion": "success"})

    def names(query: str) -> list[str]:
        return [run["name"] for run in hub.ok("GET", f"commits/main/check-runs?{query}")["check_runs"]]

    assert names(f"app_id={app_id}") == ["b", "a"]
    assert names("app_id=1") == []
    assert names("status=completed") == ["b"]
    assert names("per_page=1&page=2") == ["a"]


def test_completed_at_stays_unless_it_is_sent(hub: Hub) -> None:
    when = "2026-01-02T03:04:05Z"
    body = {"name": "a", "head_sha": tip(hub), "conclusion": "failure", "completed_at": when}
    number = hub.ok("POST", "check-runs", body)["id"]
    assert hub.ok("PATCH", f"check-runs/{number}", {"conclusion": "success"})["completed_at"] == when


def test_annotations_are_appended(hub: Hub) -> None:
    note = {"path": "a.py", "start_line": 1, "end_line": 2, "annotation_level": "warning", "message": "hm"}
    output = {"title": "T", "summary": "S", "annotations": [note] * 50}
    number = hub.ok("POST", "check-runs", {"name": "a", "head_sha": tip(hub), "output": output})["id"]
    hub.ok("PATCH", f"check-runs/{number}", {"output": {**output, "annotations": [{**note, "message": "more"}]}})
    rows = hub.ok("GET", f"check-runs/{number}/annotations?per_page=100")
    assert len(rows) == 51
    assert rows[-1]["message"] == "more"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"output": {"title": "t", "summary": "x" * 70_000}},
            "Only 65535 characters are allowed; 70000 were supplied.",
        ),
        ({"output": {"title": "t"}}, '\\"summary\\" wasn\'t supplied.'),
        ({"head_sha": "0" * 40}, "No commit found for SHA: " + "0" * 40),
        ({"status": "completed"}, '\\"conclusion\\" wasn\'t supplied.'),
        ({"status": "done"}, "is not a member of"),
        ({"name": None}, '\\"name\\" wasn\'t supplied.'),
        ({"details_url": "ftp://x"}, "http or https"),
        ({"actions": [{"label": "a" * 21, "description": "d", "identifier": "i"}]}, "Only 20 characters are allowed"),
        ({"actions": [{"label": "a", "description": "d", "identifier": "i"}] * 4}, "No more than 3 items are allowed"),
    ],
)
def test_what_github_refuses_is_refused(hub: Hub, change: dict[str, object], text: str) -> None:
    hub.recorder.findings.clear()
    status, words = hub.refused("POST", "check-runs", {"name": "a", "head_sha": tip(hub), **change})
    hub.recorder.findings = [found for found in hub.recorder.findings if "request" not in found.where]
    assert status == 422
    assert text in words
    assert hub.sandbox.state.check_runs == {}


def test_too_many_annotations_at_once_change_nothing(hub: Hub) -> None:
    number = hub.ok("POST", "check-runs", {"name": "a", "head_sha": tip(hub)})["id"]
    note = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    hub.recorder.expect("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id} request")
    body = {"conclusion": "success", "output": {"title": "t", "summary": "s", "annotations": [note] * 52}}
    status, words = hub.refused("PATCH", f"check-runs/{number}", body)
    assert (status, "No more than 50 items are allowed; 52 were supplied." in words) == (422, True)
    assert hub.ok("GET", f"check-runs/{number}")["status"] == "queued"


def test_only_apps_write_runs_and_each_its_own(hub: Hub) -> None:
    assert hub.refused("POST", "check-runs", {"name": "a", "head_sha": tip(hub)}, who="bob")[0] == 403
    number = hub.ok("POST", "check-runs", {"name": "a", "head_sha": tip(hub)})["id"]
    other = hub.scenario.app("other")
    hub.tokens["other"] = hub.scenario.installation_token(hub.scenario.install(other, "acme"))
    status, words = hub.refused("PATCH", f"check-runs/{number}", {"conclusion": "success"}, who="other")
    assert (status, "Invalid app_id" in words) == (403, True)
    assert hub.api("GET", "check-runs/1").status == 404


def test_a_push_asks_every_app_once_per_sha(hub: Hub) -> None:
    other = hub.scenario.app("other", webhook_url="http://127.0.0.1:1/hook")
    hub.scenario.install(other, "acme")
    hub.scenario.install(hub.scenario.app("reader", {"checks": "read"}, ["check_suite"], "http://127.0.0.1:1/"), "acme")
    sha = push(hub)
    heard = hub.hear()
    assert heard.count("check_suite.requested") == 2
    asked = {told["check_suite"]["app"]["slug"] for name, told in hub.told if name == "check_suite"}
    assert asked == {"lockstep", "other"}
    assert heard.index("push") < heard.index("check_suite.requested")
    again = hub.api("POST", "git/refs", {"ref": "refs/heads/copy", "sha": sha})
    if again.status == 201:
        assert "check_suite.requested" not in hub.hear()
    assert checks.suite_for(hub.sandbox, hub.repo, other.app_id, sha)[1] is False


def test_preferences_switch_the_asking_off(hub: Hub) -> None:
    app_id = next(app.id for app in hub.sandbox.state.apps.values() if app.slug == "lockstep")
    body = {"auto_trigger_checks": [{"app_id": app_id, "setting": False}]}
    answer = hub.ok("PATCH", "check-suites/preferences", body, who="ada")
    assert {"app_id": app_id, "setting": False} in answer["preferences"]["auto_trigger_checks"]
    push(hub)
    assert "check_suite.requested" not in hub.hear()


def test_a_suite_shows_its_gravest_conclusion_and_waits_for_all(hub: Hub) -> None:
    sha = tip(hub)
    ids = {}
    for name, word in (("a", "success"), ("b", "timed_out"), ("c", "neutral"), ("d", "failure")):
        ids[name] = hub.ok("POST", "check-runs", {"name": name, "head_sha": sha})["id"]
        hub.ok("PATCH", f"check-runs/{ids[name]}", {"conclusion": word})
    suite = hub.ok("GET", f"commits/{sha}/check-suites")["check_suites"][-1]
    assert (suite["status"], suite["conclusion"]) == ("completed", "timed_out")
    hub.ok("PATCH", f"check-runs/{ids['a']}", {"conclusion": "action_required"})
    assert hub.ok("GET", f"check-suites/{suite['id']}")["conclusion"] == "action_required"
    hub.ok("POST", "check-runs", {"name": "e", "head_sha": sha})
    assert hub.ok("GET", f"check-suites/{suite['id']}")["conclusion"] is None
    listed = hub.ok("GET", f"check-suites/{suite['id']}/check-runs?check_name=b")
    assert [run["id"] for run in listed["check_runs"]] == [ids["b"]]


def test_a_suite_is_made_once(hub: Hub) -> None:
    sha = push(hub, "b.txt", "side")
    assert hub.api("POST", "check-suites", {"head_sha": sha}).status == 200
    other = hub.scenario.app("late")
    hub.tokens["late"] = hub.scenario.installation_token(hub.scenario.install(other, "acme"))
    assert hub.api("POST", "check-suites", {"head_sha": sha}, who="late").status == 201


def test_rerequest_leaves_the_old_run_and_opens_the_suite(hub: Hub) -> None:
    run = hub.ok("POST", "check-runs", {"name": "gate", "head_sha": tip(hub), "conclusion": "failure"})
    hub.hear()
    hub.ok("POST", f"check-runs/{run['id']}/rerequest", who="bob")
    assert hub.hear() == ["check_run.rerequested"]
    told = hub.payload("check_run.rerequested")["check_run"]
    assert (told["id"], told["conclusion"]) == (run["id"], "failure")
    assert hub.ok("GET", f"check-runs/{run['id']}")["conclusion"] == "failure"
    suite = hub.ok("GET", f"check-suites/{run['check_suite']['id']}")
    assert (suite["status"], suite["conclusion"]) == ("queued", None)
    hub.ok("POST", f"check-suites/{suite['id']}/rerequest")
    assert hub.hear() == ["check_suite.rerequested"]
    assert hub.refused("POST", f"check-runs/{run['id']}/rerequest", who="eve")[0] == 403


def test_a_button_is_pressed_only_when_it_is_there(hub: Hub) -> None:
    button = {"label": "Fix", "description": "Fix it", "identifier": "fix"}
    body = {"name": "gate", "head_sha": tip(hub), "conclusion": "failure", "actions": [button]}
    run = hub.sandbox.state.check_runs[hub.ok("POST", "check-runs", body)["id"]]
    hub.hear()
    assert checks.press(hub.sandbox, run, "break", "bob") is False
    assert checks.press(hub.sandbox, run, "fix", "bob") is True
    assert hub.hear() == ["check_run.requested_action"]
    assert hub.payload("check_run.requested_action")["requested_action"] == {"identifier": "fix"}


def test_two_pull_requests_on_one_sha_share_their_runs(hub: Hub) -> None:
    sha = push(hub, "c.txt", "one")
    hub.sandbox.git.set_ref(hub.repo.id, "refs/heads/two", sha)
    hub.scenario.commit(hub.repo, {"x": "x"}, "Base moves", branch="base")
    numbers = {hub.pull(head="one")["number"], hub.pull(head="two")["number"]}
    run = hub.ok("POST", "check-runs", {"name": "gate", "head_sha": sha})
    assert {pull["number"] for pull in run["pull_requests"]} == numbers


def test_statuses_are_kept_and_the_newest_of_a_context_counts(hub: Hub) -> None:
    sha = tip(hub)
    hub.ok("POST", f"statuses/{sha}", {"state": "pending", "context": "ci/x"}, who="bob")
    assert hub.hear() == ["status"]
    told = hub.payload("status")
    assert (told["name"], told["state"], told["branches"][0]["name"]) == ("acme/api", "pending", "main")
    assert hub.ok("GET", f"commits/{sha}/status")["state"] == "pending"
    hub.ok("POST", f"statuses/{sha}", {"state": "success", "context": "ci/x", "description": "fine"})
    answer = hub.ok("GET", f"commits/{sha}/status")
    assert (answer["state"], answer["total_count"]) == ("success", 1)
    hub.ok("POST", f"statuses/{sha}", {"state": "error"})
    assert hub.ok("GET", "commits/main/status")["state"] == "failure"
    rows = hub.ok("GET", f"commits/{sha}/statuses")
    assert [(row["context"], row["state"]) for row in rows] == [
        ("default", "error"),
        ("ci/x", "success"),
        ("ci/x", "pending"),
    ]
    found = {(v.kind, v.name, v.state, bool(v.app_id)) for v in checks.rollup(hub.sandbox, hub.repo, sha)}
    assert found == {("status", "ci/x", "success", True), ("status", "default", "failure", True)}


def test_a_check_and_a_status_of_one_name_are_two_verdicts(hub: Hub) -> None:
    sha = tip(hub)
    hub.ok("POST", "check-runs", {"name": "build", "head_sha": sha, "conclusion": "skipped"})
    hub.ok("POST", f"statuses/{sha}", {"state": "failure", "context": "build"}, who="bob")
    found = [(v.kind, v.state) for v in checks.rollup(hub.sandbox, hub.repo, sha)]
    assert found == [("check", "success"), ("status", "failure")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"state": "success", "description": "x" * 141}, "maximum is 140 characters"),
        ({"state": "success", "target_url": "javascript:1"}, "target_url"),
    ],
)
def test_bad_statuses_are_refused(hub: Hub, body: dict[str, str], text: str) -> None:
    status, words = hub.refused("POST", f"statuses/{tip(hub)}", body)
    assert (status, text in words) == (422, True)
    assert hub.refused("POST", "statuses/" + "a" * 40, {"state": "success"})[0] == 422
