"""The judge of webhooks: GitHub's own samples pass where they are current, and changed ones do not."""

import pytest

from tests.contract.webhooks import check_delivery, examples, known_events, sample


@pytest.mark.parametrize(
    ("event", "action", "field"),
    [
        ("issues", "opened", "issue"),
        ("issues", "labeled", "sender"),
        ("issue_comment", "created", "comment"),
        ("check_run", "completed", "check_run"),
        ("installation", "suspend", "installation"),
        ("pull_request", "opened", "number"),
        ("ping", "", "hook_id"),
        ("create", "", "ref"),
    ],
)
def test_a_sample_passes_and_its_mutations_do_not(event: str, action: str, field: str) -> None:
    payload = sample(event, action)
    assert check_delivery(event, payload) == []
    wrong = check_delivery(event, {**payload, field: [1]})
    assert [f.pointer for f in wrong] == [f"/{field}"]
    del payload[field]
    missing = check_delivery(event, payload)
    assert [f.expected for f in missing] == ([] if event == "ping" else [f"the required {field}"])


def test_a_nested_mistake_is_pointed_at() -> None:
    payload = sample("issues", "opened")
    payload["issue"]["labels"] = [{"name": "bug"}]
    payload["issue"]["state"] = "done"
    assert {f.pointer: f.expected for f in check_delivery("issues", payload)} == {
        "/issue/labels/0": "the required color, default, description, id, node_id, url",
        "/issue/state": 'it is not one of "open" or "closed"',
    }


def test_unknown_events_and_actions_are_findings() -> None:
    assert [f.expected for f in check_delivery("isues", {})] == ["an event of GitHub's"]
    (found,) = check_delivery("issues", {**sample("issues", "opened"), "action": "opend"})
    assert found.pointer == "/action"
    assert [f.expected for f in check_delivery("push", [])] == ["a JSON object"]


def test_an_action_does_not_pass_for_another() -> None:
    assert check_delivery("issues", {**sample("issues", "opened"), "action": "transferred"}) != []


def test_actions_without_a_schema_of_their_own_use_the_events() -> None:
    assert "review_requested" not in known_events()["pull_request"]
    payload = {**sample("pull_request", "opened"), "action": "review_requested"}
    assert all("an action of" not in f.expected for f in check_delivery("pull_request", payload))


def test_an_app_may_subscribe_to_every_event_there_is_and_to_no_other() -> None:
    payload = sample("check_suite", "completed")
    payload["check_suite"]["app"]["events"] = sorted(known_events())
    assert check_delivery("check_suite", payload) == []
    payload["check_suite"]["app"]["events"] = ["isues"]
    assert [f.pointer for f in check_delivery("check_suite", payload)] == ["/check_suite/app/events/0"]


def test_the_data_is_whole() -> None:
    assert len(known_events()) == 20
    assert sum(map(len, known_events().values())) == 92
    assert len(examples()) == 329
    judged = [not check_delivery(event, payload) for event, _, payload in examples() if event in known_events()]
    assert (sum(judged), len(judged)) == (110, 157)
