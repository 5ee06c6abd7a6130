"""Reading back what an agent left behind. Every byte and every name is hostile here.

Before git looks at the files, this module walks them by itself: it follows nothing, opens nothing, and refuses
whatever is not a plain file or directory of bounded size. Afterwards it reads git's list of changes, which comes from
objects, not from files.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.core.paths import SUBMODULE, SYMLINK, Change
from services.errors import GitError


class HostileResult(GitError):
    """The files hold something that is never committed; the message names it in one sentence."""


@dataclass(frozen=True)
class Limits:
    """Entries of any kind; depth of directories; odd = links and special files; the last three: of the change alone."""

    entries: int = 300_000
    depth: int = 60
    odd: int = 20_000
    changed: int = 5_000
    file_bytes: int = 20_000_000
    total_bytes: int = 100_000_000


@dataclass
class Survey:
    """What the walk found: `odd` maps relative paths that may not be committed to what they are."""

    entries: int = 0
    odd: dict[str, str] = field(default_factory=dict)


def survey(top: Path, limits: Limits) -> Survey:
    """Walk everything under `top` (blocking). HostileResult for what is refused wherever it lies."""
    found = Survey()
    waiting = [(top, "", 0)]
    while waiting:
        directory, prefix, depth = waiting.pop()
        if depth > limits.depth:
            raise HostileResult(f"directories are nested more than {limits.depth} deep")
        for entry in _listing(directory, prefix):
            found.entries += 1
            if found.entries > limits.entries or len(found.odd) > limits.odd:
                raise HostileResult(
                    f"there are more than {limits.entries} files, or more than {limits.odd} links and special files"
                )
            path = prefix + entry.name
            if _is_git_name(entry.name):
                raise HostileResult(f"{shown(path)} looks like a git directory")
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                waiting.append((directory / entry.name, f"{path}/", depth + 1))
            elif what := _odd(mode):
                found.odd[path] = what
            elif mode & (stat.S_ISUID | stat.S_ISGID):
                raise HostileResult(f"{shown(path)} has the setuid or setgid bit")
    return found


def _listing(directory: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except OSError as error:
        raise HostileResult(f"the directory {shown(prefix) or '.'} cannot be read: {error.strerror}") from None


def _is_git_name(name: str) -> bool:
    """`.git` in any case and in the disguises that Windows and macOS file systems take for it."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf").casefold()
    return visible.partition(":")[0].rstrip(". ") in {".git", "git~1"}


def _odd(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no plain file")


def check_sizes(top: Path, paths: Iterable[str], limits: Limits) -> None:
    """Hold the files that git would take in against the limits, before it reads them (blocking)."""
    total = count = 0
    for path in paths:
        count += 1
        if count > limits.changed:
            raise HostileResult(f"more than {limits.changed} files changed")
        try:
            size = os.lstat(top / path).st_size
        except FileNotFoundError:
            continue
        except OSError as error:
            raise HostileResult(f"{shown(path)} cannot be read: {error.strerror}") from None
        total += size
        if size > limits.file_bytes or total > limits.total_bytes:
            raise HostileResult(
                f"{shown(path)} is too big (bytes allowed: {limits.file_bytes} a file, {limits.total_bytes} in all)"
            )


def parse_changes(out: bytes) -> tuple[Change, ...]:
    """The changes in the output of a git diff with `--raw --numstat -z --no-renames`.

    HostileResult for names that are no text.
    """
    fields = iter(decoded(out).split("\0"))
    found: dict[str, Change] = {}
    for head in fields:
        if head.startswith(":"):
            old_mode, mode, _, _, status = head[1:].split(" ")
            path = next(fields)
            kind = {"A": "added", "D": "deleted"}.get(status[0], "modified")
            found[path] = _change(path, kind, int(mode, 8), int(old_mode, 8))
        elif head:
            added, removed, path = head.split("\t", 2)
            old = found[path]
            found[path] = Change(
                path=path, kind=old.kind, mode=old.mode, old_mode=old.old_mode, binary=added == "-",
                added=0 if added == "-" else int(added), removed=0 if removed == "-" else int(removed),
            )  # fmt: skip
    return tuple(found[path] for path in sorted(found))


def _change(path: str, kind: str, mode: int, old_mode: int) -> Change:
    match kind:
        case "added":
            return Change(path=path, kind="added", mode=mode)
        case "deleted":
            return Change(path=path, kind="deleted", old_mode=old_mode)
        case _:
            return Change(path=path, kind="modified", mode=mode, old_mode=old_mode)


def refuse_links(changes: Iterable[Change]) -> None:
    """HostileResult for a link or submodule that is new or points elsewhere than before; removing one is allowed."""
    for change in changes:
        if change.mode in {SYMLINK, SUBMODULE}:
            what = "a symbolic link" if change.mode == SYMLINK else "a submodule"
            raise HostileResult(f"{shown(change.path)} is {what} that was not there before, or points elsewhere now")


def decoded(out: bytes) -> str:
    """Paths from git as text; HostileResult when they are not UTF-8 or hold control or direction characters."""
    try:
        text = out.decode("utf-8")
    except UnicodeDecodeError:
        raise HostileResult("a file name is not valid UTF-8") from None
    if any(unicodedata.category(c) in {"Cc", "Cf"} for c in set(text) - {"\0", "\t"}):
        raise HostileResult("a file name holds control or invisible characters")
    return text


def shown(path: str) -> str:
    """A foreign path, short and printable, for a message."""
    return "".join(c if c.isprintable() else "?" for c in path)[:120]
