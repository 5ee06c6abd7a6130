"""The store in memory against git itself: the same objects under the same shas, the same diffs, the same merges."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sandbox.git import Git, GitError, Person
from services.sandbox.git_memory import MemoryGit
from services.sandbox.git_values import FileChange, Merged
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


def test_histories_without_a_common_commit_are_refused() -> None:
    git = MemoryGit()
    git.create(1, "main")
    with pytest.raises(GitError, match="unrelated"):
        git.merge_tree(1, put(git, {"a": "1"}), put(git, {"b": "1"}))
