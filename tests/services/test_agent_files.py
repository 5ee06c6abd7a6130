"""The files a model gets at: what is below the root, ordinary, text and not too large, and nothing else."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from services.agents.files import FOUND, LARGEST, LISTED, Files, Unusable

SECRET = "the canary outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "more.txt").write_text(SECRET)
    root = tmp_path / "files"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("def greet():\n    return 'Hello'\n")
    (root / "README.md").write_text("# Hello\n")
    return root


def test_files_are_listed_read_and_searched(root: Path) -> None:
    files = Files(root)
    assert files.names() == ["README.md", "src/app.py"]
    assert files.names("src") == files.names("./src/") == ["src/app.py"]
    assert files.read("src/app.py").startswith("def greet")
    assert files.search("hello") == ["README.md:1: # Hello", "src/app.py:2: return 'Hello'"]
    assert files.search("hello", "src") == ["src/app.py:2: return 'Hello'"]


def test_a_text_is_replaced_where_it_stands_once(root: Path) -> None:
    files = Files(root)
    (root / "src" / "app.py").chmod(0o755)
    files.edit("src/app.py", "'Hello'", "'Hi'")
    assert (root / "src/app.py").read_text() == "def greet():\n    return 'Hi'\n"
    assert stat.S_IMODE((root / "src/app.py").stat().st_mode) == 0o755
    for old in ("nowhere", "e"):
        with pytest.raises(
            Unusable, match=r"the old text is . times in src/app.py; it has to be there once, exactly as it is"
        ):
            files.edit("src/app.py", old, "x")
    files.edit("docs/new/page.md", "", "A page.\n")
    assert (root / "docs/new/page.md").read_text() == "A page.\n"
    with pytest.raises(Unusable, match=r"README\.md is there already; say what to replace in it"):
        files.edit("README.md", "", "x")
    files.remove("README.md")
    assert files.names() == ["docs/new/page.md", "src/app.py"]


@pytest.mark.parametrize(
    "path",
    ["", "/", ".", "..", "../secret.txt", "src/../../secret.txt", "/etc/passwd", ".git/config", "src/.GIT/x", ".git. /x",
     "a\x00b", "a\nb", "x" * 500, "\u202eab"],
)  # fmt: skip
def test_paths_that_lead_elsewhere(root: Path, path: str) -> None:
    files = Files(root)
    for act in (files.read, files.remove, lambda path: files.edit(path, "", "x")):
        with pytest.raises(Unusable) as caught:
            act(path)
        assert str(caught.value) == "paths are relative to the repository's root, without `..` and outside of `.git`"
    assert (root.parent / "secret.txt").read_text() == SECRET


def link(root: Path) -> str:
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    return "link.txt"


def link_to_folder(root: Path) -> str:
    (root / "out").symlink_to(root.parent / "outside")
    return "out/more.txt"


def pipe(root: Path) -> str:
    os.mkfifo(root / "pipe")
    return "pipe"


def door(root: Path) -> str:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "door"))
    return "door"


def device(root: Path) -> str:
    (root / "null").symlink_to("/dev/zero")
    return "null"


def binary(root: Path) -> str:
    (root / "x.bin").write_bytes(b"\xff\xfe\x00")
    return "x.bin"


def huge(root: Path) -> str:
    (root / "huge.txt").write_text("x" * (LARGEST + 1))
    return "huge.txt"


def folder(root: Path) -> str:
    return "src"


@pytest.mark.parametrize("make", [link, link_to_folder, pipe, door, device, binary, huge, folder])
def test_what_is_no_ordinary_text_is_neither_read_nor_written_nor_waited_for(
    root: Path, make: Callable[[Path], str]
) -> None:
    path, files = make(root), Files(root)
    with pytest.raises(Unusable) as caught:
        files.read(path)
    assert str(root.parent) not in str(caught.value)
    assert make is not binary or str(caught.value) == "x.bin is not text"
    with pytest.raises(Unusable):
        files.edit(path, "canary", "x")
    if make in {link, link_to_folder, device}:
        assert path not in files.names()
        with pytest.raises(Unusable):
            files.remove(path)
        with pytest.raises(Unusable):
            files.edit(path, "", "x")
    assert files.search("canary") == []
    assert (root.parent / "secret.txt").read_text() == (root.parent / "outside/more.txt").read_text() == SECRET


def test_what_is_returned_is_bounded(root: Path) -> None:
    many = root / "many"
    many.mkdir()
    for number in range(LISTED + 50):
        (many / f"{number:05}.txt").write_text("needle\n")
    files = Files(root)
    assert len(files.names()) == LISTED + 1
    assert len(files.search("needle")) == FOUND
    with pytest.raises(Unusable, match="a file may have 1,000,000 bytes"):
        files.edit("big.txt", "", "x" * (LARGEST + 1))
    assert not [path for path in root.iterdir() if path.name.startswith(".lockstep-")]
    with pytest.raises(Unusable, match="it: it can not be had"), files._folder(()):
        raise OSError
