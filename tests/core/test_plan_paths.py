"""plan_paths: which entries of `paths` are allowed, and which two can mean the same file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.paths import matches
from services.core.plan_paths import literal_start, objection, overlap, tidy


@pytest.mark.parametrize(
    "path", ["src/**", "*.py", "a b/c", ".github/workflows/**", "docs/", "./x", "é.md", "..a/b..", ".gitignore"]
)
def test_allowed(path: str) -> None:
    assert objection(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "not inside"),
        ("~/x", "not inside"),
        ("C:/x", "not inside"),
        ("a\\..\\b", "backslash"),
        ("../x", "leaves"),
        ("a/../b", "leaves"),
        (".git/config", "`.git`"),
        ("a/.GIT./x", "`.git`"),
        ("GIT~1/x", "`.git`"),
        ("!x", "no meaning"),
        (":(top)x", "no meaning"),
        ("a\u200bb", "cannot be seen"),
        ("a\nb", "cannot be seen"),
        ("", "names nothing"),
        ("./.", "names nothing"),
        ("x" * 513, "512"),
    ],
)
def test_refused(path: str, reason: str) -> None:
    assert reason in (objection(path) or "")


def test_one_spelling_for_one_meaning() -> None:
    assert [tidy(path) for path in ("./a//b", "a/", "a/./b/", "**")] == ["a/b", "a/**", "a/b/**", "**"]


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "src/b.py", False),
        ("src", "src/a.py", True),
        ("src", "srcs/a.py", False),
        ("src/**", "src/deep/er/x", True),
        ("src/*", "src/deep/x", False),
        ("*.py", "a.md", False),
        ("a*c", "*b*", True),
        ("a*c", "b*", False),
        ("**/x.py", "src/**", True),
        ("**/x.py", "src/*.md", False),
        ("a/**/z", "a/b/**/y", True),
        ("a/**/*.z", "a/b/**/*.y", False),
        ("a/?", "a/bc", False),
        ("a/?.py", "a/*.py", True),
        ("docs/**", "src/**", False),
    ],
)
def test_overlap(one: str, other: str, meet: bool) -> None:
    assert overlap(one, other) is meet
    assert overlap(other, one) is meet


PATTERNS = st.lists(st.text("ab*?", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)
NAMES = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@given(PATTERNS, PATTERNS, NAMES)
def test_patterns_that_match_one_path_overlap(one: str, other: str, path: str) -> None:
    if matches(path, one) and matches(path, other):
        assert overlap(one, other)


@given(PATTERNS, NAMES)
def test_overlap_with_a_plain_path_is_a_match_of_it_or_of_what_lies_below(pattern: str, path: str) -> None:
    below = any(matches(f"{path}/{rest}", pattern) for rest in ("a", "b", "aa", "ab/a", "bbb", "a/b/a", "b/a", "bb"))
    assert overlap(pattern, path) or not (matches(path, pattern) or below)
    assert not matches(path, pattern) or path.startswith(literal_start(pattern))


def test_sec_30_hostile_patterns_are_compared_in_few_steps() -> None:
    assert not overlap("*a" * 250 + "b", "*a" * 250 + "c")
    assert not overlap("**/a/" * 100 + "b*", "**/a/" * 100 + "c*")
