"""services/git/result.py: what an agent may leave behind, with commands planted in every place git has ever looked.

The control test shows that the plants do work where git is run carelessly, so the others would notice.
"""

import os
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.core.paths import protected
from services.errors import GitError
from services.git import result
from services.git.mirror import Mirrors
from services.git.result import HostileResult, Limits, parse_changes, refuse_links
from services.git.workspace import Author, Workspace, open_workspace
from tests.kit.githttp import TOKEN, GitHost, serve_git

REPO = "acme/api"
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
FILES = {"README.md": "hello\n", "src/app.py": "print(1)\n", "AGENTS.md": "be kind\n"}
LIMITS = Limits(entries=400, depth=10, odd=50, changed=50, file_bytes=100_000, total_bytes=250_000)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GitHost]:
    async with serve_git(tmp_path / "host") as served:
        served.create(REPO, FILES)
        served.commit(REPO, {"link": "README.md"}, modes={"link": "120000"})
        yield served


@pytest.fixture
async def workspace(tmp_path: Path, host: GitHost) -> AsyncIterator[Workspace]:
    mirrors = Mirrors(tmp_path / "root", host.url)
    sha = await mirrors.fetch(REPO, "main", TOKEN)
    async with open_workspace(mirrors, REPO, sha, limits=LIMITS) as opened:
        yield opened


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A directory into which planted commands would write."""
    path = tmp_path / "marker"
    path.mkdir()
    return path


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def config(marker: Path) -> str:
    """Every setting through which git runs a command."""
    run = f"touch {marker}/ran"
    sections = {
        "core": {
            "repositoryformatversion": "0", "fsmonitor": f'"{run};"', "sshCommand": run, "pager": run, "editor": run,
            "hooksPath": f"{marker.parent}/hooks", "attributesFile": ".gitattributes",
        },
        'filter "evil"': {"clean": run, "smudge": run, "process": run, "required": "true"},
        'diff "evil"': {"command": run, "textconv": run},
        "diff": {"external": run},
        'merge "evil"': {"driver": run},
        "gpg": {"program": run},
        "commit": {"gpgSign": "true"},
        "credential": {"helper": f"!{run}"},
        "alias": {"add": f"!{run}"},
        'protocol "ext"': {"allow": "always"},
        'remote "origin"': {"url": f"ext::sh -c {run}"},
        "uploadpack": {"packObjectsHook": run},
    }  # fmt: skip
    return "".join(
        f"[{name}]\n" + "".join(f"\t{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items()
    )


def write(path: Path, content: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)


def repository(at: Path, marker: Path) -> None:
    """A git directory at `at`, complete enough for git, with commands in its configuration and hooks."""
    subprocess.run(
        ["git", "init", "-q", "--bare", str(at)],
        check=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"},
    )
    write(at / "config", config(marker))
    for hook in (
        "pre-commit",
        "post-index-change",
        "reference-transaction",
        "pre-push",
        "post-checkout",
        "fsmonitor-watchman",
    ):
        write(at / "hooks" / hook, f"#!/bin/sh\ntouch {marker}/hook\n", 0o755)


ATTRIBUTES = "* filter=evil diff=evil merge=evil\n"
Plant = Callable[[Path, Path], None]


def _attributes(files: Path, marker: Path) -> None:
    write(files / ".gitattributes", ATTRIBUTES)
    for name in (".gitconfig", "config", ".config/git/config", ".lfsconfig"):
        write(files / name, config(marker))


def _submodules(files: Path, marker: Path) -> None:
    write(
        files / ".gitmodules",
        f'[submodule "x\r"]\n\tpath = "sub\r"\n\turl = -u/touch {marker}/sub\n\tupdate = !touch {marker}/sub\n',
    )


def _options(files: Path, marker: Path) -> None:
    for name in (
        "--output=marked",
        "-c",
        "--upload-pack=touch marked",
        "--exec=touch marked",
        ":!x",
        ":(glob)*",
        "@",
        "HEAD",
        "-",
    ):
        write(files / name, "x\n")


def _git_file(files: Path, marker: Path) -> None:
    repository(files.parent / "evil", marker)
    write(files / ".git", f"gitdir: {files.parent}/evil\n")


def _at(*parts: str) -> Plant:
    return lambda files, marker: repository(files.joinpath(*parts), marker)


REFUSED: dict[str, Plant] = {
    "git directory": _at(".git"),
    "git file": _git_file,
    "upper case": _at(".GIT"),
    "mixed case below": _at("src", ".Git"),
    "short name": _at("GIT~1"),
    "trailing dot": _at(".git."),
    "stream": lambda files, marker: write(files / ".git::$INDEX_ALLOCATION", "x"),
    "invisible letter": _at(".g\u200cit"),
    "nested repository": _at("vendor", "lib", ".git"),
    "in an ignored directory": _at("node_modules", "x", ".git"),
}
TAKEN: dict[str, Plant] = {
    "bare repository as the files": repository,
    "bare repository below": _at("fixtures", "repo.git"),
    "attributes and configurations": _attributes,
    "submodules": _submodules,
    "names like options": _options,
}


async def take(workspace: Workspace) -> str:
    """The whole way from the files to a pushed commit."""
    await workspace.changes()
    sha = await workspace.commit("Take it", Author(), WHEN)
    await workspace.push(sha, "lockstep/p/a", None, TOKEN)
    return sha


def test_control_the_plants_run_where_git_is_careless(tmp_path: Path, marker: Path) -> None:
    files = tmp_path / "careless"
    files.mkdir()
    repository(files / ".git", marker)
    write(files / ".git" / "config", config(marker) + "[core]\n\tbare = false\n")
    write(files / ".gitattributes", ATTRIBUTES)
    write(files / "x", "x")
    quiet = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", "add", "-A"], cwd=files, env=quiet, capture_output=True, check=False)
    assert list(marker.iterdir())


@pytest.mark.parametrize("name", REFUSED)
async def test_sec_03_anything_like_a_git_directory_is_refused(name: str, workspace: Workspace, marker: Path) -> None:
    REFUSED[name](workspace.files, marker)
    with pytest.raises(HostileResult, match="looks like a git directory"):
        await take(workspace)
    assert listing(marker) == []


@pytest.mark.parametrize("name", TAKEN)
async def test_sec_03_what_is_only_a_file_is_only_a_file(
    name: str, host: GitHost, workspace: Workspace, marker: Path
) -> None:
    TAKEN[name](workspace.files, marker)
    sha = await take(workspace)
    assert host.tip(REPO, "lockstep/p/a") == sha
    assert listing(marker) == []
    assert not list(host.root.rglob("marked"))
    assert not list(workspace.home.rglob("marked"))


async def test_sec_06_planted_settings_go_to_a_person(workspace: Workspace, marker: Path) -> None:
    _attributes(workspace.files, marker)
    _submodules(workspace.files, marker)
    held = dict(protected(await workspace.changes()))
    assert {".gitattributes", ".gitmodules"} <= set(held)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"/proc/self/fd/{os.open(path.parent, os.O_RDONLY)}/{path.name}")


def _instead(path: Path, make: Callable[[Path], None]) -> None:
    path.unlink()
    make(path)


def _link_for_directory(files: Path) -> None:
    (files / "src" / "app.py").unlink()
    (files / "src").rmdir()
    (files / "src").symlink_to("/etc")


def _many(files: Path, count: int, size: int = 1) -> None:
    for number in range(count):
        write(files / f"f{number}", "x" * size)


TURNED = "a\u202etxt.exe"
SPECIAL: dict[str, tuple[Callable[[Path], None], str]] = {
    "link to a secret": (
        lambda f: _instead(f / "AGENTS.md", lambda p: p.symlink_to("/etc/passwd")),
        "AGENTS.md is a symbolic link",
    ),
    "new link": (lambda f: (f / "notes.md").symlink_to("README.md"), "notes.md is a symbolic link"),
    "dangling link": (lambda f: (f / "x").symlink_to("/nonexistent"), "x is a symbolic link"),
    "link in place of a directory": (_link_for_directory, "src is a symbolic link"),
    "FIFO": (lambda f: _instead(f / "AGENTS.md", os.mkfifo), "AGENTS.md is a FIFO"),
    "new FIFO": (lambda f: os.mkfifo(f / "pipe"), "pipe is a FIFO"),
    "socket": (lambda f: _socket(f / "sock"), "sock is a socket"),
    "setuid": (lambda f: (f / "README.md").chmod(0o4755), "README.md has the setuid or setgid bit"),
    "setgid, ignored": (lambda f: write(f / "node_modules" / "x", "x", 0o2755), "node_modules/x has the setuid"),
    "one huge file": (
        lambda f: os.truncate(_new(f / "huge"), 1 << 40),
        "huge is too big (bytes allowed: 100000 a file, 250000 in all)",
    ),
    "huge tracked file": (lambda f: os.truncate(f / "README.md", 1 << 40), "README.md is too big"),
    "many big files": (lambda f: _many(f, 3, 90_000), "is too big"),
    "many files": (lambda f: _many(f, 60), "more than 50 files"),
    "many ignored files": (
        lambda f: _many(f / "node_modules", 450),
        "there are more than 400 files, or more than 50 links and special files",
    ),
    "deep directories": (
        lambda f: f.joinpath(*"abcdefghijklmno").mkdir(parents=True),
        "directories are nested more than 10 deep",
    ),
    "newline in a name": (lambda f: write(f / "a\nb", "x"), "a file name holds control or invisible characters"),
    "turned text in a name": (lambda f: write(f / TURNED, "x"), "a file name holds control or invisible characters"),
    "no text as a name": (
        lambda f: write(Path(os.fsdecode(os.fsencode(f) + b"/a\xff")), "x"),
        "a file name is not valid UTF-8",
    ),
    "tracked link turned elsewhere": (
        lambda f: write(f / "link", "/etc/passwd"),
        "link is a symbolic link that was not there before, or points elsewhere now",
    ),
}


def _new(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize("name", SPECIAL)
async def test_sec_12_no_file_can_trick_the_reader(name: str, workspace: Workspace) -> None:
    plant, said = SPECIAL[name]
    plant(workspace.files)
    with pytest.raises(HostileResult) as caught:
        await take(workspace)
    assert said in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
async def test_sec_12_a_device_is_refused(workspace: Workspace) -> None:
    os.mknod(workspace.files / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with pytest.raises(HostileResult, match="null is a device"):
        await workspace.changes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every directory")
async def test_sec_12_a_directory_that_cannot_be_read_is_refused(workspace: Workspace) -> None:
    (workspace.files / "src").chmod(0o000)
    with pytest.raises(HostileResult, match="cannot be read"):
        await workspace.changes()


def test_what_has_no_name_here_is_refused_too() -> None:
    assert result._odd(0) == "no plain file"


async def test_links_that_git_ignores_are_nobodys_business(workspace: Workspace) -> None:
    write(workspace.files / ".venv" / "lib" / "x", "x")
    (workspace.files / ".venv" / "python").symlink_to("/usr/bin/python3")
    os.mkfifo(workspace.files / ".venv" / "pipe")
    assert await workspace.changes() == ()


async def test_a_deleted_link_is_an_ordinary_change(workspace: Workspace) -> None:
    (workspace.files / "link").unlink()
    (change,) = await workspace.changes()
    assert (change.path, change.kind) == ("link", "deleted")


def test_sec_12_a_submodule_is_refused_in_the_list_of_changes() -> None:
    with pytest.raises(HostileResult, match="sub is a submodule"):
        refuse_links(parse_changes(b":000000 160000 " + b"0" * 40 + b" " + b"1" * 40 + b" A\0sub\0" + b"1\t0\tsub\0"))


async def test_a_hostile_result_is_a_git_error_in_one_printable_sentence(workspace: Workspace) -> None:
    (workspace.files / "a\x1b[31m\nb").symlink_to("/etc/passwd")
    with pytest.raises(GitError) as caught:
        await workspace.changes()
    assert str(caught.value).isprintable()
