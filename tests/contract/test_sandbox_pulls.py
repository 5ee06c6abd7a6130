"""Pull requests in the sandbox before their merge: opened, moved, closed, reopened, and what is known of them when."""

import pytest

from services.sandbox import pulls
from services.sandbox.state import Protection, Repo
from tests.contract.hub import Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")


def test_a_pull_request_is_opened_without_knowing_whether_it_merges(hub: Hub) -> None:
    made = hub.pull(body="Closes #1", draft=False)
    assert hub.hear()[-1] == "pull_request.opened"
    told = hub.payload("pull_request.opened")["pull_request"]
    assert (told["mergeable"], told["mergeable_state"], told["merge_commit_sha"]) == (None, "unknown", None)
    assert (made["commits"], made["additions"], made["deletions"], made["changed_files"]) == (1, 1, 0, 1)
    assert (made["head"]["label"], made["base"]["ref"], made["user"]["type"]) == ("acme:topic", "main", "Bot")
    assert hub.ok("GET", f"issues/{made['number']}")["pull_request"]["merged_at"] is None
    assert [i["number"] for i in hub.ok("GET", "issues")] == [made["number"]]
    assert "mergeable" not in hub.ok("GET", "pulls")[0]


def test_mergeability_is_null_until_asked_and_again_when_the_base_moves(hub: Hub) -> None:
    number = hub.pull()["number"]

    def asked() -> tuple[object, str]:
        found = hub.ok("GET", f"pulls/{number}")
        return found["mergeable"], found["mergeable_state"]

    assert [asked(), asked(), asked()] == [(None, "unknown"), (True, "clean"), (True, "clean")]
    test_merge = hub.ok("GET", f"pulls/{number}")["merge_commit_sha"]
    assert hub.sandbox.git.resolve(hub.repo.id, f"refs/pull/{number}/merge") == test_merge
    hub.branch("main", {"other.txt": "x"})
    assert [asked(), asked()] == [(None, "unknown"), (True, "clean")]
    assert hub.ok("GET", f"pulls/{number}")["merge_commit_sha"] != test_merge
    hub.branch("main", {"topic.txt": "something else\n"})
    assert [asked(), asked()] == [(None, "unknown"), (False, "dirty")]
    hub.sandbox.state.mergeable_nulls = 0
    hub.branch("main", {"topic.txt": "topic\n"})
    assert asked() == (True, "clean")


def test_webhooks_carry_what_was_known_and_a_silent_move_is_noticed(hub: Hub) -> None:
    hub.sandbox.state.mergeable_nulls = 0
    number = hub.pull()["number"]
    hub.ok("GET", f"pulls/{number}")
    hub.ok("POST", f"issues/{number}/labels", {"labels": ["bug"]})
    hub.branch("main", {"other.txt": "x"})
    hub.hear()
    hub.ok("POST", f"issues/{number}/labels", {"labels": ["question"]})
    hub.hear()
    assert hub.payload("pull_request.labeled")["pull_request"]["mergeable"] is None
    hub.ok("GET", f"pulls/{number}")
    hub.ok("DELETE", f"issues/{number}/labels/bug")
    hub.hear()
    assert hub.payload("pull_request.unlabeled")["pull_request"]["mergeable"] is True
    hub.sandbox.state.mergeable_nulls = 1
    hub.scenario.commit(hub.repo, {"silent.txt": "x"}, "No event tells of it")
    assert hub.ok("GET", f"pulls/{number}")["mergeable"] is None


def test_the_word_beside_it_follows_the_precedence(hub: Hub) -> None:
    hub.sandbox.state.mergeable_nulls = 0
    made = hub.pull(draft=True)
    number, sha = made["number"], made["head"]["sha"]

    def word() -> str:
        return str(hub.ok("GET", f"pulls/{number}")["mergeable_state"])

    rules = hub.repo.protection["main"] = Protection(contexts=["gate"], strict=True)
    hub.branch("main", {"other.txt": "x"})
    assert word() == "draft"
    pulls.set_draft(hub.sandbox, hub.record(number), draft=False, actor="ada")
    assert word() == "blocked"
    hub.check("gate", sha)
    hub.check("lint", sha, "failure")
    assert word() == "behind"
    rules.strict = False
    assert word() == "unstable"
    hub.check("lint", sha)
    assert word() == "clean"


def test_only_the_newest_run_of_a_required_app_counts(hub: Hub) -> None:
    hub.sandbox.state.mergeable_nulls = 0
    made = hub.pull()
    number, sha = made["number"], made["head"]["sha"]
    app_id = hub.sandbox.state.installations[next(iter(hub.sandbox.state.installations))].app_id
    hub.repo.protection["main"] = Protection(contexts=["gate"], app_ids={"gate": app_id + 1})
    hub.check("gate", sha)
    status, words = hub.refused("PUT", f"pulls/{number}/merge", {})
    assert (status, "was not set by the expected GitHub App." in words) == (405, True)
    hub.repo.protection["main"].app_ids["gate"] = app_id
    hub.check("gate", sha, "failure")
    assert hub.ok("GET", f"pulls/{number}")["mergeable_state"] == "blocked"
    hub.check("gate", sha, "neutral")
    assert hub.ok("GET", f"pulls/{number}")["mergeable_state"] == "clean"


def test_a_push_to_the_head_synchronises(hub: Hub) -> None:
    made = hub.pull()
    hub.hear()
    sha = hub.branch("topic", {"more.txt": "more"})
    names = hub.hear()
    assert names[:2] == ["push", "pull_request.synchronize"]
    told = hub.payload("pull_request.synchronize")
    assert (told["before"], told["after"]) == (made["head"]["sha"], sha)
    assert told["pull_request"]["head"]["sha"] == sha
    assert hub.sandbox.git.resolve(hub.repo.id, f"refs/pull/{made['number']}/head") == sha
    assert [c["sha"] for c in hub.ok("GET", f"pulls/{made['number']}/commits")] == [made["head"]["sha"], sha]
    assert [f["filename"] for f in hub.ok("GET", f"pulls/{made['number']}/files")] == ["more.txt", "topic.txt"]


def test_the_list_finds_by_head_base_and_state(hub: Hub) -> None:
    first, second = hub.pull("one")["number"], hub.pull("two")["number"]
    hub.ok("PATCH", f"pulls/{first}", {"state": "closed"})

    def numbers(query: str) -> list[int]:
        return [row["number"] for row in hub.ok("GET", f"pulls?{query}")]

    assert numbers("") == [second]
    assert numbers("state=all&direction=asc") == [first, second]
    assert numbers("state=all&head=acme:one") == [first]
    assert numbers("state=all&head=acme:none") == []
    assert numbers("base=main") == [second]
    assert numbers("base=other") == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"title": "x", "head": "absent", "base": "main"}, '"head"'),
        ({"title": "x", "head": "topic", "base": "absent"}, '"base"'),
        ({"title": "x", "head": "stranger:topic", "base": "main"}, '"head"'),
        ({"title": "x", "head": "empty", "base": "main"}, "No commits between main and empty"),
        ({"title": "x", "head": "topic", "base": "main"}, "A pull request already exists for acme:topic."),
        ({"head": "topic", "base": "main"}, "missing_field"),
        ({"title": "x", "head": "--upload-pack=x", "base": "main"}, '"head"'),
        ({"title": "x", "head": "alone", "base": "main"}, "has no history in common"),
    ],
)
def test_bad_pull_requests_are_refused(hub: Hub, body: dict[str, str], word: str) -> None:
    hub.pull()
    git, repo = hub.sandbox.git, hub.repo.id
    main = git.resolve(repo, "refs/heads/main") or ""
    git.set_ref(repo, "refs/heads/empty", main)
    known = git.commit(repo, main)
    assert known is not None
    orphan = git.commit_tree(repo, known.tree, [], "alone", known.author, known.author)
    git.set_ref(repo, "refs/heads/alone", orphan)
    status, words = hub.refused("POST", "pulls", body)
    assert (status, word in words.replace('\\"', '"')) == (422, True), words


def test_retargeting_tells_the_old_base(hub: Hub) -> None:
    hub.branch("release", {"release.txt": "r"})
    number = hub.pull()["number"]
    old = hub.ok("GET", f"pulls/{number}")["base"]
    hub.hear()
    assert hub.ok("PATCH", f"pulls/{number}", {"base": "release"})["base"]["ref"] == "release"
    assert hub.hear() == ["pull_request.edited"]
    assert hub.payload("pull_request.edited")["changes"]["base"] == {
        "ref": {"from": "main"},
        "sha": {"from": old["sha"]},
    }
    hub.ok("PATCH", f"pulls/{number}", {"state": "closed"})
    status, words = hub.refused("PATCH", f"pulls/{number}", {"base": "main"})
    assert (status, "Cannot change the base branch of a closed pull request" in words) == (422, True)


def test_closing_and_reopening(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.hear()
    hub.ok("PATCH", f"pulls/{number}", {"state": "closed"})
    sha = hub.branch("topic", {"late.txt": "late"})
    assert hub.hear()[:2] == ["pull_request.closed", "push"]
    assert "pull_request.synchronize" not in [name for name, _ in hub.told]
    assert hub.ok("PATCH", f"issues/{number}", {"state": "open"})["state"] == "open"
    assert hub.hear() == ["pull_request.reopened"]
    assert hub.ok("GET", f"pulls/{number}")["head"]["sha"] == sha


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("delete", "state cannot be changed. The topic branch has been deleted."),
        ("force", "state cannot be changed. The topic branch was force-pushed or recreated."),
    ],
)
def test_some_closed_ones_stay_closed(hub: Hub, act: str, words: str) -> None:
    from services.sandbox import pushes
    from services.sandbox.git_values import ZERO

    made = hub.pull()
    hub.ok("PATCH", f"pulls/{made['number']}", {"state": "closed"})
    git, ref = hub.sandbox.git, "refs/heads/topic"
    if act == "delete":
        git.delete_ref(hub.repo.id, ref)
        pushes.moved(hub.sandbox, hub.repo, ref, made["head"]["sha"], ZERO, "ada")
    else:
        other = hub.branch("else", {"else.txt": "x"})
        git.set_ref(hub.repo.id, ref, other)
        pushes.moved(hub.sandbox, hub.repo, ref, made["head"]["sha"], other, "ada")
    status, said = hub.refused("PATCH", f"pulls/{made['number']}", {"state": "open"})
    assert (status, words in said, '"field": "state"' in said) == (422, True, True), said


def test_deleting_a_branch_closes_what_comes_from_it_and_goes_into_it(hub: Hub) -> None:
    first = hub.pull("one")
    hub.branch("one", {})
    git = hub.sandbox.git
    git.set_ref(hub.repo.id, "refs/heads/two", first["head"]["sha"])
    hub.branch("two", {"two.txt": "2"})
    second = hub.pull("two", base="one")
    hub.hear()
    hub.ok("DELETE", "git/refs/heads/one")
    assert hub.hear()[:4] == ["delete", "push", "pull_request.closed", "pull_request.closed"]
    assert [hub.record(p["number"]).state for p in (first, second)] == ["closed", "closed"]


def test_a_push_that_brings_the_head_into_the_base_merges_it(hub: Hub) -> None:
    from services.sandbox import pushes

    made = hub.pull()
    git, sha = hub.sandbox.git, made["head"]["sha"]
    before = git.resolve(hub.repo.id, "refs/heads/main") or ""
    git.set_ref(hub.repo.id, "refs/heads/main", sha)
    pushes.moved(hub.sandbox, hub.repo, "refs/heads/main", before, sha, "ada")
    assert hub.ok("GET", f"pulls/{made['number']}")["merged"] is True
    assert hub.sandbox.state.merges == [f"acme/api#{made['number']} {sha}"]


def test_a_head_left_without_commits_closes_the_request(hub: Hub) -> None:
    from services.sandbox import pushes

    made = hub.pull()
    git = hub.sandbox.git
    main = git.resolve(hub.repo.id, "refs/heads/main") or ""
    git.set_ref(hub.repo.id, "refs/heads/topic", main)
    pushes.moved(hub.sandbox, hub.repo, "refs/heads/topic", made["head"]["sha"], main, "ada")
    found = hub.ok("GET", f"pulls/{made['number']}")
    assert (found["state"], found["merged"]) == ("closed", False)


def test_reviewers_are_asked_and_released(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.hear()
    hub.ok("POST", f"pulls/{number}/requested_reviewers", {"reviewers": ["bob", "ada"]})
    assert hub.hear() == ["pull_request.review_requested", "pull_request.review_requested"]
    assert hub.payload("pull_request.review_requested")["requested_reviewer"]["login"] == "bob"
    assert len(hub.ok("GET", f"pulls/{number}/requested_reviewers")["users"]) == 2
    hub.ok("DELETE", f"pulls/{number}/requested_reviewers", {"reviewers": ["ada"]})
    assert hub.hear() == ["pull_request.review_request_removed"]
    hub.branch("bobs", {"b.txt": "b"}, login="bob")
    own = hub.ok("POST", "pulls", {"title": "b", "head": "bobs", "base": "main"}, who="bob")["number"]
    status, words = hub.refused("POST", f"pulls/{own}/requested_reviewers", {"reviewers": ["bob", "ada"]})
    assert (status, "Review cannot be requested from pull request author." in words) == (422, True)
    assert hub.ok("GET", f"pulls/{own}/requested_reviewers")["users"] == []


def test_owners_are_asked_once_the_draft_is_one_no_more(hub: Hub) -> None:
    hub.branch("main", {".github/CODEOWNERS": "* @ada\n*.txt @bob @eve # eve cannot write\n"})
    made = hub.pull(draft=True)
    assert made["requested_reviewers"] == []
    pulls.set_draft(hub.sandbox, hub.record(made["number"]), draft=False, actor="ada")
    asked = hub.ok("GET", f"pulls/{made['number']}")["requested_reviewers"]
    assert [person["login"] for person in asked] == ["bob"]
    names = hub.hear()
    assert names[-2:] == ["pull_request.ready_for_review", "pull_request.review_requested"]


def test_labels_and_comments_work_with_either_permission(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.hear()
    hub.sandbox.state.tokens[hub.tokens["app"]].permissions = {"metadata": "read", "pull_requests": "write"}
    hub.ok("POST", f"issues/{number}/labels", {"labels": ["bug"]})
    comment = hub.ok("POST", f"issues/{number}/comments", {"body": "hello"})
    assert "/pull/" in comment["html_url"]
    hub.ok("PATCH", f"issues/comments/{comment['id']}", {"body": "hello again"})
    assert hub.hear() == ["pull_request.labeled", "issue_comment.created", "issue_comment.edited"]
    assert "pull_request" in hub.payload("issue_comment.created")["issue"]


def test_a_fork_proposes_what_the_base_gets_to_know(hub: Hub) -> None:
    hub.scenario.account("eve")
    state = hub.sandbox.state
    fork = Repo(id=state.new_id(), owner="eve", name="api", fork_of=hub.repo.id, created_at=hub.repo.created_at)
    hub.sandbox.git.fork(hub.repo.id, fork.id)
    state.repos[fork.id] = fork
    hub.scenario.commit(fork, {"gift.txt": "g"}, "A gift", branch="gift", login="eve", announce=True)
    made = hub.ok("POST", "pulls", {"title": "Gift", "head": "eve:gift", "base": "main"}, who="eve")
    assert (made["head"]["repo"]["full_name"], made["head"]["label"]) == ("eve/api", "eve:gift")
    sha = hub.scenario.commit(fork, {"more.txt": "m"}, "More", branch="gift", login="eve", announce=True)
    assert hub.ok("GET", f"pulls/{made['number']}")["head"]["sha"] == sha
    assert hub.refused("PUT", f"pulls/{made['number']}/merge", {}, who="eve")[0] == 403
    assert hub.ok("PUT", f"pulls/{made['number']}/merge", {}, who="ada")["merged"] is True


def test_the_diff_is_had_by_media_type(hub: Hub) -> None:
    number = hub.pull()["number"]
    hub.sandbox.state.mergeable_nulls = 0
    answer = hub.api("GET", f"pulls/{number}", accept="application/vnd.github.diff")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "application/vnd.github.diff")
    assert answer.text == (
        "diff --git a/topic.txt b/topic.txt\n--- /dev/null\n+++ b/topic.txt\n@@ -0,0 +1 @@\n+topic\n"
    )


def test_a_deleted_fork_leaves_a_head_without_repository(hub: Hub) -> None:
    hub.recorder.expect("/head/repo")
    record = hub.record(hub.pull()["number"])
    assert record.pull is not None
    record.pull.head_repo_id = 1
    assert hub.ok("GET", f"pulls/{record.number}")["head"]["repo"] is None
