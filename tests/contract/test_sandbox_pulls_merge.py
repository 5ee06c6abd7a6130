"""Merging in the sandbox: every way it works, every way it is refused, and what follows it."""

from typing import Any

import pytest

from services.sandbox import merging
from services.sandbox.git_values import ZERO
from services.sandbox.state import Protection
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")


def _tip(hub: Hub, branch: str = "main") -> str:
    return hub.sandbox.git.resolve(hub.repo.id, f"refs/heads/{branch}") or ZERO


def _commit(hub: Hub, sha: str) -> Any:
    found = hub.sandbox.git.commit(hub.repo.id, sha)
    assert found is not None
    return found


def test_a_merge_commit_has_two_parents_and_githubs_words(hub: Hub) -> None:
    made, before = hub.pull(), _tip(hub)
    hub.hear()
    assert hub.api("GET", f"pulls/{made['number']}/merge").status == 404
    done = hub.ok("PUT", f"pulls/{made['number']}/merge", {"sha": made["head"]["sha"]})
    assert (done["merged"], done["message"]) == (True, "Pull Request successfully merged")
    assert done["sha"] == _tip(hub)
    commit = _commit(hub, done["sha"])
    assert commit.parents == [before, made["head"]["sha"]]
    assert commit.message == f"Merge pull request #{made['number']} from acme/topic\n\nAbout topic"
    assert hub.hear()[:2] == ["pull_request.closed", "push"]
    told = hub.payload("pull_request.closed")["pull_request"]
    assert (told["merged"], told["merge_commit_sha"], told["merged_by"]["login"]) == (
        True,
        done["sha"],
        "lockstep[bot]",
    )
    assert hub.api("GET", f"pulls/{made['number']}/merge").status == 204
    assert hub.sandbox.state.merges == [f"acme/api#{made['number']} {done['sha']}"]
    assert hub.refused("PUT", f"pulls/{made['number']}/merge", {})[0] == 405
    names = [event["event"] for event in hub.ok("GET", f"issues/{made['number']}/events")]
    assert names == ["merged", "closed"]


def test_a_squash_is_one_commit(hub: Hub) -> None:
    made, before = hub.pull(), _tip(hub)
    done = hub.ok("PUT", f"pulls/{made['number']}/merge", {"merge_method": "squash"})
    commit = _commit(hub, done["sha"])
    assert (commit.parents, commit.message) == ([before], f"Add topic (#{made['number']})")
    hub.branch("two", {"a.txt": "a"}, message="First")
    hub.branch("two", {"b.txt": "b"}, message="Second")
    number = hub.ok("POST", "pulls", {"title": "Both", "head": "two", "base": "main"})["number"]
    done = hub.ok("PUT", f"pulls/{number}/merge", {"merge_method": "squash"})
    assert _commit(hub, done["sha"]).message == f"Both (#{number})\n\n* First\n\n* Second"


def test_a_rebase_makes_new_commits_even_when_it_need_not(hub: Hub) -> None:
    made, before = hub.pull(), _tip(hub)
    done = hub.ok("PUT", f"pulls/{made['number']}/merge", {"merge_method": "rebase"})
    commit = _commit(hub, done["sha"])
    assert done["sha"] != made["head"]["sha"]
    assert (commit.parents, commit.message, commit.committer.name) == ([before], "Add topic", "GitHub")


def test_own_words_are_taken(hub: Hub) -> None:
    made = hub.pull()
    body = {"merge_method": "squash", "commit_title": "Mine", "commit_message": "Because."}
    done = hub.ok("PUT", f"pulls/{made['number']}/merge", body)
    assert _commit(hub, done["sha"]).message == "Mine\n\nBecause."


def test_the_head_must_be_the_one_that_was_named(hub: Hub) -> None:
    made = hub.pull()
    new = hub.branch("topic", {"more.txt": "more"})
    for sha in (made["head"]["sha"], new[:10], "f" * 40):
        status, words = hub.refused("PUT", f"pulls/{made['number']}/merge", {"sha": sha})
        assert (status, "Head branch was modified. Review and try the merge again." in words) == (409, True)


def test_a_conflict_is_not_mergeable(hub: Hub) -> None:
    made = hub.pull()
    hub.branch("main", {"topic.txt": "another\n"})
    for method in merging.METHODS:
        status, words = hub.refused("PUT", f"pulls/{made['number']}/merge", {"merge_method": method})
        assert (status, "Pull Request is not mergeable" in words) == (405, True)


def test_methods_and_drafts(hub: Hub) -> None:
    draft = hub.pull("draft", draft=True)["number"]
    assert "draft" in hub.refused("PUT", f"pulls/{draft}/merge", {})[1]
    number = hub.pull()["number"]
    hub.repo.allow_merge_commit = hub.repo.allow_squash_merge = False
    assert "Merge commits are not allowed on this repository." in hub.refused("PUT", f"pulls/{number}/merge", {})[1]
    body = {"merge_method": "squash"}
    assert "Squash merges are not allowed on this repository." in hub.refused("PUT", f"pulls/{number}/merge", body)[1]
    hub.ok("PUT", f"pulls/{number}/merge", {"merge_method": "rebase"})


def test_protection_speaks_in_githubs_words(hub: Hub) -> None:
    made = hub.pull()
    path, sha = f"pulls/{made['number']}/merge", made["head"]["sha"]

    def why(who: str = "app") -> str:
        status, words = hub.refused("PUT", path, {}, who=who)
        assert status == 405
        return words.replace('\\"', '"')

    rules = hub.repo.protection["main"] = Protection(contexts=["gate"], approvals=1, enforce_admins=True)
    assert 'Required status check "gate" is expected.' in why()
    rules.contexts = ["gate", "build", "lint"]
    assert "3 of 3 required status checks are expected." in why("ada")
    hub.check("gate", sha)
    hub.check("build", sha)
    hub.check("lint", sha, "failure")
    assert 'Required status check "lint" is failing.' in why()
    hub.ok("POST", "check-runs", {"name": "lint", "head_sha": sha, "status": "in_progress"})
    assert 'Required status check "lint" is in progress.' in why()
    hub.check("lint", sha)
    assert "At least 1 approving review is required by reviewers with write access." in why("acme")
    hub.ok("POST", f"pulls/{made['number']}/reviews", {"event": "APPROVE"}, who="eve")
    assert "At least 1 approving review" in why()
    hub.ok("POST", f"pulls/{made['number']}/reviews", {"event": "APPROVE"}, who="bob")
    rules.merge_queue = True
    assert "Changes must be made through the merge queue" in why()
    rules.merge_queue, rules.linear = False, True
    assert "Merge commits are not allowed" in why()
    rules.linear, rules.strict = False, True
    hub.branch("main", {"other.txt": "x"})
    assert "3 of 3 required status checks are expected." in why()
    rules.enforce_admins = False
    assert hub.ok("PUT", path, {}, who="acme")["merged"] is True


def test_a_standing_request_for_changes_blocks(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.repo.protection["main"] = Protection(approvals=1)
    reviews = f"pulls/{number}/reviews"
    hub.ok("POST", reviews, {"event": "APPROVE"}, who="ada")
    blocking = hub.ok("POST", reviews, {"event": "REQUEST_CHANGES", "body": "no"}, who="bob")
    hub.ok("POST", reviews, {"event": "COMMENT", "body": "hm"}, who="bob")
    assert hub.refused("PUT", f"pulls/{number}/merge", {})[0] == 405
    hub.ok("PUT", f"{reviews}/{blocking['id']}/dismissals", {"message": "done"}, who="ada")
    hub.ok("PUT", f"pulls/{number}/merge", {})


def test_code_owners_are_waited_for(hub: Hub) -> None:
    hub.branch("main", {"CODEOWNERS": "*.txt @bob\n"})
    number = hub.pull()["number"]
    hub.repo.protection["main"] = Protection(code_owners=True)
    assert "Waiting on code owner review from bob." in hub.refused("PUT", f"pulls/{number}/merge", {})[1]
    hub.ok("POST", f"pulls/{number}/reviews", {"event": "APPROVE"}, who="bob")
    hub.ok("PUT", f"pulls/{number}/merge", {})


def test_workflow_files_need_a_permission_of_their_own(hub: Hub) -> None:
    hub.branch("ci", {".github/workflows/ci.yml": "on: workflow_dispatch\njobs: {}\n"})
    number = hub.ok("POST", "pulls", {"title": "CI", "head": "ci", "base": "main"})["number"]
    token = hub.sandbox.state.tokens[hub.tokens["app"]]
    token.permissions = {name: level for name, level in token.permissions.items() if name != "workflows"}
    status, words = hub.refused("PUT", f"pulls/{number}/merge", {})
    assert (status, "without `workflows` permission" in words) == (403, True)
    token.permissions["contents"] = "read"
    status, words = hub.refused("PUT", f"pulls/{number}/merge", {})
    assert (status, "Resource not accessible by integration" in words) == (403, True)


def test_keywords_close_issues_of_the_default_branch(hub: Hub) -> None:
    numbers = [hub.issue(f"issue {n}")["number"] for n in range(4)]
    there = hub.ok("POST", "/repos/acme/web/issues", {"title": "there"})["number"]
    hub.branch("topic", {"a.txt": "a"}, message=f"Work\n\nresolves #{numbers[1]}")
    body = f"Fixes #{numbers[0]}, closes: acme/web#{there} and mentions #{numbers[2]}; prefixes #{numbers[3]}"
    made = hub.ok("POST", "pulls", {"title": "t", "head": "topic", "base": "main", "body": body})
    hub.hear()
    hub.ok("PUT", f"pulls/{made['number']}/merge", {})
    states = [hub.ok("GET", f"issues/{n}")["state"] for n in numbers]
    assert states == ["closed", "closed", "open", "open"]
    assert hub.ok("GET", f"/repos/acme/web/issues/{there}")["state_reason"] == "completed"
    assert hub.hear().count("issues.closed") == 3


def test_keywords_mean_nothing_on_other_branches(hub: Hub) -> None:
    issue = hub.issue()["number"]
    hub.branch("release", {"r.txt": "r"})
    number = hub.pull(base="release", body=f"Closes #{issue}")["number"]
    hub.ok("PUT", f"pulls/{number}/merge", {})
    assert hub.ok("GET", f"issues/{issue}")["state"] == "open"


def test_deleting_the_branch_on_merge_retargets_what_was_based_on_it(hub: Hub) -> None:
    hub.repo.delete_branch_on_merge = True
    first = hub.pull("one")
    git = hub.sandbox.git
    git.set_ref(hub.repo.id, "refs/heads/two", first["head"]["sha"])
    hub.branch("two", {"two.txt": "2"})
    second = hub.pull("two", base="one")
    hub.hear()
    hub.ok("PUT", f"pulls/{first['number']}/merge", {})
    names = [name for name in hub.hear() if not name.startswith("check_")]
    assert names == ["pull_request.closed", "push", "pull_request.edited", "delete", "push"]
    assert hub.payload("pull_request.edited")["changes"]["base"]["ref"] == {"from": "one"}
    found = hub.ok("GET", f"pulls/{second['number']}")
    assert (found["state"], found["base"]["ref"]) == ("open", "main")
    assert git.resolve(hub.repo.id, "refs/heads/one") is None


def test_a_branch_is_brought_up_to_date(hub: Hub) -> None:
    made = hub.pull()
    path, head = f"pulls/{made['number']}/update-branch", made["head"]["sha"]
    status, words = hub.refused("PUT", path, {})
    assert (status, "There are no new commits on the base branch." in words) == (422, True)
    tip = hub.branch("main", {"other.txt": "x"})
    status, words = hub.refused("PUT", path, {"expected_head_sha": "0" * 40})
    assert (status, "expected head sha" in words) == (422, True)
    hub.hear()
    assert hub.api("PUT", path, {"expected_head_sha": head}).status == 202
    assert hub.hear()[:2] == ["push", "pull_request.synchronize"]
    assert hub.payload("push")["sender"]["login"] == "lockstep[bot]"
    new = hub.ok("GET", f"pulls/{made['number']}")["head"]["sha"]
    assert _commit(hub, new).parents == [head, tip]
    assert _commit(hub, new).message == "Merge branch 'main' into topic"
    shown = hub.ok("GET", f"commits/{new}")
    assert (shown["author"]["login"], shown["committer"]["login"]) == ("lockstep[bot]", "web-flow")
    assert shown["commit"]["verification"]["verified"]
    hub.branch("main", {"topic.txt": "another\n"})
    status, words = hub.refused("PUT", path, {})
    assert (status, "merge conflict between base and head" in words) == (422, True)


def test_a_branch_is_rebased_when_that_is_asked_for(hub: Hub) -> None:
    made = hub.pull()
    tip = hub.branch("main", {"other.txt": "x"})
    hub.hear()
    sha = merging.update_branch(hub.sandbox, hub.record(made["number"]), "lockstep[bot]", rebase=True)
    commit = _commit(hub, sha)
    assert (commit.parents, commit.message, commit.committer.name) == ([tip], "Add topic", "lockstep[bot]")
    assert hub.hear()[:2] == ["push", "pull_request.synchronize"]
    assert hub.payload("push")["forced"] is True


def test_retargeting_switches_auto_merge_off(hub: Hub) -> None:
    hub.branch("release", {"release.txt": "r"})
    hub.repo.allow_auto_merge = True
    hub.repo.protection["main"] = Protection(approvals=1)
    number = hub.pull()["number"]
    merging.enable_auto_merge(hub.sandbox, hub.record(number), "merge", "ada")
    hub.hear()
    hub.ok("PATCH", f"pulls/{number}", {"base": "release"})
    assert hub.hear() == ["pull_request.edited", "pull_request.auto_merge_disabled"]


def test_auto_merge_waits_for_what_is_missing(hub: Hub) -> None:
    hub.repo.allow_auto_merge = True
    made = hub.pull()
    record = hub.record(made["number"])
    hub.repo.protection["main"] = Protection(approvals=1)
    merging.enable_auto_merge(hub.sandbox, record, "squash", "lockstep[bot]")
    assert hub.ok("GET", f"pulls/{made['number']}")["auto_merge"]["merge_method"] == "squash"
    merging.disable_auto_merge(hub.sandbox, record, "ada", "changed my mind")
    merging.enable_auto_merge(hub.sandbox, record, "squash", "lockstep[bot]")
    hub.ok("POST", f"pulls/{made['number']}/reviews", {"event": "APPROVE"}, who="bob")
    assert hub.ok("GET", f"pulls/{made['number']}")["merged"] is True
    assert [name for name in hub.hear() if "auto_merge" in name] == [
        "pull_request.auto_merge_enabled",
        "pull_request.auto_merge_disabled",
        "pull_request.auto_merge_enabled",
    ]


def test_auto_merge_is_refused_when_nothing_is_waiting(hub: Hub) -> None:
    from services.sandbox.kernel import Problem

    record = hub.record(hub.pull()["number"])
    with pytest.raises(Problem, match="not allowed for this repository"):
        merging.enable_auto_merge(hub.sandbox, record, "merge", "ada")
    hub.repo.allow_auto_merge = True
    with pytest.raises(Problem, match="is in clean status"):
        merging.enable_auto_merge(hub.sandbox, record, "merge", "ada")


def test_auto_merge_hears_of_the_check_it_waits_for(hub: Hub) -> None:
    hub.repo.allow_auto_merge = True
    made = hub.pull()
    hub.repo.protection["main"] = Protection(contexts=["gate"])
    merging.enable_auto_merge(hub.sandbox, hub.record(made["number"]), "merge", "lockstep[bot]")
    hub.check("gate", made["head"]["sha"], "failure")
    assert hub.ok("GET", f"pulls/{made['number']}")["merged"] is False
    hub.check("gate", made["head"]["sha"])
    assert hub.ok("GET", f"pulls/{made['number']}")["merged"] is True
