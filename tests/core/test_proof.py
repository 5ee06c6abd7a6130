"""What a resolved file is held against."""

import pytest

from services.core.proof import MOST_CHARACTERS, follows, holds, parses, undoes


def test_code_that_no_longer_parses_is_refused() -> None:
    good = "x = 1\n"
    assert holds(good, good, good, good, "a.py")
    assert not holds(good, good, good, "x = (\n", "a.py")
    assert holds(good, good, good, "x = (\n", "a.rb")
    assert holds("print 1\n", good, good, "x = (\n", "a.py"), "one of the three never parsed"


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "good", "bad"),
    [
        ("a.json", '{"a": 1}', '{"a": 2}', '{"a": 1, "b": 3}', '{"a": 2, "b": 3}', '{"a": 1, "b": 3}'),
        ("a.toml", "a = 1\n", "a = 2\n", "a = 1\nb = 3\n", "b = 3\na = 2\n", "a = 2\n"),
        ("a.yaml", "a: 1\n", "a: 2\n", "a: 1\nb: 3\n", "a: 2\nb: 3\n", "a: 2\nb: 4\n"),
    ],
)
def test_each_key_says_what_follows(path: str, base: str, ours: str, theirs: str, good: str, bad: str) -> None:
    assert holds(base, ours, theirs, good, path)
    assert not holds(base, ours, theirs, bad, path)


def test_keys_inside_keys() -> None:
    base, ours, theirs = {"a": {"x": 1, "y": 1}}, {"a": {"x": 2, "y": 1}}, {"a": {"x": 1}}
    assert follows(base, ours, theirs, {"a": {"x": 2}})
    assert not follows(base, ours, theirs, {"a": {"x": 2, "y": 1}})
    assert follows({"v": 1}, {"v": 2}, {"v": 3}, {"v": 3}), "both changed it: not ours to say"
    assert not follows({"v": 1}, {"v": 2}, {"v": 3}, {})


def test_lists_say_nothing_that_no_side_said() -> None:
    base, ours, theirs = ["-n 4 -x 1", "b"], ["-n 8 -x 1", "b"], ["-n 4 -x 3", "b"]
    assert not follows({"a": base}, {"a": ours}, {"a": theirs}, {"a": ["-n 8 -x 3", "b"]})
    assert follows({"a": base}, {"a": [ours[0], "b"]}, {"a": [base[0], "c"]}, {"a": [ours[0], "c"]})
    assert follows([{"p": 1, "q": 1}], [{"p": 2, "q": 1}], [{"p": 1, "q": 3}], [{"p": 2, "q": 3}])
    assert follows(["a", "b"], ["a"], ["z", "a", "b"], ["z", "a"])
    assert not follows(["a b"], ["A b", "c"], ["a B"], ["A B", "c"])
    assert not follows(["a"], ["b"], ["c"], "d")


def test_hostile_texts_end_quickly() -> None:
    bomb = "a: &a [x]\n" + "".join(f"{name}: &{name} [*{name}0]\n" for name in "bcd")
    assert holds(bomb, bomb, bomb, bomb, "a.yaml")
    deep = "[" * 100_000
    assert holds(deep, deep, deep, deep, "a.json")
    assert holds("(" * 5_000, "x\n", "x\n", "x\n", "a.py")
    large = "x" * (MOST_CHARACTERS + 1)
    assert holds(large, large, large, "(", "a.py")


@pytest.mark.parametrize(
    ("was", "now", "made", "lost"),
    [
        ("a\n", "a\nb\n", "a\nb\nc\n", False),
        ("a\n", "a\nb\n", "a\nc\n", True),  # b was added, and is gone
        ("a\nb\n", "a\n", "a\nc\n", False),
        ("a\nb\n", "a\n", "a\nb\nc\n", True),  # b was taken out, and is back
        ("x = 1\n", "x = 2\n", "x = 3\n", True),
        ("", "a\n", "", True),
        ("a\n", "a\n\n", "a\n", False),  # blank lines are nobody's
    ],
)
def test_what_others_changed_meanwhile_must_not_be_undone(was: str, now: str, made: str, lost: bool) -> None:
    assert undoes(was, now, made) is lost


def test_what_parses_parses_and_what_is_not_known_does_too() -> None:
    assert parses("x = 1", "a.py")
    assert not parses("<<<<<<< a", "a.py")
    assert not parses("{", "a.json")
    assert parses("{", "a.txt")
