"""Settings of which both sides changed different keys."""

import json

import pytest

from services.core.conflict import Conflict
from services.core.resolve import resolve as whole
from services.core.resolvers.keys import resolve


def settings(base: str, ours: str, theirs: str, path: str = "a.yml", after: str = "") -> Conflict:
    sides = [tuple(text.splitlines(keepends=True)) for text in (base, ours, theirs, after)]
    return Conflict(sides[0], sides[1], sides[2], (), sides[3], path)


def test_keys_that_both_added_are_kept_with_what_stands_under_them() -> None:
    assert resolve(settings("", "b:\n  - x\n", "c: 2\n")) == ("b:\n", "  - x\n", "c: 2\n")
    sections = settings("", "[b]\nx = 1\n", "[c]\nx = 2\n", "a.ini")
    assert resolve(sections) == ("[b]\n", "x = 1\n", "[c]\n", "x = 2\n")


def test_sections_stay_apart() -> None:
    end = settings("", "\n[b]\nx = 1\n", "\n[c]\nx = 2\n", "a.ini")
    assert "".join(resolve(end) or ()) == "\n[b]\nx = 1\n\n[c]\nx = 2\n"
    middle = settings("", "[b]\nx = 1\n\n", "[c]\nx = 2\n\n", "a.ini", "[z]\n")
    assert "".join(resolve(middle) or ()) == "[b]\nx = 1\n\n[c]\nx = 2\n\n"


def test_what_one_side_alone_did_is_done() -> None:
    conflict = settings("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 4\nd: 5\n", "a: 7\nb: 2\nc: 3\n")
    assert resolve(conflict) == ("a: 7\n", "c: 4\n", "d: 5\n") == resolve(conflict.turned())


@pytest.mark.parametrize("end", ["", ',\n  "z": 0'])
def test_commas_of_json(end: str) -> None:
    base, ours, theirs = (
        f'{{\n  "a": 1{more}{end}\n}}\n' for more in ("", ',\n  "b": {\n    "x": 2\n  }', ',\n  "c": 3')
    )
    outcome = whole(base, ours, theirs, "a.json")
    assert [told.rule for told in outcome.hunks] == ["keys"]
    assert json.loads(outcome.text) == {"a": 1, "b": {"x": 2}, "c": 3, **({"z": 0} if end else {})}


def test_what_only_looks_like_a_remark_is_a_value() -> None:
    ours, theirs = '"a": 1,\n"b": "http://x \\" // y"\n', '"a": 1,\n"c": 3\n'
    found = resolve(settings('"a": 1\n', ours, theirs, "a.json"))
    assert found == ('"a": 1,\n', '"b": "http://x \\" // y",\n', '"c": 3\n')


@pytest.mark.parametrize(
    "conflict",
    [
        settings("", "b: 1\n", "b: 2\n"),
        settings("", "b: 1\nb: 2\n", "c: 2\n"),
        settings("", "- b: 1\n", "- c: 2\n"),
        settings("", "b: 1\n", "  c: 2\n"),
        settings("", "b:\n", "c: 2\n", after="  x: 1\n"),
        settings("", "b 1\n", "c: 2\n"),
        settings("a: 1\nb: 2\n", "b: 2\na: 3\n", "a: 1\nb: 2\nc: 3\n"),
        settings("", "b: 1\n", "c: 2\n", "a.py"),
        settings("a: 1\n", "", "a: 2\n"),
        settings("", "[b]\nx = 1\n", "c = 2\n", "a.ini"),
        settings("", "x = 1\n[b]\ny = 1\n", "c = 2\n", "a.ini"),
        settings("", "b: |\n  x\n\n  y\n", "c: 2\n"),
        settings('"a": 1\n', '"a": 1,\n"b": 2 // y\n', '"a": 1,\n"c": 3 // z\n', "tsconfig.json"),
        settings('"a": 1\n', '"a": 1,\n"b": 2 /* y */\n', '"a": 1,\n"c": 3\n', "tsconfig.json"),
    ],
    ids=[
        "same_key",
        "twice",
        "list",
        "depth",
        "goes_on",
        "text",
        "moved",
        "code",
        "gone",
        "section",
        "mixed",
        "gaps",
        "remark",
        "remark_2",
    ],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
