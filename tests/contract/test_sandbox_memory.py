"""The store in memory against git itself: the same objects under the same shas, the same diffs, the same merges."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sandbox.git import Git, GitError, Person
from services.sandbox.git_memory import MemoryGit
from services.sandbox.git_values import ZERO, FileChange, Merged
from services.sandbox.repositories import Repositories

Files = dict[str, str]

ADA = Person("Ada", "ada@example.org", "2026-01-02T03:04:05Z")
LINES = st.sampled_from(["", "}", "def f():", "    return 1", "one", "two", "three", "four", "five", "six"])
TEXT = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=14), st.sampled_from(["\n", "\n", ""])
)


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """A text with a few lines put in, taken out or altered."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        what = draw(st.sampled_from(["in", "out", "alter"]))
        if what == "in" or at == len(lines):
            lines.insert(at, draw(LINES))
        elif what == "out" and len(lines) > 1:
            del lines[at]
        else:
            lines[at] += "!"
    return "\n".join(lines)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Git:
    git = Git(Path(tmp_path_factory.mktemp("git")))
    git.create(1, "main")
    return git


def put(git: Repositories, files: Files, *parents: str) -> str:
    """A commit of exactly these files."""
    sides = {path: ("100644", git.write_blob(1, text.encode())) for path, text in files.items()}
    return git.commit_tree(1, git.write_tree(1, "", sides), list(parents), "A commit", ADA, ADA)


def both(real: Git, base: Files, ours: Files, theirs: Files) -> list[tuple[Merged, list[FileChange]]]:
    """How the two merge two children of a base, and what they say of the first child's changes."""
    memory = MemoryGit()
    memory.create(1, "main")
    told, shas = [], []
    for git in (real, memory):
        old = put(git, base)
        mine, yours = put(git, ours, old), put(git, theirs, old)
        shas.append((old, mine, yours))
        told.append((git.merge_tree(1, mine, yours), git.diff(1, old, mine)))
    assert shas[0] == shas[1]
    return told


def bare(changes: list[FileChange]) -> list[tuple[object, ...]]:
    """Changes without their patches: where a hunk begins among equal lines is git's taste, guessed by indentation."""
    return [(c.filename, c.status, c.additions, c.deletions, c.blob_sha, c.previous) for c in changes]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_one_file_changed_on_two_sides_merges_as_git_merges_it(real: Git, data: st.DataObject) -> None:
    text = data.draw(TEXT)
    ours, theirs = data.draw(changed(text)), data.draw(changed(text))
    (merged, diff), (same, again) = both(real, {"f": text}, {"f": ours}, {"f": theirs})
    assert same == merged
    assert bare(again) == bare(diff)


TEN = "".join(f"line {n} of the file\n" for n in range(10))
HALF = TEN.replace("line 1", "1").replace("line 2", "2").replace("line 3", "3").replace("line 4", "4")
CASES: dict[str, tuple[Files, Files, Files]] = {
    "touching changes conflict": ({"f": "1\n2\n3\n4\n"}, {"f": "1\nx\n3\n4\n"}, {"f": "1\n2\ny\n4\n"}),
    "a line between them keeps changes apart": ({"f": "1\n2\n3\n4\n"}, {"f": "x\n2\n3\n4\n"}, {"f": "1\n2\ny\n4\n"}),
    "the same change on both sides": ({"f": "1\n2\n3\n"}, {"f": "1\nx\n3\n"}, {"f": "1\nx\n3\ny\n"}),
    "rare lines are landmarks": (
        {"f": "def f():\n    return 1\n\nline 4\n}\n\n\n}\n"},
        {"f": "def f():\n    return 1\n\nline 4\n}\n\n\n\n}\n"},
        {"f": "def f():\n    return 1\n\nline 4\n\n}\n\n!\n}\n"},
    ),
    "a change among equal lines goes as far down as it can": (
        {"f": "line 11\ndef f():\ndef f():\ndef f():\n}\ndef f():\n\n"},
        {"f": "line 11\ndef f():!\ndef f():\ndef f():\n}\ndef f():\n\n"},
        {"f": "new\nline 11\ndef f():\ndef f():\n}\ndef f():\n\n"},
    ),
    "a change follows a rename": ({"f": TEN}, {"g": TEN}, {"f": f"{TEN}more\n"}),
    "a rename that keeps little more than half": ({"f": TEN}, {"g": HALF}, {"f": f"{TEN}more\n"}),
    "renamed and deleted": ({"f": TEN}, {"g": f"{TEN}more\n"}, {}),
    "renamed to two names": ({"f": TEN}, {"g": TEN}, {"h": f"{TEN}more\n"}),
    "renamed to one name": ({"f": TEN}, {"g": f"first\n{TEN}"}, {"g": f"{TEN}last\n"}),
    "renamed to a name that is taken": ({"f": TEN}, {"g": TEN}, {"f": f"{TEN}more\n", "g": "other\n"}),
    "renamed to a name that is taken, and changed": ({"f": TEN}, {"g": f"{TEN}!"}, {"f": "", "g": ""}),
    "a new file in a directory that moved": ({"d/a": TEN}, {"m/a": TEN}, {"d/a": TEN, "d/n": "new\n"}),
    "a new file below a directory that moved": ({"d/a": TEN}, {"m/a": TEN}, {"d/a": TEN, "d/e/n": "new\n"}),
    "a new file in a directory that moved to two places": (
        {"d/a": TEN, "d/b": f"b\n{TEN}"},
        {"m/a": TEN, "n/b": f"b\n{TEN}"},
        {"d/a": TEN, "d/b": f"b\n{TEN}", "d/n": "new\n"},
    ),
    "a file where the other side has a directory": ({"a": "1\n"}, {"a": "1\n", "d": "x\n"}, {"a": "1\n", "d/e": "y\n"}),
    "deleted and changed": ({"f": "1\n", "g": "1\n"}, {"g": "1\n"}, {"f": "2\n", "g": "1\n"}),
    "added twice alike and twice not": ({}, {"f": "1\n", "g": "1\n"}, {"f": "1\n", "g": "2\n"}),
    "empty files are no renames": ({"f": ""}, {"g": ""}, {"f": "1\n"}),
    "binary files": ({"f": "\0"}, {"f": "\0one"}, {"f": "\0two"}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_rule_of_a_merge_is_gits(real: Git, name: str) -> None:
    base, ours, theirs = CASES[name]
    for one, other in ((ours, theirs), (theirs, ours)):
        (merged, diff), (same, again) = both(real, base, one, other)
        assert same == merged
        assert bare(again) == bare(diff)


def test_several_merge_bases_become_one(real: Git) -> None:
    """Two branches that have merged each other: their changes meet again, and a base of their own is merged first."""
    memory = MemoryGit()
    memory.create(1, "main")
    told = []
    for git in (real, memory):
        old = put(git, {"f": TEN, "g": TEN})
        left, right = put(git, {"f": f"left\n{TEN}", "g": TEN}, old), put(git, {"f": TEN, "g": f"{TEN}right\n"}, old)
        one = put(git, {"f": f"left\n{TEN}", "g": f"{TEN}right\nand more\n"}, left, right)
        other = put(git, {"f": f"left\n{TEN}more\n", "g": f"{TEN}right\n"}, right, left)
        told.append((git.merge_base(1, one, other) in {left, right}, git.merge_tree(1, one, other)))
    assert told[0] == told[1]
    assert told[0][1].tree is not None


PATHS = ("a", "b", "d/x", "d/y", "d/e/z", "g/h")
NEW = ("a", "n", "d/n", "d/x/n", "g", "m/x", "m/e/z")
FEW = st.lists(LINES, min_size=0, max_size=5).map(lambda lines: "".join(f"{line}\n" for line in lines))


@st.composite
def side(draw: st.DrawFn, base: Files) -> Files:
    """What somebody made of the base: files edited, deleted, added and renamed, whole directories moved."""
    files = dict(base)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(files) or [""]))
        what = draw(st.sampled_from(["edit", "edit", "delete", "add", "rename", "move"]))
        if what == "edit" and path:
            files[path] = draw(changed(files[path]))
        elif what == "delete":
            files.pop(path, None)
        elif what == "add":
            put_in(files, draw(st.sampled_from(NEW)), draw(FEW))
        elif what == "rename" and path:
            put_in(files, draw(st.sampled_from(NEW)), files.pop(path))
        elif what == "move":
            for old in [name for name in files if name.startswith("d/")]:
                put_in(files, f"m{old[1:]}", files.pop(old))
    return files


def put_in(files: Files, path: str, text: str) -> None:
    """A file at a path; what cannot be there beside it goes."""
    for other in [name for name in files if name.startswith(f"{path}/") or path.startswith(f"{name}/")]:
        del files[other]
    files[path] = text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_trees_merge_as_git_merges_them(real: Git, data: st.DataObject) -> None:
    drawn = data.draw(st.dictionaries(st.sampled_from(PATHS), FEW, min_size=2))
    base = {path: f"This is {path}.\n{text}" for path, text in drawn.items()}
    (merged, diff), (same, again) = both(real, base, data.draw(side(base)), data.draw(side(base)))
    assert same.tree == merged.tree
    assert bool(same.conflicts) == bool(merged.conflicts) or not merged.tree
    assert bare(again) == bare(diff)


def test_patches_look_as_gits_do(real: Git) -> None:
    old = (
        "def one():\n    return 1\n\n\ndef two():\n" + "    pass\n" * 9 + "    return 2\n\n\ndef three():\n    return 3"
    )
    new = old.replace("return 2", "return two").replace("return 3", "return three\n").replace("def one", "def first")
    binary = "\0\1"
    base = {"a.py": old, "gone": "1\n2\n", "b.bin": binary, "moved": old, "same": "1\n"}
    ours = {"a.py": new, "come": "x", "b.bin": f"{binary}2", "elsewhere/moved": new, "same": "1\n"}
    (_, diff), (_, again) = both(real, base, ours, base)
    assert again == diff
    assert [change.status for change in again] == ["modified", "modified", "added", "renamed", "removed"]


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_refs_move_by_the_same_rules(kind: str, tmp_path: Path) -> None:
    git: Repositories = Git(tmp_path) if kind == "disk" else MemoryGit()
    git.create(1, "trunk")
    one, two = put(git, {"a": "1"}), put(git, {"a": "2"})
    git.set_ref(1, "refs/heads/x", one, ZERO)
    with pytest.raises(GitError, match="expected"):
        git.set_ref(1, "refs/heads/x", two, ZERO)
    with pytest.raises(GitError, match="expected"):
        git.set_ref(1, "refs/heads/none", two, one)
    for name in ("refs/heads/x/below", "refs/heads"):
        with pytest.raises(GitError):
            git.set_ref(1, name, two)
    git.set_ref(1, "refs/heads/y/below", two)
    with pytest.raises(GitError):
        git.set_ref(1, "refs/heads/y", two)
    git.delete_ref(1, "refs/heads/y/below")
    git.delete_ref(1, "refs/heads/none")
    git.set_ref(1, "refs/heads/y", two)
    assert git.refs(1) == {"refs/heads/x": one, "refs/heads/y": two}
    assert (git.head(1), git.resolve(1, "HEAD")) == ("trunk", None)
    git.set_head(1, "y")
    assert (git.resolve(1, "HEAD"), git.resolve(1, two[:9]), git.resolve(1, "abcdef0")) == (two, two, None)
    git.create(2, "main")
    git.bring(1, 2, one)
    assert (git.commit(2, one), git.commit(2, two)) == (git.commit(1, one), None)
    git.close()


def test_histories_without_a_common_commit_are_refused() -> None:
    git = MemoryGit()
    git.create(1, "main")
    with pytest.raises(GitError, match="unrelated"):
        git.merge_tree(1, put(git, {"a": "1"}), put(git, {"b": "1"}))
