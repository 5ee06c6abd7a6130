"""Git for the sandbox without a disk and without git: objects in dictionaries, under the same shas.

A simulation plays thousands of stories, so a repository must cost nothing to make and an answer no process. The objects
are git's own bytes; tests hold histories, merges and diffs against git itself. What it does not do: serve git's
protocol, run Actions for real, merge submodules.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from services.sandbox import git_history, git_renames, git_texts
from services.sandbox.git_merge import TreeMerge
from services.sandbox.git_values import (
    EMPTY_TREE,
    SHA,
    ZERO,
    FileChange,
    GitError,
    Merged,
    Person,
    check_ref,
    decode_tree,
    kind,
)
from services.sandbox.repositories import Repositories

EVERYTHING = 1 << 60
LARGEST_PATCH = 400_000
NOBODY = Person("nobody", "nobody@localhost", "1970-01-01T00:00:00Z")


class MemoryStore:
    """One repository's objects and refs."""

    def __init__(self, head: str) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}
        self.refs: dict[str, str] = {}
        self.head = head

    def read(self, sha: str) -> tuple[str, bytes] | None:
        return self.objects.get(sha)

    def write(self, kind: str, body: bytes) -> str:
        sha = hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()
        self.objects.setdefault(sha, (kind, body))
        return sha

    def set_ref(self, ref: str, sha: str, expected: str | None) -> None:
        check_ref(ref)
        if not SHA.fullmatch(sha):
            raise GitError(f"{sha!r} is not a sha")
        now = self.refs.get(ref, ZERO)
        if expected is not None and expected != now:
            raise GitError(f"the ref {ref} is at {now} but expected {expected}")
        if now == ZERO and any(name.startswith(f"{ref}/") or ref.startswith(f"{name}/") for name in self.refs):
            raise GitError(f"the ref {ref} cannot be made: another one is in its way")
        self.refs[ref] = sha

    def delete_ref(self, ref: str) -> None:
        self.refs.pop(check_ref(ref), None)


class MemoryGit(Repositories):
    """Repositories in memory, gone with the object."""

    farthest = EVERYTHING

    def __init__(self) -> None:
        super().__init__()
        self._stores: dict[int, MemoryStore] = {}

    def create(self, repo_id: int, default_branch: str) -> None:
        self._stores[repo_id] = MemoryStore(default_branch)
        self._stores[repo_id].write("tree", b"")

    def fork(self, src_id: int, dst_id: int) -> None:
        source = self._at(src_id)
        copy = self._stores[dst_id] = MemoryStore(source.head)
        copy.objects.update(source.objects)
        copy.refs = {name: sha for name, sha in source.refs.items() if name.startswith(("refs/heads/", "refs/tags/"))}

    def adopt(self, source: Path, repo_id: int) -> None:
        raise GitError("repositories in memory are made from files, not from other repositories")

    def bring(self, src_id: int, dst_id: int, sha: str) -> None:
        source, target = self._at(src_id).objects, self._at(dst_id).objects
        waiting = [sha]
        while waiting:
            name = waiting.pop()
            if name in target:
                continue
            if name not in source:
                raise GitError(f"{name} is not an object here")
            target[name] = source[name]
            waiting += _below(*source[name])

    def remove(self, repo_id: int) -> None:
        self._stores.pop(repo_id, None)

    def close(self) -> None:
        self._stores.clear()
        self._known.clear()

    def forget(self, repo_id: int) -> None:
        """Nobody pushes behind its back."""

    def head(self, repo_id: int) -> str:
        return self._at(repo_id).head

    def set_head(self, repo_id: int, branch: str) -> None:
        self._at(repo_id).head = branch

    def _at(self, repo_id: int) -> MemoryStore:
        found = self._stores.get(repo_id)
        if found is None:
            raise GitError(f"there is no repository {repo_id}")
        return found

    def _abbreviated(self, repo_id: int, rev: str) -> str | None:
        objects = self._at(repo_id).objects
        found = [sha for sha, (what, _) in objects.items() if what == "commit" and sha.startswith(rev)]
        return found[0] if len(found) == 1 else None

    def _far_log(self, repo_id: int, tip: str, bound: str, path: str, limit: int) -> list[str]:
        """The history of a path: a commit counts when it differs there from all its parents, as git simplifies it."""
        near = git_history.log(self._reader(repo_id), tip, bound, self.farthest)
        if near is None:
            raise GitError(f"the history of {tip} is not whole")
        wanted, out = {tip}, []
        for sha in near:
            if sha not in wanted:
                continue
            found = self.commit(repo_id, sha)
            parents = found.parents if found is not None else []
            here = self._entry_at(repo_id, sha, path)
            same = [parent for parent in parents if self._entry_at(repo_id, parent, path) == here]
            wanted.update(same[:1] or parents)
            if not same and (parents or here is not None):
                out.append(sha)
        return out

    def _entry_at(self, repo_id: int, sha: str, path: str) -> tuple[str, str] | None:
        return self._entry(repo_id, self.tree_of(repo_id, sha), path)

    def _far_merge_base(self, repo_id: int, a: str, b: str) -> str | None:
        raise GitError(f"{a} or {b} is not a commit here")

    def _far_ahead_behind(self, repo_id: int, base: str, head: str) -> tuple[int, int]:
        raise GitError(f"{base} or {head} is not a commit here")

    def _diff(self, repo_id: int, old: str, new: str) -> list[FileChange]:
        changes = self.changed(repo_id, old, new)
        gone = {path: before for path, (before, after) in changes.items() if after is None and before is not None}
        come = {path: after for path, (before, after) in changes.items() if before is None and after is not None}
        renamed = git_renames.find(gone, come, lambda sha: self.blob(repo_id, sha))
        left = set(renamed.values())
        return [
            self._file_change(
                repo_id, path, gone[renamed[path]] if path in renamed else before, after, renamed.get(path)
            )
            for path, (before, after) in sorted(
                changes.items(), key=lambda item: item[0].encode(errors="surrogateescape")
            )
            if path not in left
        ]

    def _file_change(
        self,
        repo_id: int,
        path: str,
        before: tuple[str, str] | None,
        after: tuple[str, str] | None,
        previous: str | None,
    ) -> FileChange:
        old, new = self._content(repo_id, before), self._content(repo_id, after)
        told = git_texts.diff(old, new)
        hunks = told.hunks
        if before is not None and after is not None and before[0][:3] != after[0][:3]:
            halves = (git_texts.diff(old, b"").hunks, git_texts.diff(b"", new).hunks)
            hunks = "\n".join(half for half in halves if half)
        side = after or before
        return FileChange(
            filename=path,
            status="renamed" if previous else "added" if before is None else "removed" if after is None else "modified",
            additions=told.additions,
            deletions=told.deletions,
            patch=hunks if hunks and len(hunks) <= LARGEST_PATCH else None,
            blob_sha=side[1] if side is not None else ZERO,
            previous=previous,
        )

    def _content(self, repo_id: int, side: tuple[str, str] | None) -> bytes:
        if side is None:
            return b""
        if kind(side[0]) == "commit":
            return f"Subproject commit {side[1]}\n".encode()
        return self.blob(repo_id, side[1])

    def _merge(self, repo_id: int, ours: str, theirs: str) -> Merged:
        bases = git_history.merge_bases(self._reader(repo_id), ours, theirs, self.farthest)
        if not bases:
            raise GitError("refusing to merge unrelated histories")
        return TreeMerge(self, repo_id, (self._base(repo_id, bases), ours, theirs), (ours, theirs)).run()

    def _base(self, repo_id: int, bases: list[str]) -> str:
        """The tree to compare with: several best common ancestors are merged into one, whatever conflicts there are."""
        *others, first = bases
        tip, tree = first, self.tree_of(repo_id, first)
        for other in reversed(others):
            below = git_history.merge_bases(self._reader(repo_id), tip, other, self.farthest) or []
            base = self._base(repo_id, below) if below else EMPTY_TREE
            merge = TreeMerge(self, repo_id, (base, tree, other), is_inner=True)
            merge.run()
            tree = merge.tree()
            tip = self.commit_tree(repo_id, tree, [tip, other], "", NOBODY, NOBODY)
        return tree


def _below(what: str, body: bytes) -> Iterator[str]:
    """The objects an object names."""
    if what == "tree":
        yield from (sha for mode, _, sha in decode_tree(body) if kind(mode) != "commit")
    elif what == "commit":
        for line in body.decode(errors="replace").split("\n"):
            if not line.startswith(("tree ", "parent ")):
                break
            yield line.partition(" ")[2]
    elif what == "tag":
        yield body.split(b"\n", 1)[0].decode().removeprefix("object ")
