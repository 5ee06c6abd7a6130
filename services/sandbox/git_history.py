"""Questions about history and trees answered in Python, for what is small; git itself is asked for what is not.

A process costs five milliseconds and a walk over a hundred remembered commits a tenth of one; after a merge every open
pull request asks whether it is contained, so this is most of what a merge costs. Each function gives None when it would
have to walk too far or the question is not a simple one.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping

from services.sandbox.git_values import Commit, kind

Read = Callable[[str], Commit | None]
"""A commit by its sha."""
Children = Callable[[str], Mapping[str, tuple[str, str]]]
"""Name -> (mode, sha) of a tree."""
Change = tuple[tuple[str, str] | None, tuple[str, str] | None]
"""(mode, sha) before and after; None where the file is not there."""

FARTHEST = 1_500
"""Commits a walk may visit."""


def ancestors(read: Read, tip: str, stop_at: str = "", farthest: int | None = None) -> set[str] | None:
    """The commit and all before it; the walk ends early at `stop_at`, which is then among them."""
    seen, waiting, most = {tip}, [tip], farthest or FARTHEST
    while waiting:
        found = read(waiting.pop())
        if found is None or len(seen) > most:
            return None
        for parent in found.parents:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
        if stop_at in seen:
            break
    return seen


def contains(read: Read, tip: str, sha: str, farthest: int | None = None) -> bool | None:
    """Is `sha` in the history of `tip`?"""
    seen = ancestors(read, tip, sha, farthest)
    return None if seen is None else sha in seen


def merge_bases(read: Read, a: str, b: str, farthest: int | None = None) -> list[str] | None:
    """The best common ancestors, newest first."""
    left, right = ancestors(read, a, "", farthest), ancestors(read, b, "", farthest)
    if left is None or right is None:
        return None
    common = left & right
    below = {parent for sha in common if (found := read(sha)) is not None for parent in found.parents}
    return sorted(common - below, key=lambda sha: (_date(read, sha), sha), reverse=True)


def ahead_behind(read: Read, base: str, head: str, farthest: int | None = None) -> tuple[int, int] | None:
    """How many commits `head` has that `base` lacks, and the other way round."""
    left, right = ancestors(read, base, "", farthest), ancestors(read, head, "", farthest)
    return None if left is None or right is None else (len(right - left), len(left - right))


def log(read: Read, tip: str, bound: str, farthest: int | None = None) -> list[str] | None:
    """Shas reachable from `tip` and not from `bound` ("" = nothing), a commit before its parents, else newest first."""
    wanted, unwanted = ancestors(read, tip, "", farthest), ancestors(read, bound, "", farthest) if bound else set()
    if wanted is None or unwanted is None:
        return None
    wanted -= unwanted
    children = dict.fromkeys(wanted, 0)
    for sha in wanted:
        for parent in _parents(read, sha):
            if parent in children:
                children[parent] += 1
    ready = [(_newest(read, sha), sha) for sha, count in children.items() if count == 0]
    heapq.heapify(ready)
    out = []
    while ready:
        sha = heapq.heappop(ready)[1]
        out.append(sha)
        for parent in _parents(read, sha):
            if parent in children:
                children[parent] -= 1
                if children[parent] == 0:
                    heapq.heappush(ready, (_newest(read, parent), parent))
    return out


def changed(children: Children, old: str, new: str, prefix: str = "") -> dict[str, Change]:
    """Path -> change between two trees ("" = empty), files only, without looking for renames."""
    if old == new:
        return {}
    before, after = children(old) if old else {}, children(new) if new else {}
    out: dict[str, Change] = {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        left = was[1] if was is not None and kind(was[0]) == "tree" else ""
        right = now[1] if now is not None and kind(now[0]) == "tree" else ""
        if left or right:
            out |= changed(children, left, right, f"{prefix}{name}/")
        was, now = (None if left else was), (None if right else now)
        if was is not None or now is not None:
            out[prefix + name] = (was, now)
    return out


def simple_merge(ours: Mapping[str, Change], theirs: Mapping[str, Change]) -> dict[str, tuple[str, str]] | None:
    """What to add to our side, when the sides touched different files and deleted none, so nothing can be a rename."""
    if any(after is None for _, after in [*ours.values(), *theirs.values()]):
        return None
    if ours.keys() & theirs.keys() or _inside(ours, theirs) or _inside(theirs, ours):
        return None
    return {path: after for path, (_, after) in theirs.items() if after is not None}


def _inside(paths: Iterable[str], others: Mapping[str, Change]) -> bool:
    """Does one of the paths lie in a directory that is a file on the other side?"""
    return any("/".join(path.split("/")[:depth]) in others for path in paths for depth in range(1, path.count("/") + 1))


def _parents(read: Read, sha: str) -> list[str]:
    found = read(sha)
    return found.parents if found is not None else []


def _date(read: Read, sha: str) -> str:
    found = read(sha)
    return found.committer.date if found is not None else ""


def _newest(read: Read, sha: str) -> tuple[int, ...]:
    """A key that sorts later dates first."""
    return tuple(-ord(letter) for letter in _date(read, sha))
