"""The files of one attempt, for an agent that works through tools: everything is bounded, and no link is followed.

Commands in the box may have left anything there, links and pipes too, and what is read goes to a model's provider. So
each part of a path is opened on its own, without following, and only ordinary files are read and written.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 1_000_000
"""Bytes of a file that is read or written."""
LISTED = 1_000
"""Files of one list."""
WALKED = 50_000
"""Files that are looked at, at most."""
FOUND = 100
"""Lines of one search."""
LINE = 300
LONGEST_PATH = 400
NOISE = frozenset({".git", "node_modules", "__pycache__", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


class Unusable(Exception):
    """One sentence for the model: why it can't have that."""


class Files:
    """Everything below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, under: str = "") -> list[str]:
        """Paths of files below a folder, in order; folders of tools are left out."""
        found: list[str] = []
        for name in self._walk(under):
            found.append(name)
            if len(found) > LISTED:
                break
        return found

    def read(self, path: str) -> str:
        parts = _parts(path)
        with self._folder(parts[:-1]) as folder:
            return _text(folder, parts[-1], path)

    def search(self, text: str, under: str = "") -> list[str]:
        """`path:line: text` of lines that hold the text, whatever its case."""
        if not text.strip() or len(text) > LINE:
            raise Unusable(f"search for 1 to {LINE} characters")
        wanted, found = text.lower(), []
        for name in self._walk(under):
            try:
                lines = self.read(name).splitlines()
            except Unusable:
                continue
            for number, line in enumerate(lines, 1):
                if wanted in line.lower():
                    found.append(f"{name}:{number}: {line.strip()[:LINE]}")
                    if len(found) >= FOUND:
                        return found
        return found

    def edit(self, path: str, old: str, new: str) -> str:
        """Put `new` where `old` stands, which must be there once; an empty `old` makes a new file."""
        parts = _parts(path)
        with self._folder(parts[:-1], make=not old) as folder:
            if not old:
                if _kind(folder, parts[-1]):
                    raise Unusable(f"{path} is there already; say what to replace in it")
                _write(folder, parts[-1], new, 0o644)
                return f"{path} is written"
            text = _text(folder, parts[-1], path)
            if (times := text.count(old)) != 1:
                raise Unusable(f"the old text is {times} times in {path}; it has to be there once, exactly as it is")
            mode = stat.S_IMODE(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode) & 0o755
            _write(folder, parts[-1], text.replace(old, new), mode)
            return f"{path} is changed"

    def remove(self, path: str) -> str:
        parts = _parts(path)
        with self._folder(parts[:-1]) as folder:
            if not stat.S_ISREG(_kind(folder, parts[-1])):
                raise Unusable(f"{path} is no file")
            os.unlink(parts[-1], dir_fd=folder)
            return f"{path} is removed"

    def _walk(self, under: str) -> Iterator[str]:
        """Ordinary files, depth first and in order, so many and no more."""
        first = tidy(under) if under.strip("./") else ""
        waiting, seen = [first], 0
        while waiting:
            top = waiting.pop()
            try:
                with self._folder(_parts(top) if top else ()) as folder:
                    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
                    kinds = [(entry.name, entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False))
                             for entry in entries]  # fmt: skip
            except Unusable:
                if top == first:
                    raise
                continue
            below = []
            for name, is_folder, is_file in kinds:
                place = f"{top}/{name}" if top else name
                seen += 1
                if seen > WALKED:
                    return
                if is_folder and name not in NOISE:
                    below.append(place)
                elif is_file:
                    yield place
            waiting += reversed(below)

    @contextmanager
    def _folder(self, parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
        """The folder, opened part by part."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        at = os.open(self._root, flags)
        try:
            for part in parts:
                try:
                    below = os.open(part, flags, dir_fd=at)
                except FileNotFoundError:
                    if not make:
                        raise
                    os.mkdir(part, 0o755, dir_fd=at)
                    below = os.open(part, flags, dir_fd=at)
                os.close(at)
                at = below
            yield at
        except OSError as error:
            name = Path(str(error.filename or "it")).name  # as it was asked for; never where it lies on this machine
            raise Unusable(f"{name}: {(error.strerror or 'it can not be had').lower()}") from None
        finally:
            os.close(at)


def _parts(path: str) -> tuple[str, ...]:
    """The parts of a path within the files; Unusable for one that would lead anywhere else."""
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    odd = not parts or path.startswith("/") or len(path) > LONGEST_PATH or ".." in parts or not path.isprintable()
    if odd or any(part.lower().rstrip(". ") == ".git" or len(part.encode()) > 255 for part in parts):
        raise Unusable("paths are relative to the repository's root, without `..` and outside of `.git`")
    return parts


def tidy(path: str) -> str:
    """The same path in its only spelling; Unusable."""
    return "/".join(_parts(path))


def _kind(folder: int, name: str) -> int:
    """The mode of what is there, 0 for nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


def _text(folder: int, name: str, path: str) -> str:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise Unusable(f"{path} is no file")
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unusable(f"{path} has more than {LARGEST:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unusable(f"{path} is not text") from None


def _write(folder: int, name: str, text: str, mode: int) -> None:
    """Beside it first, so that a link in its place is replaced and never followed."""
    data = text.encode("utf-8", "replace")
    if len(data) > LARGEST:
        raise Unusable(f"a file may have {LARGEST:,} bytes")
    beside = f".lockstep-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, mode, dir_fd=folder), "wb") as opened:
        opened.write(data)
        os.fchmod(opened.fileno(), mode)
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
