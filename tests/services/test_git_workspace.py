"""services/git/workspace.py: files without a git directory, and the commit made of them."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.core.paths import Change
from services.errors import GitError
from services.git.command import UnusableName
from services.git.mirror import Mirrors
from services.git.workspace import (
    Author,
    StalePush,
    Workspace,
    clear_attempts,
    is_own_commit,
    open_workspace,
    remove_tree,
    set_aside,
)
from tests.kit.githttp import TOKEN, GitHost, serve_git

REPO = "acme/api"
WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FILES = {"README.md": "hello\n", "src/app.py": "print(1)\n", "run.sh": "#!/bin/sh\n", ".gitignore": "*.log\n"}


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GitHost]:
    async with serve_git(tmp_path / "host") as served:
        served.create(REPO, FILES)
        served.commit(
            REPO, {"run.sh": "#!/bin/sh\n", "link": "/etc/passwd"}, modes={"run.sh": "100755", "link": "120000"}
        )
        yield served


@pytest.fixture
async def workspace(tmp_path: Path, host: GitHost) -> AsyncIterator[Workspace]:
    mirrors = Mirrors(tmp_path / "root", host.url)
    sha = await mirrors.fetch(REPO, "main", TOKEN)
    async with open_workspace(mirrors, REPO, sha) as opened:
        yield opened


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_the_files_lie_there_without_a_git_directory(workspace: Workspace) -> None:
    found = {str(path.relative_to(workspace.files)) for path in workspace.files.rglob("*")}
    assert found == {"README.md", "src", "src/app.py", "run.sh", ".gitignore", "link"}
    assert (workspace.files / "run.sh").stat().st_mode & 0o111
    assert not (workspace.files / "link").is_symlink()
    assert (workspace.files / "link").read_text() == "/etc/passwd"
    assert await workspace.changes() == ()


async def test_changes_are_read_with_modes_sizes_and_lines(workspace: Workspace) -> None:
    files = workspace.files
    (files / "README.md").write_text("hello\nworld\n")
    (files / "src" / "app.py").unlink()
    (files / "new name é.txt").write_text("1\n2\n")
    (files / "run.sh").chmod(0o644)
    (files / "blob").write_bytes(bytes(range(256)))
    assert await workspace.changes() == (
        Change(path="README.md", kind="modified", mode=0o100644, old_mode=0o100644, size=12, added=1),
        Change(path="blob", kind="added", mode=0o100644, size=256, binary=True),
        Change(path="new name é.txt", kind="added", mode=0o100644, size=4, added=2),
        Change(path="run.sh", kind="modified", mode=0o100644, old_mode=0o100755, size=10),
        Change(path="src/app.py", kind="deleted", old_mode=0o100644, removed=1),
    )


async def test_what_a_run_leaves_behind_is_not_part_of_it(workspace: Workspace) -> None:
    files = workspace.files
    for path in (
        "src/__pycache__/app.pyc",
        ".pytest_cache/x",
        "node_modules/a/b.js",
        "debug.log",
        "pkg.egg-info/PKG-INFO",
    ):
        (files / path).parent.mkdir(parents=True, exist_ok=True)
        (files / path).write_text("noise")
    (files / "node_modules" / "link").symlink_to("/etc/passwd")
    (files / "kept.txt").write_text("kept")
    assert [change.path for change in await workspace.changes()] == ["kept.txt"]


async def test_the_repositorys_own_ignore_file_has_the_last_word(tmp_path: Path, host: GitHost) -> None:
    host.commit(REPO, {".gitignore": "!node_modules/\n*.tmp\n"})
    mirrors = Mirrors(tmp_path / "root", host.url)
    async with open_workspace(mirrors, REPO, await mirrors.fetch(REPO, "main", TOKEN)) as opened:
        (opened.files / "node_modules").mkdir()
        (opened.files / "node_modules" / "a.js").write_text("a")
        (opened.files / "x.tmp").write_text("x")
        assert [change.path for change in await opened.changes()] == ["node_modules/a.js"]


async def test_a_change_that_keeps_size_and_time_is_still_seen(workspace: Workspace) -> None:
    path = workspace.files / "README.md"
    before = path.stat()
    path.write_text("HELLO\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [change.path for change in await workspace.changes()] == ["README.md"]


async def test_the_same_input_gives_the_same_commit(host: GitHost, workspace: Workspace) -> None:
    (workspace.files / "a.txt").write_text("a\n")
    await workspace.changes()
    author = Author(name="Ann <x>\nEvil", email="ann@example.com")
    first = await workspace.commit("Add a\n\nTask: a", author, WHEN)
    (workspace.files / "left-by-verify.txt").write_text("not taken")
    assert await workspace.commit("Add a\n\nTask: a", author, WHEN) == first
    assert await workspace.commit("Add a", author, WHEN) != first
    await workspace.push(first, "lockstep/p/a", None, TOKEN)
    raw = host.show(REPO, first)
    assert "Author: Ann xEvil <ann@example.com>" in raw
    assert "left-by-verify" not in raw


async def test_nothing_an_agent_made_enters_the_mirror(workspace: Workspace) -> None:
    objects = workspace.mirrors.path(REPO) / "objects"
    before = sorted(path.name for path in objects.rglob("*"))
    (workspace.files / "a.txt").write_text("a\n")
    await workspace.changes()
    sha = await workspace.commit("Add a", Author(), WHEN)
    assert sorted(path.name for path in objects.rglob("*")) == before
    assert not await workspace.mirrors.has(REPO, sha)


async def test_a_commit_without_message_or_zone_is_refused(workspace: Workspace) -> None:
    for message, when in (("", WHEN), ("a\0b", WHEN), ("a", WHEN.replace(tzinfo=None))):
        with pytest.raises(GitError):
            await workspace.commit(message, Author(), when)


async def test_sec_47_a_push_moves_only_what_stands_where_we_thought(host: GitHost, workspace: Workspace) -> None:
    branch = "lockstep/p/a"
    (workspace.files / "a.txt").write_text("a\n")
    await workspace.changes()
    sha = await workspace.commit("Add a", Author(), WHEN)
    await workspace.push(sha, branch, None, TOKEN)
    assert host.tip(REPO, branch) == sha
    foreign = host.commit(REPO, {"b.txt": "theirs\n"}, branch=branch)
    other = await workspace.commit("Add a again", Author(), WHEN)
    for expected in (None, sha):
        with pytest.raises(StalePush, match="lockstep/p/a on acme/api was moved by somebody else"):
            await workspace.push(other, branch, expected, TOKEN)
    assert host.tip(REPO, branch) == foreign
    await workspace.push(other, branch, foreign, TOKEN)
    assert host.tip(REPO, branch) == other


@pytest.mark.parametrize("branch", ["main", "lockstep", "Lockstep/x", "feature/lockstep/x"])
async def test_sec_47_only_our_own_branches_are_pushed(host: GitHost, workspace: Workspace, branch: str) -> None:
    before = host.tip(REPO, "main")
    with pytest.raises(GitError) as caught:
        await workspace.push(workspace.base, branch, None, TOKEN)
    assert str(caught.value) == f"{branch!r} is not one of our branches (lockstep/...)"
    with pytest.raises(UnusableName):
        await workspace.push(workspace.base, "lockstep/../main", None, TOKEN)
    assert host.tip(REPO, "main") == before


async def test_a_refused_push_says_why(host: GitHost, workspace: Workspace) -> None:
    hook = host.bare(REPO) / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no pushing on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="no pushing on Sundays"):
        await workspace.push(workspace.base, "lockstep/p/a", None, TOKEN)


async def test_our_own_commit_is_known_by_name_and_message(host: GitHost, workspace: Workspace) -> None:
    (workspace.files / "a.txt").write_text("a\n")
    await workspace.changes()
    sha = await workspace.commit("Add a\n\nTask: a\n", Author(), WHEN)
    await workspace.push(sha, "lockstep/p/a", None, TOKEN)
    mirrors = workspace.mirrors
    await mirrors.fetch(REPO, "lockstep/p/a", TOKEN)
    assert await is_own_commit(mirrors, REPO, sha, "Add a\n\nTask: a\n")
    assert await is_own_commit(mirrors, REPO, sha, "Add it in other words\n\nTask: a\n"), "its title was edited since"
    assert not await is_own_commit(mirrors, REPO, sha, "Add b")
    assert not await is_own_commit(mirrors, REPO, sha, "Add a\n\nTask: b\n")
    assert not await is_own_commit(mirrors, REPO, workspace.base, "change")


async def test_everything_is_gone_afterwards(tmp_path: Path, host: GitHost) -> None:
    mirrors = Mirrors(tmp_path / "root", host.url)
    sha = await mirrors.fetch(REPO, "main", TOKEN)

    async def break_off() -> None:
        async with open_workspace(mirrors, REPO, sha) as opened:
            deep = opened.files / "d" / "d"
            deep.mkdir(parents=True)
            (deep / "f").write_text("x")
            deep.chmod(0o000)
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError, match="in between"):
        await break_off()
    assert listing(mirrors.attempts) == []
    with pytest.raises(GitError):
        await open_workspace(mirrors, REPO, "0" * 40).__aenter__()
    assert listing(mirrors.attempts) == []


async def test_leftovers_of_a_killed_process_are_cleared(tmp_path: Path, host: GitHost) -> None:
    mirrors = Mirrors(tmp_path / "root", host.url)
    left = mirrors.attempts / "attempt-x" / "files"
    left.mkdir(parents=True)
    (left / "link").symlink_to(tmp_path / "host")
    set_aside(mirrors)
    assert not mirrors.attempts.exists()
    left.mkdir(parents=True)
    set_aside(mirrors)  # a process that was killed before it had cleared
    await clear_attempts(mirrors)
    assert not mirrors.left.exists()
    assert (tmp_path / "host").is_dir()


async def test_a_tree_too_deep_for_python_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    await remove_tree(top)
    assert not top.exists()
