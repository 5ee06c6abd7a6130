"""Reading payloads: what GitHub documents becomes values, what nobody documents becomes nothing, and nothing raises."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.events import Actor, Event, Installation, Link, Push, Repo, key
from handlers.reading import parse, read

SHA = "a" * 40
OTHER = "b" * 40
REPO = {"id": 186853002, "full_name": "Codertocat/Hello-World", "default_branch": "main"}
PERSON = {"login": "octocat", "id": 1, "type": "User"}
BASE = {"repository": REPO, "sender": PERSON, "installation": {"id": 7}}

NAMES = (
    *("issues", "issue_comment", "pull_request", "pull_request_review", "check_run", "check_suite", "workflow_run"),
    *("push", "status", "merge_group", "installation", "installation_repositories", "sub_issues", "repository"),
    *("issue_dependencies", "label", "workflow_job", "an_event_nobody_knows"),
)


def event(name: str, **payload: object) -> Event:
    return parse(name, "guid-1", json.dumps(BASE | payload).encode())


def test_what_every_event_has() -> None:
    found = event("issues", action="opened")
    assert (found.name, found.guid, found.action) == ("issues", "guid-1", "opened")
    assert (found.repo, found.repo_id, found.default_branch) == ("Codertocat/Hello-World", "186853002", "main")
    assert (found.installation_id, found.sender) == ("7", Actor(login="octocat", type="User", id="1"))
    assert found.readable


def test_an_issue_and_its_comment() -> None:
    issue = {
        "number": 5,
        "id": 73464126,
        "title": "Spelling",
        "body": "- [ ] **a** do it",
        "state": "open",
        "labels": [{"name": "lockstep:plan"}, {"name": "bug"}, {}, "odd"],
        "user": PERSON,
    }
    comment = {"id": 99262140, "body": "/lockstep run", "user": PERSON, "performed_via_github_app": None}
    found = event("issue_comment", action="created", issue=issue, comment=comment)
    assert found.issue is not None
    assert found.comment is not None
    assert (found.number, found.issue.number, found.issue.id) == (5, 5, "73464126")
    assert (found.issue.title, found.issue.state, found.issue.labels) == ("Spelling", "open", ("lockstep:plan", "bug"))
    assert not found.issue.is_pull
    assert (found.comment.id, found.comment.body, found.comment.author.login) == (
        "99262140",
        "/lockstep run",
        "octocat",
    )
    assert not found.comment.via_app


def test_a_comment_on_a_pull_request_written_by_an_app() -> None:
    found = event(
        "issue_comment",
        issue={"number": 2, "pull_request": {"url": "https://api.github.com/x"}},
        comment={"id": 1, "performed_via_github_app": {"id": 3, "slug": "x"}},
    )
    assert found.issue is not None
    assert found.comment is not None
    assert found.issue.is_pull
    assert found.comment.via_app


def test_a_pull_request() -> None:
    pull = {
        "number": 2,
        "id": 279147437,
        "title": "Update",
        "body": None,
        "state": "closed",
        "draft": True,
        "merged": True,
        "merge_commit_sha": OTHER,
        "labels": [{"name": "lockstep:ready"}],
        "user": PERSON,
        "head": {"ref": "lockstep/p/a", "sha": SHA, "repo": {"full_name": "octocat/fork"}},
        "base": {"ref": "main", "sha": OTHER},
    }
    found = event("pull_request", action="closed", number=2, pull_request=pull)
    assert found.pull is not None
    assert (found.number, found.pull.number, found.pull.merged, found.pull.draft) == (2, 2, True, True)
    assert (found.pull.head_sha, found.pull.head_ref, found.pull.head_repo) == (SHA, "lockstep/p/a", "octocat/fork")
    assert (found.pull.base_ref, found.pull.merge_sha, found.pull.body) == ("main", OTHER, "")
    gone = event("pull_request", pull_request=pull | {"head": {"ref": "x", "sha": SHA, "repo": None}})
    assert gone.pull is not None
    assert gone.pull.head_repo == ""


def test_a_check_run_whose_button_was_pressed() -> None:
    run = {
        "id": 128620228,
        "name": "lockstep/gate",
        "head_sha": SHA,
        "status": "completed",
        "conclusion": "failure",
        "external_id": "run-1/api",
        "app": {"id": 29310, "slug": "lockstep"},
        "check_suite": {"id": 5, "head_branch": "changes", "head_sha": SHA},
        "pull_requests": [{"number": 2}, {"number": "x"}],
    }
    found = event("check_run", action="requested_action", check_run=run, requested_action={"identifier": "retry"})
    assert found.check is not None
    assert not found.check.is_suite
    assert (found.check.id, found.check.name, found.check.external_id) == ("128620228", "lockstep/gate", "run-1/api")
    assert (found.check.app_id, found.check.app_slug) == ("29310", "lockstep")
    assert (found.check.status, found.check.conclusion) == ("completed", "failure")
    assert (found.check.identifier, found.check.pulls, found.check.head_ref) == ("retry", (2,), "changes")
    assert found.head_sha == SHA


def test_a_check_suite_and_an_actions_run() -> None:
    suite = {
        "id": 5,
        "head_sha": SHA,
        "head_branch": None,
        "status": "queued",
        "conclusion": None,
        "app": {"id": 15368},
    }
    found = event("check_suite", check_suite=suite)
    assert found.check is not None
    assert (found.check.is_suite, found.check.conclusion, found.check.head_ref) == (True, "", "")
    run = {
        "id": 9,
        "name": "test",
        "path": ".github/workflows/test.yml",
        "run_attempt": 2,
        "event": "push",
        "head_sha": OTHER,
        "head_branch": "main",
        "head_repository": {"full_name": "octocat/fork"},
        "status": "completed",
        "conclusion": "action_required",
        "pull_requests": [],
    }
    actions = event("workflow_run", workflow_run=run)
    assert actions.workflow_run is not None
    assert (actions.workflow_run.attempt, actions.workflow_run.cause) == (2, "push")
    assert (actions.workflow_run.head_repo, actions.workflow_run.conclusion) == ("octocat/fork", "action_required")
    assert actions.head_sha == OTHER


FILES = {"added": ["a.py"], "removed": [], "modified": ["docs/b.md"]}


@pytest.mark.parametrize(
    ("commits", "more", "may"),
    [
        ([FILES, {**FILES, "modified": []}], {}, False),
        ([{**FILES, "removed": [".github/workflows/ci.yml"]}], {}, True),
        ([FILES], {"forced": True}, True),
        ([], {}, True),
        (None, {}, True),
        ([FILES] * 2_048, {}, True),
        ([{**FILES, "added": ["x"] * 300}], {}, True),
        ([{"added": []}], {}, True),
        (["odd"], {}, True),
        ([{**FILES, "added": [7]}], {}, True),
    ],
)
def test_a_push_says_whether_it_may_change_settings(commits: Any, more: dict[str, Any], *, may: bool) -> None:
    pushed = event("push", ref="refs/heads/main", before=SHA, after=OTHER, commits=commits, **more).push
    assert pushed is not None
    assert pushed.settings is may


def test_a_push_a_status_and_a_review() -> None:
    pushed = event("push", ref="refs/heads/x", before=SHA, after="0" * 40, deleted=True, forced=True, created=False)
    assert pushed.push == Push(ref="refs/heads/x", before=SHA, after="0" * 40, deleted=True, forced=True)
    status = event("status", sha=SHA, context="ci/old", state="success")
    assert status.status is not None
    assert (status.status.context, status.status.state, status.head_sha) == ("ci/old", "success", SHA)
    review = event(
        "pull_request_review", pull_request={"number": 3}, review={"id": 1, "state": "approved", "user": PERSON}
    )
    assert review.review is not None
    assert (review.review.state, review.review.author.login, review.number) == ("approved", "octocat", 3)


def test_installations_say_what_they_gained_and_lost() -> None:
    account = {"login": "acme", "id": 4, "type": "Organization"}
    created = parse(
        "installation",
        "g",
        json.dumps(
            {
                "action": "created",
                "installation": {"id": 2, "account": account, "repository_selection": "selected"},
                "repositories": [{"id": 1, "full_name": "acme/api"}, {"full_name": "not a name"}],
            }
        ).encode(),
    )
    expected = Installation(
        id="2",
        account=Actor(login="acme", type="Organization", id="4"),
        selection="selected",
        added=(Repo(name="acme/api", id="1"),),
    )
    assert created.installation == expected
    changed = event("installation_repositories", repositories_removed=[{"id": 1, "full_name": "acme/api"}])
    assert changed.installation is not None
    assert changed.installation.removed == (Repo(name="acme/api", id="1"),)
    assert event("issues").installation is None, "every event names its installation; that is installation_id"


@pytest.mark.parametrize(
    ("name", "action", "ours", "other"),
    [
        ("sub_issues", "sub_issue_added", "parent_issue", "sub_issue"),
        ("sub_issues", "parent_issue_removed", "sub_issue", "parent_issue"),
        ("issue_dependencies", "blocked_by_added", "blocked_issue", "blocking_issue"),
        ("issue_dependencies", "blocking_removed", "blocking_issue", "blocked_issue"),
    ],
)
def test_relations_are_seen_from_the_side_of_the_repository_that_is_told(
    name: str, action: str, ours: str, other: str
) -> None:
    sides = {ours: {"number": 1}, other: {"number": 2}, f"{other}_repo": {"full_name": "acme/web"}}
    found = event(name, action=action, **sides)
    assert found.number == 1
    assert found.link == Link(repo="acme/web", number=2)


def test_renames_moves_and_transfers() -> None:
    renamed = event("repository", action="renamed", changes={"repository": {"name": {"from": "old-name"}}})
    assert (renamed.old_name, renamed.changed) == ("old-name", ("repository",))
    moved = event("repository", action="transferred", changes={"owner": {"from": {"user": {"login": "before"}}}})
    assert moved.old_name == "before"
    gone = event(
        "issues",
        action="transferred",
        issue={"number": 3},
        changes={"new_issue": {"number": 8}, "new_repository": {"full_name": "acme/new"}},
    )
    assert (gone.number, gone.link) == (3, Link(repo="acme/new", number=8))
    assert event("issues", action="labeled", label={"name": "lockstep:plan"}).label == "lockstep:plan"


@pytest.mark.parametrize("login", ["lockstep[bot]", "dependabot[bot]"])
def test_bots_are_known_by_type_or_by_name(login: str) -> None:
    assert event("issues", sender={"login": login}).sender.is_bot
    assert event("issues", sender={"login": "robot", "type": "Bot"}).sender.is_bot
    assert not event("issues", sender={"login": "bot", "type": "User"}).sender.is_bot


@pytest.mark.parametrize(
    "name",
    [
        "",
        "api",
        "a/b/c",
        "../etc",
        "acme/..",
        "./x",
        "acme/a b",
        "acme/ä",
        "acme/x\n",
        "a" * 101 + "/x",
        None,
        5,
        ["a/b"],
    ],
)
def test_a_repository_that_is_not_owner_slash_name_is_no_repository(name: object) -> None:
    assert event("push", repository={"full_name": name}).repo == ""


@pytest.mark.parametrize("sha", ["", "main", SHA[:-1], SHA.upper(), SHA + "\n", "g" * 40, None, 1])
def test_a_commit_that_is_not_a_full_hash_is_none(sha: object) -> None:
    assert event("status", sha=sha).head_sha == ""


@pytest.mark.parametrize("number", [0, -1, True, 1.0, "1", 2**60, None, [1]])
def test_a_number_that_is_not_one_is_none(number: object) -> None:
    assert event("issues", issue={"number": number, "title": "x"}).number is None


@pytest.mark.parametrize("number", [True, -5, 10**25, 1.5, "x", "1; drop", None])
def test_an_id_is_digits(number: object) -> None:
    assert event("issues", installation={"id": number}).installation_id == ""


def test_texts_are_cut() -> None:
    found = event(
        "issues",
        issue={"number": 1, "title": "t" * 10_000, "body": "b" * 1_000_000, "labels": [{"name": "n" * 10_000}] * 5_000},
    )
    assert found.issue is not None
    assert (len(found.issue.title), len(found.issue.body)) == (512, 262_144)
    assert len(found.issue.labels) == 1_000
    assert max(map(len, found.issue.labels)) == 512


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"{",
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"NaN",
    ],
    ids=range(11),
)
def test_a_body_that_is_no_object_gives_an_event_with_its_name_only(body: bytes) -> None:
    assert parse("issues", "g", body) == Event(name="issues", guid="g", readable=False)


WHO = {"login": "octocat", "id": 1, "type": "User"}
SOME_REPO = {"id": 1, "full_name": "acme/api"}
SOME_ISSUE = {"number": 1, "id": 1, "title": "t", "state": "open", "labels": [{"name": "l"}], "user": WHO}
SOME_CHECK = {"id": 1, "head_sha": SHA, "app": {"id": 1, "slug": "s"}, "pull_requests": [{"number": 1}]}
EVERYTHING: dict[str, object] = {
    "action": "blocked_by_added",
    "repository": SOME_REPO,
    "sender": WHO,
    "installation": {"id": 1, "account": WHO},
    "repositories": [SOME_REPO],
    "repositories_removed": [SOME_REPO],
    "issue": SOME_ISSUE,
    "blocked_issue": SOME_ISSUE,
    "blocking_issue": SOME_ISSUE,
    "blocking_issue_repo": SOME_REPO,
    "comment": {"id": 1, "body": "b", "user": WHO, "performed_via_github_app": {"id": 1}},
    "pull_request": SOME_ISSUE | {"head": {"sha": SHA, "ref": "x", "repo": SOME_REPO}, "base": {"ref": "main"}},
    "review": {"id": 1, "state": "approved", "body": "b", "user": WHO},
    "check_run": SOME_CHECK | {"name": "n", "external_id": "e", "check_suite": SOME_CHECK},
    "workflow_run": SOME_CHECK | {"run_attempt": 1, "head_repository": SOME_REPO, "event": "push"},
    "requested_action": {"identifier": "retry"},
    "changes": {"owner": {"from": {"user": WHO}}, "new_issue": SOME_ISSUE, "repository": {"name": {"from": "x"}}},
    "label": {"name": "l"},
    "merge_group": {"head_sha": SHA},
    "ref": "refs/heads/main",
    "before": SHA,
    "sha": SHA,
    "number": 1,
}
Way = tuple[str | int, ...]


def ways(value: object, here: Way = ()) -> list[Way]:
    """The way to every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return ([here] if here else []) + [way for name, each in inner for way in ways(each, (*here, name))]


odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**30),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from([[], {}, [None], [[]], [{}], {"id": []}, {"number": {}}, [{"number": 1}, 5], {"": ""}]),
)


@given(st.sampled_from(NAMES), st.lists(st.tuples(st.sampled_from(ways(EVERYTHING)), odd_values), max_size=6))
def test_whatever_is_odd_in_a_payload_every_field_has_its_declared_type(
    name: str, oddities: list[tuple[Way, object]]
) -> None:
    payload = json.loads(json.dumps(EVERYTHING))
    for way, value in sorted(oddities, key=lambda pair: -len(pair[0])):  # inner ones first, so that every way exists
        place = payload
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = value
    found = read(name, "g", payload)
    assert msgspec.convert(msgspec.to_builtins(found), Event, strict=True) == found
    assert key(found)


@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_any_bytes_become_an_event(name: str, body: bytes) -> None:
    assert parse(name, "g", body).name == name


def test_the_key_is_repository_and_number_then_commit_then_repository_then_installation() -> None:
    place = "186853002"
    assert key(event("issues", issue={"number": 5})) == f"{place}#5"
    assert key(event("issue_comment", issue={"number": 5}, comment={"id": 1})) == f"{place}#5"
    assert key(event("pull_request_review", pull_request={"number": 6})) == f"{place}#6"
    assert key(event("check_run", check_run={"id": 1, "head_sha": SHA})) == f"{place}@{SHA}"
    assert key(event("status", sha=SHA)) == key(event("workflow_run", workflow_run={"id": 2, "head_sha": SHA}))
    assert key(event("merge_group", merge_group={"head_sha": OTHER})) == f"{place}@{OTHER}"
    assert key(event("push", ref="refs/heads/main", after=SHA)) == place
    assert key(parse("installation", "g", b'{"installation": {"id": 7}}')) == "installation:7"
    assert key(parse("ping", "g", b"[]")) == "ping"
    assert key(parse("push", "g", b'{"repository": {"full_name": "Acme/API"}}')) == "acme/api"
