"""What of a payload is passed on: the parts the cache can use, whole or not at all, and never more than that."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.payload import BODY
from handlers.reading import parse
from handlers.telling import telling
from services.github import shapes
from tests.handlers.test_events import BASE, PERSON, SHA

PULL = {
    "id": 1, "number": 2, "title": "Update", "body": None, "state": "open", "updated_at": "2026-03-01T09:30:00Z",
    "labels": [{"name": "bug", "color": "fff"}], "user": PERSON, "_links": {"self": {"href": "x"}},
    "head": {"ref": "x", "sha": SHA, "repo": {"full_name": "acme/api", "private": True}},
    "base": {"ref": "main", "sha": SHA, "repo": None},
}  # fmt: skip


def told(event: str, **payload: object) -> Any:
    body = parse(event, "guid", json.dumps(BASE | payload).encode()).told
    return json.loads(body) if body else None


def test_a_pull_request_without_what_nobody_reads() -> None:
    found = told("pull_request", action="labeled", pull_request=PULL)
    assert (found["event"], found["action"], found["installation"]) == ("pull_request", "labeled", "7")
    assert found["pull"] == {
        "id": 1, "number": 2, "title": "Update", "body": None, "state": "open", "updated_at": "2026-03-01T09:30:00Z",
        "labels": [{"name": "bug"}], "head": {"ref": "x", "sha": SHA, "repo": {"full_name": "acme/api"}},
        "base": {"ref": "main", "sha": SHA, "repo": None},
    }  # fmt: skip


@pytest.mark.parametrize("odd", [{"body": "x" * (BODY + 1)}, {"labels": "none"}, {"head": ["x"]}, {"title": {"a": 1}}])
def test_what_does_not_fit_is_left_out_whole(odd: dict[str, object]) -> None:
    assert told("pull_request", action="edited", pull_request=PULL | odd) is None


@pytest.mark.parametrize(
    ("event", "key", "ours", "shape"),
    [
        ("pull_request", "pull_request", "pull", shapes.PullShape),
        ("pull_request_review", "review", "review", shapes.ReviewShape),
        ("issues", "issue", "issue", shapes.IssueShape),
        ("issue_comment", "comment", "comment", shapes.CommentShape),
        ("check_run", "check_run", "check", shapes.CheckShape),
    ],
)
def test_all_that_is_read_of_an_answer_is_passed_on(
    event: str, key: str, ours: str, shape: type[msgspec.Struct]
) -> None:
    """What an answer has and a webhook lacks would make the one look out of date beside the other."""
    fields = shape.__struct_fields__
    assert set(told(event, **{key: dict.fromkeys(fields)})[ours]) == set(fields)


def test_one_part_does_not_spoil_another() -> None:
    review = {"id": 5, "state": "approved", "user": PERSON, "submitted_at": "2026-03-01T09:30:00Z", "body": "fine"}
    found = told("pull_request_review", action="submitted", review=review, pull_request=PULL | {"labels": 1})
    assert "pull" not in found
    assert found["review"] == {
        "id": 5,
        "state": "approved",
        "submitted_at": "2026-03-01T09:30:00Z",
        "user": {"login": "octocat", "type": "User"},
    }


def test_a_push_and_a_status_have_no_part_of_their_own() -> None:
    head = {"id": SHA, "distinct": True, "timestamp": "2026-03-01T09:30:00Z", "message": "hi"}
    repository = BASE["repository"] | {"pushed_at": 1_772_357_400}  # type: ignore[operator]
    found = told("push", ref="refs/heads/x", before="0" * 40, after=SHA, head_commit=head, repository=repository)
    assert found["push"] == {
        "ref": "refs/heads/x", "before": "0" * 40, "after": SHA, "deleted": False, "pushed_at": 1_772_357_400,
        "head": {"id": SHA, "distinct": True, "timestamp": "2026-03-01T09:30:00Z"},
    }  # fmt: skip
    status = {"id": 3, "sha": SHA, "context": "ci", "state": "success", "target_url": None}
    assert told("status", **status, name="acme/api")["status"] == status


def test_other_events_tell_nothing() -> None:
    assert told("label", action="created", label={"name": "bug"}) is None
    assert told("pull_request", action="opened") is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = ("pull_request", "issue", "comment", "review", "check_run", "check_suite", "head_commit", "repository", "sha")


@given(
    st.sampled_from(["pull_request", "pull_request_review", "issues", "issue_comment", "check_run", "push", "status"]),
    st.dictionaries(st.sampled_from(KEYS), json_values),
)
def test_nothing_raises_and_all_is_json(name: str, payload: dict[str, Any]) -> None:
    found = telling(name, "edited", payload)
    assert not found or isinstance(msgspec.json.decode(found), dict)


def test_paths_of_a_push() -> None:
    def paths(**payload: object) -> tuple[str, ...] | None:
        push = parse("push", "guid", json.dumps(BASE | {"ref": "refs/heads/main"} | payload).encode()).push
        assert push is not None
        return push.paths

    one = {"added": ["a"], "modified": ["b/c"], "removed": []}
    assert paths(commits=[one, {"added": [], "modified": ["b/c", "d"], "removed": ["e"]}]) == ("a", "b/c", "d", "e")
    assert paths(commits=[one], forced=True) is None
    assert paths(commits=[one], created=True) is None
    assert paths(commits=[]) is None
    assert paths(commits=[{"added": [], "modified": [], "removed": []}]) is None, "GitHub leaves large ones out"
    assert paths(commits=[one] * 1001) is None
    assert paths(commits=[{"added": [1]}]) is None


def test_a_ref_that_came_or_went() -> None:
    created = parse("create", "guid", json.dumps(BASE | {"ref": "x/y", "ref_type": "branch"}).encode()).push
    tagged = parse("delete", "guid", json.dumps(BASE | {"ref": "v1", "ref_type": "tag"}).encode()).push
    assert created is not None
    assert tagged is not None
    assert (created.branch, tagged.branch) == ("x/y", "")


def test_an_issue_keeps_its_global_id() -> None:
    """Sub-issues are linked by it; an issue primed without it would cost a call for each."""
    found = told("issues", action="edited", issue={"id": 1, "node_id": "I_1", "number": 2, "title": "t"})
    assert found["issue"]["node_id"] == "I_1"
