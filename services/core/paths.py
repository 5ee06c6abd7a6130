"""Which files a task may change, and which a person has to look at whoever changed them.

Both questions are asked of the finished commit, by the bot, never by the agent. Patterns are matched by two small
greedy loops instead of a regular expression, so no pattern a plan may hold can make the answer slow.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

import msgspec

EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000
MAX_BINARY = 1_000_000
"""Bytes; a larger binary is looked at by a person."""

Item = TypeVar("Item")


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of a result against what it started from. Modes are git's (0o100644, ...), 0 where there is no file.

    size: bytes after the change; added, removed: lines, 0 for a binary.
    """

    path: str
    kind: Literal["added", "modified", "deleted"]
    mode: int = 0
    old_mode: int = 0
    size: int = 0
    added: int = 0
    removed: int = 0
    binary: bool = False


PROTECTED: tuple[tuple[str, str], ...] = (
    (".github/**", "it steers what GitHub runs and who reviews"),
    ("**/action.yml", "it is run by Actions"),
    ("**/action.yaml", "it is run by Actions"),
    ("**/CODEOWNERS", "it says who has to review"),
    ("**/.gitmodules", "it makes git fetch from elsewhere"),
    ("**/.gitattributes", "it changes how git reads files"),
    ("**/.pre-commit-config.yaml", "it is run on other people's machines"),
    ("**/Dockerfile*", "it is run when the image is built"),
    ("**/Makefile", "it is run by CI"),
    ("**/GNUmakefile", "it is run by CI"),
    *((f"**/{name}", "it names what is installed, or runs while it is") for name in (
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "bun.lockb", "deno.lock", ".npmrc", ".yarnrc*", ".pnpmfile.cjs", "poetry.lock", "uv.lock", "pdm.lock",
        "pylock*.toml", "Pipfile.lock", "setup.py", "Cargo.lock", "build.rs", "go.sum", "Gemfile.lock",
        "composer.json", "composer.lock", "mix.lock", "packages.lock.json", "gradle.lockfile", "flake.lock",
        "Package.resolved", "pubspec.lock", "Podfile.lock",
    )),
    *((f"**/{name}", "it instructs coding agents or editors") for name in (
        "AGENTS.md", "CLAUDE.md", "GEMINI.md", ".cursor*", ".cursor*/**", ".claude/**", ".gemini/**", ".codex/**",
        ".mcp.json", ".vscode/**", ".opencode/**", ".aider*",
    )),
)  # fmt: skip
"""Patterns (without regard to case) and why a change there goes to a person."""


def matches(path: str, pattern: str) -> bool:
    """Does a task's pattern cover this path (both relative, with `/`)?

    `*` and `?` stay within one part, `**` is any number of parts. A pattern whose last part has no wildcard, or that
    ends in `/`, also covers everything below it: `docs` and `docs/` are `docs/**` as well.
    """
    parts = [part for part in pattern.split("/") if part and part != "."]
    if not parts:
        return False
    below = parts[-1] != "**" and (pattern.endswith("/") or not set(parts[-1]) & set("*?"))
    names = path.split("/")
    return _parts_match(names, parts) or (below and _parts_match(names, [*parts, "**"]))


def outside(changes: Iterable[Change], patterns: Sequence[str]) -> tuple[str, ...]:
    """The changed paths that none of the task's `paths` covers; without patterns every path is allowed."""
    if not patterns:
        return ()
    return tuple(change.path for change in changes if not any(matches(change.path, pattern) for pattern in patterns))


def protected(changes: Iterable[Change]) -> tuple[tuple[str, str], ...]:
    """(path, why) for every change that a person has to look at."""
    return tuple((change.path, why) for change in changes if (why := _why_protected(change)))


def why_protected(path: str) -> str:
    """Why a person has to look at any change of this path, "" for no reason."""
    lowered = path.lower()
    for pattern, why in PROTECTED:
        if _parts_match(lowered.split("/"), pattern.lower().split("/")):
            return why
    return ""


def _why_protected(change: Change) -> str:
    if why := why_protected(change.path):
        return why
    if change.kind == "deleted":
        return ""
    if SYMLINK in {change.mode, change.old_mode} or SUBMODULE in {change.mode, change.old_mode}:
        return "it is a link to somewhere else"
    if change.mode == EXECUTABLE and change.kind == "modified" and change.old_mode != EXECUTABLE:
        return "it becomes executable"
    return "it is a large binary" if change.binary and change.size > MAX_BINARY else ""


def _parts_match(names: Sequence[str], pattern: Sequence[str]) -> bool:
    return _star_match(names, pattern, "**", _name_matches)


def _name_matches(name: str, pattern: str) -> bool:
    return _star_match(name, pattern, "*", lambda one, other: other in {"?", one})


def _star_match(items: Sequence[Item], pattern: Sequence[Item], star: str, same: Callable[[Item, Item], bool]) -> bool:
    """Greedy wildcard match: on a misfit the latest star takes one item more. At most items x pattern steps."""
    at = spot = taken = 0
    latest = -1
    while at < len(items):
        if spot < len(pattern) and pattern[spot] == star:
            latest, taken, spot = spot, at, spot + 1
        elif spot < len(pattern) and same(items[at], pattern[spot]):
            at, spot = at + 1, spot + 1
        elif latest >= 0:
            taken += 1
            at, spot = taken, latest + 1
        else:
            return False
    return all(rest == star for rest in pattern[spot:])
