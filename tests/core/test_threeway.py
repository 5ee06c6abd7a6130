"""The three-way merge: git's own answers, and what has to hold of any."""

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.threeway import Hunk, Settled, merge

lines = st.lists(st.sampled_from("abcdefgh"), max_size=10)
distinct = st.lists(st.integers(0, 60), max_size=25, unique=True)


def settled(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    out: list[str] = []
    for part in merge(base, ours, theirs):
        assert isinstance(part, Settled), part
        out += part.tokens
    return out


@given(lines, lines)
def test_one_side_that_changed_nothing_gives_the_other(base: list[str], side: list[str]) -> None:
    assert settled(base, side, base) == settled(base, base, side) == settled(base, side, side) == side


@given(lines, lines, lines)
def test_sides_can_be_exchanged(base: list[str], ours: list[str], theirs: list[str]) -> None:
    turned = [
        Hunk(part.base, part.theirs, part.ours) if isinstance(part, Hunk) else part
        for part in merge(base, theirs, ours)
    ]
    assert turned == merge(base, ours, theirs)


@given(lines, lines, lines)
def test_each_side_can_be_read_off_the_parts(base: list[str], ours: list[str], theirs: list[str]) -> None:
    """With all hunks taken from a side, its lines within hunks are all there, in order."""
    for part in merge(base, ours, theirs):
        if isinstance(part, Hunk):
            assert part.ours != part.theirs
            assert "".join(part.ours) in "".join(ours)
            assert "".join(part.theirs) in "".join(theirs)


@given(distinct, st.data())
def test_changes_that_do_not_touch_are_both_made(base: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(base)))
    head, tail = base[:cut], base[cut:]
    first = [-number for number in head if data.draw(st.booleans())] or [-99]
    last = [100 + number for number in tail if data.draw(st.booleans())] or [199]
    base = [*head, 61, 62, *tail]
    parts = merge(base, [*first, 61, 62, *tail], [*head, 61, 62, *last])
    assert [token for part in parts if isinstance(part, Settled) for token in part.tokens] == [*first, 61, 62, *last]


@given(lines, lines, lines)
def test_a_line_all_three_have_once_is_not_lost(base: list[str], ours: list[str], theirs: list[str]) -> None:
    parts = merge(["^", *base, "$"], ["^", *ours, "$"], ["^", *theirs, "$"])
    ends = [part for part in parts if isinstance(part, Settled)]
    assert ends[0].tokens[0] == "^"
    assert ends[-1].tokens[-1] == "$"


@settings(max_examples=40, deadline=None)
@given(base=distinct, data=st.data())
def test_git_gives_the_same(base: list[int], data: st.DataObject) -> None:
    """Lines that occur once leave git no choice either."""
    ours, theirs = (edited(base, data, offset) for offset in (100, 200))
    code, text = by_git(base, ours, theirs)
    parts = merge(base, ours, theirs)
    hunks = sum(isinstance(part, Hunk) for part in parts)
    assert (hunks > 0) == (code > 0)
    if not hunks:
        assert [token for part in parts if isinstance(part, Settled) for token in part.tokens] == text


def edited(base: list[int], data: st.DataObject, offset: int) -> list[int]:
    out: list[int] = []
    for number in base:
        done = data.draw(st.sampled_from(["keep"] * 8 + ["drop", "change", "add"]))
        out += {"keep": [number], "drop": [], "change": [number + offset], "add": [number, number + offset]}[done]
    return out


def by_git(base: list[int], ours: list[int], theirs: list[int]) -> tuple[int, list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        names = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for name, side in zip(names, (ours, base, theirs), strict=True):
            name.write_text("".join(f"{number}\n" for number in side))
        done = subprocess.run(
            ["git", "merge-file", "-p", *map(str, names)], capture_output=True, text=True, check=False
        )
    return done.returncode, [int(line) for line in done.stdout.split("\n") if line.strip("-").isdigit()]
