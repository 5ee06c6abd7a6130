"""`python -m bot resolve`: exit statuses, what is written, hostile files, and git's own merges through it."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bot.resolve
from bot.resolve import main
from services.core.resolve import resolve

ROOT = Path(__file__).parents[2]
BASE = "first = start(1)\nsecond = stop(2)\n"
OURS = "first = begin(1)\nsecond = stop(2)\n"
THEIRS = "first = start(1)\nsecond = finish(2)\n"
BOTH = "first = begin(1)\nsecond = finish(2)\n"
Texts = tuple[str | bytes, str | bytes, str | bytes]


class Desk:
    """Three versions of a file in a folder, and where the outcome goes."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.out = folder / "out"
        self.files = [folder / name for name in ("base.py", "ours.py", "theirs.py")]
        self._capsys = capsys

    def lay(self, *texts: str | bytes) -> None:
        for file, text in zip(self.files, texts, strict=True):
            file.write_bytes(text.encode() if isinstance(text, str) else text)

    def run(self, *arguments: str, out: Path | None = None) -> tuple[int, str, str]:
        status = main([*map(str, self.files), "-o", str(out or self.out), *arguments])
        told = self._capsys.readouterr()
        return status, told.out, told.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    found = Desk(tmp_path, capsys)
    found.lay(BASE, OURS, THEIRS)
    return found


def found(told: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(told)
    return answer


def test_resolved(desk: Desk) -> None:
    status, told, err = desk.run("--path", "src/a.py")
    assert (status, told, err) == (0, "'src/a.py':1: resolved by apart\n", "")
    assert desk.out.read_text() == BOTH


def test_left(desk: Desk) -> None:
    desk.lay("a\n", "b\n", "c\n")
    status, told, err = desk.run("--path", "a.py", "--marker-size", "9")
    assert (status, told, err) == (1, "'a.py':1: left\n", "")
    assert desk.out.read_text() == f"{'<' * 9} ours\nb\n{'=' * 9}\nc\n{'>' * 9} theirs\n"


def test_as_json(desk: Desk) -> None:
    assert found(desk.run("--path", "a.py", "--json")[1]) == {
        "path": "a.py",
        "resolved": True,
        "left": 0,
        "reason": None,
        "hunks": [{"line": 1, "rule": "apart"}],
    }
    desk.lay("a\n", "b\n", "c\n")
    status, told, _ = desk.run("--path", "a.py", "--json")
    assert (status, found(told)["resolved"], found(told)["hunks"]) == (1, False, [{"line": 1, "rule": None}])


def test_what_git_would_merge_is_merged(desk: Desk) -> None:
    desk.lay("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n")
    assert desk.run("--path", "x")[:2] == (0, "'x': merged\n")
    assert desk.out.read_text() == "A\nb\nC\n"


def test_without_a_name_in_the_repository_what_has_an_ending_tells_the_kind(desk: Desk) -> None:
    """So it is where git names no path: its temporary files have none."""
    desk.files = [file.rename(file.with_suffix("")) for file in desk.files]
    desk.lay("a: 1\n", "a: 1\nb: 2\n", "a: 1\nc: 3\n")
    assert desk.run(out=desk.out)[0] == 1
    assert desk.run(out=desk.out.with_suffix(".yml"))[0] == 0


def test_the_mode_is_kept(desk: Desk) -> None:
    desk.files[1].chmod(0o755)
    desk.run()
    assert stat.S_IMODE(desk.out.stat().st_mode) == 0o755
    desk.files[1].chmod(0o640)
    desk.run(out=desk.files[1])
    assert stat.S_IMODE(desk.files[1].stat().st_mode) == 0o640
    assert desk.files[1].read_text() == BOTH
    assert sorted(path.name for path in desk.out.parent.iterdir()) == ["base.py", "ours.py", "out", "theirs.py"]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ((b"\0a\n", b"\0b\n", b"\0c\n"), "it is not a text"),
        ((b"a\n", b"b\n", b"c\n" * bot.resolve.MOST_BYTES), "it is larger than 4,000,000 bytes"),
    ],
)
def test_what_is_no_text_is_left_as_ours(desk: Desk, texts: Texts, why: str) -> None:
    desk.lay(*texts)
    assert desk.run("--path", "a.bin") == (1, "", f"lockstep: 'a.bin' is left as it is: {why}.\n")
    assert desk.out.read_bytes() == texts[1]
    status, told, _ = desk.run("--path", "a.bin", "--json")
    assert (status, found(told)["reason"]) == (1, why)


def test_bytes_that_are_no_utf8_come_through(desk: Desk) -> None:
    odd = b"\xff\xfe name = 1\r\nx = 1\r\n"
    desk.lay(odd, odd + b"y = 2\r\n", odd)
    assert desk.run()[0] == 0
    assert desk.out.read_bytes() == odd + b"y = 2\r\n"


def test_a_hostile_text_ends(desk: Desk) -> None:
    """Lines that are all alike, and long ones: bounded by steps, whatever they say."""
    desk.lay("a\n" * 40_000, "a\nb\n" * 20_000, "c\na\n" * 20_000)
    assert desk.run()[0] == 1
    desk.lay("=" * 1_000_000, "=" * 999_999, "=" * 999_998 + "~")
    assert desk.run()[0] == 1


@pytest.mark.parametrize("path", ["CHANGES.md", "a.yml", "a.json", "a.toml", "a.py", "requirements.txt"])
@pytest.mark.parametrize(
    "line",
    [
        "version = 1" + ".1" * 2_000, "## 1." + "9" * 9_000, "- " * 4_000, '"' + "a" * 8_000, "[" * 8_000, "@" * 8_000,
        "\x1b[31m\x1b]0;a\x07" * 900, " " * 8_000 + "x", "import " * 1_000, "a: " * 2_500,
    ],
    ids=["versions", "digits", "entries", "quote", "brackets", "marks", "ANSI", "blanks", "imports", "keys"],
)  # fmt: skip
def test_lines_made_for_expressions_end(line: str, path: str) -> None:
    """Of every kind that a rule reads: nothing is asserted but that there is an outcome."""
    for base in ("", f"{line}\n"):
        outcome = resolve(base, f"{line}1\n{line}\n", f"{line}2", path)
        assert outcome.text


def test_a_gigabyte_is_not_read(desk: Desk) -> None:
    with desk.files[2].open("ab") as file:
        file.truncate(1 << 30)
    assert desk.run("--path", "a.py") == (
        1,
        "",
        "lockstep: 'a.py' is left as it is: it is larger than 4,000,000 bytes.\n",
    )


@pytest.mark.parametrize("kind", ["missing", "folder", "link", "pipe"])
def test_a_file_that_cannot_be_used_is_one_sentence(desk: Desk, kind: str) -> None:
    file = desk.files[2]
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "link":
        file.symlink_to(desk.files[0])
    elif kind == "pipe":
        os.mkfifo(file)
    status, told, err = desk.run()
    assert (status, told) == (2, "")
    assert err.startswith(f"lockstep: {str(file)!a} ")
    assert err.count("\n") == 1
    assert not desk.out.exists()


def test_an_outcome_that_cannot_be_written_is_one_sentence(desk: Desk) -> None:
    desk.out.symlink_to(desk.files[0])
    assert desk.run()[0] == 2
    assert desk.files[0].read_text() == BASE
    status, _, err = desk.run(out=desk.out.parent / "none" / "out")
    assert (status, err.endswith("can't be written: No such file or directory.\n")) == (2, True)
    assert desk.run("--marker-size", "0")[0] == 2


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["one"])
    assert ended.value.code == 2
    assert "usage: python -m bot resolve" in capsys.readouterr().err


class Clone:
    """A git repository whose merges go through the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")
        driver = f"{shlex.quote(sys.executable)} -P -m bot resolve %O %A %B -o %A --path=%P --marker-size=%L"
        self.git("config", "merge.lockstep.driver", driver)
        (folder / ".gitattributes").write_text("* merge=lockstep\n")

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=False, env=env
        )

    def commit(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "-A")
        assert self.git("commit", "-qm", "change").returncode == 0


def test_as_a_merge_driver_of_git(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    name = "it's $(here) a.py"
    clone.commit({name: BASE, "b.py": "a\n", "run.py": BASE})
    (tmp_path / "run.py").chmod(0o755)
    clone.commit({})
    clone.git("checkout", "-qb", "side")
    clone.commit({name: THEIRS, "run.py": THEIRS})
    clone.git("checkout", "-q", "main")
    clone.commit({name: OURS, "run.py": OURS})
    merged = clone.git("merge", "-q", "--no-edit", "side")
    assert merged.returncode == 0, merged.stderr
    assert (tmp_path / name).read_text() == (tmp_path / "run.py").read_text() == BOTH
    assert clone.git("ls-files", "-s", "run.py").stdout.startswith("100755 ")
    assert clone.git("status", "--porcelain").stdout == ""


def test_git_is_told_of_what_is_left(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.commit({"a.py": "a\n", "b.py": BASE})
    clone.git("checkout", "-qb", "side")
    clone.commit({"a.py": "b\n", "b.py": THEIRS})
    clone.git("checkout", "-q", "main")
    clone.commit({"a.py": "c\n", "b.py": OURS})
    assert clone.git("merge", "-q", "side").returncode == 1
    assert clone.git("status", "--porcelain").stdout == "UU a.py\nM  b.py\n"
    assert (tmp_path / "a.py").read_text() == "<<<<<<< ours\nc\n=======\nb\n>>>>>>> theirs\n"
    assert (tmp_path / "b.py").read_text() == BOTH
