"""services/git/mirror.py: one mirror a repository, brought up to date by full refspec."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.errors import GitError
from services.git.command import Git, UnusableName
from services.git.mirror import Mirrors, MissingBranch
from tests.kit.githttp import TOKEN, GitHost, git, serve_git

REPO = "acme/api"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[GitHost]:
    async with serve_git(tmp_path / "host") as served:
        yield served


@pytest.fixture
def mirrors(tmp_path: Path, host: GitHost) -> Mirrors:
    return Mirrors(tmp_path / "root", host.url)


async def test_a_fetch_brings_the_branch_and_says_where_it_stands(host: GitHost, mirrors: Mirrors) -> None:
    first = host.create(REPO)
    assert await mirrors.fetch(REPO, "main", TOKEN) == first
    second = host.commit(REPO, {"b.txt": "b\n"})
    assert not await mirrors.has(REPO, second)
    assert await mirrors.fetch(REPO, "main", TOKEN) == second
    assert await mirrors.has(REPO, second)
    assert await mirrors.has(REPO, first)
    assert mirrors.path("Acme/API") == mirrors.path(REPO) == mirrors.root / "mirrors" / "acme" / "api.git"


async def test_a_branch_that_was_rewritten_or_replaced_by_a_folder_is_followed(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    host.commit(REPO, {"x": "1"}, branch="topic")
    await mirrors.fetch(REPO, "topic", TOKEN)
    git("update-ref", "-d", "refs/heads/topic", cwd=host.bare(REPO))
    below = host.commit(REPO, {"x": "2"}, branch="topic/part")
    assert await mirrors.fetch(REPO, "topic/part", TOKEN) == below
    git("update-ref", "-d", "refs/heads/topic/part", cwd=host.bare(REPO))
    again = host.commit(REPO, {"x": "3"}, branch="topic")
    assert await mirrors.fetch(REPO, "topic", TOKEN) == again


async def test_the_tip_is_asked_of_the_remote_and_fetches_nothing(host: GitHost, mirrors: Mirrors) -> None:
    sha = host.create(REPO)
    host.commit(REPO, {"x": "1"}, branch="other/refs/heads/main")
    assert await mirrors.tip(REPO, "main", TOKEN) == sha
    assert await mirrors.tip(REPO, "nothing", TOKEN) is None
    assert not await mirrors.has(REPO, sha)


async def test_locks_that_a_killed_git_left_behind_are_nobodys(host: GitHost, mirrors: Mirrors) -> None:
    """Killed while it made the mirror, later while it updated a branch: both by us and by a process before us."""
    sha = host.create(REPO)
    mirror = mirrors.path(REPO)
    mirror.mkdir(parents=True)
    for name in ("config.lock", "HEAD.lock"):
        (mirror / name).write_text("")
    assert await mirrors.tip(REPO, "main", TOKEN) == sha
    assert await mirrors.fetch(REPO, "main", TOKEN) == sha
    kept = next(path for path in mirror.glob("refs/fetched/*") if path.is_file())
    for lock in (mirror / "packed-refs.lock", mirror / "shallow.lock", kept.with_name(f"{kept.name}.lock")):
        lock.write_text("")
    second = host.commit(REPO, {"b.txt": "b\n"})
    assert await mirrors.fetch(REPO, "main", TOKEN) == second


async def test_what_a_killed_fetch_had_of_a_pack_is_removed(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    await mirrors.fetch(REPO, "main", TOKEN)
    packs = mirrors.path(REPO) / "objects" / "pack"
    for name in ("tmp_pack_Ab3dEf", "tmp_idx_Ab3dEf", ".tmp-42-pack-0a1b.pack"):
        (packs / name).write_bytes(b"PACK")
    await mirrors.fetch(REPO, "main", TOKEN)
    assert {path.suffix for path in packs.iterdir()} <= {".pack", ".idx", ".rev"}


async def test_small_packs_are_put_together_and_nothing_is_lost(
    host: GitHost, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.git.mirror.MOST_PACKS", 4)
    first = host.create(REPO)
    gone = host.commit(REPO, {"x": "1"}, branch="topic")
    await mirrors.fetch(REPO, "topic", TOKEN)
    git("update-ref", "refs/heads/topic", first, cwd=host.bare(REPO))
    await mirrors.fetch(REPO, "topic", TOKEN)  # from here on no reference leads to `gone`
    shas = []
    for number in range(12):
        shas.append(host.commit(REPO, {"n": str(number)}))
        assert await mirrors.fetch(REPO, "main", TOKEN) == shas[-1]
        assert len(list(mirrors.path(REPO).glob("objects/pack/*.pack"))) <= 4
    for sha in (first, gone, *shas):
        assert await mirrors.has(REPO, sha)


async def test_branches_of_long_ago_are_forgotten_and_their_commits_are_not(
    host: GitHost, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.git.mirror.MOST_PACKS", 1)
    monkeypatch.setattr("services.git.mirror.MOST_BRANCHES", 3)
    host.create(REPO)
    shas = {f"b{n}": host.commit(REPO, {"n": str(n)}, branch=f"b{n}") for n in range(8)}
    for branch, sha in shas.items():
        assert await mirrors.fetch(REPO, branch, TOKEN) == sha
    assert len(git("for-each-ref", cwd=mirrors.path(REPO)).splitlines()) <= 3 + 1
    assert all([await mirrors.has(REPO, sha) for sha in shas.values()])
    assert await mirrors.fetch(REPO, "b0", TOKEN) == shas["b0"]


async def test_where_packs_can_not_be_put_together_fetches_go_on(
    host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.git.mirror.MOST_PACKS", 1)
    tried = tmp_path / "tried"
    fake = tmp_path / "git"
    fake.write_text(
        f'#!/bin/sh\ncase " $* " in *" repack "*) echo >> {tried}; exit 1;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    fake.chmod(0o700)
    mirrors = Mirrors(tmp_path / "root", host.url, git=Git(host.url, executable=str(fake)))
    host.create(REPO)
    for number in range(3):
        sha = host.commit(REPO, {"n": str(number)})
        assert await mirrors.fetch(REPO, "main", TOKEN) == sha
    assert tried.read_text() == "\n", "once in a process"


async def test_many_fetches_at_once_wait_for_each_other(host: GitHost, mirrors: Mirrors) -> None:
    sha = host.create(REPO)
    assert set(await asyncio.gather(*(mirrors.fetch(REPO, "main", TOKEN) for _ in range(6)))) == {sha}


async def test_a_missing_branch_and_a_missing_repository_are_told_apart(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    with pytest.raises(MissingBranch, match="acme/api has no branch nope"):
        await mirrors.fetch(REPO, "nope", TOKEN)
    with pytest.raises(GitError, match="git fetch failed: ") as caught:
        await mirrors.fetch("acme/none", "main", TOKEN)
    assert not isinstance(caught.value, MissingBranch)


async def test_a_wrong_token_is_a_git_error_without_the_token(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    with pytest.raises(GitError) as caught:
        await mirrors.fetch(REPO, "main", "ghs_wrongwrongwrong")
    assert "ghs_wrong" not in str(caught.value)


async def test_names_are_checked_before_anything_is_written(tmp_path: Path, mirrors: Mirrors) -> None:
    for repo in ("../../x", "a/..", "-c/x"):
        with pytest.raises(UnusableName):
            await mirrors.fetch(repo, "main", TOKEN)
    with pytest.raises(UnusableName):
        await mirrors.fetch(REPO, "--upload-pack=x", TOKEN)
    assert not (tmp_path / "root").exists()


async def test_sec_26_a_hostile_repository_is_refused_at_the_fetch(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    bare = host.bare(REPO)
    blob = git("hash-object", "-w", "--stdin", cwd=bare, stdin=b"[core]\n\tfsmonitor = touch /tmp/x\n")
    inner = git("mktree", cwd=bare, stdin=f"100644 blob {blob}\tconfig\n".encode())
    tree = git("mktree", cwd=bare, stdin=f"040000 tree {inner}\t.GIT\n".encode())
    sha = git("commit-tree", tree, "-m", "evil", cwd=bare)
    git("update-ref", "refs/heads/evil", sha, cwd=bare)
    with pytest.raises(GitError, match=r"fsck|hasDotgit|\.git"):
        await mirrors.fetch(REPO, "evil", TOKEN)


async def test_an_agents_user_can_pass_through_the_root_but_not_read_mirrors(host: GitHost, mirrors: Mirrors) -> None:
    host.create(REPO)
    await mirrors.fetch(REPO, "main", TOKEN)
    assert stat.S_IMODE((mirrors.root / "mirrors").stat().st_mode) == 0o700
    assert stat.S_IMODE(mirrors.root.stat().st_mode) == 0o711
