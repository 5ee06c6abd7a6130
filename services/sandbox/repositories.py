"""All repositories of one sandbox: what can be asked of them and done to them, whoever keeps the objects.

Most of git is worked out here, from "read an object", "write an object" and "where do the refs stand". What a store has
to answer itself is abstract: `git.py` keeps bare repositories on disk and asks git, `git_memory.py` keeps everything in
memory and works it out. Whatever depends only on shas never changes, so it is computed once: merge bases, diffs, logs,
test merges. Clients' names reach a store only as full ref names or shas.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from services.sandbox import git_history, git_rebase
from services.sandbox.git_values import (
    EMPTY_TREE,
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

T = TypeVar("T")
REMEMBERED = 20_000
"""Answers kept."""


class Store(Protocol):
    """One repository's objects and refs."""

    @property
    def refs(self) -> dict[str, str]:
        """Full name -> sha of all refs."""
        ...

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """Type and content of an object, None when there is no such object."""
        ...

    def write(self, kind: str, body: bytes) -> str:
        """Store an object, if it is not there yet; its sha."""
        ...

    def set_ref(self, ref: str, sha: str, expected: str | None) -> None:
        """Move a ref; GitError when it is not at `expected` or its name cannot be."""
        ...

    def delete_ref(self, ref: str) -> None: ...


class Repositories(ABC):
    """GitError for what git refuses; None for what is not there."""

    farthest: int | None = None
    """Commits a walk in Python may visit before the store is asked; None = git_history's own figure."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], object] = OrderedDict()

    # What a store answers itself

    @abstractmethod
    def create(self, repo_id: int, default_branch: str) -> None:
        """A new, empty repository."""

    @abstractmethod
    def fork(self, src_id: int, dst_id: int) -> None:
        """A copy with branches and tags; refs/pull stays behind."""

    @abstractmethod
    def adopt(self, source: Path, repo_id: int) -> None:
        """A copy of somebody's local repository; the source is only read."""

    @abstractmethod
    def bring(self, src_id: int, dst_id: int, sha: str) -> None:
        """Make a commit of one repository (a fork) known in another; nothing when it is there."""

    @abstractmethod
    def remove(self, repo_id: int) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def forget(self, repo_id: int) -> None:
        """Read the refs anew: somebody pushed."""

    @abstractmethod
    def head(self, repo_id: int) -> str:
        """The branch a clone checks out."""

    @abstractmethod
    def set_head(self, repo_id: int, branch: str) -> None:
        """What a clone checks out."""

    @abstractmethod
    def _at(self, repo_id: int) -> Store: ...

    @abstractmethod
    def _abbreviated(self, repo_id: int, rev: str) -> str | None:
        """The one commit whose sha begins like this."""

    @abstractmethod
    def _far_log(self, repo_id: int, tip: str, bound: str, path: str, limit: int) -> list[str]: ...

    @abstractmethod
    def _far_merge_base(self, repo_id: int, a: str, b: str) -> str | None: ...

    @abstractmethod
    def _far_ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]: ...

    @abstractmethod
    def _diff(self, repo_id: int, old: str, new: str) -> list[FileChange]: ...

    @abstractmethod
    def _merge(self, repo_id: int, ours: str, theirs: str) -> Merged:
        """A merge for which contents have to be looked at."""

    # Refs

    def refs(self, repo_id: int, prefix: str = "refs/heads/") -> dict[str, str]:
        """Full name -> sha, sorted by name."""
        return {name: sha for name, sha in sorted(self._at(repo_id).refs.items()) if name.startswith(prefix)}

    def resolve(self, repo_id: int, rev: str) -> str | None:
        """The commit a branch, tag, full ref or sha (at least 7 digits of it) stands for."""
        refs = self._at(repo_id).refs
        if rev in refs:
            return self._peel(repo_id, refs[rev])
        for name in (f"refs/heads/{rev}", f"refs/tags/{rev}", f"refs/{rev}"):
            if name in refs:
                return self._peel(repo_id, refs[name])
        if SHA.fullmatch(rev):
            return self._peel(repo_id, rev)
        if rev == "HEAD":
            return refs.get(f"refs/heads/{self.head(repo_id)}")
        is_short = 7 <= len(rev) < 40 and set(rev) <= set("0123456789abcdef")
        return self._abbreviated(repo_id, rev) if is_short else None

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

    # History

    def raw(self, repo_id: int, sha: str) -> tuple[str, bytes] | None:
        return self._at(repo_id).read(sha)

    def commit(self, repo_id: int, sha: str) -> Commit | None:
        key = ("commit", repo_id, sha)
        known = self._known.get(key)
        if isinstance(known, Commit):
            self._known.move_to_end(key)
            return known
        found = self._at(repo_id).read(sha)
        if found is None or found[0] != "commit":
            return None
        return self.remember(key, lambda: decode_commit(sha, found[1]))

    def log(self, repo_id: int, rev: str, *, exclude: str = "", path: str = "", limit: int = 250) -> list[Commit]:
        """Commits reachable from `rev` and not from `exclude`, newest first; only those that touch `path`, if given."""
        tip, bound = self.resolve(repo_id, rev), self.resolve(repo_id, exclude) if exclude else ""
        if tip is None or bound is None:
            return []
        near = git_history.log(self._reader(repo_id), tip, bound, self.farthest) if not path else None
        if near is None:
            near = self._far_log(repo_id, tip, bound, path, limit)
        return [found for sha in near[:limit] if (found := self.commit(repo_id, sha)) is not None]

    def merge_base(self, repo_id: int, a: str, b: str) -> str | None:
        """The best common ancestor of two shas, None for histories that have none."""
        return self.remember(("base", repo_id, full_sha(a), full_sha(b)), lambda: self._merge_base(repo_id, a, b))

    def _merge_base(self, repo_id: int, a: str, b: str) -> str | None:
        near = git_history.merge_bases(self._reader(repo_id), a, b, self.farthest)
        if near is not None:
            return near[0] if near else None
        return self._far_merge_base(repo_id, a, b)

    def ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]:
        """How many commits `head` has that `base` lacks, and the other way round."""
        key = ("apart", repo_id, full_sha(base), full_sha(head))
        return self.remember(key, lambda: self._ahead_behind(repo_id, base, head))

    def _ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]:
        near = git_history.ahead_behind(self._reader(repo_id), base, head, self.farthest)
        return near if near is not None else self._far_ahead_behind(repo_id, base, head)

    def contains(self, repo_id: int, tip: str, sha: str) -> bool:
        """Is `sha` in the history of `tip`?"""
        near = git_history.contains(self._reader(repo_id), full_sha(tip), full_sha(sha), self.farthest)
        return near if near is not None else self._far_merge_base(repo_id, tip, sha) == sha

    def reachable(self, repo_id: int, tips: Iterable[str], known: Container[str] = frozenset()) -> set[str]:
        """The commits these refs stand at and all before them, without those that are known and what they hide.

        One walk for all of them: every push of a new branch asks this, and a walk for each branch grows with the cube.
        """
        waiting = [sha for tip in tips if (sha := self._peel(repo_id, tip)) is not None and sha not in known]
        seen = set(waiting)
        while waiting:
            found = self.commit(repo_id, waiting.pop())
            for parent in found.parents if found is not None else ():
                if parent not in seen and parent not in known:
                    seen.add(parent)
                    waiting.append(parent)
        return seen

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
        old = EMPTY_TREE if base in {"", ZERO} else full_sha(base)
        if old == EMPTY_TREE:
            self._at(repo_id).write("tree", b"")
        key = ("diff", repo_id, old, full_sha(head))
        return list(self.remember(key, lambda: self._diff(repo_id, old, head)))

    # Merging

    def merge_tree(self, repo_id: int, ours: str, theirs: str) -> Merged:
        """The tree that merging two commits gives, or the paths that conflict.

        GitError for histories that have nothing in common.
        """

        def merge() -> Merged:
            tree = self._simple_merge(repo_id, ours, theirs)
            return Merged(tree=tree) if tree is not None else self._merge(repo_id, ours, theirs)

        return self.remember(("merge", repo_id, ours, theirs), merge)

    def _simple_merge(self, repo_id: int, ours: str, theirs: str) -> str | None:
        """The merged tree where no content has to be merged; None where git must look."""
        bases = git_history.merge_bases(self._reader(repo_id), full_sha(ours), full_sha(theirs), self.farthest)
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
            "commit", encode_commit(full_sha(tree), [full_sha(p) for p in parents], message, author, committer)
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
            self.remember(("tree", repo_id, found[1], recursive), lambda: self._list(repo_id, found[1], "", recursive))
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

        return self.remember(("children", repo_id, tree), read)

    def remember(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]  # type: ignore[return-value]
        value = compute()
        self._known[key] = value
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return value


def full_sha(text: str) -> str:
    """The text, when it is 40 hexadecimal digits; GitError else: it may come from a client."""
    if not SHA.fullmatch(text):
        raise GitError(f"{text!r} is not a sha")
    return text
