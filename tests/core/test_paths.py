"""core/paths.py: which paths a pattern covers, and what a person has to look at."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.core.paths import (
    EXECUTABLE,
    MAX_BINARY,
    PROTECTED,
    SUBMODULE,
    SYMLINK,
    Change,
    matches,
    outside,
    protected,
)

PLAIN = 0o100644


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("api/orders/x.py", "api/orders/**", True),
        ("api/orders/deep/er/x.py", "api/orders/**", True),
        ("api/orders", "api/orders/**", True),
        ("api/ordersx/x.py", "api/orders/**", False),
        ("README.md", "*.md", True),
        ("docs/README.md", "*.md", False),
        ("docs/README.md", "**/*.md", True),
        ("README.md", "**/*.md", True),
        ("docs/a/b.md", "docs", True),
        ("docs/a/b.md", "docs/", True),
        ("docs/a/b.md", "docs/*", False),
        ("docs/a.md", "docs/?.md", True),
        ("docs/ab.md", "docs/?.md", False),
        ("a/b/c/d", "a/**/d", True),
        ("a/d", "a/**/d", True),
        ("a/b/c/e", "a/**/d", False),
        ("anything/at/all", "**", True),
        ("top", "*", True),
        ("src/x", "*", False),
        ("src/x.py", "./src//*.py", True),
        ("src/*", "src/[*]", False),
        ("Docs/a", "docs/**", False),
        ("x", "", False),
        ("x", "/", False),
    ],
)
def test_a_pattern_covers_what_it_says(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


PARTS = st.text("ab.", min_size=1, max_size=4).filter(lambda part: part != ".")
WILD_PARTS = st.one_of(st.just("**"), st.text("ab.*?", min_size=1, max_size=4).filter(lambda part: part != "**"))


def _as_regex(pattern: str) -> str:
    """The same language written by another hand: regular expressions, for patterns that end in a wildcard part."""
    regex = ""
    parts = pattern.split("/")
    for at, part in enumerate(parts):
        if part == "**":
            regex += "(?:[^/]+/)*" if at < len(parts) - 1 else "(?:[^/]+/)*[^/]+"
        else:
            inner = "".join({"*": "[^/]*", "?": "[^/]"}.get(c, re.escape(c)) for c in part)
            regex += inner + ("/" if at < len(parts) - 1 else "")
    return regex


@given(st.lists(PARTS, min_size=1, max_size=5), st.lists(WILD_PARTS, min_size=1, max_size=4))
def test_it_agrees_with_regular_expressions(names: list[str], wild: list[str]) -> None:
    path, pattern = "/".join(names), "/".join([*wild, "*"])
    if any("**" in part and part != "**" for part in wild) or "." in wild:
        return
    assert matches(path, pattern) is bool(re.fullmatch(_as_regex(pattern), path))


@given(st.lists(PARTS, min_size=1, max_size=5).map("/".join), st.lists(PARTS, min_size=1, max_size=3).map("/".join))
def test_two_stars_cover_everything_below(below: str, top: str) -> None:
    assert matches(f"{top}/{below}", f"{top}/**")
    assert matches(f"{top}/{below}", f"**/{below.rpartition('/')[2]}")


def test_a_pattern_made_to_be_slow_is_answered() -> None:
    assert not matches("a" * 4_000, "a*" * 200 + "b")
    assert not matches("/".join("a" * 500), "**/a/" * 60 + "b")


def test_outside_lists_what_no_pattern_covers() -> None:
    changes = [Change(path=path, kind="added", mode=PLAIN) for path in ("api/x.py", "web/y.py", "README.md")]
    assert outside(changes, ("api/**", "*.md")) == ("web/y.py",)
    assert outside(changes, ()) == ()


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/CI.yml",
        "action.yml",
        "tools/x/action.yaml",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".gitmodules",
        "sub/.gitattributes",
        "package.json",
        "web/package-lock.json",
        "uv.lock",
        "Cargo.lock",
        "Dockerfile",
        "deploy/Dockerfile.prod",
        "Makefile",
        ".pre-commit-config.yaml",
        "AGENTS.md",
        "agents.md",
        "web/CLAUDE.md",
        ".cursorrules",
        ".cursor/rules/x.mdc",
        ".claude/settings.json",
        ".gemini/x",
        ".mcp.json",
        ".vscode/tasks.json",
        "setup.py",
    ],
)
def test_protected_paths_go_to_a_person(path: str) -> None:
    held = protected([Change(path=path, kind="deleted", old_mode=PLAIN)])
    assert [where for where, _ in held] == [path]
    assert held[0][1]


@pytest.mark.parametrize(
    "path", ["src/app.py", "github/x.yml", "docs/actions.yml", "Makefile.md", "makefiles/x", "package.jsonc"]
)
def test_ordinary_paths_do_not(path: str) -> None:
    assert protected([Change(path=path, kind="modified", mode=PLAIN, old_mode=PLAIN)]) == ()


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"kind": "added", "mode": SYMLINK}, True),
        ({"kind": "modified", "mode": SYMLINK, "old_mode": SYMLINK}, True),
        ({"kind": "added", "mode": SUBMODULE}, True),
        ({"kind": "deleted", "old_mode": SYMLINK}, False),
        ({"kind": "modified", "mode": EXECUTABLE, "old_mode": PLAIN}, True),
        ({"kind": "modified", "mode": EXECUTABLE, "old_mode": EXECUTABLE}, False),
        ({"kind": "added", "mode": EXECUTABLE}, False),
        ({"kind": "added", "mode": PLAIN, "binary": True, "size": MAX_BINARY + 1}, True),
        ({"kind": "added", "mode": PLAIN, "binary": True, "size": MAX_BINARY}, False),
        ({"kind": "added", "mode": PLAIN, "size": MAX_BINARY + 1}, False),
    ],
)
def test_links_modes_and_big_binaries(change: dict[str, Any], held: bool) -> None:
    assert bool(protected([Change(path="x", **change)])) is held


def test_why_a_person_has_to_look() -> None:
    assert list(dict.fromkeys(why for _, why in PROTECTED)) == snapshot(
        [
            "it steers what GitHub runs and who reviews",
            "it is run by Actions",
            "it says who has to review",
            "it makes git fetch from elsewhere",
            "it changes how git reads files",
            "it is run on other people's machines",
            "it is run when the image is built",
            "it is run by CI",
            "it names what is installed, or runs while it is",
            "it instructs coding agents or editors",
        ]
    )
    changes = [
        Change(path="link", kind="added", mode=SYMLINK),
        Change(path="run", kind="modified", mode=EXECUTABLE, old_mode=PLAIN),
        Change(path="film", kind="added", mode=PLAIN, binary=True, size=MAX_BINARY + 1),
    ]
    assert protected(changes) == snapshot(
        (("link", "it is a link to somewhere else"), ("run", "it becomes executable"), ("film", "it is a large binary"))
    )
