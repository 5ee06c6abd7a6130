"""Git in the sandbox through the API: refs, objects, history, comparisons, merges, and the events that follow."""

import base64
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sandbox.git import ZERO, Git, GitError, Person
from services.sandbox.git_values import check_ref, safe_path
from services.sandbox.kernel import Request
from tests.contract.hub import BASE, Hub, hub

__all__ = ["hub"]

STORES = ("disk", "memory")

ADA = Person("Ada", "ada@example.org", "2026-01-02T03:04:05Z")


def tip(hub: Hub, branch: str = "main") -> str:
    return str(hub.ok("GET", f"git/ref/heads/{branch}")["object"]["sha"])


def test_a_branch_is_made_moved_and_deleted_with_its_events(hub: Hub) -> None:
    sha = tip(hub)
    made = hub.ok("POST", "git/refs", {"ref": "refs/heads/lockstep/p/a", "sha": sha})
    assert made["ref"] == "refs/heads/lockstep/p/a"
    assert hub.hear() == ["create", "push", "check_suite.requested"]
    push = hub.payload("push")
    assert (push["before"], push["created"], push["commits"], push["head_commit"]["id"]) == (ZERO, True, [], sha)
    assert push["base_ref"] == "refs/heads/main"
    assert hub.payload("create")["ref"] == "lockstep/p/a"
    status, words = hub.refused("POST", "git/refs", {"ref": "refs/heads/lockstep/p/a", "sha": sha})
    assert (status, "Reference already exists" in words) == (422, True)
    assert hub.api("DELETE", "git/refs/heads/lockstep/p/a").status == 204
    assert hub.hear() == ["delete", "push"]
    gone = hub.payload("push")
    assert (gone["after"], gone["deleted"], gone["head_commit"], gone["commits"]) == (ZERO, True, None, [])
    assert "Reference does not exist" in hub.refused("DELETE", "git/refs/heads/lockstep/p/a")[1]


def test_the_suite_is_asked_for_once_per_sha(hub: Hub) -> None:
    hub.ok("POST", "git/refs", {"ref": "refs/heads/one", "sha": tip(hub)})
    assert hub.hear()[-1] == "check_suite.requested"
    hub.ok("POST", "git/refs", {"ref": "refs/heads/two", "sha": tip(hub)})
    assert hub.hear() == ["create", "push"]


def test_a_ref_moves_forward_or_by_force(hub: Hub) -> None:
    old = tip(hub)
    new = hub.branch("topic", {"a": "b"})
    hub.hear()
    hub.ok("PATCH", "git/refs/heads/main", {"sha": new})
    hub.hear()
    assert hub.payload("push")["forced"] is False
    status, words = hub.refused("PATCH", "git/refs/heads/main", {"sha": old})
    assert (status, "Update is not a fast forward" in words) == (422, True)
    hub.ok("PATCH", "git/refs/heads/main", {"sha": old, "force": True})
    hub.hear()
    push = hub.payload("push")
    assert (push["forced"], push["before"], push["after"]) == (True, new, old)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"ref": "heads/x", "sha": "a" * 40}, "must start with 'refs'"),
        ({"ref": "refs/x", "sha": "a" * 40}, "at least two slashes"),
        ({"ref": "refs/heads/../../x", "sha": "a" * 40}, "Reference name"),
        ({"ref": "refs/heads/-d --force", "sha": "a" * 40}, "Reference name"),
        ({"ref": "refs/pull/1/head", "sha": "a" * 40}, "reserved"),
        ({"ref": "refs/heads/x", "sha": "--upload-pack=x"}, "exactly 40 characters"),
        ({"ref": "refs/heads/x", "sha": "a" * 40}, "Object does not exist"),
        ({"ref": "refs/heads/main/x", "sha": "a" * 40}, "conflicting name"),
    ],
)
def test_refs_that_are_none_are_refused(hub: Hub, body: dict[str, str], words: str) -> None:
    status, said = hub.refused("POST", "git/refs", body)
    assert (status, words in said) == (422, True)
    assert hub.hear() == []


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_ref_name_that_passes_cannot_be_an_option_or_leave_its_place(text: str) -> None:
    try:
        name = check_ref(f"refs/heads/{text}")
    except GitError:
        return
    assert name.startswith("refs/heads/")
    assert not set(name) & set(" ~^:?*[\\\n\0")
    assert ".." not in name
    assert not name.endswith(("/", ".", ".lock"))


@given(st.lists(st.sampled_from(["a", "..", ".", "", ".git", ".GIT", "b.txt", "\0"]), min_size=1, max_size=4))
def test_a_safe_path_stays_inside(parts: list[str]) -> None:
    path = "/".join(parts)
    fine = all(part in {"a", "b.txt"} for part in parts)
    assert safe_path(path) == fine


def test_a_commit_is_built_from_blobs_and_trees(hub: Hub) -> None:
    base = tip(hub)
    blob = hub.ok("POST", "git/blobs", {"content": base64.b64encode(b"\x00\xff").decode(), "encoding": "base64"})
    tree = hub.ok("POST", "git/trees", {
        "base_tree": base,
        "tree": [
            {"path": "bin/x", "mode": "100755", "type": "blob", "sha": blob["sha"]},
            {"path": "notes.md", "mode": "100644", "type": "blob", "content": "hello\n"},
            {"path": "src/main.py", "mode": "100644", "type": "blob", "sha": None},
        ],
    })  # fmt: skip
    names = {row["path"] for row in hub.ok("GET", f"git/trees/{tree['sha']}?recursive=1")["tree"]}
    assert names == {"README.md", "bin", "bin/x", "notes.md"}
    made = hub.ok("POST", "git/commits", {
        "message": "By hand", "tree": tree["sha"], "parents": [base],
        "author": {"name": "Ada", "email": "ada@example.org", "date": "2026-01-02T03:04:05Z"},
    })  # fmt: skip
    assert made["author"] == {"name": "Ada", "email": "ada@example.org", "date": "2026-01-02T03:04:05Z"}
    assert hub.ok("GET", f"git/commits/{made['sha']}")["parents"][0]["sha"] == base
    assert base64.b64decode(hub.ok("GET", f"git/blobs/{blob['sha']}")["content"]) == b"\x00\xff"
    assert hub.hear() == []
    hub.ok("PATCH", "git/refs/heads/main", {"sha": made["sha"]})
    hub.hear()
    commit = hub.payload("push")["commits"][0]
    assert (commit["added"], commit["removed"], commit["modified"]) == (["bin/x", "notes.md"], ["src/main.py"], [])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"path": "../x", "mode": "100644", "content": "x"}, "malformed path"),
        ({"path": ".git/config", "mode": "100644", "content": "x"}, "malformed path"),
        ({"path": "x", "mode": "100644", "sha": "a" * 40}, "not a valid object"),
    ],
)
def test_a_tree_takes_no_harmful_entry(hub: Hub, entry: dict[str, str], words: str) -> None:
    status, said = hub.refused("POST", "git/trees", {"tree": [entry]})
    assert (status, words in said) == (422, True)


def test_history_is_listed_filtered_and_shown(hub: Hub) -> None:
    first = hub.branch("topic", {"a.txt": "1\n2\n3\n"}, login="bob", message="Add a")
    second = hub.branch("topic", {"a.txt": "1\n2\nthree\n"}, message="Change a\n\nAt length.")
    rows = hub.ok("GET", "commits?sha=topic")
    assert [row["sha"] for row in rows][:2] == [second, first]
    assert [row["sha"] for row in hub.ok("GET", "commits?sha=topic&author=bob")] == [first]
    assert len(hub.ok("GET", "commits?sha=topic&path=a.txt")) == 2
    assert len(hub.ok("GET", "commits?sha=topic&per_page=1")) == 1
    shown = hub.ok("GET", "commits/topic")
    assert (shown["stats"], shown["author"]["login"]) == ({"total": 2, "additions": 1, "deletions": 1}, "ada")
    assert shown["files"][0]["patch"] == "@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+three"
    assert hub.ok("GET", f"commits/{second[:8]}")["sha"] == second
    assert "No commit found for SHA: none" in hub.refused("GET", "commits/none")[1]
    assert hub.refused("GET", "commits?sha=none")[0] == 404


def test_two_branches_are_compared_since_they_parted(hub: Hub) -> None:
    hub.branch("left", {"l": "1"})
    hub.branch("right", {"r/ä.txt": "1"})
    hub.branch("right", {"r2": "1"})
    told = hub.ok("GET", "compare/left...right")
    assert (told["status"], told["ahead_by"], told["behind_by"]) == ("diverged", 2, 1)
    assert [row["filename"] for row in told["files"]] == ["r/ä.txt", "r2"]
    assert told["merge_base_commit"]["sha"] == tip(hub)
    assert hub.ok("GET", "compare/main...main")["status"] == "identical"
    assert hub.ok("GET", "compare/right...main")["status"] == "behind"
    paged = hub.api("GET", "compare/left...right?per_page=1")
    assert (len(paged.json["commits"]), paged.json["total_commits"]) == (1, 2)
    assert hub.refused("GET", "compare/main...none")[0] == 404


def test_a_fork_is_compared_across(hub: Hub) -> None:
    hub.ok("POST", "forks", {}, who="bob")
    fork = hub.sandbox.repo_named("bob/api")
    assert fork is not None
    sha = hub.scenario.commit(fork, {"f": "1"}, "On the fork", branch="idea", login="bob")
    told = hub.ok("GET", "compare/main...bob:idea")
    assert (told["ahead_by"], told["commits"][0]["sha"]) == (1, sha)
    assert hub.refused("GET", "compare/main...eve:idea")[0] == 404


def test_a_merge_makes_a_commit_nothing_or_a_conflict(hub: Hub) -> None:
    hub.branch("topic", {"a": "1"})
    made = hub.ok("POST", "merges", {"base": "main", "head": "topic"})
    assert (len(made["parents"]), made["commit"]["message"]) == (2, "Merge topic into main")
    assert hub.api("POST", "merges", {"base": "main", "head": "topic"}).status == 204
    hub.branch("one", {"a": "one"})
    hub.branch("two", {"a": "two"})
    assert hub.api("POST", "merges", {"base": "one", "head": "two"}).json["message"] == "Merge conflict"
    assert hub.api("POST", "merges", {"base": "main", "head": "none"}).json["message"] == "Head does not exist"


def test_the_pull_requests_of_a_commit(hub: Hub) -> None:
    pull = hub.pull()
    rows = hub.ok("GET", f"commits/{pull['head']['sha']}/pulls")
    assert [row["number"] for row in rows] == [pull["number"]]
    assert hub.ok("GET", f"commits/{tip(hub)}/pulls") == []


def test_tags_and_archives(hub: Hub) -> None:
    hub.ok("POST", "git/refs", {"ref": "refs/tags/v1.0", "sha": tip(hub)})
    assert hub.hear() == ["create", "push"]
    assert hub.payload("create")["ref_type"] == "tag"
    assert hub.ok("GET", "tags")[0]["commit"]["sha"] == tip(hub)
    assert [row["ref"] for row in hub.ok("GET", "git/matching-refs/tags/v1")] == ["refs/tags/v1.0"]
    place = hub.api("GET", "tarball/v1.0")
    assert place.status == 302
    packed = hub.sandbox.handle(Request(method="GET", path=place.headers["location"].removeprefix(BASE)))
    with tarfile.open(fileobj=io.BytesIO(packed.encoded())) as archive:
        assert sorted(Path(name).name for name in archive.getnames()) == ["README.md", "main.py"]


FILES = st.dictionaries(
    st.sampled_from(["a", "b", "d/x", "d/y/z", "e"]), st.text("abc\n", max_size=12) | st.none(), max_size=4
)


@settings(max_examples=25, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=4))
def test_trees_written_here_are_what_git_reads(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    git = Git(Path(tmp_path_factory.mktemp("git")))
    git.create(1, "main")
    expected: dict[str, str] = {}
    tree = git.write_tree(1, "", {})
    for step in steps:
        for path, text in step.items():
            for other in [p for p in expected if p.startswith(f"{path}/") or path.startswith(f"{p}/")]:
                del expected[other]
            expected.pop(path, None)
            if text is not None:
                expected[path] = text
        changes = {p: ("100644", git.write_blob(1, t.encode())) if t is not None else None for p, t in step.items()}
        tree = git.write_tree(1, tree, changes)
    sha = git.commit_tree(1, tree, [], "All", ADA, ADA)
    git.set_ref(1, "refs/heads/main", sha, ZERO)
    told = {e.path: git.blob(1, e.sha).decode() for e in git.tree(1, "main", recursive=True) if e.type == "blob"}
    assert told == expected
    assert {c.filename for c in git.diff(1, "", sha)} == set(expected)
    git.close()


def test_a_rebase_keeps_authors_and_makes_new_commits(hub: Hub) -> None:
    base = tip(hub)
    hub.branch("topic", {"a": "1"}, login="bob", message="One")
    head = hub.branch("topic", {"b": "2"}, login="ada", message="Two")
    hub.branch("main", {"c": "3"})
    git = hub.sandbox.git
    new = git.rebase(hub.repo.id, tip(hub), base, head, ADA)
    assert new is not None
    commits = [git.commit(hub.repo.id, sha) for sha in new]
    assert [(c.message, c.author.name, c.committer.name) for c in commits if c] == [
        ("One", "bob", "Ada"), ("Two", "ada", "Ada"),
    ]  # fmt: skip
    assert {e.path for e in git.tree(hub.repo.id, new[-1])} >= {"a", "b", "c"}


def test_a_rebase_that_conflicts_makes_none(hub: Hub) -> None:
    base = tip(hub)
    head = hub.branch("topic", {"c": "mine"})
    hub.branch("main", {"c": "theirs"})
    assert hub.sandbox.git.rebase(hub.repo.id, tip(hub), base, head, ADA) is None
    assert hub.sandbox.git.merge_tree(hub.repo.id, tip(hub), head).conflicts == ["c"]
