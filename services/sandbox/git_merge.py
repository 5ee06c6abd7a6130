"""Three trees merged into one, as `git merge-tree` does it, without git.

Files that both sides changed are merged as texts; a file that one side changed and the other deleted is a conflict.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from services.sandbox import git_history, git_texts
from services.sandbox.git_history import Change
from services.sandbox.git_values import Merged, kind

if TYPE_CHECKING:
    from services.sandbox.repositories import Repositories

Side = tuple[str, str]
Children = git_history.Children


class TreeMerge:
    """One merge: `result` collects what is to be set in our tree, `conflicts` the paths."""

    def __init__(self, git: "Repositories", repo_id: int, base: str, ours: str, theirs: str) -> None:
        self.git, self.repo_id = git, repo_id
        self.base, self.ours, self.theirs = base, ours, theirs
        self.result: dict[str, Side | None] = {}
        self.conflicts: set[str] = set()

    def run(self) -> Merged:
        left = self.git.changed(self.repo_id, self.base, self.ours)
        right = self.git.changed(self.repo_id, self.base, self.theirs)
        for path, (before, after) in right.items():
            if path in left:
                self._both(path, before, left[path][1], after)
            else:
                self.result[path] = after
        self._files_and_directories(left, right)
        if self.conflicts:
            return Merged(tree=None, conflicts=sorted(self.conflicts))
        return Merged(tree=self.tree())

    def tree(self) -> str:
        """Our tree with the result laid over it; deletions first, since a directory may stand where a file was."""
        gone = {path: None for path, side in self.result.items() if side is None}
        come = {path: side for path, side in self.result.items() if side is not None}
        top = self.git.write_tree(self.repo_id, self.git.tree_of(self.repo_id, self.ours), gone)
        return self.git.write_tree(self.repo_id, top, come)

    def _both(self, path: str, before: Side | None, mine: Side | None, yours: Side | None) -> None:
        if mine == yours:
            return
        if mine is None or yours is None:
            self.conflicts.add(path)
            return
        merged = self._content(path, before, mine, yours)
        if merged != mine:
            self.result[path] = merged

    def _content(self, path: str, before: Side | None, mine: Side, yours: Side) -> Side:
        regular = all(side is None or side[0].startswith("100") for side in (before, mine, yours))
        old = before or ("", "")
        if not regular:
            if kind(mine[0]) != kind(yours[0]) or mine[1] != yours[1] or mine[0] != yours[0]:
                self.conflicts.add(path)
            return mine
        mode = yours[0] if mine[0] == old[0] else mine[0]
        if mine[0] != yours[0] and old[0] not in {mine[0], yours[0]}:
            self.conflicts.add(path)
        return mode, self._text(path, old[1], mine[1], yours[1])

    def _text(self, path: str, old: str, mine: str, yours: str) -> str:
        if mine == yours or yours == old:
            return mine
        if mine == old:
            return yours
        base, one, other = (self.git.blob(self.repo_id, sha) if sha else b"" for sha in (old, mine, yours))
        merged = git_texts.merge(base, one, other)
        if not merged.is_clean:
            self.conflicts.add(path)
        return self.git.write_blob(self.repo_id, merged.text)

    def _files_and_directories(self, left: Mapping[str, Change], right: Mapping[str, Change]) -> None:
        """A file of one side where the other side has a directory: the file conflicts, under another name."""
        for files, others, label in ((left, right, self.ours), (right, left, self.theirs)):
            kept = {path for path, (_, after) in others.items() if after is not None}
            above = {"/".join(path.split("/")[:n]) for path in kept for n in range(1, path.count("/") + 1)}
            for path, (_, after) in files.items():
                if after is not None and path in above:
                    self.conflicts.add(f"{path}~{label}")
