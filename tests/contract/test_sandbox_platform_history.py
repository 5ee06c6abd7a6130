"""What the sandbox works out about history in Python is what git says: same ancestors, same merges, on any small history."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sandbox import git_history
from services.sandbox.git import ZERO, Git, GitError, Person
from services.sandbox.git_memory import MemoryGit
from services.sandbox.git_objects import run_git
from services.sandbox.repositories import Repositories

Step = tuple[list[int], dict[str, str | None], int]
"""Parents by number, files, minute of the commit."""
PATHS = ("a", "b", "d/x", "d/y", "e")


class History:
    """A repository with commits by number, on disk and in memory; `git` asks git itself about the one on disk."""

    def __init__(self, root: Path) -> None:
        self.store = Git(root)
        self.memory = MemoryGit()
        for store in (self.store, self.memory):
            store.create(1, "main")
        self.shas: list[str] = []

    def add(self, parents: list[int], files: dict[str, str | None], minute: int) -> None:
        known = [self.shas[n] for n in dict.fromkeys(parents)]
        one, other = (self._commit(store, known, files, minute) for store in (self.store, self.memory))
        assert one == other
        self.shas.append(one)
        for store in (self.store, self.memory):
            store.set_ref(1, f"refs/heads/b{len(self.shas)}", one, ZERO)

    def _commit(self, store: Repositories, parents: list[str], files: dict[str, str | None], minute: int) -> str:
        who = Person("A", "a@example.org", f"2026-01-01T00:{minute:02}:00Z")
        old = store.tree_of(1, parents[0]) if parents else ""
        changes = {
            path: ("100644", store.write_blob(1, text.encode())) if text is not None else None
            for path, text in files.items()
        }
        return store.commit_tree(1, store.write_tree(1, old, changes), parents, f"number {len(self.shas)}", who, who)

    def git(self, *args: str, ok: tuple[int, ...] = (0,)) -> tuple[int, str]:
        code, out = run_git([f"--git-dir={self.store.path(1)}", *args], ok=ok)
        return code, out.decode()


STEPS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 20), max_size=2),
        st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["1\n2\n3\n", "1\nx\n3\n", "y\n", None]), max_size=3),
        st.integers(0, 59),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.data())
def test_python_and_git_agree(tmp_path_factory: pytest.TempPathFactory, steps: list[Step], data: st.DataObject) -> None:
    history = History(Path(tmp_path_factory.mktemp("git")))
    for parents, files, minute in steps:
        known = [n % len(history.shas) for n in parents] if history.shas else []
        history.add(known, files, minute)
    a = data.draw(st.sampled_from(history.shas))
    b = data.draw(st.sampled_from(history.shas))
    path = data.draw(st.sampled_from([*PATHS, "d"]))
    for store in (history.store, history.memory):
        agrees(history, store, a, b)
        assert [c.sha for c in store.log(1, a, path=path)] == history.git("rev-list", "--topo-order", a, "--", path)[
            1
        ].split()
    history.store.close()


def agrees(history: History, store: Repositories, a: str, b: str) -> None:
    """What a store says about two commits is what git says."""
    code, _ = history.git("merge-base", "--is-ancestor", b, a, ok=(0, 1))
    assert store.contains(1, a, b) == (code == 0)
    bases = history.git("merge-base", "--all", a, b, ok=(0, 1))[1].split()
    assert sorted(git_history.merge_bases(lambda sha: store.commit(1, sha), a, b) or []) == sorted(bases)
    assert store.merge_base(1, a, b) in {*bases, None if not bases else bases[0]}
    ahead, behind = history.git("rev-list", "--left-right", "--count", f"{b}...{a}")[1].split()
    assert store.ahead_behind(1, a, b) == (int(ahead), int(behind))
    told = [commit.sha for commit in store.log(1, a, exclude=b)]
    assert sorted(told) == sorted(history.git("rev-list", a, f"^{b}")[1].split())
    for commit in (store.commit(1, sha) for sha in told):
        assert commit is not None
        assert all(told.index(commit.sha) < told.index(parent) for parent in commit.parents if parent in told)
    names = history.git("diff-tree", "-r", "--no-renames", "--name-only", "-z", a, b)[1].split("\0")
    assert sorted(store.changed(1, a, b)) == sorted(name for name in names if name)
    merge(history, store, a, b)


def merge(history: History, store: Repositories, a: str, b: str) -> None:
    """The merge the sandbox makes is git's, to the tree."""
    code, out = history.git("merge-tree", "--write-tree", "--no-messages", "--name-only", a, b, ok=(0, 1, 128))
    if code == 128:
        with pytest.raises(GitError):
            store.merge_tree(1, a, b)
        return
    merged = store.merge_tree(1, a, b)
    assert (merged.tree is None) == (code == 1)
    if merged.tree is not None:
        assert merged.tree == out.split()[0]
    else:
        assert set(merged.conflicts) == set(out.splitlines()[1:])


def test_a_long_history_is_left_to_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(tmp_path)
    for number in range(12):
        history.add([number - 1] if number else [], {"a": f"{number}\n"}, number)
    first, last = history.shas[0], history.shas[-1]
    near = [c.sha for c in history.store.log(1, last, exclude=first)]
    monkeypatch.setattr(git_history, "FARTHEST", 4)
    far = Git(tmp_path)
    assert git_history.ancestors(lambda sha: far.commit(1, sha), last) is None
    assert [c.sha for c in far.log(1, last, exclude=first)] == near
    assert far.contains(1, last, first)
    assert not far.contains(1, first, last)
    assert far.merge_base(1, last, first) == first
    assert far.ahead_behind(1, first, last) == (11, 0)


def test_refs_by_the_two_are_one(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([], {"a": "1\n"}, 0)
    history.add([0], {"a": "2\n"}, 1)
    one, two = history.shas
    store = history.store
    history.git("pack-refs", "--all")
    with pytest.raises(GitError, match="expected"):
        store.set_ref(1, "refs/heads/b1", two, two)
    store.set_ref(1, "refs/heads/b1", two, one)
    assert history.git("rev-parse", "refs/heads/b1")[1].strip() == two
    store.delete_ref(1, "refs/heads/b1")
    assert history.git("for-each-ref", "--format=%(refname)")[1].split() == ["refs/heads/b2"]
    store.set_ref(1, "refs/heads/b1/below", one, ZERO)
    store.delete_ref(1, "refs/heads/b1/below")
    store.set_ref(1, "refs/heads/b1", one, ZERO)
    with pytest.raises(GitError):
        store.set_ref(1, "refs/heads/b1/below", one, ZERO)
    with pytest.raises(GitError):
        store.set_ref(1, "refs/heads/b1", two, ZERO)
    assert history.git("fsck", "--strict")[0] == 0
