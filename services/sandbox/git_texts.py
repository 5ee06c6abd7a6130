"""Two texts as a patch, three texts as a merge, the way git shows and makes them."""

import re
from collections.abc import Sequence

import msgspec

from services.sandbox.git_lines import Edit, edits, split

CONTEXT = 3
"""Lines a patch shows around a change."""
LONGEST_HEADING = 80
_HEADING = re.compile(rb"[A-Za-z_$]")


def is_binary(text: bytes) -> bool:
    """git's rule: a NUL among the first 8000 bytes."""
    return b"\0" in text[:8000]


class TextDiff(msgspec.Struct, frozen=True):
    """`hunks` from the first @@ on, "" for what is binary or the same."""

    additions: int
    deletions: int
    hunks: str


def diff(old: bytes, new: bytes) -> TextDiff:
    if is_binary(old) or is_binary(new):
        return TextDiff(0, 0, "")
    a, b = split(old), split(new)
    script = edits(a, b)
    hunks = b"".join(_hunk(a, b, part) for part in _parts(script))
    return TextDiff(sum(e[3] for e in script), sum(e[1] for e in script), hunks.decode(errors="replace").rstrip("\n"))


def _parts(script: Sequence[Edit]) -> list[list[Edit]]:
    """Changes that are so near each other that their contexts meet belong to one hunk."""
    out: list[list[Edit]] = []
    for edit in script:
        if out and edit[0] - (out[-1][-1][0] + out[-1][-1][1]) <= 2 * CONTEXT:
            out[-1].append(edit)
        else:
            out.append([edit])
    return out


def _hunk(a: list[bytes], b: list[bytes], part: list[Edit]) -> bytes:
    first, last = part[0], part[-1]
    before = min(CONTEXT, first[0], first[2])
    after = min(CONTEXT, len(a) - last[0] - last[1], len(b) - last[2] - last[3])
    i, i1 = first[0] - before, last[0] + last[1] + after
    j, j1 = first[2] - before, last[2] + last[3] + after
    head = f"@@ -{_range(i, i1 - i)} +{_range(j, j1 - j)} @@".encode() + _heading(a, i)
    rows = [head + b"\n"]
    for old, removed, new, added in part:
        rows += [_row(b" ", line) for line in a[i:old]]
        rows += [_row(b"-", line) for line in a[old : old + removed]]
        rows += [_row(b"+", line) for line in b[new : new + added]]
        i = old + removed
    return b"".join([*rows, *(_row(b" ", line) for line in a[i:i1])])


def _range(start: int, count: int) -> str:
    first = start + 1 if count else start
    return str(first) if count == 1 else f"{first},{count}"


def _row(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"


def _heading(lines: list[bytes], start: int) -> bytes:
    """The nearest line above that looks like the beginning of something."""
    for line in reversed(lines[:start]):
        if _HEADING.match(line):
            return b" " + line[:LONGEST_HEADING].rstrip()
    return b""


class _Piece(msgspec.Struct):
    """A changed place in base, ours and theirs; `side` 1 = ours, 2 = theirs, 0 = they conflict, 4 = they agree."""

    side: int
    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]


class Merge(msgspec.Struct, frozen=True):
    """The merged text; with conflicts it has git's markers in it."""

    text: bytes
    is_clean: bool


MARKS = (b"<<<<<<< ours\n", b">>>>>>> theirs\n")


def merge(base: bytes, ours: bytes, theirs: bytes, marks: tuple[bytes, bytes] = MARKS) -> Merge:
    """Three-way: what only one side changed is taken, what both changed alike too, touching changes conflict.

    marks: the lines around a conflict.
    """
    if is_binary(base) or is_binary(ours) or is_binary(theirs):
        return Merge(ours, False)
    o, a, b = split(base), split(ours), split(theirs)
    left, right = edits(o, a, landmarks=True), edits(o, b, landmarks=True)
    if not left or not right:
        return Merge(theirs if not left else ours, True)
    pieces = [part for piece in _pieces(left, right, (o, a, b)) for part in _refined(piece, a, b)]
    return Merge(_text(pieces, a, b, marks), all(piece.side for piece in pieces))


def _pieces(left: list[Edit], right: list[Edit], texts: tuple[list[bytes], list[bytes], list[bytes]]) -> list[_Piece]:
    base, a, b = texts
    out: list[_Piece] = []
    i = j = 0
    while i < len(left) and j < len(right):
        one, two = left[i], right[j]
        if one[0] + one[1] < two[0]:
            _add(out, _alone(1, one, two[2] - two[0]))
            i += 1
        elif two[0] + two[1] < one[0]:
            _add(out, _alone(2, two, one[2] - one[0]))
            j += 1
        else:
            if one[:2] != two[:2] or a[one[2] : one[2] + one[3]] != b[two[2] : two[2] + two[3]]:
                _add(out, _both(one, two))
            end_one, end_two = one[0] + one[1], two[0] + two[1]
            i, j = i + (end_two >= end_one), j + (end_one >= end_two)
    for one in left[i:]:
        _add(out, _alone(1, one, len(b) - len(base)))
    for two in right[j:]:
        _add(out, _alone(2, two, len(a) - len(base)))
    return out


def _alone(side: int, edit: Edit, moved: int) -> _Piece:
    """A change of one side; `moved`: by how much the other side's lines lie elsewhere than the base's there."""
    own, other = (edit[2], edit[3]), (edit[0] + moved, edit[1])
    return _Piece(side, (edit[0], edit[1]), own if side == 1 else other, other if side == 1 else own)


def _both(one: Edit, two: Edit) -> _Piece:
    """Two changes that overlap or touch, each widened by the lines that only the other changed."""
    start, end = min(one[0], two[0]), max(one[0] + one[1], two[0] + two[1])
    widened = []
    for edit in (one, two):
        begin = edit[2] - (edit[0] - start)
        widened.append((begin, edit[2] + edit[3] + end - edit[0] - edit[1] - begin))
    return _Piece(0, (start, end - start), widened[0], widened[1])


def _add(out: list[_Piece], new: _Piece) -> None:
    """Pieces that touch become one; of different sides, they conflict."""
    last = out[-1] if out else None
    if last is None or (new.ours[0] > sum(last.ours) and new.theirs[0] > sum(last.theirs)):
        out.append(new)
        return
    last.side = last.side if last.side == new.side else 0
    last.base, last.ours, last.theirs = (
        (was[0], sum(now) - was[0])
        for was, now in ((last.base, new.base), (last.ours, new.ours), (last.theirs, new.theirs))
    )


def _refined(piece: _Piece, a: list[bytes], b: list[bytes]) -> list[_Piece]:
    """A conflict without the lines both sides have at its edges and inside; none is left when they agree."""
    if piece.side or not piece.ours[1] or not piece.theirs[1]:
        return [piece]
    mine, yours = a[piece.ours[0] : sum(piece.ours)], b[piece.theirs[0] : sum(piece.theirs)]
    script = edits(mine, yours, landmarks=True)
    if not script:
        piece.side = 4
        return [piece]
    return [_Piece(0, piece.base, (piece.ours[0] + i, m), (piece.theirs[0] + j, n)) for i, m, j, n in script]


def _text(pieces: list[_Piece], a: list[bytes], b: list[bytes], marks: tuple[bytes, bytes]) -> bytes:
    first, last = marks
    middle = b"=" * (len(first) - len(first.lstrip(b"<")))
    out, at = [], 0
    for piece in pieces:
        out += a[at : piece.ours[0]]
        mine, yours = a[piece.ours[0] : sum(piece.ours)], b[piece.theirs[0] : sum(piece.theirs)]
        if piece.side == 0:
            out += [first, *_ended(mine), middle + b"\n", *_ended(yours), last]
        else:
            out += yours if piece.side == 2 else mine
        at = sum(piece.ours)
    return b"".join([*out, *a[at:]])


def _ended(lines: list[bytes]) -> list[bytes]:
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]
