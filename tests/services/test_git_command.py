"""services/git/command.py and child.py: what git is allowed to see, and how it ends."""

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.errors import GitError
from services.git.child import Capture, run_child
from services.git.command import Git, Place, UnusableName, check_branch, check_repo, check_sha
from services.git.mirror import Mirrors
from tests.kit.githttp import TOKEN, GitHost, serve_git
from tests.kit.processes import command_lines, gone, running

ENV = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GitHost]:
    async with serve_git(tmp_path / "host") as served:
        yield served


@pytest.mark.parametrize("branch", ["main", "release/1.2", "lockstep/platform-12/a.b-c_d", "0"])
def test_ordinary_branches_pass(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    [
        "",
        "--x",
        "-x",
        "a..b",
        "a@{0}",
        "a.lock",
        "a.lock/b",
        "a//b",
        "a/",
        "a.",
        "a/.b",
        "a b",
        "a\n",
        "a~1",
        "a:b",
        "é",
        "a" * 201,
        "+a",
        "^a",
        "ext::sh",
    ],
)
def test_sec_25_branches_that_git_could_read_otherwise_are_refused(branch: str) -> None:
    with pytest.raises(UnusableName) as caught:
        check_branch(branch)
    said = " is not a branch name for Lockstep (letters, digits and . _ / - only)"
    assert str(caught.value) == f"{branch[:80]!r}{said}"


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "a",
        "a/",
        "/b",
        "a/b/c",
        "../b",
        "a/..",
        "a/.",
        "-a/b",
        "a/b\n",
        "a b/c",
        "https://x/y",
        "a/b?c",
        "a/b%2f",
        "file:/x",
        "ext::sh -c/x",
        "a/" + "b" * 101,
    ],
)
def test_sec_25_repositories_that_could_leave_their_path_are_refused(repo: str) -> None:
    with pytest.raises(UnusableName) as caught:
        check_repo(repo)
    assert str(caught.value) == f"{repo[:80]!r} is not a repository's name (owner/name)"


@pytest.mark.parametrize("sha", ["", "HEAD", "A" * 40, "0" * 39, "0" * 41, "--output=x", "0" * 40 + "\n"])
def test_only_full_commit_ids_pass(sha: str) -> None:
    with pytest.raises(UnusableName) as caught:
        check_sha(sha)
    assert str(caught.value) == f"{sha!r} is not a commit id"


@pytest.mark.parametrize(
    "remote",
    ["https://github.com", "https://github.com/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"],
)
def test_https_or_a_loopback_host_is_a_remote(remote: str) -> None:
    assert Git(remote).url("acme/api") == f"{remote.rstrip('/')}/acme/api.git"


@pytest.mark.parametrize(
    "remote",
    [
        "http://github.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "file:///srv",
        "ext::sh -c x",
        "/srv/git",
        "ssh://git@github.com",
        "git://github.com",
        "https://",
        "https://user:pw@github.com",
        "",
    ],
)
def test_sec_25_any_other_remote_is_refused(remote: str) -> None:
    with pytest.raises(GitError) as caught:
        Git(remote)
    plain = "the address of the git host must be a plain base URL without credentials"
    assert str(caught.value) == (plain if remote.startswith("https:") else f"{remote!r} is not an https address")


async def test_a_loopback_remote_does_not_open_other_protocols(tmp_path: Path, host: GitHost) -> None:
    host.create("acme/api")
    mirrors = Mirrors(tmp_path / "root", host.url)
    await mirrors.fetch("acme/api", "main", TOKEN)
    at = Place(mirrors.path("acme/api"))
    marker = tmp_path / "ran"
    for url in (f"ext::sh -c 'touch {marker}'", str(host.bare("acme/api")), f"file://{host.bare('acme/api')}"):
        answer = await mirrors.git.ask("ls-remote", "--end-of-options", url, at=at)
        assert answer.code != 0
        assert "not allowed" in answer.err
    answer = await mirrors.git.ask("ls-remote", "--end-of-options", f"--upload-pack=touch {marker}", "x", at=at)
    assert answer.code != 0
    assert not marker.exists()


async def test_the_machines_own_configuration_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Mallory\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    answer = await Git("https://example.com").ask("config", "--get", "user.name")
    assert (answer.code, answer.out) == (1, b"")


async def test_sec_10_the_token_is_in_no_command_line_and_no_file(tmp_path: Path, host: GitHost) -> None:
    host.create("acme/api")
    lines: list[str] = []

    async def look() -> None:
        lines.extend(command_lines())

    host.on_request = look
    mirrors = Mirrors(tmp_path / "root", host.url)
    await mirrors.fetch("acme/api", "main", TOKEN)
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert f"Basic {encoded}" in host.seen
    assert any("fetch" in line and host.url in line for line in lines)
    assert not [line for line in lines if TOKEN in line or encoded in line]
    for path in (tmp_path / "root").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content
            assert encoded.encode() not in content


async def test_sec_10_an_error_shows_the_last_lines_without_credentials(tmp_path: Path) -> None:
    fake = tmp_path / "git"
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    fake.write_text(
        "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done\n"
        f"echo 'remote: token {TOKEN} and Authorization: Basic {encoded}' >&2\n"
        "echo 'at https://user:pw@example.com/ with ghp_abcdefghijklmnopqrst' >&2\n"
        "printf 'bell \\a and \\033[31mred\\n' >&2\nexit 3\n"
    )
    fake.chmod(0o755)
    git = Git("https://example.com", executable=str(fake))
    with pytest.raises(GitError) as caught:
        await git.run("fetch", token=TOKEN)
    text = str(caught.value)
    assert "line 9" in text
    assert "line 1 " not in text
    assert text.isprintable()
    for secret in (TOKEN, encoded, "user:pw", "ghp_"):
        assert secret not in text


async def test_a_command_that_hangs_is_ended_with_everything_it_started(tmp_path: Path, host: GitHost) -> None:
    host.create("acme/api")
    never = asyncio.Event()

    async def hang() -> None:
        await never.wait()

    mirrors = Mirrors(tmp_path / "root", host.url, git=Git(host.url, seconds=0.4))
    host.on_request = hang
    with pytest.raises(GitError, match="stopped after"):
        await mirrors.fetch("acme/api", "main", TOKEN)
    assert await gone(host.url)
    never.set()


async def test_a_cancelled_command_is_ended_with_everything_it_started(tmp_path: Path, host: GitHost) -> None:
    host.create("acme/api")
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    mirrors = Mirrors(tmp_path / "root", host.url)
    host.on_request = hang
    fetching = asyncio.create_task(mirrors.fetch("acme/api", "main", TOKEN))
    await reached.wait()
    assert running(host.url)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert await gone(host.url)
    never.set()


async def test_output_beyond_the_limit_is_an_error(tmp_path: Path) -> None:
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nhead -c 20000000 /dev/zero\n")
    fake.chmod(0o755)
    with pytest.raises(GitError, match="git log printed more than 16000000 bytes"):
        await Git("https://example.com", executable=str(fake)).run("log")


async def test_a_missing_git_is_a_git_error() -> None:
    with pytest.raises(GitError, match="git could not be started: No such file or directory"):
        await Git("https://example.com", executable="/nonexistent/git").version()


async def test_the_version_is_numbers() -> None:
    assert await Git("https://example.com").version() >= (2, 30)


def test_a_capture_keeps_the_beginning_and_the_end() -> None:
    capture = Capture(4, 6)
    for piece in (b"ab", b"cdefgh", b"i" * 1_000, b"uvwxyz"):
        capture.add(piece)
    assert capture.dropped == 1_004
    assert capture.value() == b"abcd\n[... 1004 bytes left out ...]\nuvwxyz"
    small = Capture(4, 6)
    small.add(b"123456789")
    assert (small.value(), small.dropped) == (b"123456789", 0)


async def test_a_child_gets_only_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "secret")
    read_fd, write_fd = os.pipe()
    os.set_inheritable(write_fd, True)
    capture = Capture(10_000, 0)
    try:
        ended = await run_child(
            ["sh", "-c", "env; ls /proc/self/fd; cat"], env=ENV, seconds=10, stdout=capture, stdin=b"from us\n"
        )
    finally:
        os.close(read_fd)
        os.close(write_fd)
    text = capture.value().decode()
    assert (ended.code, ended.timed_out) == (0, False)
    assert "from us" in text
    assert "CANARY" not in text
    assert f"\n{write_fd}\n" not in text


async def test_the_end_of_a_child_is_seen_although_a_stray_holds_its_pipe(tmp_path: Path) -> None:
    capture = Capture(1_000, 0)
    script = "mkfifo up; setsid sh -c 'echo > up; exec sleep 30.125' & read up < up; echo done"
    async with asyncio.timeout(28):
        ended = await run_child(["sh", "-c", script], env=ENV, seconds=28, stdout=capture, cwd=tmp_path)
    assert (ended.code, ended.timed_out, capture.value()) == (0, False, b"done\n")
    (stray,) = running("30.125")
    os.kill(stray, signal.SIGKILL)
