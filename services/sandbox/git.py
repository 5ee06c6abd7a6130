"""Git for the sandbox: bare repositories `root/<repo id>.git`, read and written synchronously, answers remembered.

Whatever depends only on shas never changes, so it is computed once: merge bases, diffs, logs, test merges. The class
is narrow so that a store in memory can stand in its place. Clients' names reach git only as full ref names or shas.
"""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from services.sandbox import git_history, git_rebase
from services.sandbox.git_diff import ARGS, EMPTY_TREE, parse_diff
from services.sandbox.git_hook import UPDATE_HOOK
from services.sandbox.git_objects import Objects, run_git
from services.sandbox.git_values import (
    SHA,
    ZERO,
    Commit,
    Entry,
    FileChange,
    GitError,
    Merged,
    Person,
    decode_commit,
    decode_tree,
    encode_commit,
    encode_tree,
    kind,
)

__all__ = ["ZERO", "Commit", "Entry", "FileChange", "Git", "GitError", "Merged", "Person"]

T = TypeVar("T")
REMEMBERED = 20_000
"""Answers kept."""
SETTINGS = """
[http]
\treceivepack = true
[gc]
\tauto = 0
[receive]
\tautogc = false
[uploadpack]
\tallowAnySHA1InWant = true
"""


class Git:
    """All repositories of one sandbox. GitError for what git refuses; None for what is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[int, Objects] = {}
        self._known: OrderedDict[tuple[object, ...], object] = OrderedDict()

    # Repositories

    def path(self, repo_id: int) -> Path:
        return self.root / f"{int(repo_id)}.git"

    def create(self, repo_id: int, default_branch: str) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        run_git(
            ["init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", str(self.path(repo_id))]
        )
        self._configure(repo_id)

    def fork(self, src_id: int, dst_id: int) -> None:
        """A copy with branches and tags; refs/pull stays behind."""
        self._copy(self.path(src_id), dst_id)

    def adopt(self, source: Path, repo_id: int) -> None:
        """A copy of somebody's local repository; the source is only read."""
        self._copy(source, repo_id)

    def _copy(self, source: Path, dst_id: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        run_git(
            ["clone", "--quiet", "--bare", "--no-hardlinks", "--template=", "--", str(source), str(self.path(dst_id))]
        )
        self._configure(dst_id)

    def _configure(self, repo_id: int) -> None:
        with (self.path(repo_id) / "config").open("a") as config:
            config.write(SETTINGS)
        hook = self.path(repo_id) / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(UPDATE_HOOK)
        hook.chmod(0o755)

    def bring(self, src_id: int, dst_id: int, sha: str) -> None:
        """Make a commit of one repository (a fork) known in another; nothing when it is there."""
        if src_id != dst_id and self.commit(dst_id, sha) is None:
            self._at(dst_id).git(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(self.path(src_id)), _sha(sha)
            )

    def remove(self, repo_id: int) -> None:
        if (opened := self._open.pop(repo_id, None)) is not None:
            opened.close()
        shutil.rmtree(self.path(repo_id), ignore_errors=True)

    def close(self) -> None:
        for opened in self._open.values():
            opened.close()
        self._open.clear()

    # Refs

    def refs(self, repo_id: int, prefix: str = "refs/heads/") -> dict[str, str]:
        """Full name -> sha, sorted by name."""
        return {name: sha for name, sha in sorted(self._at(repo_id).refs.items()) if name.startswith(prefix)}

    def resolve(self, repo_id: int, rev: str) -> str | None:
        """The commit a branch, tag, full ref or sha (at least 7 digits of it) stands for."""
        at = self._at(repo_id)
        for name in (rev if rev.startswith("refs/") else "", f"refs/heads/{rev}", f"refs/tags/{rev}", f"refs/{rev}"):
            if name in at.refs:
                return self._peel(repo_id, at.refs[name])
        if SHA.fullmatch(rev):
            return self._peel(repo_id, rev)
        if rev == "HEAD":
            return at.refs.get(f"refs/heads/{self.head(repo_id)}")
        return self._abbreviated(at, rev)

    def _abbreviated(self, at: Objects, rev: str) -> str | None:
        if not 7 <= len(rev) < 40 or not set(rev) <= set("0123456789abcdef"):
            return None
        _, out = at.git("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", ok=(0, 1, 128))
        return out.decode().strip() or None

    def _peel(self, repo_id: int, sha: str) -> str | None:
        """A tag object's commit; the sha itself for a commit; None for anything else."""
        found = self._at(repo_id).read(sha)
        if found is not None and found[0] == "tag":
            return self._peel(repo_id, found[1].split(b"\n", 1)[0].removeprefix(b"object ").decode())
        return sha if found is not None and found[0] == "commit" else None

    def set_ref(self, repo_id: int, ref: str, sha: str, expected: str | None = None) -> None:
        """Point a full ref at a sha; `expected` is what it must be now (40 zeros: must not exist)."""
        self._at(repo_id).set_ref(ref, sha, expected)

    def delete_ref(self, repo_id: int, ref: str) -> None:
        self._at(repo_id).delete_ref(ref)

    def set_head(self, repo_id: int, branch: str) -> None:
        """What a clone checks out."""
        self._at(repo_id).git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def head(self, repo_id: int) -> str:
        """The branch a clone checks out."""
        return (self.path(repo_id) / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")

    def forget(self, repo_id: int) -> None:
        """Read the refs anew: somebody pushed."""
        self._at(repo_id).forget()

    # History

    def raw(self, repo_id: int, sha: str) -> tuple[str, bytes] | None:
        return self._at(repo_id).read(sha)

    def commit(self, repo_id: int, sha: str) -> Commit | None:
        key = ("commit", repo_id, sha)
        if key in self._known:
            return self._remember(key, _unreachable)
        found = self._at(repo_id).read(sha)
        if found is None or found[0] != "commit":
            return None
        return self._remember(key, lambda: decode_commit(sha, found[1]))

    def log(self, repo_id: int, rev: str, *, exclude: str = "", path: str = "", limit: int = 250) -> list[Commit]:
        """Commits reachable from `rev` and not from `exclude`, newest first; only those that touch `path`, if given."""
        tip, bound = self.resolve(repo_id, rev), self.resolve(repo_id, exclude) if exclude else ""
        if tip is None or bound is None:
            return []
        near = git_history.log(self._reader(repo_id), tip, bound) if not path else None
        if near is None:
            args = ["rev-list", "--topo-order", f"--max-count={limit}", tip, *([f"^{bound}"] if bound else [])]
            near = self._immutable(repo_id, *args, *(["--", path] if path else [])).decode().split()
        return [found for sha in near[:limit] if (found := self.commit(repo_id, sha)) is not None]

    def merge_base(self, repo_id: int, a: str, b: str) -> str | None:
        """The best common ancestor of two shas, None for histories that have none."""
        near = git_history.merge_bases(self._reader(repo_id), _sha(a), _sha(b))
        if near is not None:
            return near[0] if near else None
        return self._immutable(repo_id, "merge-base", a, b, ok=(0, 1)).decode().split("\n")[0] or None

    def ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]:
        """How many commits `head` has that `base` lacks, and the other way round."""
        near = git_history.ahead_behind(self._reader(repo_id), _sha(base), _sha(head))
        if near is not None:
            return near
        ahead, behind = self._immutable(repo_id, "rev-list", "--left-right", "--count", f"{head}...{base}").split()
        return int(ahead), int(behind)

    def contains(self, repo_id: int, tip: str, sha: str) -> bool:
        """Is `sha` in the history of `tip`?"""
        near = git_history.contains(self._reader(repo_id), _sha(tip), _sha(sha))
        if near is not None:
            return near
        return self._immutable(repo_id, "merge-base", tip, sha, ok=(0, 1)).decode().split("\n")[0] == sha

    def changed(self, repo_id: int, base: str, head: str) -> dict[str, git_history.Change]:
        """Path -> ((mode, sha) before, after) between two commits ("" or zeros = nothing), without renames.

        Quicker than `diff`.
        """
        old = self.tree_of(repo_id, base) if base not in {"", ZERO} else ""
        return git_history.changed(lambda tree: self._children(repo_id, tree), old, self.tree_of(repo_id, head))

    def _reader(self, repo_id: int) -> git_history.Read:
        return lambda sha: self.commit(repo_id, sha)

    def diff(self, repo_id: int, base: str, head: str) -> list[FileChange]:
        """What changed between two commits or trees (shas; base "" or zeros = the empty tree)."""
        old = EMPTY_TREE if base in {"", ZERO} else _sha(base)
        if old == EMPTY_TREE:
            self._at(repo_id).write("tree", b"")
        key = ("diff", repo_id, old, _sha(head))
        return list(self._remember(key, lambda: parse_diff(self._at(repo_id).git(*ARGS, old, head)[1])))

    # Merging

    def merge_tree(self, repo_id: int, ours: str, theirs: str) -> Merged:
        """The tree that merging two commits gives, or the paths that conflict.

        GitError for histories that have nothing in common.
        """

        def merge() -> Merged:
            if (tree := self._simple_merge(repo_id, ours, theirs)) is not None:
                return Merged(tree=tree)
            args = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", _sha(ours), _sha(theirs))
            code, out = self._at(repo_id).git(*args, ok=(0, 1))
            name, *paths = out.decode(errors="replace").rstrip("\0\n").split("\0")
            conflicts = sorted({path for path in paths if path})
            return Merged(tree=name.strip()) if code == 0 else Merged(tree=None, conflicts=conflicts)

        return self._remember(("merge", repo_id, ours, theirs), merge)

    def _simple_merge(self, repo_id: int, ours: str, theirs: str) -> str | None:
        """The merged tree where no content has to be merged; None where git must look."""
        bases = git_history.merge_bases(self._reader(repo_id), _sha(ours), _sha(theirs))
        if bases is None or len(bases) != 1:
            return None
        left, right = self.changed(repo_id, bases[0], ours), self.changed(repo_id, bases[0], theirs)
        added = git_history.simple_merge(left, right)
        return self.write_tree(repo_id, self.tree_of(repo_id, ours), added) if added is not None else None

    def rebase(self, repo_id: int, onto: str, base: str, head: str, committer: Person) -> list[str] | None:
        """`base..head` (without merges) put on `onto` one by one; the new shas, oldest first, None on a conflict."""
        return git_rebase.rebase(self, repo_id, onto, base, head, committer)

    # Objects

    def commit_tree(
        self, repo_id: int, tree: str, parents: list[str], message: str, author: Person, committer: Person
    ) -> str:
        return self._at(repo_id).write(
            "commit", encode_commit(_sha(tree), [_sha(p) for p in parents], message, author, committer)
        )

    def tree(self, repo_id: int, rev: str, path: str = "", recursive: bool = False) -> list[Entry]:
        """Entries of a directory, with paths from that directory; of everything below it too when recursive.

        [] when there is none.
        """
        top = self.tree_of(repo_id, rev)
        found = self._entry(repo_id, top, path) if path else ("040000", top)
        if found is None or kind(found[0]) != "tree" or not found[1]:
            return []
        return list(
            self._remember(("tree", repo_id, found[1], recursive), lambda: self._list(repo_id, found[1], "", recursive))
        )

    def _list(self, repo_id: int, sha: str, prefix: str, recursive: bool) -> list[Entry]:
        rows = []
        for name, (mode, child) in self._children(repo_id, sha).items():
            what = kind(mode)
            size = len(self.blob(repo_id, child)) if what == "blob" else None
            rows.append(Entry(path=prefix + name, mode=mode, type=what, sha=child, size=size))
            if recursive and what == "tree":
                rows += self._list(repo_id, child, f"{prefix}{name}/", recursive)
        return rows

    def blob(self, repo_id: int, sha: str) -> bytes:
        """A blob's bytes; GitError when it is not one."""
        found = self._at(repo_id).read(sha)
        if found is None or found[0] != "blob":
            raise GitError(f"{sha} is not a blob here")
        return found[1]

    def file(self, repo_id: int, rev: str, path: str) -> tuple[str, bytes] | None:
        """Blob sha and bytes of a file at a branch, tag, commit or tree."""
        entry = self._entry(repo_id, self.tree_of(repo_id, rev), path)
        if entry is None or kind(entry[0]) != "blob":
            return None
        return entry[1], self.blob(repo_id, entry[1])

    def entry(self, repo_id: int, rev: str, path: str) -> Entry | None:
        """What lies at a path: file, directory, symlink or submodule."""
        found = self._entry(repo_id, self.tree_of(repo_id, rev), path)
        return Entry(path=path, mode=found[0], type=kind(found[0]), sha=found[1]) if found is not None else None

    def write_blob(self, repo_id: int, content: bytes) -> str:
        return self._at(repo_id).write("blob", content)

    def write_tree(self, repo_id: int, base_tree: str, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """A tree like `base_tree` ("" = empty) but with these paths set to (mode, sha), or gone (None)."""
        entries = dict(self._children(repo_id, base_tree)) if base_tree else {}
        deeper: dict[str, dict[str, tuple[str, str] | None]] = {}
        for path, change in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                deeper.setdefault(name, {})[rest] = change
            elif change is None:
                entries.pop(name, None)
            else:
                entries[name] = change
        for name, below in deeper.items():
            old = entries.get(name)
            sha = self.write_tree(repo_id, old[1] if old and kind(old[0]) == "tree" else "", below)
            if self._children(repo_id, sha):
                entries[name] = ("040000", sha)
            elif old is None or kind(old[0]) == "tree":
                entries.pop(name, None)
        return self._at(repo_id).write("tree", encode_tree(entries))

    def tree_of(self, repo_id: int, rev: str) -> str:
        """The tree of a commit-ish or the tree itself; "" when there is none."""
        commit = self.resolve(repo_id, rev)
        if commit is not None and (found := self.commit(repo_id, commit)) is not None:
            return found.tree
        raw = self._at(repo_id).read(rev)
        return rev if raw is not None and raw[0] == "tree" else ""

    # Inside

    def _at(self, repo_id: int) -> Objects:
        found = self._open.get(repo_id)
        if found is None:
            found = self._open[repo_id] = Objects(self.path(repo_id))
        return found

    def _entry(self, repo_id: int, tree: str, path: str) -> tuple[str, str] | None:
        mode, sha = "040000", tree
        for name in path.split("/"):
            found = self._children(repo_id, sha).get(name) if sha and kind(mode) == "tree" else None
            if found is None:
                return None
            mode, sha = found
        return mode, sha

    def _children(self, repo_id: int, tree: str) -> dict[str, tuple[str, str]]:
        def read() -> dict[str, tuple[str, str]]:
            raw = self._at(repo_id).read(tree)
            if raw is None or raw[0] != "tree":
                raise GitError(f"{tree} is not a tree here")
            return {name: (mode, sha) for mode, name, sha in decode_tree(raw[1])}

        return self._remember(("children", repo_id, tree), read)

    def _immutable(self, repo_id: int, *args: str, ok: tuple[int, ...] = (0,)) -> bytes:
        return self._remember((repo_id, *args), lambda: self._at(repo_id).git(*args, ok=ok)[1])

    def _remember(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]  # type: ignore[return-value]
        value = compute()
        self._known[key] = value
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return value


def _sha(text: str) -> str:
    if not SHA.fullmatch(text):
        raise GitError(f"{text!r} is not a sha")
    return text


def _unreachable() -> Commit:
    raise KeyError
