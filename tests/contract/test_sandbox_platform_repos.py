"""Repositories in the sandbox: settings, names, files, branches and what protects them, people, hooks."""

import base64
import json
from typing import Any

import pytest

from services.sandbox import events
from services.sandbox.auth import rank, role_of
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def put(hub: Hub, path: str, text: str, **more: Any) -> Any:
    return hub.ok("PUT", f"contents/{path}", {"message": f"Write {path}", "content": b64(text), **more})


def test_a_repository_is_shown_to_those_who_may_see_it(hub: Hub) -> None:
    shown = hub.ok("GET", "/repos/ACME/Api")
    assert (shown["full_name"], shown["permissions"]["push"], shown["permissions"]["admin"]) == (
        "acme/api",
        True,
        False,
    )
    assert shown["clone_url"] == "http://127.0.0.1:4000/acme/api.git"
    assert hub.ok("GET", f"/repositories/{hub.repo.id}")["id"] == hub.repo.id
    assert hub.api("GET", "/repos/acme/none").status == 404
    assert hub.api("GET", "/repos/acme/api/").status == 404
    hub.recorder.expect("GET /repos/acme/api/ at /: not in the description")
    assert [row["name"] for row in hub.ok("GET", "/orgs/acme/repos")] == ["api", "web"]


def test_a_rename_leaves_a_way_from_the_old_name(hub: Hub) -> None:
    renamed = hub.ok("PATCH", "/repos/acme/api", {"name": "orders", "description": "All of them"}, who="acme")
    assert renamed["full_name"] == "acme/orders"
    assert hub.hear() == ["repository.renamed", "repository.edited"]
    assert hub.payload("repository.renamed")["changes"]["repository"]["name"]["from"] == "api"
    moved = hub.api("GET", "/repos/acme/api")
    assert (moved.status, moved.json["message"]) == (301, "Moved Permanently")
    assert moved.headers["location"] == f"http://127.0.0.1:4000/repositories/{hub.repo.id}"
    assert moved.json["url"] == moved.headers["location"]
    below = hub.api("POST", "/repos/acme/api/issues", {"title": "x"})
    assert below.status == 307
    assert below.headers["location"].endswith(f"/repositories/{hub.repo.id}/issues")


def test_what_a_redirect_names_answers_too(hub: Hub) -> None:
    hub.ok("PATCH", "/repos/acme/api", {"name": "orders"}, who="acme")
    place = hub.api("POST", "/repos/acme/api/issues", {"title": "x"}).headers["location"]
    made = hub.api("POST", place.removeprefix("http://127.0.0.1:4000"), {"title": "x"})
    assert (made.status, made.json["title"]) == (201, "x")


def test_an_archived_repository_is_read_only_until_it_is_brought_back(hub: Hub) -> None:
    hub.ok("PATCH", "/repos/acme/api", {"archived": True}, who="acme")
    refused = hub.api("POST", "issues", {"title": "x"})
    assert (refused.status, refused.json["message"]) == (403, "Repository was archived so is read-only.")
    hub.ok("PATCH", "/repos/acme/api", {"archived": False}, who="acme")
    assert hub.hear() == ["repository.archived", "repository.unarchived"]
    hub.issue()


def test_the_default_branch_moves_only_to_a_branch(hub: Hub) -> None:
    status, words = hub.refused("PATCH", "/repos/acme/api", {"default_branch": "none"}, who="acme")
    assert (status, "was not found" in words) == (422, True)
    hub.branch("trunk", {"a": "b"})
    assert hub.ok("PATCH", "/repos/acme/api", {"default_branch": "trunk"}, who="acme")["default_branch"] == "trunk"
    assert hub.sandbox.git.head(hub.repo.id) == "trunk"


def test_repositories_are_made_forked_and_deleted(hub: Hub) -> None:
    made = hub.ok("POST", "/user/repos", {"name": "toy", "private": True, "auto_init": True}, who="ada")
    assert made["full_name"] == "ada/toy"
    assert hub.ok("GET", "/repos/ada/toy/readme", who="ada")["path"] == "README.md"
    status, words = hub.refused("POST", "/user/repos", {"name": "toy"}, who="ada")
    assert (status, "name already exists on this account" in words) == (422, True)
    assert hub.refused("POST", "/user/repos", {"name": "../up"}, who="ada")[0] == 422
    assert hub.refused("POST", "/orgs/acme/repos", {"name": "new"}, who="bob")[0] == 403
    hub.scenario.member("acme", "ada")
    assert hub.ok("POST", "/orgs/acme/repos", {"name": "new"}, who="ada")["owner"]["login"] == "acme"
    fork = hub.ok("POST", "forks", {}, who="bob")
    assert (fork["full_name"], fork["fork"], fork["parent"]["full_name"]) == ("bob/api", True, "acme/api")
    assert [row["full_name"] for row in hub.ok("GET", "forks")] == ["bob/api"]
    assert {row["name"] for row in hub.ok("GET", "/user/repos", who="bob")} >= {"api"}
    assert hub.api("DELETE", "/repos/ada/toy", who="ada").status == 204
    assert hub.api("GET", "/repos/ada/toy", who="ada").status == 404


def test_a_new_repository_has_no_commit_and_says_so(hub: Hub) -> None:
    hub.scenario.repo("acme/empty", {})
    assert hub.refused("GET", "/repos/acme/empty/commits")[0] == 409
    assert hub.api("GET", "/repos/acme/empty/git/ref/heads/main").json["message"] == "Git Repository is empty."
    made = hub.api("PUT", "/repos/acme/empty/contents/a.txt", {"message": "First", "content": b64("1")})
    assert made.status == 201
    assert hub.ok("GET", "/repos/acme/empty/branches")[0]["name"] == "main"


def test_a_file_is_made_changed_and_deleted_by_commits(hub: Hub) -> None:
    made = put(hub, "docs/über uns.md", "one\n")
    assert made["content"]["path"] == "docs/über uns.md"
    assert hub.hear() == ["push", "check_suite.requested"]
    push = hub.payload("push")
    assert push["commits"][0]["added"] == ["docs/über uns.md"]
    assert (push["created"], push["forced"], push["sender"]["login"]) == (False, False, "lockstep[bot]")
    found = hub.ok("GET", "contents/docs/%C3%BCber%20uns.md")
    assert base64.b64decode(found["content"]).decode() == "one\n"
    status, words = hub.refused("PUT", "contents/docs/über uns.md", {"message": "m", "content": b64("2")})
    assert (status, "sha" in words) == (422, True)
    wrong = {"message": "m", "content": b64("2"), "sha": "0" * 40}
    assert hub.refused("PUT", "contents/docs/über uns.md", wrong)[0] == 409
    put(hub, "docs/über uns.md", "two\n", sha=found["sha"])
    again = hub.ok("GET", "contents/docs/über uns.md")
    hub.ok("DELETE", "contents/docs/über uns.md", {"message": "Away", "sha": again["sha"]})
    assert hub.api("GET", "contents/docs/über uns.md").status == 404


def test_a_directory_the_raw_text_and_other_refs(hub: Hub) -> None:
    put(hub, "docs/a.md", "A\n")
    hub.branch("topic", {"docs/a.md": "B\n"})
    assert [(row["name"], row["type"]) for row in hub.ok("GET", "contents/")] == [
        ("README.md", "file"), ("docs", "dir"), ("src", "dir"),
    ]  # fmt: skip
    raw = hub.api("GET", "contents/docs/a.md?ref=topic", accept="application/vnd.github.raw+json")
    assert raw.headers["content-type"].startswith("application/vnd.github.raw")
    assert base64.b64decode(hub.ok("GET", "contents/docs/a.md?ref=refs/heads/topic")["content"]) == b"B\n"
    assert hub.api("GET", "contents/docs/a.md?ref=none").status == 404
    assert hub.ok("GET", "readme")["name"] == "README.md"


@pytest.mark.parametrize("path", ["../up", "a/../../b", ".git/config", "a/.GIT/hooks/x", "a//b", "./x", "a/."])
def test_a_path_out_of_the_tree_is_refused(hub: Hub, path: str) -> None:
    answer = hub.api("PUT", f"contents/{path}", {"message": "m", "content": b64("x")})
    assert (answer.status, answer.json["message"]) == (422, "path contains a malformed path component")
    assert hub.hear() == []


def test_workflow_files_need_a_permission_of_their_own(hub: Hub) -> None:
    app = hub.scenario.app("plain", {"contents": "write"})
    hub.tokens["plain"] = hub.scenario.installation_token(hub.scenario.install(app, "acme"))
    body = {"message": "m", "content": b64("on: push\n")}
    assert hub.api("PUT", "contents/.github/workflows/ci.yml", body, who="plain").status == 403
    hub.branch("flow", {".github/workflows/ci.yml": "on: push\n"})
    sha = hub.ok("GET", "git/ref/heads/flow")["object"]["sha"]
    moved = hub.api("POST", "git/refs", {"ref": "refs/heads/copy", "sha": sha}, who="plain")
    assert moved.status == 403
    assert "without `workflows` permission" in moved.json["message"]
    assert hub.api("POST", "git/refs", {"ref": "refs/heads/copy", "sha": sha}).status == 201


def test_branches_are_listed_with_their_protection(hub: Hub) -> None:
    hub.branch("feature/a+b", {"x": "y"})
    hub.scenario.protect(hub.repo, "gate")
    rows = {row["name"]: row["protected"] for row in hub.ok("GET", "branches")}
    assert rows == {"feature/a+b": False, "main": True}
    assert [row["name"] for row in hub.ok("GET", "branches?protected=true")] == ["main"]
    shown = hub.ok("GET", "branches/feature/a%2Bb")
    assert shown["commit"]["commit"]["message"] == "Change"
    assert hub.ok("GET", "branches/main")["protection"]["required_status_checks"]["contexts"] == ["gate"]
    assert hub.api("GET", "branches/none").json["message"] == "Branch not found"


def test_protection_is_set_read_and_taken_away(hub: Hub) -> None:
    assert hub.api("GET", "branches/main/protection").json["message"] == "Branch not protected"
    body = {
        "required_status_checks": {"strict": True, "contexts": [], "checks": [{"context": "gate", "app_id": 7}]},
        "enforce_admins": True,
        "required_pull_request_reviews": {"required_approving_review_count": 2, "dismiss_stale_reviews": True},
        "restrictions": None,
    }
    made = hub.ok("PUT", "branches/main/protection", body)
    assert made["required_status_checks"]["checks"] == [{"context": "gate", "app_id": 7}]
    assert made["required_pull_request_reviews"]["required_approving_review_count"] == 2
    checks = "branches/main/protection/required_status_checks"
    assert hub.ok("PATCH", checks, {"contexts": ["a", "b"]})["contexts"] == ["a", "b"]
    assert hub.ok("GET", checks)["strict"] is True
    assert hub.api("DELETE", checks).status == 204
    assert hub.api("GET", checks).status == 404
    assert hub.api("GET", "branches/main/protection", who="eve").status == 404
    assert hub.api("DELETE", "branches/main/protection").status == 204
    assert hub.api("GET", "branches/main/protection").status == 404


def test_rules_of_a_ruleset_are_not_branch_protection(hub: Hub) -> None:
    hub.scenario.protect(hub.repo, "gate", ruleset=True, approvals=1, linear=True, merge_queue=True)
    kinds = [rule["type"] for rule in hub.ok("GET", "rules/branches/main", who="eve")]
    assert kinds == [
        "deletion", "non_fast_forward", "required_linear_history", "required_status_checks", "pull_request",
        "merge_queue",
    ]  # fmt: skip
    assert hub.api("GET", "branches/main/protection").status == 404
    assert hub.ok("GET", "rules/branches/other") == []
    number = hub.ok("GET", "rulesets")[0]["id"]
    assert len(hub.ok("GET", f"rulesets/{number}")["rules"]) == 6


@pytest.mark.parametrize(
    ("rules", "contexts", "words"),
    [
        ({}, ["gate"], 'Required status check "gate" is expected.'),
        ({}, ["a", "b"], "2 of 2 required status checks are expected."),
        ({"approvals": 1}, [], "Changes must be made through a pull request."),
        ({"merge_queue": True}, [], "Changes must be made through the merge queue"),
    ],
)
def test_a_protected_branch_refuses_direct_writes(
    hub: Hub, rules: dict[str, Any], contexts: list[str], words: str
) -> None:
    hub.scenario.protect(hub.repo, *contexts, **rules)
    refused = hub.api("PUT", "contents/a.txt", {"message": "m", "content": b64("x")})
    assert (refused.status, refused.json["message"]) == (409, words)
    by_admin = hub.api("PUT", "contents/a.txt", {"message": "m", "content": b64("x")}, who="acme")
    assert by_admin.status == 201


def test_a_protected_branch_takes_a_commit_whose_checks_passed(hub: Hub) -> None:
    sha = hub.branch("topic", {"a": "b"})
    hub.scenario.protect(hub.repo, "gate")
    assert hub.api("PATCH", "git/refs/heads/main", {"sha": sha}).status == 409
    hub.check("gate", sha)
    assert hub.api("PATCH", "git/refs/heads/main", {"sha": sha}).status == 200


def test_roles_have_their_own_names_and_older_ones(hub: Hub) -> None:
    hub.scenario.collaborator(hub.repo, "tom", "triage")
    hub.scenario.collaborator(hub.repo, "cus", "release captain")
    hub.scenario.account("stranger")
    told = {name: hub.ok("GET", f"collaborators/{name}/permission") for name in ("ada", "bob", "eve", "tom", "cus")}
    assert {name: (row["permission"], row["role_name"]) for name, row in told.items()} == {
        "ada": ("write", "maintain"),
        "bob": ("write", "write"),
        "eve": ("read", "read"),
        "tom": ("read", "triage"),
        "cus": ("write", "release captain"),
    }
    assert hub.ok("GET", "collaborators/stranger/permission")["permission"] == "read"
    assert hub.api("GET", "collaborators/nobody/permission").status == 404
    assert hub.api("GET", "collaborators/lockstep[bot]/permission").status == 404
    hub.repo.private = True
    assert hub.ok("GET", "collaborators/stranger/permission")["permission"] == "none"


def test_people_are_added_and_removed(hub: Hub) -> None:
    hub.scenario.account("new")
    assert hub.api("PUT", "collaborators/new", {"permission": "push"}).status == 201
    assert hub.api("PUT", "collaborators/new", {"permission": "maintain"}).status == 204
    assert hub.api("GET", "collaborators/new").status == 204
    rows = {row["login"]: row["role_name"] for row in hub.ok("GET", "collaborators")}
    assert rows == {"ada": "maintain", "bob": "write", "eve": "read", "new": "maintain"}
    assert hub.api("DELETE", "collaborators/new").status == 204
    assert hub.api("GET", "collaborators/new").status == 404


def test_an_organisations_admin_is_admin_everywhere(hub: Hub) -> None:
    hub.scenario.member("acme", "eve", "admin")
    assert rank(role_of(hub.sandbox.state, hub.repo, "EVE")) == rank("admin")
    assert [row["login"] for row in hub.ok("GET", "/orgs/acme/members")] == ["eve"]
    assert hub.api("GET", "/orgs/acme/members/eve").status == 204
    assert hub.api("GET", "/orgs/acme/members/bob").status == 404


def test_a_repositorys_hook_is_pinged_and_hears_what_it_asked_for(hub: Hub) -> None:
    body = {"config": {"url": "http://127.0.0.1:1/h", "secret": "s", "content_type": "json"}, "events": ["issues"]}
    hook = hub.ok("POST", "hooks", body)
    assert hub.hear() == ["ping"]
    hub.issue()
    hub.branch("topic", {"a": "b"})
    heard = [(d.event, d.hook_id == hook["id"]) for d in events.take(hub.sandbox)]
    assert [name for name, mine in heard if mine] == ["issues"]
    assert hub.refused("POST", "hooks", body)[0] == 422
    hub.ok("PATCH", f"hooks/{hook['id']}", {"add_events": ["push"], "active": True})
    assert hub.api("POST", f"hooks/{hook['id']}/tests").status == 204
    assert hub.api("POST", f"hooks/{hook['id']}/pings").status == 204
    assert hub.hear() == ["push", "ping"]
    assert [row["id"] for row in hub.ok("GET", "hooks")] == [hook["id"]]
    assert "s" not in hub.ok("GET", f"hooks/{hook['id']}")["config"]["secret"]
    assert hub.api("DELETE", f"hooks/{hook['id']}").status == 204
    assert hub.api("GET", f"hooks/{hook['id']}").status == 404


def test_one_event_has_one_guid_for_all_who_hear_it(hub: Hub) -> None:
    hub.scenario.hook(hub.repo, "http://127.0.0.1:1/h")
    hub.issue()
    guids = {(d.event, d.action): d.guid for d in hub.sandbox.state.deliveries.values()}
    told = [d for d in events.take(hub.sandbox) if d.event == "issues"]
    assert len(told) == 2
    assert {d.guid for d in told} == {guids["issues", "opened"]}
    assert len({d.hook_id for d in told}) == 2
    repository = next(d for d in told if not d.app_id)
    assert "installation" not in json.loads(repository.payload)
    assert events.signed_headers(hub.sandbox, repository)["X-GitHub-Hook-Installation-Target-Type"] == "repository"


def test_mistakes_in_codeowners_are_named(hub: Hub) -> None:
    assert hub.api("GET", "codeowners/errors").status == 404
    put(hub, ".github/CODEOWNERS", "* @ada\n!x @bob\n/docs @nobody oops # why\n")
    told = hub.ok("GET", "codeowners/errors")["errors"]
    assert [(row["line"], row["kind"]) for row in told] == [
        (2, "Invalid pattern"), (3, "Unknown owner"), (3, "Invalid owner"),
    ]  # fmt: skip


def test_issues_are_found_by_words_and_qualifiers(hub: Hub) -> None:
    hub.issue("Serve currency", body="in orders", labels=["bug"])
    hub.issue("Other")
    hub.pull()

    def titles(query: str) -> list[str]:
        return [row["title"] for row in hub.ok("GET", f"/search/issues?q={query}")["items"]]

    assert titles("currency+repo:acme/api") == ["Serve currency"]
    assert titles("label:bug+is:open") == ["Serve currency"]
    assert titles("is:pr") == ["About topic"]
    assert titles("-label:bug+is:issue") == ["Other"]
    assert titles("author:app/lockstep+is:issue+orders") == ["Serve currency"]
    assert hub.refused("GET", "/search/issues?q=")[0] == 422
