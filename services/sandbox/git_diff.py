"""`git diff-tree`'s output as file changes."""

import re

from services.sandbox.git_values import ZERO, FileChange

ARGS = (
    "diff-tree",
    "-r",
    "-M",
    "-z",
    "--raw",
    "--numstat",
    "-p",
    "--full-index",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
)
_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "modified", "C": "copied"}
_LARGEST_PATCH = 400_000


def parse_diff(out: bytes) -> list[FileChange]:
    """The changes in git's order (by path)."""
    raw, counts, patches = _sections(out.decode(errors="replace"))
    changes = []
    for (status, sha, old, new), (added, removed) in zip(raw, counts, strict=True):
        halves = [patches.pop(0) for _ in range(2 if status == "T" else 1) if patches]
        hunks = "\n".join(half[at + 1 :].rstrip("\n") for half in halves if (at := half.find("\n@@")) >= 0)
        changes.append(
            FileChange(
                filename=new,
                status=_STATUS.get(status, "changed"),
                additions=added,
                deletions=removed,
                patch=hunks if hunks and len(hunks) <= _LARGEST_PATCH else None,
                blob_sha=sha,
                previous=old if status in "RC" else None,
            )
        )
    return changes


def _sections(text: str) -> tuple[list[tuple[str, str, str, str]], list[tuple[int, int]], list[str]]:
    fields = text.split("\0")
    at, raw = 0, []
    while at < len(fields) and fields[at].startswith(":"):
        _, _, old_sha, new_sha, letter = fields[at].split(" ")
        two = letter[0] in "RC"
        sha = old_sha if new_sha == ZERO else new_sha
        raw.append((letter[0], sha, fields[at + 1], fields[at + 2] if two else fields[at + 1]))
        at += 3 if two else 2
    counts = []
    for status, *_ in raw:
        added, removed, _ = fields[at].split("\t", 2)
        counts.append((int(added) if added.isdigit() else 0, int(removed) if removed.isdigit() else 0))
        at += 3 if status in "RC" else 1
    patch = "\0".join(fields[at:]).lstrip("\0")
    return raw, counts, re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE)[1:]
