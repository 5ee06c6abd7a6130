"""A diff as lines to show, each with what it is; the text is other people's and stays text."""

from collections.abc import Iterator

import msgspec

LINES = 500
WIDTH = 400
KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "place"}


class DiffLine(msgspec.Struct, frozen=True, kw_only=True):
    """kind: added, removed, place, file or "" for what stays."""

    kind: str
    text: str


def diff_lines(diff: str) -> tuple[DiffLine, ...]:
    """Of a unified diff as git writes it; the first of them, and a last one that says how many are left out."""
    lines = list(_lines(diff))
    left = len(lines) - LINES
    rest = [DiffLine(kind="place", text=f"… and {left:,} more lines")] if left > 0 else []
    return (*lines[:LINES], *rest)


def _lines(diff: str) -> Iterator[DiffLine]:
    in_head, name = True, ""
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            in_head, name = True, ""
        elif not in_head:
            if line:
                yield DiffLine(kind=KINDS.get(line[0], ""), text=line[:WIDTH])
        elif line.startswith(("--- a/", "+++ b/")):
            name = line[6:]
        elif line.startswith(("@@", "Binary files ")):
            if name:
                yield DiffLine(kind="file", text=name[:WIDTH])
            in_head = line.startswith("Binary")
            yield DiffLine(kind="place", text=line[:WIDTH])
