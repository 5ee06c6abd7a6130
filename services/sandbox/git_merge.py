"""Three trees merged into one, as `git merge-tree` does it, without git.

Files that both sides changed are merged as texts, under the new name where one side renamed them. What one side changed
and the other deleted is a conflict; so is a file put into a directory that the other side has moved elsewhere.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from services.sandbox import git_moves, git_texts
from services.sandbox.git_history import Change
from services.sandbox.git_values import Merged, Side

if TYPE_CHECKING:
    from services.sandbox.repositories import Repositories


class Stages(msgspec.Struct):
    """What the base, our side and their side have at a path; `is_stuck`: a conflict whatever the contents are."""

    sides: list[Side | None]
    is_stuck: bool = False


class TreeMerge:
    """One merge of three trees. `labels` name the sides in the names of files that have to step aside.

    `is_inner`: two merge bases are merged into one; conflicts then stay in the tree, as git leaves them there.
    """

    def __init__(
        self,
        git: "Repositories",
        repo_id: int,
        trees: tuple[str, str, str],
        labels: tuple[str, str] = ("ours", "theirs"),
        *,
        is_inner: bool = False,
    ) -> None:
        self.git, self.repo_id, self.trees, self.labels, self.is_inner = git, repo_id, trees, labels, is_inner
        self.conflicts: set[str] = set()
        self.is_split = False  # a directory has gone to two places: a conflict, but of no path
        self.stages: dict[str, Stages] = {}
        self.result: dict[str, Side | None] = {}

    def run(self) -> Merged:
        """The merged tree, or the paths in conflict."""
        base, ours, theirs = self.trees
        left, right = self.git.changed(self.repo_id, base, ours), self.git.changed(self.repo_id, base, theirs)
        for path in sorted(left.keys() | right.keys()):
            before = (left.get(path) or right[path])[0]
            after = [side[path][1] if path in side else before for side in (left, right)]
            self.stages[path] = Stages([before, *after])
        self._renames(left, right)
        for path, stages in self.stages.items():
            self.result[path] = self._settled(path, stages)
        self._step_aside()
        is_clean = not self.conflicts and not self.is_split
        return Merged(tree=self.tree()) if is_clean else Merged(tree=None, conflicts=sorted(self.conflicts))

    def tree(self) -> str:
        """Our tree with the result laid over it; deletions first, since a directory may stand where a file was."""
        gone = {path: None for path, side in self.result.items() if side is None}
        come = {path: side for path, side in self.result.items() if side is not None}
        ours = self.git.tree_of(self.repo_id, self.trees[1])
        return self.git.write_tree(self.repo_id, self.git.write_tree(self.repo_id, ours, gone), come)

    # Renames

    def _renames(self, left: Mapping[str, Change], right: Mapping[str, Change]) -> None:
        mine, yours = self._moves(left, right, self.trees[1]), self._moves(right, left, self.trees[2])
        ours, theirs = mine.renamed, yours.renamed
        if not self.is_inner:
            self._into_moved_directories(left, yours, mine)
            self._into_moved_directories(right, mine, yours)
        for old in sorted(ours.keys() | theirs.keys()):
            self.result[old] = None
            if old in ours and old in theirs:
                self._both_renamed(old, ours[old], theirs[old])
            else:
                self._one_renamed(old, (ours.get(old) or theirs[old]), 1 if old in ours else 2)

    def _moves(self, mine: Mapping[str, Change], yours: Mapping[str, Change], tree: str) -> git_moves.Moves:
        def has(directory: str) -> bool:
            found = self.git.entry(self.repo_id, tree, directory)
            return found is not None and found.type == "tree"

        return git_moves.Moves(mine, yours, has=has, read=self._read)

    def _both_renamed(self, old: str, ours: str, theirs: str) -> None:
        gone = self.stages.pop(old)
        if ours == theirs:
            self.stages[ours].sides[0] = gone.sides[0]
            return
        merged = self._content(Stages([gone.sides[0], self.stages[ours].sides[1], self.stages[theirs].sides[2]]))[0]
        self.stages[ours].sides[1] = self.stages[theirs].sides[2] = merged
        self.stages[ours].is_stuck = self.stages[theirs].is_stuck = True
        self.conflicts.add(old)

    def _one_renamed(self, old: str, new: str, side: int) -> None:
        """A file has another name on one side: what the other side did to it under the old one is merged there."""
        gone, come, other = self.stages.pop(old), self.stages[new], 3 - side
        if gone.sides[other] is None:
            come.is_stuck = True
            if come.sides[other] is None:
                come.sides[0] = gone.sides[0]
            return
        if come.sides[other] is None:
            come.sides[0], come.sides[other] = gone.sides[0], gone.sides[other]
            return
        sides = [gone.sides[0], gone.sides[1], gone.sides[2]]
        sides[side] = come.sides[side]
        come.sides[side] = self._content(Stages(sides), (new, old) if side == 1 else (old, new))[0]

    def _into_moved_directories(
        self, changes: Mapping[str, Change], theirs: git_moves.Moves, own: git_moves.Moves
    ) -> None:
        """What a side put where the other side has moved everything away: a person has to say where it belongs."""
        for path in [path for path, (before, _) in changes.items() if before is None]:
            moved = next((d for d in git_moves.above(path) if d in theirs.directories), None)
            if moved is None or moved in own.directories:
                continue
            target = theirs.directories[moved]
            if target is None:
                self.is_split = True
            elif target not in own.directories:
                self.conflicts.add(f"{target}{path[len(moved) :]}".lstrip("/"))

    # Contents

    def _settled(self, path: str, stages: Stages) -> Side | None:
        base, ours, theirs = stages.sides
        if stages.is_stuck:
            self.conflicts.add(path)
        if ours == theirs or base == theirs:
            return ours
        if base == ours:
            return theirs
        if ours is None or theirs is None:
            self.conflicts.add(path)
            return base if self.is_inner else ours or theirs
        merged, is_clean = self._content(stages)
        if not is_clean:
            self.conflicts.add(path)
        return merged

    def _content(self, stages: Stages, names: tuple[str, str] | None = None) -> tuple[Side | None, bool]:
        """Two versions of a file made one, and whether they could be; modes are merged as contents are.

        names: what the sides call it, where that is told in the marks of a conflict, which are longer then: the text
        may come into another conflict, or pass for one side's of a merge that is clean.
        """
        base, ours, theirs = stages.sides
        if ours is None or theirs is None:
            return ours or theirs, True
        old = base or ("", "")
        is_clean = ours[0] == theirs[0] or old[0] in {ours[0], theirs[0]}
        mode = theirs[0] if ours[0] == old[0] else ours[0]
        if theirs[1] in {ours[1], old[1]}:
            return (mode, ours[1]), is_clean
        if ours[1] == old[1]:
            return (mode, theirs[1]), is_clean
        if not (ours[0].startswith("100") and theirs[0].startswith("100")):
            return ours, False
        text = old[1] if old[0].startswith("100") else ""
        marks = git_texts.MARKS
        if names is not None:
            one, other = (f"{label}:{name}\n" for label, name in zip(self.labels, names, strict=True))
            marks = f"<<<<<<<< {one}".encode(), f">>>>>>>> {other}".encode()
        old_text = self._read(text) if text else b""
        merged = git_texts.merge(old_text, self._read(ours[1]), self._read(theirs[1]), marks)
        return (mode, self.git.write_blob(self.repo_id, merged.text)), is_clean and merged.is_clean

    def _read(self, sha: str) -> bytes:
        return self.git.blob(self.repo_id, sha)

    def _step_aside(self) -> None:
        """A file where a directory has to be: it conflicts, under another name."""
        kept = {path for path, side in self.result.items() if side is not None}
        directories = {above for path in kept for above in git_moves.above(path)}
        for path in sorted(kept & directories):
            side = 0 if self.stages[path].sides[1] is not None else 1
            self.conflicts.discard(path)
            self.conflicts.add(f"{path}~{self.labels[side]}")
            self.result[f"{path}~{self.labels[side]}"] = self.result.pop(path)
